"""Shrinking a failing simulated run: the cluster made simpler, then the choices, then the horizon.

One rule: the result breaks the same invariant under the same mutant, and is the same on any machine.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from campaign import trial
from campaign.alphabet import SLOT_MS, Alphabet, translated
from campaign.mutants import Mutant
from campaign.shrink import Ending, Run, shrink
from campaign.steps import count_steps
from impl.sim.choices import Key
from impl.sim.drivers import Recorded
from impl.sim.scenario import Scenario
from traces.reader import parse
from traces.recorder import encode
from traces.trace import Trace

RUNS_MAX = 1_500
_SIMPLER_SCENARIOS: tuple[dict[str, int | bool], ...] = (
    {"wire": False, "partitions": 1, "consumers": 0, "plain_clients": 0, "clients": 1, "keys": 1},
    {"wire": False},
    {"partitions": 1},
    {"consumers": 0},
    {"plain_clients": 0},
    {"clients": 1},
    {"keys": 1},
)
"""Tried in order, each on top of those that still failed."""


class Counterexample(NamedTuple):
    """A failing run, shrunk, with its trace."""

    seed: int | None
    invariant: str
    sentence: str
    steps: int
    """As `campaign.steps` counts them."""
    choices: int
    at: int
    """Milliseconds from when the choices began to rule to the violation."""
    runs: int
    """Candidates run to get here."""
    data: bytes
    """Its trace, as the bytes of a file."""

    @property
    def trace(self) -> Trace:
        return parse(self.data, f"counterexample of seed {self.seed}")

    def length(self) -> tuple[int, int, int, int]:
        """Orders counterexamples: the shorter the better."""
        return (self.steps, self.choices, self.at, self.seed or 0)


def shrink_run(
    scenario: Scenario, choices: Mapping[Key, int], mutant: Mutant | None, seed: int | None = None
) -> Counterexample | None:
    """Shrink a failing run and record what is left. None where the run does not fail."""
    found = _ending(scenario, choices, mutant, None)
    if found is None:
        return None
    scenario, found = _simpler_scenario(scenario, found, mutant)
    late = found.at >= scenario.horizon_ms
    shrunk = shrink(_bounded(scenario, mutant, late=late), found, Alphabet(scenario.table()), RUNS_MAX)
    final = _clipped(scenario, shrunk.choices, shrunk.ending.at, late=late)
    judged, trace = trial.record(final, shrunk.choices, mutant, seed)
    assert judged.violated is not None, "a shrunk run fails, or it would not have been kept"
    return Counterexample(
        seed=seed,
        invariant=judged.violated.invariant,
        sentence=judged.violated.sentence,
        steps=count_steps(trace.lines),
        choices=len(trace.header.choices),
        at=judged.at,
        runs=shrunk.runs,
        data=encode(trace),
    )


def _ending(scenario: Scenario, choices: Mapping[Key, int], mutant: Mutant | None, until: int | None) -> Ending | None:
    driver = Recorded(choices)
    judged = trial.run(scenario, driver, mutant, until=until)
    return None if judged.violated is None else Ending(judged.violated.invariant, judged.at, driver.made)


def _bounded(scenario: Scenario, mutant: Mutant | None, *, late: bool) -> Run:
    """Runs candidates. A failure that comes after the horizon (`late`) needs whole runs; others end in time."""

    def run(choices: Mapping[Key, int], until: int) -> Ending | None:
        if not late:
            return _ending(_clipped(scenario, choices, until, late=False), choices, mutant, until)
        return _ending(_clipped(scenario, choices, until, late=True), choices, mutant, None)

    return run


def _clipped(scenario: Scenario, choices: Mapping[Key, int], at: int, *, late: bool) -> Scenario:
    """The horizon right after the violation; where that comes late, right after the last choice."""
    if late:
        alphabet = Alphabet(scenario.table())
        at = max((slot * SLOT_MS for key in choices if (slot := alphabet.slot(key)) is not None), default=0)
    horizon = min(scenario.horizon_ms, (at // SLOT_MS + 1) * SLOT_MS)
    return msgspec.structs.replace(scenario, horizon_ms=horizon)


def _simpler_scenario(scenario: Scenario, found: Ending, mutant: Mutant | None) -> tuple[Scenario, Ending]:
    """A smaller cluster with fewer clients, where the translated choices still break the same invariant."""
    for change in _SIMPLER_SCENARIOS:
        simpler = msgspec.structs.replace(scenario, **change)
        if simpler == scenario:
            continue
        choices = translated(dict(found.asked), scenario.table(), simpler.table())
        ending = _ending(simpler, choices, mutant, None if found.at >= scenario.horizon_ms else found.at)
        if ending is not None and ending.invariant == found.invariant:
            scenario, found = simpler, ending
    return scenario, found
