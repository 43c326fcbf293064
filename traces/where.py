"""Where the violating step of a counterexample stands, and what it says, if its line in the trace tells no fact of it.

One rule: only for verdicts that are not of a fact: a disk that is refused, a read, a cluster that does not heal. Their
line is the last that was recorded, which may be anybody's.
"""

import re
from typing import NamedTuple

from traces.schema import Fault
from traces.sides import ENDS_A_PROCESS
from traces.trace import Trace

REFUSED = "a disk that has kept all its promises is refused: "


class Place(NamedTuple):
    """The lane of whoever broke it, empty for that of the line; and what it did."""

    lane: str
    words: str


def place(trace: Trace) -> Place | None:
    """None where the violating line speaks for itself."""
    verdict = trace.verdict
    if verdict is None:
        return None
    if verdict.sentence.startswith(REFUSED):
        return Place(refuser(trace), "refuses its disk, does not start")
    if verdict.invariant == "heals":
        return Place("", "not healed by now")
    read = re.search(r"record '([^']*)'.* at (?:offset (\d+)|offsets \d+ and (\d+))", verdict.sentence)
    if verdict.invariant in ("stable_read", "per_key_order") and read is not None:
        again = "again " if read[3] else ""
        return Place("", f"reads {read[1]} {again}at {read[2] or read[3]}")
    return None


def refuser(trace: Trace) -> str:
    """Whose process ended last: it is the one that was to start again."""
    for line in reversed(trace.lines):
        if isinstance(line, Fault) and line.kind in ENDS_A_PROCESS and line.targets:
            return line.targets[0]
    return ""
