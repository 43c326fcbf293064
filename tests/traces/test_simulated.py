"""Validation on real executions: simulated runs under faults are the model's, and a planted bug's are not."""

import pytest
from msgspec.structs import replace

from campaign.mutants import MUTANTS
from campaign.profiles import PROFILES
from impl.sim.drivers import Seeded
from impl.sim.keeping import UPKEEP
from impl.sim.recording import header
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights
from impl.sim.world import World
from impl.storage.log_config import LogConfig
from traces.compacted import Restored
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


COMPACTED = LogConfig(
    flush_messages=1,
    cleanup_policy=("compact",),
    min_cleanable_dirty_ratio=0.0,
    segment_bytes=300,
    delete_retention_ms=600,
)


def compacted(seed: int) -> Trace:
    """A run whose brokers compact their logs every 150 ms, while followers come and go."""
    upkeep = replace(UPKEEP, cleaner_backoff_ms=150)
    scenario = Scenario(log=COMPACTED, upkeep=upkeep, keys=1, horizon_ms=4_000)
    recorder = Recorder(header(scenario, {}, seed=seed))
    World(scenario, Seeded(seed, scenario.table(), Weights.swarm(seed, ("crash",))), recorder=recorder).run()
    return recorder.trace()


def test_followers_of_a_compacted_log_are_followed_over_its_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read back from a file, too; and without what was compacted away put back, the model would not follow."""
    traces = [compacted(seed) for seed in range(6)]
    for trace in traces:
        assert validate(trace).divergence is None
    assert validate(parse(encode(traces[0]), "run.jsonl")) == validate(traces[0])
    monkeypatch.setattr(Restored, "facts", lambda _restored, _node, facts: list(facts))
    divergences = [validate(trace).divergence for trace in traces]
    assert any(found is not None and "appends a batch at" in found.reason for found in divergences)
