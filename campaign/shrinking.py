"""Shrinking a failing simulated run: the cluster made simpler, then the choices, then the horizon, until nothing helps.

One rule: the result breaks the same invariant under the same mutant, and is the same on any machine.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from campaign import trial
from campaign.alphabet import SLOT_MS, Alphabet, translated
from campaign.lockstep import REFINES
from campaign.mutants import Mutant
from campaign.shrink import LATER_MS, Ending, Run, shrink
from campaign.steps import steps_of
from impl.sim.choices import Key
from impl.sim.drivers import Recorded
from impl.sim.scenario import Scenario
from invariants.answers.invariant import ANSWER_IDS
from traces.reader import parse
from traces.recorder import encode
from traces.trace import Trace
from traces.why import why

RUNS_MAX = 1_500
PATIENCE = 300_000
"""Events of brokers, in all candidates together, after which a failing seed is left as it is where others may be
shorter: five to ten seconds of one core. What nine in ten failing seeds need is less."""
SETTLE_MS = 4_000
"""For how long a cluster that does not heal is watched while its run is shrunk."""

Change = dict[str, int | bool]
_FEW_CLIENTS: Change = {"partitions": 1, "consumers": 0, "plain_clients": 0, "clients": 1, "keys": 1}
_AT_FIRST: tuple[Change, ...] = (
    {"wire": False, "controllers": 1, **_FEW_CLIENTS},
    {"wire": False, **_FEW_CLIENTS},
    {"wire": False},
    {"controllers": 1},
)
"""Simpler clusters whose runs are shorter, tried in order, each on top of those that still failed."""
_IN_THE_END: tuple[Change, ...] = (*_AT_FIRST, *({name: value} for name, value in _FEW_CLIENTS.items()))
"""All there are: tried when runs are short."""


Cut = Callable[[Scenario, Mapping[Key, int], int], Scenario]
"""The horizon for choices that fail at a time."""


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
    minimal: bool = True
    """Whether it was shrunk to the end."""

    @property
    def trace(self) -> Trace:
        return parse(self.data, f"counterexample of seed {self.seed}")

    def length(self) -> tuple[int, int, int, int]:
        """Orders counterexamples: the shorter the better."""
        return (self.steps, self.choices, self.at, self.seed or 0)


def shrink_run(
    scenario: Scenario,
    choices: Mapping[Key, int],
    mutant: Mutant | None,
    seed: int | None = None,
    known: Ending | None = None,
    patience: int | None = None,
) -> Counterexample | None:
    """Shrink a failing run and record what is left. None where the run does not fail.

    `known` is how it fails, where somebody has run it; it is run again where that turns out not to be so. With
    `patience` (events, see PATIENCE) it is shrunk no further once that is spent.
    """
    effort = Effort(patience)
    found = known or _ending(scenario, choices, mutant, None, "")
    if found is None:
        return None
    small = _shrunk_stall(scenario, found, mutant, effort) if found.invariant == trial.HEALS else None
    if small is None:
        small = _shrunk(scenario, found, mutant, effort)
    short = recorded(small.scenario, small.choices, mutant, seed, found.invariant)
    if short is None:
        assert known is not None, "a shrunk run fails, or it would not have been kept"
        return shrink_run(scenario, choices, mutant, seed, patience=patience)
    return short._replace(runs=small.runs, minimal=not effort.spent())


def recorded(
    scenario: Scenario, choices: Mapping[Key, int], mutant: Mutant | None, seed: int | None, invariant: str
) -> Counterexample | None:
    """The run as it is, with nothing left out of it, recorded for what it breaks. None where it does not fail."""
    judged, trace = trial.record(scenario, choices, mutant, seed, seeking=ending_of(invariant))
    if judged.violated is None:
        return None
    return Counterexample(
        seed=seed,
        invariant=judged.violated.invariant,
        sentence=why(trace),
        steps=steps_of(trace),
        choices=len(trace.header.choices),
        at=judged.at,
        runs=0,
        data=encode(trace),
        minimal=False,
    )


class Effort:
    """What shrinking one run has cost: events that brokers handled, the same on any machine."""

    def __init__(self, patience: int | None) -> None:
        self._patience = patience
        self._events = 0

    def add(self, events: int) -> None:
        self._events += events

    def spent(self) -> bool:
        return self._patience is not None and self._events >= self._patience


class _Small(NamedTuple):
    """What is left of a failing run."""

    scenario: Scenario
    choices: Mapping[Key, int]
    runs: int


def _shrunk(scenario: Scenario, found: Ending, mutant: Mutant | None, effort: Effort) -> _Small:
    """Shrink until nothing can be left out, and no simpler cluster fails, or the effort is spent."""
    runs = 0
    changes = _AT_FIRST
    while True:
        scenario, found = _simpler_scenario(scenario, found, mutant, changes)
        cut: Cut = _cut_to_failure
        if found.at >= scenario.horizon_ms:
            # It fails while the cluster heals: whole runs are needed, with a horizon that ends with the last choice.
            again = _runs(scenario, mutant, _cut_to_choices, found.invariant, effort)(found.asked, found.at)
            cut, found = (_uncut, found) if again is None else (_cut_to_choices, again)
        run = _runs(scenario, mutant, cut, found.invariant, effort)
        shrunk = shrink(run, found, Alphabet(scenario.table()), RUNS_MAX, effort.spent)
        runs += shrunk.runs
        scenario = cut(scenario, shrunk.choices, shrunk.ending.at)
        if effort.spent():
            return _Small(scenario, shrunk.choices, runs)
        changes = _IN_THE_END
        fewer = _without_one(scenario, shrunk.choices, mutant, shrunk.ending.invariant)
        if fewer is not None:
            found = fewer
            continue
        simpler, found = _simpler_scenario(scenario, shrunk.ending, mutant, changes)
        if simpler == scenario:
            return _Small(scenario, shrunk.choices, runs)
        scenario = simpler


def _shrunk_stall(scenario: Scenario, found: Ending, mutant: Mutant | None, effort: Effort) -> _Small | None:
    """Shrink a cluster that does not heal by watching it for a while only. None where what is left then heals later."""
    watched = min(scenario.settle_ms_max, SETTLE_MS)
    for_a_while = msgspec.structs.replace(scenario, settle_ms_max=watched)
    ending = _ending(for_a_while, found.asked, mutant, None, found.invariant)
    if ending is None or ending.invariant != found.invariant:
        return None
    small = _shrunk(for_a_while, ending, mutant, effort)
    whole = msgspec.structs.replace(small.scenario, settle_ms_max=scenario.settle_ms_max)
    lasting = _ending(whole, small.choices, mutant, None, found.invariant)
    return small if lasting is not None and lasting.invariant == found.invariant else None


def ending_of(invariant: str) -> str:
    """What a run that breaks this is to be recorded for: one that leaves the model, or gives a wrong answer, ends
    there."""
    return invariant if invariant in (REFINES, *ANSWER_IDS) else ""


def _without_one(
    scenario: Scenario, choices: Mapping[Key, int], mutant: Mutant | None, invariant: str
) -> Ending | None:
    """The first of these choices that can be left out, as the run without it ends: it may fail later than before, which
    the shrinker does not take for simpler. None where every single one is needed."""
    for left_out in sorted(choices, key=repr):
        rest = {key: value for key, value in choices.items() if key != left_out}
        ending = _ending(scenario, rest, mutant, None, invariant)
        if ending is not None and ending.invariant == invariant:
            return ending
    return None


def _ending(
    scenario: Scenario,
    choices: Mapping[Key, int],
    mutant: Mutant | None,
    until: int | None,
    seeking: str,
    effort: Effort | None = None,
) -> Ending | None:
    driver = Recorded(choices)
    judged = trial.run(scenario, driver, mutant, until=until, seeking=seeking)
    if effort is not None:
        effort.add(judged.events)
    return None if judged.violated is None else Ending(judged.violated.invariant, judged.at, driver.made)


def _runs(scenario: Scenario, mutant: Mutant | None, cut: Cut, seeking: str, effort: Effort) -> Run:
    """Runs candidates, each with the horizon that `cut` gives it."""

    def run(choices: Mapping[Key, int], until: int) -> Ending | None:
        stop = until if cut is _cut_to_failure else None
        ending = _ending(cut(scenario, choices, until), choices, mutant, stop, seeking, effort)
        while ending is not None and cut is _cut_to_choices and len(ending.asked) < len(choices):
            # Without the choices that were not asked for the horizon may be another, and so the run.
            choices = ending.asked
            ending = _ending(cut(scenario, choices, until), choices, mutant, None, seeking, effort)
        return ending

    return run


def _cut_to_failure(scenario: Scenario, _choices: Mapping[Key, int], at: int) -> Scenario:
    horizon = min(scenario.horizon_ms, (at // SLOT_MS + 1) * SLOT_MS)
    return msgspec.structs.replace(scenario, horizon_ms=horizon)


def _cut_to_choices(scenario: Scenario, choices: Mapping[Key, int], _at: int) -> Scenario:
    alphabet = Alphabet(scenario.table())
    last = max((slot for key in choices if (slot := alphabet.slot(key)) is not None), default=0)
    return _cut_to_failure(scenario, choices, last * SLOT_MS)


def _uncut(scenario: Scenario, _choices: Mapping[Key, int], _at: int) -> Scenario:
    return scenario


def _simpler_scenario(
    scenario: Scenario, found: Ending, mutant: Mutant | None, changes: tuple[Change, ...]
) -> tuple[Scenario, Ending]:
    """A smaller cluster with fewer clients, where the translated choices still break the same invariant."""
    for change in changes:
        simpler = msgspec.structs.replace(scenario, **change)
        if simpler == scenario:
            continue
        choices = translated(dict(found.asked), scenario.table(), simpler.table())
        until = None if found.at >= scenario.horizon_ms else found.at + LATER_MS
        ending = _ending(simpler, choices, mutant, until, found.invariant)
        if ending is not None and ending.invariant == found.invariant:
            scenario, found = simpler, ending
    return scenario, found
