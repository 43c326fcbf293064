"""Planted bugs: what the registry says of each, and that the search finds them.

All of them are searched for by `fencepost mutants`; here some that are seen within a few runs, one for each way of
being seen. What was found of every one is in traces/saved and run again by test_saved_runs.py.
"""

import pytest

from campaign import trial
from campaign.detection import detect
from campaign.mutants import MUTANTS
from campaign.replay import replay, scenario_of
from campaign.saved import saved_traces
from impl.sim.drivers import Recorded
from invariants.catalogue import CATALOGUE
from traces.reader import parse

QUICK = (
    "kip-279",
    "ack-before-isr",
    "majority-watermark",
    "producer-state-forgotten",
    "reads-uncommitted",
    "elects-out-of-sync",
    "kip-101",
    "eager-shrink",
)
LONG_TO_SHRINK = ("divergence-by-epoch", "leader-trusts-its-log", "elects-the-fenced")
"""Found as soon as the others, but a failing run of theirs has many choices to be left out."""
SECONDS = 60.0
"""Of processor time; these need less than one."""


def test_the_registry_says_what_each_mutant_is():
    for name, mutant in MUTANTS.items():
        assert mutant.id == name
        assert mutant.title.endswith(".")
        assert len(mutant.history) > 80
        assert mutant.invariants
        assert set(mutant.invariants) <= {*CATALOGUE, trial.HEALS}


def test_every_invariant_has_a_mutant_that_stands_for_it():
    for invariant in CATALOGUE.values():
        assert invariant.id in MUTANTS[invariant.breaks].invariants


def test_of_every_mutant_a_counterexample_is_kept():
    assert MUTANTS.keys() - {path.stem for path in saved_traces()} == set()


@pytest.mark.parametrize(
    "mutant", [*QUICK, *(pytest.param(mutant, marks=pytest.mark.long) for mutant in LONG_TO_SHRINK)]
)
def test_a_mutant_is_found_and_shrunk_and_is_gone_without_its_bug(mutant):
    found = detect(mutant, 0, SECONDS, "mixed")
    assert found.found
    assert found.expected
    assert found.without is None
    again = replay(parse(found.data, mutant))
    assert (again.invariant, again.sentence, again.same) == (found.invariant, found.sentence, True)


def test_nothing_can_be_left_out_of_a_shrunk_run():
    """Minimality on the real thing: without any one choice the same invariant is not broken by then."""
    mutant = "majority-watermark"
    trace = parse(detect(mutant, 0, SECONDS, "mixed").data, mutant)
    choices = dict(trace.header.choices)
    assert 1 < len(choices) < 12
    for key in choices:
        rest = {other: value for other, value in choices.items() if other != key}
        ran = trial.run(scenario_of(trace), Recorded(rest), MUTANTS[mutant], until=scenario_of(trace).horizon_ms)
        assert ran.violated is None or ran.violated.invariant != trace.verdict.invariant
