"""Breadth-first search of the concrete reading: slow, and nothing in it to go wrong.

One rule: it is the yardstick. Other forms must have its counts at every level; nothing here is made faster at the price
of being less plain.
"""

from typing import Any

from invariants.exploration.limits import Found, Limits, Progress
from model.reading_values import Reading, Values

BYTES = 2000
"""What a state takes, about: its tables, its key and its predecessor."""

Step = tuple[str, tuple[Any, ...]]


def search(reading: Reading, limits: Limits, progress: Progress | None = None) -> tuple[Found, list[Step]]:
    """Searches until nothing is new, a property is violated, or a limit is reached; with the steps to a violation."""
    found = Found()
    state = reading.initial()
    origins: dict[Any, tuple[Any, Step | None]] = {key_of(reading, state): (None, None)}
    names = [f.name for f in reading.model.safety_of(ghosts=False)]
    if (broken := reading.broken(state)) is not None:
        found.violated = names.index(broken)
        return found, []
    layer: list[Values] = [state]
    while layer:
        if limits.depth is not None and len(found.levels) > limits.depth:
            found.stopped = limits.reason_depth()
            break
        following: list[Values] = []
        found.levels.append(0)
        for state in layer:
            key = key_of(reading, state)
            for name, arguments, successor in reading.successors(state):
                found.generated += 1
                reached = key_of(reading, successor)
                if reached in origins:
                    continue
                origins[reached] = key, (name, arguments)
                following.append(successor)
                found.levels[-1] += 1
                if (broken := reading.broken(successor)) is not None:
                    found.violated = names.index(broken)
                    return found, back(origins, reached)
            found.bytes = BYTES * len(origins)
            if limits.over_time():
                found.stopped = limits.reason_time()
            elif found.bytes > limits.memory:
                found.stopped = limits.reason_memory(found.bytes)
            if found.stopped is not None:
                return found, []
        layer = following
        if not layer:
            found.levels.pop()
        elif progress is not None:
            progress(len(found.levels) - 1, found.distinct, found.levels[-1])
    return found, []


def key_of(reading: Reading, state: Values) -> Any:
    """What tells two states apart; a set written as `{replica}` is frozen for it."""
    key = reading.key(state)
    try:
        hash(key)
    except TypeError:
        return frozen(key)
    return key


def frozen(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(map(frozen, key))
    return frozenset(key) if isinstance(key, set) else key


def back(origins: dict[Any, tuple[Any, Step | None]], key: Any) -> list[Step]:
    """The steps from the initial state."""
    steps: list[Step] = []
    while True:
        key, step = origins[key]
        if step is None:
            return steps[::-1]
        steps.append(step)
