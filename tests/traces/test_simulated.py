"""Validation on real executions: simulated runs under faults are the model's, and a planted bug's are not."""

import pytest

from campaign.mutants import MUTANTS
from campaign.profiles import PROFILES
from impl.sim.drivers import Seeded
from impl.sim.recording import header
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights
from impl.sim.world import World
from impl.storage.log_config import LogConfig
from traces.reader import parse
from traces.recorder import Recorder, encode
from traces.trace import Trace
from traces.validate import validate


def simulated(seed: int, mutant: str | None = None) -> Trace:
    """A run with its weather drawn from the seed; everything is flushed, so that a power loss loses nothing."""
    scenario = Scenario(log=LogConfig(flush_messages=1), horizon_ms=2_000)
    recorder = Recorder(header(scenario, {}, seed=seed, mutant=mutant))
    choices = Seeded(seed, scenario.table(), Weights.swarm(seed, PROFILES["durable"].kinds))
    if mutant is None:
        World(scenario, choices, recorder=recorder).run()
    else:
        planted = MUTANTS[mutant]
        World(
            scenario, choices, recorder=recorder, make_broker=planted.broker, make_controller=planted.controller
        ).run()
    return recorder.trace()


@pytest.mark.parametrize("seed", range(8))
def test_a_simulated_run_is_an_execution_of_the_model(seed: int) -> None:
    trace = simulated(seed)
    result = validate(trace)
    assert result.divergence is None
    assert result.facts > 50
    assert validate(parse(encode(trace), "run.jsonl")) == result


@pytest.mark.parametrize("mutant", ["kip-101", "ack-before-isr"])
def test_a_planted_bug_is_no_execution_of_the_model(mutant: str) -> None:
    for seed in range(20):
        divergence = validate(simulated(seed, mutant)).divergence
        if divergence is not None:
            assert not divergence.outside
            assert divergence.reason
            return
    pytest.fail(f"20 runs of {mutant} were all found to be executions of the model")
