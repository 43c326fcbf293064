"""What tests of the columns reading share: small searches, and the counts of the concrete reading."""

import itertools
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from invariants.exploration.explore import ExploreResult, explore
from model.kinds import Variable
from model.quorum import QUORUM
from model.reading_values import Bounds, Reading, Values
from model.reference_partition import REFERENCE_PARTITION
from model.replication import REPLICATION

MODELS = {model.name: model for model in (REPLICATION, REFERENCE_PARTITION, QUORUM)}

Case = tuple[str, int, int, int, int, str, int]
"""Model, replicas, log, leader epochs, partition epochs, grain, depth."""

CASES: tuple[Case, ...] = (
    ("reference-partition", 2, 2, 2, 0, "synchronous", 50),
    ("reference-partition", 3, 1, 1, 0, "synchronous", 8),
    ("replication", 2, 2, 2, 4, "synchronous", 8),
    ("replication", 3, 1, 2, 3, "synchronous", 3),
    ("replication", 2, 1, 2, 4, "asynchronous", 6),
    ("replication", 2, 2, 1, 2, "asynchronous", 7),
)


def concrete(case: Case) -> Reading:
    name, replicas, log, epochs, versions, grain, _ = case
    bounds = Bounds(leader_epochs=epochs, partition_epochs=versions, log=log)
    return Reading(MODELS[name], replicas=range(replicas), bounds=bounds, synchronous=grain == "synchronous")


def search(case: Case, form: str, **more: Any) -> ExploreResult:
    name, replicas, log, epochs, versions, grain, depth = case
    names = tuple(range(1, replicas + 1))
    return explore(
        MODELS[name],
        None,
        names,
        log,
        epochs,
        partition_epochs=versions,
        grain=grain,
        depth=depth,
        form=form,
        **more,
    )


@cache
def on_values(case: Case) -> ExploreResult:
    return search(case, "values")


def images(case: Case, key: Callable[[Reading, Values], Any]) -> list[int]:
    """How many new keys the concrete reading's states have at each depth, found state by state."""
    reading = concrete(case)
    layer = [reading.initial()]
    seen, keys, counts = {reading.key(layer[0])}, {key(reading, layer[0])}, [1]
    while layer and len(counts) <= case[-1]:
        following = []
        before = len(keys)
        for state in layer:
            for _, _, successor in reading.successors(state):
                reached = reading.key(successor)
                if reached not in seen:
                    seen.add(reached)
                    following.append(successor)
                    keys.add(key(reading, successor))
        layer = following
        counts.append(len(keys) - before)
    while counts[-1] == 0:
        counts.pop()
    return counts


def orbit(reading: Reading, state: Values) -> tuple[Any, ...]:
    """The least of a state's keys under every renaming of the replicas."""
    return min(renamed(reading, state, renaming) for renaming in itertools.permutations(reading.replicas))


def renamed(reading: Reading, state: Values, renaming: Sequence[int]) -> tuple[Any, ...]:
    """A state with replica r called `renaming[r]`, as nested tuples. Who leads an epoch without a leader is nobody."""
    found = []
    for variable in reading.variables.values():
        value = getattr(state, variable.name)
        if not variable.keys:
            found.append(renamed_value(variable, value, renaming))
            continue
        table = []
        for key, content in value.items():
            keys = key if isinstance(key, tuple) else (key,)
            moved = tuple(renaming[k] if d == "Replica" else k for k, d in zip(keys, variable.keys, strict=True))
            if variable.name == "leader" and not state.has_leader[key]:
                table.append((moved, -1))
            else:
                table.append((moved, renamed_value(variable, content, renaming)))
        found.append(tuple(sorted(table)))
    return tuple(found)


def renamed_value(variable: Variable, value: Any, renaming: Sequence[int]) -> Any:
    if variable.kind == "set":
        return tuple(sorted(renaming[r] for r in value))
    if variable.kind == "replica":
        return renaming[value]
    return value
