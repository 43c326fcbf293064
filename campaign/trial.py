"""One simulated run, judged: the world and the step checker together.

One rule: whatever goes wrong in a run is a `Violated` value. An assertion of the broker that fails, or an exception it
lets out, is a failed run like any other: it is kept, shrunk and saved.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from campaign.mutants import Mutant
from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.sim.choices import Choices, Key
from impl.sim.drivers import Recorded
from impl.sim.recording import header
from impl.sim.scenario import Scenario
from impl.sim.world import World
from invariants.step import Checker
from invariants.verdict import Violated
from traces.recorder import Recorder
from traces.trace import Trace

NO_EXCEPTION = "no_exception"
"""What a run breaks that ends in an exception of the broker. Not in the catalogue: it says nothing about Kafka."""


class Driver(Choices, Protocol):
    """A source of choices that remembers its answers that were not 0."""

    made: dict[Key, int]


class Trial(NamedTuple):
    """What came of one run."""

    violated: Violated | None
    at: int
    """Milliseconds since the choices began to rule."""
    events: int
    """Handled by brokers and the controller, the start of the cluster included."""
    simulated_ms: int
    facts: int
    """Facts judged."""
    healthy: bool
    """Nothing was broken, and after the faults the cluster healed and everything was read back."""


def may_repeat(key: str) -> bool:
    """Keys of the simulated producers that are not idempotent (`impl.sim.producer`)."""
    return key.startswith("p")


def run(
    scenario: Scenario,
    choices: Choices,
    mutant: Mutant | None = None,
    *,
    until: int | None = None,
    recorder: Recorder | None = None,
) -> Trial:
    """Run it and judge every step. With `until` (milliseconds, within the horizon) the run is left there."""
    checker = Checker(may_repeat)
    world = World(
        scenario,
        choices,
        observer=checker,
        recorder=recorder,
        make_broker=Broker if mutant is None else mutant.broker,
        make_controller=Controller if mutant is None else mutant.controller,
    )
    violated: Violated | None = None
    origin = 0
    healthy = False
    try:
        world.start()
        origin = world.now
        world.advance(scenario.horizon_ms if until is None else min(until, scenario.horizon_ms))
        if until is None:
            healthy = world.finish().healthy
            checker.finish(world.auditor.name if healthy else "")
    except Violated as found:
        violated = found
    except Exception as error:
        # A broken run must not end the campaign: what broke it is reported with the choices that repeat it.
        violated = Violated(NO_EXCEPTION, f"{type(error).__name__}: {error}")
    trial = Trial(violated, world.now - origin, world.steps, world.now, checker.judged, healthy and violated is None)
    world.close()
    return trial


def record(
    scenario: Scenario, choices: Mapping[Key, int], mutant: Mutant | None = None, seed: int | None = None
) -> tuple[Trial, Trace]:
    """Run recorded choices and keep the trace, with the verdict in it."""
    driver = Recorded(choices)
    name = None if mutant is None else mutant.id
    recorder = Recorder(header(scenario, {}))
    trial = run(scenario, driver, mutant, recorder=recorder)
    recorder.header = header(scenario, driver.made, seed=seed, mutant=name)
    if trial.violated is not None:
        last = recorder.lines[-1].n if recorder.lines else None
        recorder.verdict(trial.violated.invariant, trial.violated.sentence, last)
    return trial, recorder.trace()
