"""What a campaign has exercised: actions of the model, pairs of actions, situations, and faults by the role they hit.

One rule: an empty cell is as much a result as a full one. Counts are kept for each run and added up; the cells there
are come from the model's actions and the world's faults, never from what happened to be seen; those that cannot be are
left out, each for a reason (`campaign.unreachable`).
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from campaign.unreachable import ACTIONS, may_be_taken, may_fail, may_follow
from impl.sim import faults
from invariants.step import Checker
from model.models import model_named
from model.quorum.pre_vote import PRE_VOTE
from traces.abstraction import START
from traces.following import FOLLOWED, Follower
from traces.refine_quorum import QUORUM_OF

ROLES = ("leader", "in sync", "eligible", "out of sync", "controller", "client")
"""Of the process that a fault hits, in any partition: the first that it has."""
Walk = Counter[tuple[str, str, str]]
"""(situation of the partition, action before, action) -> how often."""
Cells = Counter[tuple[str, str]]
"""(kind of fault, role) -> how often."""


class Coverage(NamedTuple):
    """Of one run, or of many."""

    walk: Walk
    faults: Cells

    def add(self, other: "Coverage") -> None:
        self.walk.update(other.walk)
        self.faults.update(other.faults)

    def features(self) -> frozenset[int]:
        """What may be new in a run: each step of a walk and each cell, by number."""
        return frozenset(map(_number, (*self.walk, *self.faults)))


def nothing() -> Coverage:
    return Coverage(Counter(), Counter())


@lru_cache(maxsize=1 << 16)
def _number(feature: tuple[str, ...]) -> int:
    """The same on every machine, and short in a file."""
    return zlib.crc32("|".join(feature).encode())


_MID_WRITE = {faults.CRASH: faults.CRASH_MID_WRITE, faults.POWER_LOSS: faults.POWER_LOSS_MID_WRITE}
_ASIDE = {faults.MID_CHECKPOINT: faults.POWER_LOSS_MID_CHECKPOINT, faults.MID_STOP: faults.STOP_CUT_SHORT}


class Roles:
    """Counts the faults of one run by the role of whom they hit. An observer of its faults."""

    def __init__(self, checker: Checker) -> None:
        """`checker` knows what the controllers decided."""
        self._checker = checker
        self.cells: Cells = Counter()

    def fault(self, kind: str, targets: Iterable[str], detail: str) -> None:
        """Called before the checker hears of it."""
        if kind == faults.STOPPED:
            # It was counted when it began.
            return
        if detail.startswith(faults.EVERYWHERE):
            kind = faults.BLACKOUT
        elif detail.startswith(faults.MID_STEP):
            kind = _MID_WRITE[kind]
        elif detail.startswith(tuple(_ASIDE)):
            kind = _ASIDE[detail.partition(",")[0]]
        for target in targets:
            role = self._role(target)
            own = faults.CONTROLLER_CRASH if kind == faults.CRASH and role == "controller" else kind
            self.cells[own, role] += 1

    def _role(self, target: str) -> str:
        if not target.startswith("n"):
            return "client" if target.startswith("c") and target[1:].isdigit() else "controller"
        node = int(target[1:])
        partitions = self._checker.partitions.values()
        if any(partition.leader == node for partition in partitions):
            return "leader"
        if any(node in partition.isr for partition in partitions):
            return "in sync"
        return "eligible" if any(node in partition.elr for partition in partitions) else "out of sync"


def covered(follower: Follower | None, roles: Roles) -> Coverage:
    """What one run has exercised. Without a follower nobody knows where it went in the model."""
    return Coverage(Counter() if follower is None else follower.walk, roles.cells)


# ---------------------------------------------------------------- in a file
Packed = tuple[dict[str, list[int]], dict[str, int]]
"""Steps by situation, as (before, action, times) in a row with actions by their place in `NAMES`; and the cells."""
_FOLLOWED = (*FOLLOWED, PRE_VOTE.name)
NAMES = (START, *sorted({name for model in _FOLLOWED for name in model_named(model).actions_of(None)}))


def packed(coverage: Coverage) -> Packed:
    """The same in few characters."""
    steps: dict[str, list[int]] = {}
    for (situation, before, action), times in sorted(coverage.walk.items()):
        steps.setdefault(situation, []).extend((NAMES.index(before), NAMES.index(action), times))
    return steps, {"|".join(cell): times for cell, times in sorted(coverage.faults.items())}


def unpacked(steps: Mapping[str, list[int]], cells: Mapping[str, int]) -> Coverage:
    """Back from a file; IndexError where it was written by a version with other actions."""
    coverage = nothing()
    for situation, numbers in steps.items():
        for place in range(0, len(numbers), 3):
            before, action, times = numbers[place : place + 3]
            coverage.walk[situation, NAMES[before], NAMES[action]] = times
    for cell, times in cells.items():
        kind, _, role = cell.partition("|")
        coverage.faults[kind, role] = times
    return coverage


# ---------------------------------------------------------------- tables
def document(coverage: Coverage, model: str) -> dict[str, Any]:
    """Every table with its empty cells, for the report and `--json`."""
    actions = sorted(model_named(model).actions_of(None))
    taken: Counter[str] = Counter()
    voted: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    situations: Counter[str] = Counter()
    for (situation, before, action), times in coverage.walk.items():
        if situation.startswith(QUORUM_OF):
            voted[action] += times
            continue
        taken[action] += times
        pairs[before, action] += times
        situations[situation] += times
    between = [(before, action) for before in (START, *actions) for action in actions if may_follow(before, action)]
    cells = [(kind, role) for kind in faults.KINDS for role in ROLES if may_fail(kind, role)]
    return {
        "model": model,
        "actions": _table(
            [(action,) for action in actions if may_be_taken(action)],
            {(action,): times for action, times in taken.items()},
        ),
        "pairs": _table(between, pairs),
        "quorum": _table(
            [(action,) for action in sorted(PRE_VOTE.actions_of(None))],
            {(action,): times for action, times in voted.items()},
        ),
        "faults": _table(cells, coverage.faults),
        "situations": dict(sorted(situations.items())),
        "unreachable": {action: why for action, why in ACTIONS.items() if action in actions},
    }


def _table(cells: Sequence[tuple[str, ...]], counts: Mapping[Any, int]) -> dict[str, Any]:
    full = {" > ".join(cell): counts[cell] for cell in cells if counts.get(cell)}
    empty = [" > ".join(cell) for cell in cells if not counts.get(cell)]
    return {"cells": len(cells), "covered": len(full), "counts": full, "empty": empty}


_TABLES = {
    "actions": "actions of the model",
    "pairs": "pairs of actions",
    "quorum": "actions of the controllers' quorum",
    "faults": "faults by role",
}
_BY_THE_MODEL = ("actions", "pairs", "quorum")
"""Known only of runs that are followed by the model: with some planted bugs none is."""

SHOWN = 8
"""Empty cells that a person is told of; the document and the report name them all."""


def lines(told: Mapping[str, Any]) -> list[str]:
    """The same in a few lines for a person."""
    said = []
    followed = any(told[name]["covered"] for name in _BY_THE_MODEL)
    if not followed:
        said.append("covered: of the model nothing is known, none of these runs is followed by it")
    for name, what in _TABLES.items():
        table = told[name]
        if name in _BY_THE_MODEL and not followed:
            continue
        line = f"covered: {table['covered']} of {table['cells']} {what}"
        if table["empty"] and name != "pairs":
            line += f"; never: {', '.join(cell.replace(' > ', ' of ') for cell in table['empty'][:SHOWN])}"
            line += f" and {more} more" if (more := len(table["empty"]) - SHOWN) > 0 else ""
        if name == "actions" and told["unreachable"]:
            line += f"; cannot be: {', '.join(told['unreachable'])}"
        said.append(line)
    return said
