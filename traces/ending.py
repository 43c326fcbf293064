"""The model's safety properties where an execution has led, in time that grows with the logs and not with their square.

One rule: a property is evaluated as the model writes it, unless that costs more than its logs are long; then by what it
amounts to, which a test holds to the model's own text.
"""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

from model.machine import Machine


def broken(machine: Machine) -> str | None:
    """The first safety property that does not hold now."""
    reading = machine.reading
    for function in reading.model.safety_of(ghosts=reading.ghosts):
        amounts_to = AMOUNTS_TO.get(function.name)
        holds = reading.holds(function, machine.state) if amounts_to is None else amounts_to(machine.state)
        if not holds:
            return function.name
    return None


def same_epoch_same_log(state: Any) -> bool:
    """Behind the first offset at which two logs differ they have no epoch in common at any offset."""
    return all(matching(one, other) for one, other in combinations(state.log.values(), 2))


def matching(one: Any, other: Any) -> bool:
    """Of two logs: behind the first offset at which they differ they have no epoch in common at any offset."""
    if one.buffer is other.buffer:
        return True
    differ = False
    for mine, theirs in zip(one, other, strict=False):
        if not differ and mine != theirs:
            differ = True
        if differ and mine.epoch == theirs.epoch:
            return False
    return True


AMOUNTS_TO: Mapping[str, Callable[[Any], bool]] = {"same_epoch_same_log": same_epoch_same_log}
"""By the name of a property: the same in linear time."""
