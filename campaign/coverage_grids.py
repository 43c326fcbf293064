"""Coverage as the report shows it: grids with their empty cells, of all campaigns of a check together.

One rule: a cell that cannot be is left out; a cell that was not reached is shown empty.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from campaign.coverage import ROLES
from campaign.unreachable import ACTIONS, may_fail, may_follow
from impl.sim import faults
from invariants.report.build import Grid
from traces.abstraction import START


def grids(documents: Iterable[Mapping[str, Any]]) -> tuple[Grid, ...]:
    """The tables of `campaign.coverage.document`, added up."""
    told = list(documents)
    if not told:
        return ()
    without = {action: why for action, why in ACTIONS.items() if action in told[0]["unreachable"]}
    actions = tuple(sorted([*_cells(told[0]["actions"]), *without]))
    voted = _cells(told[0]["quorum"])
    return (
        Grid(
            title="Faults, by the role of whom they hit",
            rows=faults.KINDS,
            columns=ROLES,
            cells=_matrix(_sum(told, "faults"), faults.KINDS, ROLES, may_fail),
        ),
        Grid(
            title=f"Actions of the model {told[0]['model']}",
            rows=actions,
            columns=("taken",),
            cells=tuple((None if action in without else _sum(told, "actions")[action],) for action in actions),
            notes=tuple(f"{action} cannot be: {why}." for action, why in sorted(without.items())),
        ),
        Grid(
            title="Actions of the controllers' quorum",
            rows=voted,
            columns=("taken",),
            cells=tuple((_sum(told, "quorum")[action],) for action in voted),
        ),
        Grid(
            title="Pairs of actions: the row, and next in the same partition the column",
            rows=(START, *actions),
            columns=actions,
            cells=_matrix(_sum(told, "pairs"), (START, *actions), actions, may_follow),
            dense=True,
        ),
    )


def _cells(table: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted([*table["counts"], *table["empty"]]))


def _sum(told: list[Mapping[str, Any]], name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for document in told:
        total.update(document[name]["counts"])
    return total


def _matrix(counts: Counter[str], rows: Iterable[str], columns: tuple[str, ...], may: Any) -> Any:
    return tuple(tuple(counts[f"{row} > {column}"] if may(row, column) else None for column in columns) for row in rows)
