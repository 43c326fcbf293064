"""Runs a seed with its trace recorded. As a program it prints the digest: `python -m tests.sim.recorded SEED`."""

import sys

from impl.sim.choices import Choices
from impl.sim.drivers import Seeded
from impl.sim.ledger import Outcome
from impl.sim.recording import header
from impl.sim.scenario import Scenario
from impl.sim.world import World
from traces.recorder import Recorder, encode
from traces.trace import Trace


def run(scenario: Scenario, driver: Choices) -> tuple[Outcome, Trace]:
    """The outcome and the whole trace."""
    recorder = Recorder(header(scenario, {}))
    outcome = World(scenario, driver, recorder=recorder).run()
    recorder.header = header(scenario, driver.made)
    return outcome, recorder.trace()


def scenario_of(seed: int) -> Scenario:
    return Scenario(horizon_ms=2_000, partitions=2, plain_clients=1, wire=seed % 2 == 1)


if __name__ == "__main__":
    seed = int(sys.argv[1])
    scenario = scenario_of(seed)
    _, trace = run(scenario, Seeded(seed, scenario.table()))
    print(trace.end.digest, len(encode(trace)))
