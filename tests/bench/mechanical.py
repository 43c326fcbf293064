"""A mechanical sample: small changes of the broker that nobody chose, and whether the search finds them.

    python -m tests.bench.mechanical --seed 1 --count 40 --budget 30
    python -m tests.bench.mechanical --seed 1 --count 40 --list         # which they are, and search for none

One rule: chance chooses, and what was chosen is told, whatever comes of it. The places of `tests/bench/mutations.py` in
the core, the storage and the host of the broker are shuffled by the seed and taken in that order. A change whose
statement no run executes within PROBE_SECONDS is told as outside of the simulated world and does not count.

Each is searched for in a process of its own with that one module replaced (`tests/bench/held_out/planted.py`); the tree
is not touched. The search is that of `fencepost mutants`, one after the other, on one core.
"""

import argparse
import ast
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tests.bench.held_out.edit import ROOT, source_of
from tests.bench.held_out.planted import measured, probed, without
from tests.bench.mutations import Change, changed, changes

FOLDERS = ("impl/core", "impl/core/quorum", "impl/storage", "impl/host")
"""Without `impl/storage/cleaning`: simulated topics are not compacted."""
PROBE_SECONDS = 8.0


class Place(NamedTuple):
    """One change of one module, by its number there."""

    module: str
    number: int
    change: Change

    @property
    def id(self) -> str:
        return f"{self.module.removeprefix('impl.')}:{self.change.line}"


def modules() -> list[str]:
    """Every module of the folders, by name."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.py"))]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths if path.stem != "__init__"]


def shuffled(seed: int) -> list[Place]:
    """Every place, in the order of the seed."""
    places = [
        Place(module, number, change)
        for module in modules()
        for number, change in enumerate(changes(ast.parse(source_of(module))))
    ]
    random.Random(seed).shuffle(places)
    return places


def searched(place: Place, start: int, budget_seconds: float, profile: str) -> dict[str, Any]:
    """What came of one, as a row. `runs` is 0 where no run executes it."""
    module, change = place.module, place.change
    row: dict[str, Any] = {"id": place.id, "within": change.within, "kind": change.kind}
    row |= {"before": change.before, "after": change.after}
    source = source_of(module)
    probe = measured(module, probed(source, change.line), start, PROBE_SECONDS, profile)
    if probe.invariant is None:
        return row | {"reached": None, "looked_at": probe.runs, "found": False, "runs": 0, "seconds": 0.0}
    result = measured(module, changed(source, place.number), start, budget_seconds, profile)
    row |= {"reached": probe.runs, "found": result.invariant is not None, "runs": result.runs}
    row |= {"seconds": round(result.seconds, 2), "invariant": result.invariant, "sentence": result.sentence}
    if result.failed is not None:
        row["without"] = without(result.failed)
    return row


def told(row: dict[str, Any]) -> str:
    """One line for people."""
    if row["reached"] is None:
        came = f"outside  not executed in {row['looked_at']} runs"
    elif row["found"]:
        also = f" (without the bug: {row['without']})" if row.get("without") else ""
        came = f"found    {row['runs']:4} runs {row['seconds']:6.2f} s {row['invariant']}{also}"
    else:
        came = f"missed   {row['runs']:4} runs {row['seconds']:6.2f} s"
    return f"{row['id']:32} {came:62} {row['kind']}: {_short(row['before'])} -> {_short(row['after'])}"


def _short(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= 72 else line[:69] + "..."


def sample(
    places: list[Place], count: int, start: int, budget_seconds: float, profile: str
) -> Iterator[dict[str, Any]]:
    """Rows in the order of the places, until `count` of them were executed."""
    counted = 0
    for place in places:
        if counted == count:
            return
        row = searched(place, start, budget_seconds, profile)
        counted += row["reached"] is not None
        yield row


def main(arguments: Sequence[str] | None = None) -> int:
    """Always 0: what is missed is to be looked at, one by one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--count", type=int, default=40, help="how many that a run executes")
    parser.add_argument("--budget", type=float, default=30.0, help="processor seconds for each")
    parser.add_argument("--start", type=int, default=0, help="where the search starts")
    parser.add_argument("--profile", default="mixed")
    parser.add_argument("--list", action="store_true", help="name the first COUNT, and search for none")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments)
    places = shuffled(options.seed)
    if options.list:
        for place in places[: options.count]:
            change = place.change
            print(f"{place.id:32} {change.kind:10} {_short(change.before)} -> {_short(change.after)}")
        return 0
    os.nice(10)
    rows = []
    for row in sample(places, options.count, options.start, options.budget, options.profile):
        rows.append(row)
        print(told(row), file=sys.stderr if options.json else sys.stdout, flush=True)
    outcomes = Counter("outside" if row["reached"] is None else "found" if row["found"] else "missed" for row in rows)
    print(", ".join(f"{outcomes[each]} {each}" for each in ("found", "missed", "outside")), file=sys.stderr)
    if options.json:
        print(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
