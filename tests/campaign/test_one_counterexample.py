"""The page that tells one counterexample: what it quotes is what the commands print now."""

from campaign.one_counterexample import BUG, PAGE, TRACE, blocks
from campaign.replay import mutant_of, scenario_of
from campaign.shrinking import ending_of
from campaign.trial import run
from impl.sim.drivers import Recorded
from traces.reader import read


def test_every_block_is_what_the_commands_print():
    text = PAGE.read_text(encoding="utf-8")
    stale = [name for name, block in blocks(read(TRACE)).items() if block not in text]
    assert stale == [], "run `python -m campaign.one_counterexample`"


def test_it_fails_with_the_bug_and_with_any_choice_left_out_it_does_not():
    trace = read(TRACE)
    scenario, mutant, choices = scenario_of(trace), mutant_of(trace), dict(trace.header.choices)
    assert trace.header.mutant == BUG
    assert trace.verdict is not None
    invariant = trace.verdict.invariant

    def breaks(chosen: dict) -> bool:
        violated = run(scenario, Recorded(chosen), mutant, seeking=ending_of(invariant)).violated
        return violated is not None and violated.invariant == invariant

    assert breaks(choices)
    assert [key for key in choices if breaks({each: value for each, value in choices.items() if each != key})] == []
