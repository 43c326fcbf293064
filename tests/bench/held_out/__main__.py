"""Bugs by another hand: whether the search finds what it was not made for, and how soon.

    python -m tests.bench.held_out                       # all, one after the other on one core; up to half an hour
    python -m tests.bench.held_out vote-outlives-its-epoch --budget 60
    python -m tests.bench.held_out --set second --order 1 --budget 60 --json > held-out.json

The bugs are three sets, by three hands. Each was written down before any of its bugs was searched for, by somebody who
did not work on the search; none was left out for what came of it. Of each: whether the search finds it within the
budget (processor seconds of one core), after how many runs, and by which invariant; of one that is missed, in which run
its lines are first executed.
"""

import argparse
import json
import os
import random
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from tests.bench.held_out import deciding, describing, producing, replication, storing, waiting, waking
from tests.bench.held_out.edit import Edit, source_of
from tests.bench.held_out.planted import REACHED, measured, probed, without
from tests.bench.held_out.second import deciding as deciding_too
from tests.bench.held_out.second import going_on, replicating, serving, voting
from tests.bench.held_out.second import storing as storing_too
from tests.bench.held_out.third import deciding as deciding_third
from tests.bench.held_out.third import replicating as replicating_third
from tests.bench.held_out.third import serving as serving_third
from tests.bench.held_out.third import storing as storing_third
from tests.bench.held_out.third import voting as voting_third

FIRST: dict[str, ModuleType] = {
    "replication": replication,
    "controllers": deciding,
    "storage": storing,
    "producers": producing,
    "waiting": waiting,
    "metadata": describing,
    "liveness": waking,
}
SECOND: dict[str, ModuleType] = {
    "replication": replicating,
    "decisions": deciding_too,
    "quorum": voting,
    "storage": storing_too,
    "clients": serving,
    "going on": going_on,
}
THIRD: dict[str, ModuleType] = {
    "replication": replicating_third,
    "decisions": deciding_third,
    "quorum and metadata": voting_third,
    "storage": storing_third,
    "answers": serving_third,
}
SETS = {"first": FIRST, "second": SECOND, "third": THIRD}
"""Each by the area of its bugs."""
BUGS: dict[str, Edit] = {bug.id: bug for areas in SETS.values() for area in areas.values() for bug in area.BUGS}
PROBE_SECONDS = 10.0


def searched(bug: Edit, seed: int, budget_seconds: float, profile: str) -> dict[str, Any]:
    """What came of the search for one bug, as a row."""
    result = measured(bug.module, bug.applied(), seed, budget_seconds, profile)
    row: dict[str, Any] = {"id": bug.id, "title": bug.title, "found": result.invariant is not None}
    row |= {"runs": result.runs, "seconds": round(result.seconds, 2)}
    row |= {"invariant": result.invariant, "sentence": result.sentence}
    if result.failed is not None:
        row["without"] = without(result.failed)
    if result.invariant is None:
        row["reached"] = reached(bug.module, bug.line(), seed, profile)
    return row


def reached(module: str, line: int, seed: int, profile: str) -> int | None:
    """The first run that executes the statement at a line; None where none does within PROBE_SECONDS."""
    probe = measured(module, probed(source_of(module), line), seed, PROBE_SECONDS, profile)
    return probe.runs if probe.sentence is not None and REACHED in probe.sentence else None


def told(row: dict[str, Any]) -> str:
    """One line for people."""
    if not row["found"]:
        when = "not executed" if row["reached"] is None else f"executed in run {row['reached']}"
        return f"{row['id']:34} missed   {row['runs']:5} runs {row['seconds']:6.2f} s  {when}"
    also = f"  (without the bug: {row['without']})" if row.get("without") else ""
    return f"{row['id']:34} found    {row['runs']:5} runs {row['seconds']:6.2f} s  {row['invariant']}{also}"


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all were searched for; 1: one was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="BUG", help=f"default: a whole set. {', '.join(BUGS)}")
    parser.add_argument("--set", choices=SETS, default="first", help="of which set, where no bug is named")
    parser.add_argument("--order", type=int, help="a number: the bugs in an order by chance, each time the same")
    parser.add_argument("--budget", type=float, default=60.0, help="processor seconds for each")
    parser.add_argument("--seed", type=int, default=0, help="where the search starts")
    parser.add_argument("--profile", default="mixed")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BUGS]
    if unknown:
        parser.error(f"no held-out bug is called {unknown[0]}; --help names them")
    os.nice(10)
    names = options.names or [bug.id for area in SETS[options.set].values() for bug in area.BUGS]
    if options.order is not None:
        random.Random(options.order).shuffle(names)
    rows = []
    for name in names:
        row = searched(BUGS[name], options.seed, options.budget, options.profile)
        rows.append(row)
        print(told(row), file=sys.stderr if options.json else sys.stdout, flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))
    return 0 if all(row["found"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
