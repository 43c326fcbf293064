"""What compaction took away that it must not (compaction): which step did it, and what a client had been told.

One rule: what a log holds no fact tells; the judge who looked into it says that, and the facts say when.
"""

import re

from traces.chronicle import Moment
from traces.reasons.past import Past
from traces.schema import Op


def compacted(past: Past) -> str:
    """What the judge found in a log, and what had come before it."""
    verdict = past.trace.verdict
    assert verdict is not None, "asked of a trace with a verdict"
    for moment in reversed(past.last):
        match type(moment.fact).__name__:
            case "Compact":
                return f"{_compacts(past, moment)}: {verdict.sentence}{_promised(past, verdict.sentence)}"
            case "Restart":
                back = f"{moment.node} came back{past.ended(moment.node, moment) or f' ({moment.words})'}"
                return f"{back}: {verdict.sentence}{_promised(past, verdict.sentence)}"
    return ""


def _compacts(past: Past, moment: Moment) -> str:
    before = past.earlier(
        moment, "Compact", by=moment.node, where=lambda fact: fact.begin <= moment.fact.begin < fact.to
    )
    again = "" if before is None or before.line == moment.line else f", as it last did before ({before.words})"
    return f"{moment.node} compacted offsets {moment.fact.begin} to {moment.fact.to} ({moment.words}){again}"


def _promised(past: Past, sentence: str) -> str:
    """What a client was told of the record that the judge names."""
    named = re.search(r"record '([^']*)'", sentence)
    for line in past.trace.lines:
        if named is None or (past.until is not None and line.n > past.until):
            return ""
        if isinstance(line, Op) and (line.operation, line.phase, line.value) == ("produce", "ok", named[1]):
            return f"; {line.client} had been told that it is stored ({line.at / 1000:.3f} s, line {line.n})"
    return ""
