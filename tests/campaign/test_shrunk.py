"""Shrunk counterexamples of planted bugs: every single choice is needed, whoever found the run."""

import pytest

from campaign import trial
from campaign.mutants import usable
from campaign.profiles import PROFILES, seeded
from campaign.replay import scenario_of
from campaign.shrinking import Counterexample, ending_of, shrink_run
from impl.sim.drivers import Recorded

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
