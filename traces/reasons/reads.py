"""Why a client must not have read what it read (stable_read): who wrote it, how far anything was committed, and who had
not copied it yet.

One rule: the offset is the judge's; all else is from the facts.
"""

import re

from traces.chronicle import Moment
from traces.reasons.past import Past


def unstable(past: Past) -> str:
    verdict = past.trace.verdict
    assert verdict is not None, "asked of a trace with a verdict"
    found = re.match(r"(?P<client>\S+) reads record '(?P<value>[^']*)' at offset (?P<offset>\d+)", verdict.sentence)
    if found is None:
        return ""
    client, value, offset = found["client"], found["value"], int(found["offset"])
    lives = [life for life in past.chronicle.lives.values() if life.cell.base_offset <= offset]
    life = next((each for each in reversed(lives) if each.value == value or not each.value), None)
    if life is None or life.written is None:
        return ""
    advances = [each for each in past.moments if type(each.fact).__name__ == "AdvanceHighWatermark"]
    highest = max(advances, key=lambda each: int(each.fact.to), default=None)
    if highest is not None and highest.fact.to > offset:
        return ""
    written = life.written
    lacking = [name for name in sorted(past.chronicle.replicas) if not past.chronicle.has(name, life)]
    lack = f"; {' and '.join(lacking)} had not copied it" if lacking else ""
    return (
        f"{client} read {value} ({past.name(life.cell.crc)}) at offset {offset}{_when(past)}, and it was not "
        f"committed: {written.node} had written it in epoch {written.fact.leader_epoch} ({written.words}), and "
        f"{_furthest(highest)}{lack}, so whoever leads next may not have it"
    )


def _when(past: Past) -> str:
    if past.until is None or past.until >= len(past.trace.lines):
        return ""
    line = past.trace.lines[past.until]
    return f" ({line.at / 1000:.3f} s, line {line.n})"


def _furthest(moment: Moment | None) -> str:
    if moment is None:
        return "no leader had committed anything"
    return f"no leader had committed beyond offset {moment.fact.to} ({moment.node}, {moment.words})"
