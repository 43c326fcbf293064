"""What shrinking makes of planted bugs, and what it costs.

    python -m tests.bench.shrinking                  # every planted bug, three failing seeds of each; some minutes
                                                     # (of bugs that a model checker found: as a search chooses them)
    python -m tests.bench.shrinking kip-101 kip-279
    python -m tests.bench.shrinking --keep           # and write docs/benchmarks-shrinking.md and docs/shrinking.json
    python -m tests.bench.shrinking --keep --missing # go on: only those without a row

With names only these rows are measured, and kept, each as soon as it is there. The seeds are those at which the search
fails, from where the kept table of planted bugs (docs/planted-bugs.json) found the bug on: rare bugs are not searched
for again. Seconds are processor time of one core.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from campaign import trial
from campaign.counterexamples import choose, regrow, shortest, shrink_failure
from campaign.fuzz import KEEP
from campaign.journal import Failure
from campaign.mutants import MUTANTS, usable
from campaign.planted import table_at
from campaign.profiles import PROFILES, seeded
from campaign.rows import ROWS
from campaign.shortest import RATIO_MAX, SHORTEST
from campaign.shrinking import Counterexample, ending_of
from campaign.steps import steps_of
from campaign.workers import spare_the_collector

SEEDS = 3
SECONDS = 20.0
"""Of searching, for each bug, before it goes with fewer seeds."""
PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "benchmarks-shrinking.md"
TABLE = PAGE.with_name("shrinking.json")
MACHINE_FOUND = ("R1", "R2", "R3", "R4", "R5", "R6", "R12", "R13", "R15", "R16", "R18", "R20", "K1")
"""Rows of the catalogue whose shortest counterexample a model checker found in a published specification."""

MACHINE_FOUND_BUGS = frozenset(planted for row in ROWS if row.id in MACHINE_FOUND for planted in row.planted)


class Measured(NamedTuple):
    """One failing seed, before and after."""

    choices_before: int
    steps_before: int
    found: Counterexample
    seconds: float


HEADINGS = {
    "planted bug": "id",
    "seeds": "seeds",
    "choices": "choices_before",
    "steps": "steps_before",
    "choices left": "choices",
    "steps left": "steps",
    "candidates run": "runs",
    "seconds": "seconds",
    "slowest seed": "slowest",
    "given up": "given_up",
    "best: choices": "best_choices",
    "best: steps": "best_steps",
    "seconds in all": "seconds_in_all",
}
"""Of a row: as the page calls it, and as docs/shrinking.json does."""
Row = dict[str, Any]


def row_of(name: str, each: Sequence[Measured], best: Counterexample, seconds: float) -> Row:
    """Medians over the seeds of one planted bug, the best of them changed a little, and all that this took."""
    return {
        "id": name,
        "seeds": len(each),
        "choices_before": median(one.choices_before for one in each),
        "steps_before": median(one.steps_before for one in each),
        "choices": median(one.found.choices for one in each),
        "steps": median(one.found.steps for one in each),
        "runs": median(one.found.runs for one in each),
        "seconds": round(median(one.seconds for one in each), 2),
        "slowest": round(max(one.seconds for one in each), 2),
        "given_up": sum(not one.found.minimal for one in each),
        "best_choices": best.choices,
        "best_steps": best.steps,
        "seconds_in_all": round(seconds, 1),
    }


def cells(row: Row) -> list[str]:
    return [f"`{row['id']}`", *(f"{row[name]:g}" for name in list(HEADINGS.values())[1:])]


def failing(name: str, profile: str, first: int, wanted: int) -> Iterator[Failure]:
    """The first failing seeds from `first` on, as long as there is time."""
    started = time.process_time()
    seed, found = first, 0
    while found < wanted and (time.process_time() - started < SECONDS or not found):
        scenario, choices = seeded(PROFILES[profile], seed)
        ran = trial.run(scenario, choices, usable(name))
        if ran.violated is not None and ran.violated.invariant != trial.NO_EXCEPTION:
            found += 1
            yield Failure(seed, ran.violated.invariant, ran.violated.sentence, ran.at, scenario, choices.made)
        elif not found and time.process_time() - started > 6 * SECONDS:
            return
        seed += 1


def chosen(name: str, profile: str, first: int, wanted: int) -> list[Failure]:
    """The failing seeds to shrink. Where it is known how short they can be, those that a search shrinks: it goes on to
    `campaign.fuzz.KEEP` failing seeds and takes of each invariant those that failed soonest."""
    if name not in MACHINE_FOUND_BUGS:
        return list(failing(name, profile, first, wanted))
    return choose(list(failing(name, profile, first, KEEP)))


def measure(name: str, profile: str, first: int, wanted: int) -> Row | None:
    """Shrink its failing seeds. None where none fails in time."""
    each = []
    spent = 0.0
    for failure in chosen(name, profile, first, wanted):
        seeking = ending_of(failure.invariant)
        _, trace = trial.record(failure.scenario, failure.choices, usable(name), seeking=seeking)
        began = time.process_time()
        found = shrink_failure(failure, name)
        seconds = time.process_time() - began
        assert found is not None, "what fails, fails again"
        spent += seconds
        each.append(Measured(len(trace.header.choices), steps_of(trace), found, seconds))
    if not each:
        return None
    began = time.process_time()
    regrown = [regrow(found, name) for found in shortest([one.found for one in each])]
    return row_of(name, each, min(regrown, key=Counterexample.length), spent + time.process_time() - began)


def page(rows: Sequence[Row]) -> str:
    """The table as a page of docs/."""
    marked = [row for row in rows if row["id"] in MACHINE_FOUND_BUGS]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    medians = [f"**{_seconds(rows)} s** over {len(rows)} planted bugs"]
    if marked:
        medians.append(f"**{_seconds(marked)} s** over those of them whose shortest a model checker has found")
    slowest = max(row["slowest"] for row in rows)
    lines = [
        *_INTRODUCTION.strip().splitlines(),
        "",
        f"Median for a failing seed: {'; '.join(medians)}; the slowest took {slowest:g} s. {python}.",
        "",
        *_beside_the_known(rows),
        "| " + " | ".join(HEADINGS) + " |",
        "|" + "---|" * len(HEADINGS),
        *("| " + " | ".join(cells(row)) + " |" for row in rows),
        "",
    ]
    return "\n".join(lines)


def _beside_the_known(rows: Sequence[Row]) -> list[str]:
    """How many of those whose shortest is known come near it, and which do not."""
    best = {row["id"]: row["best_steps"] for row in rows}
    known = [each for each in SHORTEST if each.planted in best]
    longer = [each for each in known if best[each.planted] > RATIO_MAX * each.steps]
    names = ", ".join(f"`{each.planted}` ({best[each.planted]} to {each.steps})" for each in longer)
    return [
        f"At most a fifth longer than the shortest known is the best of **{len(known) - len(longer)} of {len(known)}**"
        f"{f'; longer are {names}' if longer else ''}.",
        "",
    ]


_INTRODUCTION = """
<!-- Made by `python -m tests.bench.shrinking --keep`: run it again, do not change this page. -->

