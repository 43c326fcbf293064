"""Changed a little, a shrunk run gets shorter; what comes of it is a counterexample like any other."""

from collections.abc import Iterator

from campaign import trial
from campaign.mutants import usable
from campaign.profiles import PROFILES, seeded
from campaign.regrow import regrown
from campaign.replay import replay, scenario_of
from campaign.shrink import Ending
from campaign.shrinking import Counterexample, ending_of, shrink_run
from campaign.steps import steps_of
from impl.sim.drivers import Recorded
from traces.reader import parse

BUG = usable("majority-watermark")
SEEDS_MAX = 60


def shrunk() -> Iterator[Counterexample]:
    """One failing seed after the other."""
    for seed in range(SEEDS_MAX):
        scenario, choices = seeded(PROFILES["durable"], seed)
        ran = trial.run(scenario, choices, BUG)
        if ran.violated is not None:
            known = Ending(ran.violated.invariant, ran.at, choices.made)
            found = shrink_run(scenario, choices.made, BUG, seed, known)
            assert found is not None
            yield found


def shorter() -> tuple[Counterexample, Counterexample]:
    """The first that changes make shorter, before and after."""
    for found in shrunk():
        after = regrown(found, BUG)
        assert after.length() <= found.length()
        if after.steps < found.steps:
            return found, after
    raise AssertionError("no change makes any of them shorter")


def test_a_change_makes_a_shrunk_run_shorter_and_nothing_can_be_left_out_of_it():
    before, after = shorter()
    assert (after.invariant, after.seed) == (before.invariant, before.seed)
    trace = parse(after.data, "regrown")
    assert steps_of(trace) == after.steps
    assert replay(trace).same
    assert replay(trace, clean=True).invariant is None
    choices = dict(trace.header.choices)
    for left_out in choices:
        rest = Recorded({key: value for key, value in choices.items() if key != left_out})
        violated = trial.run(scenario_of(trace), rest, BUG, seeking=ending_of(after.invariant)).violated
        assert violated is None or violated.invariant != after.invariant


def test_without_runs_nothing_changes():
    found = next(shrunk())
    assert regrown(found, BUG, runs_max=0) is found


def test_what_was_left_half_shrunk_is_shrunk_to_the_end():
    """Patience that ends at once leaves a run as long as it was; of the shortest all is left out that can be."""
    scenario, choices = seeded(PROFILES["durable"], next(shrunk()).seed or 0)
    assert trial.run(scenario, choices, BUG).violated is not None
    half = shrink_run(scenario, choices.made, BUG, patience=1)
    assert half is not None
    assert not half.minimal
    assert replay(half.trace).same
    whole = regrown(half, BUG, runs_max=0)
    assert whole.minimal
    assert whole.invariant == half.invariant
    assert whole.length() < half.length()


def test_an_operators_wish_and_a_late_message_take_the_place_of_a_fault():
    """One change at a time finds neither: who moves nobody is missed by nobody."""
    bug = usable("fetch-without-epoch-check")
    scenario, choices = seeded(PROFILES["mixed"], 0)
    assert trial.run(scenario, choices, bug).violated is not None
    found = shrink_run(scenario, choices.made, bug, 0)
    assert found is not None
    after = regrown(found, bug)
    assert after.steps < found.steps
    assert sorted(key[0] for key, _ in after.trace.header.choices) == ["delay", "fault"]
    assert len(found.trace.header.choices) == 1
