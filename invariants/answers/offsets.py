"""What a leader that is asked for offsets should have answered (ListOffsets).

One rule: it is told by the leader's own log, as its facts tell it, at the moment of the answer; the time of a batch by
whoever made it. Where that is not known, only the bounds of the log are asked for.
"""

from collections.abc import Mapping
from typing import Any

from invariants.step.ghost import Replica
from traces.facts import Content

LATEST, EARLIEST, MAX_TIMESTAMP = -1, -2, -3
NONE = -1
"""The offset where no record qualifies."""

Times = Mapping[int, int]
"""By CRC: the timestamp that all records of a batch have."""


def epoch_begins(replica: Replica) -> int:
    """Where the leader's own epoch begins in its log: what lies before was not written in it."""
    begins = replica.log.end
    for batch in reversed(replica.log.batches):
        if batch.leader_epoch != replica.leader_epoch:
            break
        begins = batch.base_offset
    return begins


def wrong(query: Any, answer: Any, replica: Replica, times: Times | None) -> str:
    """What is wrong with an answer without an error, in words; empty: nothing. `times`: None where logs change by
    themselves, so that no batch need be what a client made."""
    asked, told = query.timestamp, answer.offset
    if asked == EARLIEST:
        return "" if told == replica.start else f"says that the log begins at {told}, and it begins at {replica.start}"
    begins = epoch_begins(replica)
    if replica.high_watermark < begins:
        where = f"its high watermark is {replica.high_watermark}, and its epoch begins at {begins}"
        return f"says {told} before it knows what is committed (KIP-207): {where}"
    if asked == LATEST:
        same = told == replica.high_watermark
        return "" if same else f"says that {told} is the latest, and its high watermark is {replica.high_watermark}"
    if told != NONE and not replica.start <= told < replica.high_watermark:
        return f"says {told}, and consumers may read from {replica.start} to {replica.high_watermark}"
    return "" if times is None else _by_time(asked, answer, replica, times)


def _by_time(asked: int, answer: Any, replica: Replica, times: Times) -> str:
    batches = [batch for batch in replica.log.batches if batch.base_offset + batch.record_count > replica.start]
    if any(batch.crc not in times for batch in batches):
        return ""
    if asked == MAX_TIMESTAMP:
        if answer.offset == NONE and replica.start:
            # What is deleted may still lie there, and be the youngest.
            return ""
        asked = max((times[batch.crc] for batch in batches), default=0)
    first = next((batch for batch in batches if times[batch.crc] >= asked), None)
    expected = NONE if first is None else max(first.base_offset, replica.start)
    if first is None or expected >= replica.high_watermark:
        told = f"says {answer.offset} at {answer.timestamp} for the first record from {asked} on"
        return "" if answer.offset == NONE else f"{told}, and has none that is committed"
    if _told(answer) == (expected, times[first.crc], first.leader_epoch):
        return ""
    return f"{_in_words(asked, _told(answer))}, and the first {_known(expected, first, times)}"


def _told(answer: Any) -> tuple[int, int, int]:
    return answer.offset, answer.timestamp, answer.leader_epoch


def _in_words(asked: int, told: tuple[int, int, int]) -> str:
    if told[0] == NONE:
        return f"says that it has no record from {asked} on"
    return f"says {told[0]}, at {told[1]} and of epoch {told[2]}, for the first record from {asked} on"


def _known(expected: int, first: Content, times: Times) -> str:
    return f"is {expected}, at {times[first.crc]} and of epoch {first.leader_epoch}"
