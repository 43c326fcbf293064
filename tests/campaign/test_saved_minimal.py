"""Of every saved counterexample of a simulated run: no single choice can be left out, however long the run goes on."""

import pytest

from campaign import trial
from campaign.replay import mutant_of, scenario_of
from campaign.saved import saved_traces
from campaign.shrinking import ending_of
from impl.sim.drivers import Recorded
from traces.reader import read

SIMULATED = [path for path in saved_traces() if read(path).header.origin == "simulated"]


@pytest.mark.parametrize("path", SIMULATED, ids=lambda path: path.stem)
def test_no_choice_of_a_saved_run_can_be_left_out(path):
    trace = read(path)
    scenario, mutant, broken = scenario_of(trace), mutant_of(trace), trace.verdict.invariant

    def breaks(choices: dict) -> bool:
        violated = trial.run(scenario, Recorded(choices), mutant, seeking=ending_of(broken)).violated
        return violated is not None and violated.invariant == broken

    choices = dict(trace.header.choices)
    assert breaks(choices)
    needless = [key for key in choices if breaks({each: value for each, value in choices.items() if each != key})]
    assert needless == []
