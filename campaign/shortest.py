"""The shortest counterexamples that are known of the bugs whose shortest a model checker found in a specification.

One rule: a bound has its reason beside it. `steps` is what no counterexample we know of goes below, counted as
`campaign.steps` counts: either every one of these steps is needed (`why` names them), or it is the shortest of a long
search. The kept counterexample may be at most a fifth longer; a test holds it to that.

A specification's steps are not ours: its topic has the log that suits it, its followers copy one record in one step and
its client is nobody. Here three replicas are in sync, a fault has to bring an election about, a client hands a batch
over and is told that it is acknowledged.

`python -m campaign.shortest` writes docs/shortest-counterexamples.md.
"""

from pathlib import Path
from typing import NamedTuple

from campaign.rows import ROWS
from campaign.saved import SAVED
from campaign.steps import steps_of
from traces.reader import read

RATIO_MAX = 1.2
PAGE = Path(__file__).resolve().parent.parent / "docs" / "shortest-counterexamples.md"


class Known(NamedTuple):
    """One planted bug of such a row."""

    row: str
    """Of the catalogue (`campaign.rows`)."""
    planted: str
    checker: str
    """Steps that TLC counted in the specification, where its guard was taken out."""
    steps: int
    """The shortest that is known here."""
    why: str


_COMMITTED = "a batch handed over, written, copied by two followers, committed and acknowledged (6)"

_AN_EPOCH = "needed: a fault, and a replica that takes another epoch"

SHORTEST: tuple[Known, ...] = (
    Known(
        "R1",
        "kip-101",
        "10",
        10,
        f"needed: {_COMMITTED}; a fault, the election, and a follower that takes the epoch and cuts (4)",
    ),
    Known(
        "R2",
        "kip-279",
        "12",
        14,
        "needed: a batch handed over, written by the first leader, copied by the third replica (3); a fault, the "
        "election, its leader, and its batch, another or what the first leader gives up (5); a fault, the election, "
        "its leader and both followers, the watermark (6). Seen: 15",
    ),
    Known("R3", "fetch-without-epoch-check", "15", 2, f"{_AN_EPOCH}. The model refuses the count at once"),
    Known(
        "R4",
        "truncates-on-error-only",
        "12",
        8,
        "the shortest of 12 failing seeds that break the fencing of epochs. An answer that nobody owes is wrong sooner "
        "(`right_error`): searches end there",
    ),
    Known("R5", "probe-unfenced", "14", 2, f"{_AN_EPOCH}. The model refuses the answer at once"),
    Known(
        "R6", "expand-without-epoch-start", "13", 8, "the shortest of 8 failing seeds; the model refuses the proposal"
    ),
    Known("R12", "ack-before-isr", "4", 3, "needed: a batch handed over, written and acknowledged"),
    Known(
        "R12",
        "majority-watermark",
        "4",
        5,
        "needed: a batch handed over, written, copied by one follower, committed and acknowledged",
    ),
    Known(
        "R13",
        "eager-shrink",
        "3",
        5,
        "needed: a batch handed over and written, the proposal, the watermark, the acknowledgement. Kept: copied once",
    ),
    Known("R15", "alter-partition-without-cas", "6; 11", 8, "the shortest of all that were found"),
    Known("R16", "no-broker-epoch", "13", 11, "the shortest of all that were found; few seeds fail"),
    Known("R18", "last-replica-stands", "7", 8, "the shortest of 6 failing seeds"),
    Known("R20", "unclean-keeps-elr", "10", 2, "needed: a fault and a decision of the controller"),
    Known("R20", "unclean-passes-for-clean", "10", 9, "the shortest of 9 failing seeds"),
    Known("K1", "votes-twice", "8", 4, "the shortest of 8 failing seeds, seven of which end there"),
    Known("K1", "vote-not-written", "8", 9, "the shortest of 5 failing seeds; four steps are the first election"),
)


class Kept(NamedTuple):
    """What is kept of one of these bugs."""

    known: Known
    steps: int

    @property
    def ratio(self) -> float:
        return self.steps / self.known.steps


def kept() -> tuple[Kept, ...]:
    """The counterexamples in traces/saved beside what is known."""
    return tuple(Kept(known, steps_of(read(SAVED / f"{known.planted}.jsonl"))) for known in SHORTEST)


def page() -> str:
    """The table as a page of docs/."""
    about = {row.id: row.about for row in ROWS}
    rows = [
        f"| {each.known.row} | {about[each.known.row]} | `{each.known.planted}` | {each.known.checker} "
        f"| {each.known.steps} | {each.steps} | {each.ratio:.2f} | {each.known.why} |"
        for each in kept()
    ]
    return "\n".join([*_INTRODUCTION.strip().splitlines(), "", *_HEAD, *rows, ""])


_INTRODUCTION = """
<!-- Made by `python -m campaign.shortest`: change the list there, or the trace, not this page. -->

# The shortest counterexamples that are known

For some bugs of the catalogue TLC, going breadth first, found a shortest counterexample in a published specification
with the guard taken out. Its steps are not ours: here three replicas are in sync, a fault has to bring an election
about, a client hands a batch over and is told that it is acknowledged, and most bugs break a rule that is checked at
every step before they cost a record. Counted is what changes a log, a watermark, a role, an in-sync set or a promise
(`campaign/steps.py`). So each has a bound of its own: either every one of these steps is needed, or it is the shortest
that searches found. What is kept in `traces/saved` may be a fifth longer, and a test holds it to that.

What shrinking makes of any failing seed, and what it costs: [measured](benchmarks-shrinking.md).
"""
_HEAD = (
    "| row | what | planted bug | TLC | known here | kept | kept / known | why no shorter one is known |",
    "|---|---|---|---|---|---|---|---|",
)


if __name__ == "__main__":
    PAGE.write_text(page())
