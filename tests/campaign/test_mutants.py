"""Each planted bug is found by the seeded search, shrunk to a trace that replays, and gone without the bug."""

import pytest

from campaign.fuzz import CHUNK, Failure, run_chunk
from campaign.mutants import MUTANTS
from campaign.replay import replay
from campaign.shrinking import shrink_run
from invariants.catalogue import CATALOGUE

ASKED_FOR = {
    "kip-101",
    "kip-279",
    "fetch-without-epoch-check",
    "diverging-fetch-counted",
    "ack-before-isr",
    "producer-state-forgotten",
    "expand-without-epoch-start",
    "eager-shrink",
    "alter-partition-without-cas",
}
START = {"expand-without-epoch-start": 896, "alter-partition-without-cas": 456, "kip-279": 24, "late-expand": 8}
"""The first two are seen by one run in several hundred: the test begins shortly before a seed that sees them."""
SEEDS_MAX = 6_000


def first_failure(mutant: str) -> Failure:
    start = START.get(mutant, 0)
    for first in range(start, start + SEEDS_MAX, CHUNK):
        failures = run_chunk(first, mutant, "durable").failures
        known = [failure for failure in failures if failure.invariant in MUTANTS[mutant].invariants]
        if known:
            return min(known, key=lambda failure: failure.at)
    raise AssertionError(f"{mutant} survives {SEEDS_MAX} runs")


def test_the_registry_says_what_each_mutant_is():
    assert set(MUTANTS) >= ASKED_FOR
    for name, mutant in MUTANTS.items():
        assert mutant.id == name
        assert mutant.title.endswith(".")
        assert len(mutant.history) > 80
        assert set(mutant.invariants) <= set(CATALOGUE)


def test_every_invariant_has_a_mutant_that_stands_for_it():
    for invariant in CATALOGUE.values():
        assert invariant.id in MUTANTS[invariant.breaks].invariants


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_found_and_shrunk_and_is_gone_without_its_bug(mutant):
    failure = first_failure(mutant)
    found = shrink_run(failure.scenario, failure.choices, MUTANTS[mutant], failure.seed)
    assert found.invariant == failure.invariant
    assert found.choices <= len(failure.choices)
    assert found.at <= failure.at
    again = replay(found.trace)
    assert (again.invariant, again.sentence, again.same) == (found.invariant, found.sentence, True)
    assert replay(found.trace, clean=True).invariant is None


def test_nothing_can_be_left_out_of_a_shrunk_run():
    """Minimality on the real thing: without any one choice the same invariant is not broken by then."""
    from campaign import trial
    from campaign.replay import scenario_of
    from impl.sim.drivers import Recorded

    failure = first_failure("kip-101")
    trace = shrink_run(failure.scenario, failure.choices, MUTANTS["kip-101"], failure.seed).trace
    choices = dict(trace.header.choices)
    assert 1 < len(choices) < 12
    for key in choices:
        rest = {other: value for other, value in choices.items() if other != key}
        ran = trial.run(scenario_of(trace), Recorded(rest), MUTANTS["kip-101"], until=scenario_of(trace).horizon_ms)
        assert ran.violated is None or ran.violated.invariant != trace.verdict.invariant
