"""Shrunk counterexamples of planted bugs: every single choice is needed, whoever found the run."""

import msgspec
import pytest

from campaign import trial
from campaign.mutants import usable
from campaign.profiles import PROFILES, seeded
from campaign.replay import mutant_of, scenario_of
from campaign.saved import SAVED
from campaign.shrinking import Counterexample, ending_of, shrink_run
from impl.sim.drivers import Recorded
from impl.sim.scenario import Scenario
from traces.reader import read

SEEDS_MAX = 400
BUGS = ("ack-before-isr", "commits-below-minimum", "kip-101", "late-expand", "votes-twice")


def first(bug: str) -> Counterexample:
    """The first failing seed, shrunk."""
    mutant = usable(bug)
    for seed in range(SEEDS_MAX):
        scenario, choices = seeded(PROFILES["durable"], seed)
        if trial.run(scenario, choices, mutant).violated is not None:
            found = shrink_run(scenario, choices.made, mutant, seed)
            assert found is not None, "what fails, fails again"
            return found
    raise AssertionError(f"{bug} is not found in {SEEDS_MAX} runs")


@pytest.mark.parametrize("bug", BUGS)
def test_without_any_one_choice_nothing_fails_however_long_the_run_goes_on(bug):
    found = first(bug)
    trace, mutant = found.trace, usable(bug)
    scenario, choices = scenario_of(trace), dict(trace.header.choices)

    def breaks(chosen: dict) -> bool:
        violated = trial.run(scenario, Recorded(chosen), mutant, seeking=ending_of(found.invariant)).violated
        return violated is not None and violated.invariant == found.invariant

    assert breaks(choices)
    needless = [key for key in choices if breaks({each: value for each, value in choices.items() if each != key})]
    assert needless == []


@pytest.mark.parametrize("bug", ["judges-by-its-own-clock", "waits-for-the-dead"])
def test_a_stall_that_is_watched_for_a_while_only_lasts(bug):
    """While it is shrunk a cluster that does not heal is given less time; what is left does not heal in all of it."""
    trace = read(SAVED / f"{bug}.jsonl")
    short = scenario_of(trace)
    whole = msgspec.structs.replace(short, settle_ms_max=Scenario().settle_ms_max)
    assert short.settle_ms_max < whole.settle_ms_max
    ran = trial.run(whole, Recorded(dict(trace.header.choices)), mutant_of(trace), seeking=trial.HEALS)
    assert ran.violated is not None
    assert ran.violated.invariant == trial.HEALS
    assert ran.at >= whole.settle_ms_max
