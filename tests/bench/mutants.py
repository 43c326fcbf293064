"""How soon the search finds the planted bugs, against the last time that was kept.

    python -m tests.bench.mutants                # every bug, against docs/planted-bugs.json; 1 where the median doubled
    python -m tests.bench.mutants --keep         # and keep the table as the one to compare with
    python -m tests.bench.mutants kip-101 kip-279

Seconds are processor time of one core from the first seed to the failing one, so that what else the machine does falls
out as far as it can. Compared is the median over the bugs that both tables found; one that was found and is missed now
fails too.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from campaign.commands.mutants import run
from campaign.planted import KEPT_TABLE
from campaign.progress import silent
from campaign.workers import local

TIMES_MAX = 2.0
"""A median that grows by more than this fails."""
BUDGET_SECONDS = 60.0

Table = Mapping[str, Any]


def found(table: Table) -> dict[str, float]:
    """Seconds to detection, of the bugs that were found."""
    return {row["id"]: row["seconds"] for row in table["mutants"] if row["found"]}


def compared(kept: Table, seen: Table) -> tuple[bool, str]:
    """Whether the search is as good as it was, and one line that says so."""
    before, now = found(kept), found(seen)
    searched = {row["id"] for row in seen["mutants"]}
    missed = sorted((before.keys() & searched) - now.keys())
    if missed:
        return False, f"not found any more: {', '.join(missed)}"
    both = sorted(before.keys() & now.keys())
    if not both:
        return True, "nothing to compare with: the kept table has none of these"
    then, today = median(before[name] for name in both), median(now[name] for name in both)
    words = f"median {today:.2f} s, kept {then:.2f} s, over {len(both)} planted bugs"
    slower = today > TIMES_MAX * then
    return not slower, f"{words}: more than {TIMES_MAX:g} times as long" if slower else words


def main(arguments: Sequence[str] | None = None) -> int:
    """0: as good as it was; 1: slower, or one is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="planted bugs; default: all")
    parser.add_argument("--keep", action="store_true", help="keep this table to compare with")
    parser.add_argument("--out", type=Path, help="write the counterexamples here")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--table", type=Path, default=KEPT_TABLE, help="the table to compare with")
    options = parser.parse_args(arguments)
    kept: Table = json.loads(options.table.read_text()) if options.table.exists() else {"mutants": []}
    names = tuple(options.names)
    outcome = run(names, 0, BUDGET_SECONDS, "mixed", options.out, local(options.processes), silent, print)
    for line in outcome.lines:
        print(line)
    good, words = compared(kept, outcome.document)
    print(words)
    if options.keep:
        options.table.write_text(json.dumps(outcome.document, indent=1) + "\n")
    return 0 if good and not outcome.document["missed"] else 1


if __name__ == "__main__":
    sys.exit(main())