# What shrinking leaves, and what it costs

    python -m tests.bench.shrinking --keep          # all planted bugs: some minutes of one core

takes up to three failing seeds of every planted bug and shrinks each (`campaign/shrinking.py`); then the shortest of
each invariant is shrunk to the end and changed a little as long as that makes it shorter (`campaign/regrow.py`). Of the
bugs whose shortest a model checker has found the seeds are those that a search shrinks: it goes on to eight that fail,
and takes of each invariant the three that failed soonest (`campaign.counterexamples.choose`). Medians over the seeds;
a candidate is a run with some choices left out or changed. Steps are those that a reader follows
(`campaign/steps.py`). Seconds are processor time of one core, which grows by half and more with what else the machine
does. A seed that would take much longer than others is *given up* (`campaign.shrinking.PATIENCE`): it counts with what
was left of it then. The last column is all seeds, and the shortest to the end, together. How short they could be:
[the shortest that are known](shortest-counterexamples.md).
"""


def _seconds(rows: Sequence[Row]) -> str:
    return f"{median(row['seconds'] for row in rows):.2f}"


def kept_rows() -> dict[str, Row]:
    """By planted bug, those that are still planted."""
    rows = json.loads(TABLE.read_text()) if TABLE.exists() else []
    return {row["id"]: row for row in rows if row["id"] in MUTANTS}


def keep(rows: Sequence[Row]) -> None:
    """Write these rows, and those that are kept of other bugs."""
    together = kept_rows() | {row["id"]: row for row in rows}
    table = [together[name] for name in MUTANTS if name in together]
    TABLE.write_text(json.dumps(table, indent=1) + "\n")
    PAGE.write_text(page(table))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every bug had a seed that failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="planted bugs; default: all")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="failing seeds of each")
    parser.add_argument("--keep", action="store_true", help="keep the rows, and write the page")
    parser.add_argument("--missing", action="store_true", help="only planted bugs of which no row is kept")
    options = parser.parse_args(arguments)
    spare_the_collector()
    table = table_at(PAGE.parent)
    known = {} if table is None else table[1]
    rows: list[Row] = []
    missed = []
    done = kept_rows() if options.missing else {}
    for name in options.names or MUTANTS:
        if name in done:
            continue
        kept = known.get(name, {})
        first = kept["seeds"] - 1 if kept.get("found") else 0
        row = measure(name, "mixed", first, options.seeds) or measure(name, "beyond", 0, options.seeds)
        if row is None:
            missed.append(name)
            print(f"{name}: no seed fails in time")
            continue
        rows.append(row)
        print("  ".join(cells(row)), flush=True)
        if options.keep:
            keep([row])
    if rows:
        print(f"median over {len(rows)} planted bugs: {_seconds(rows)} s for a failing seed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
