"""The saved counterexamples of simulated runs: each still fails, and those with a planted bug pass without it."""

import pytest

from campaign.lockstep import REFINES
from campaign.mutants import MUTANTS
from campaign.replay import replay, scenario_of
from campaign.saved import saved_traces
from campaign.shrinking import shrink_run
from traces.reader import read

SIMULATED = [path for path in saved_traces() if read(path).header.origin == "simulated"]


def test_every_saved_run_has_its_planted_bug():
    assert {path.stem for path in SIMULATED} == set(MUTANTS)


@pytest.mark.parametrize("path", SIMULATED, ids=lambda path: path.stem)
def test_a_saved_run_still_fails(path):
    trace = read(path)
    again = replay(trace)
    how = f"fencepost replay {path}"
    assert again.invariant == trace.verdict.invariant, f"it no longer fails ({how}): find it anew with fencepost fuzz"
    assert again.same, f"it fails in another way: {how}"
    if trace.header.mutant is not None:
        assert replay(trace, clean=True).invariant is None, f"it fails without the bug: {how} --clean"


@pytest.mark.parametrize("path", [path for path in SIMULATED if read(path).header.mutant], ids=lambda path: path.stem)
def test_a_saved_run_breaks_what_its_mutant_stands_for(path):
    trace = read(path)
    assert path.stem == trace.header.mutant
    assert trace.verdict.invariant in (*MUTANTS[trace.header.mutant].invariants, REFINES)


def test_the_saved_kip_101_is_as_short_as_it_gets():
    trace = read(next(path for path in SIMULATED if path.stem == "kip-101"))
    assert replay(trace).steps <= 12
    again = shrink_run(scenario_of(trace), dict(trace.header.choices), MUTANTS["kip-101"])
    assert again.choices == len(trace.header.choices)
