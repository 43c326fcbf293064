"""Out of a local minimum: a shrunk run changed a little, and shrunk again where that made it shorter to read.

One rule: what comes back breaks the same invariant in fewer steps, and no choice can be left out of it, or it says that
it is not minimal.

Shrinking only takes away. A fault a little later, on another broker or for another time, or one more message that is
late, may spare the steps that happen meanwhile: what another replica copies, what another broker learns. So each choice
is moved in time and given other values, each fault is made one of another kind, and messages are delayed, one change at
a time; in the end an operator's wish takes the place of a fault and a message is late as well. A change counts where
the run has fewer steps (`campaign.steps`) after it is shrunk again.
"""

from collections.abc import Iterator, Mapping
from itertools import chain

import msgspec

from campaign import trial
from campaign.alphabet import Alphabet
from campaign.mutants import Mutant
from campaign.replay import scenario_of
from campaign.shrink import Ending
from campaign.shrinking import PATIENCE, Counterexample, Effort, ending_of, shrink_run
from campaign.steps import steps_of
from impl.sim import faults
from impl.sim.choices import Key
from impl.sim.drivers import Recorded
from impl.sim.scenario import Scenario

RUNS_MAX = 600
FINISHING = 4 * PATIENCE
"""Events after which the shortest is left as it is, though more could be left out of it: half a minute of one core."""
OF_OPERATORS = (faults.MOVE, faults.REASSIGN)
"""What is asked of the controller; nobody is hurt by it."""
SHIFTS = (-1, 1, -2, 2, -5, 5, -10, 10)
"""Slots by which a choice is moved."""
LATER_MS = 400
"""How much longer a changed run may go on: what happens later may show later."""
LATE = 5
"""The delay of a message that is made late (60 ms)."""
LATE_MAX = 120
"""So many messages, the last ones, are tried."""


def regrown(found: Counterexample, mutant: Mutant | None, runs_max: int = RUNS_MAX) -> Counterexample:
    """The shortest that changes lead to, `runs_max` of them at most; what was given where none is shorter.

    What was not shrunk to the end is first, as far as FINISHING goes. Changed runs may come to PATIENCE events in all:
    those of a long one, or of one that waits for a cluster to heal, take a second each.
    """
    best, runs = found if found.minimal else _finished(found, mutant), 0
    effort = Effort(PATIENCE)
    while True:
        scenario, choices = scenario_of(best.trace), dict(best.trace.header.choices)
        alphabet = Alphabet(scenario.table())
        for changed in chain(
            _of_other_kinds(choices, alphabet),
            _changed(choices, alphabet),
            _with_a_delay(scenario, choices, mutant),
            _of_an_operator(scenario, choices, alphabet, mutant),
        ):
            if runs >= runs_max or effort.spent():
                return best
            runs += 1
            shorter = _shorter(scenario, changed, best, mutant, effort)
            if shorter is not None:
                best = shorter
                break
        else:
            return best


def _finished(found: Counterexample, mutant: Mutant | None) -> Counterexample:
    trace = found.trace
    small = shrink_run(scenario_of(trace), dict(trace.header.choices), mutant, found.seed, patience=FINISHING)
    assert small is not None, "what was recorded as failing fails"
    return small


def _shorter(
    scenario: Scenario, choices: Mapping[Key, int], best: Counterexample, mutant: Mutant | None, effort: Effort
) -> Counterexample | None:
    if best.at < scenario.horizon_ms:
        scenario = msgspec.structs.replace(scenario, horizon_ms=scenario.horizon_ms + LATER_MS)
    judged, trace = trial.record(scenario, choices, mutant, seeking=ending_of(best.invariant))
    effort.add(judged.events)
    if judged.violated is None or judged.violated.invariant != best.invariant:
        return None
    if steps_of(trace) >= best.steps:
        return None
    ending = Ending(best.invariant, judged.at, dict(trace.header.choices))
    again = shrink_run(scenario, choices, mutant, best.seed, ending)
    return again if again is not None and again.length() < best.length() else None


def _changed(choices: Mapping[Key, int], alphabet: Alphabet) -> Iterator[dict[Key, int]]:
    """The same choices with one of them moved, or given another value."""
    for key in sorted(choices, key=repr):
        for value in alphabet.neighbours(key, choices[key]):
            yield {**choices, key: value}
        slot = alphabet.slot(key)
        if slot is None:
            continue
        rest = {other: value for other, value in choices.items() if other != key}
        for shift in SHIFTS:
            moved = alphabet.at_slot(key, max(0, slot + shift))
            if moved not in choices:
                yield {**rest, moved: choices[key]}


def _with_a_delay(scenario: Scenario, choices: Mapping[Key, int], mutant: Mutant | None) -> Iterator[dict[Key, int]]:
    """The same choices and one more: a message is late."""
    driver = _Asked(choices)
    trial.run(scenario, driver, mutant, until=scenario.horizon_ms)
    for key in reversed(driver.delays[-LATE_MAX:]):
        if key not in choices:
            yield {**choices, key: LATE}


def _of_other_kinds(choices: Mapping[Key, int], alphabet: Alphabet) -> Iterator[dict[Key, int]]:
    """The same choices with one fault of another kind."""
    for key in sorted(choices, key=repr):
        for value in alphabet.others(key, choices[key]):
            yield {**choices, key: value}


def _of_an_operator(
    scenario: Scenario, choices: Mapping[Key, int], alphabet: Alphabet, mutant: Mutant | None
) -> Iterator[dict[Key, int]]:
    """The same choices with what an operator asks for in the place of one fault, and a message that is late: his wish
    stops nobody, so it takes the delay to make somebody miss what came of it."""
    for key in sorted(choices, key=repr):
        for value in alphabet.others(key, choices[key], OF_OPERATORS):
            yield from _with_a_delay(scenario, {**choices, key: value}, mutant)


class _Asked(Recorded):
    """Notes which delays were asked for."""

    def __init__(self, choices: Mapping[Key, int]) -> None:
        super().__init__(choices)
        self.delays: list[Key] = []

    def choose(self, key: Key, n: int) -> int:
        if key[0] == "delay":
            self.delays.append(key)
        return super().choose(key, n)
