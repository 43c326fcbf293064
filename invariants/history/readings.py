"""What was promised and what was read of one partition, and the comparison of the two.

One rule: a reading is a rising run of offsets. Between two neighbours in it nothing was there; below its first and
above its last nothing is known, unless the reader is known to have read everything.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

Record = tuple[str, str]
"""(key, value)."""
ALL = -1
"""acks=all."""


class Promise(NamedTuple):
    """A produce that ended `ok`."""

    key: str
    value: str
    offset: int | None
    acks: int | None


@dataclass(slots=True)
class _Reading:
    """One rising run of offsets."""

    first: int
    last: int
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """Offsets passed over, as half-open ranges."""


class Readings:
    """One partition of a history."""

    def __init__(self, partition: str, tombstone: Callable[[str], bool] | None = None) -> None:
        """`tombstone`: the log is compacted, and this says which values stand for none."""
        self._partition = partition
        self._tombstone = tombstone
        self._latest: dict[str, int] = {}
        """Of each key: the last offset at which a record of it is known."""
        self._unsure: set[str] = set()
        """Keys of which a tombstone may have been written, and nobody knows."""
        self._promises: list[Promise] = []
        self._current: dict[tuple[str, int], _Reading] = {}
        self._all: list[_Reading] = []
        self._at: dict[int, Record] = {}
        self._where: dict[Record, int] = {}
        self._replaced: list[str] = []
        self._end: int | None = None
        """Where a reader was told that the partition ends, after the last promise."""
        self.acknowledged = 0
        self._deletions: dict[tuple[str, int], int] = {}
        """Each that may have happened: up to where."""

    def delete(self, deletion: tuple[str, int], upto: int, *, refused: bool) -> None:
        """A client asks for what lies below an offset to be deleted, or is answered."""
        if refused:
            self._deletions.pop(deletion, None)
        else:
            self._deletions[deletion] = max(upto, self._deletions.get(deletion, 0))

    def may_delete(self, key: str) -> None:
        """A tombstone of this key was sent, and nobody knows what became of it."""
        self._unsure.add(key)

    def _note(self, key: str, offset: int | None) -> None:
        if self._tombstone is not None and offset is not None:
            self._latest[key] = max(offset, self._latest.get(key, 0))

    def _compacted(self, record: Record, offset: int) -> bool:
        """It may have been compacted away: a later record of its key is known, or it is a tombstone."""
        if self._tombstone is None:
            return False
        key, value = record
        return offset < self._latest.get(key, 0) or key in self._unsure or self._tombstone(value)

    def promise(self, promise: Promise) -> None:
        self._note(promise.key, promise.offset)
        if promise.acks == ALL:
            self.acknowledged += 1
            self._promises.append(promise)
            self._end = None

    def end(self, offset: int) -> None:
        """A reader was told that nothing more can be read at `offset`."""
        self._end = offset

    def read(self, reader: tuple[str, int], offset: int, key: str, value: str) -> None:
        reading = self._current.get(reader)
        if reading is None or offset <= reading.last:
            reading = self._current[reader] = _Reading(offset, offset)
            self._all.append(reading)
        elif offset > reading.last + 1:
            reading.gaps.append((reading.last + 1, offset))
        reading.last = offset
        self._note(key, offset)
        record = (key, value)
        standing = self._at.setdefault(offset, record)
        if standing != record:
            self._replaced.append(
                f"{_words(standing)}, read at offset {offset} of {self._partition}, gave way to {_words(record)}"
            )
        self._where.setdefault(record, offset)

    def read_whole(self, client: str) -> None:
        """This client's last reading began at the start and went to the end, after everything else."""
        last = [reading for (name, _), reading in self._current.items() if name == client]
        if last:
            last[-1].gaps.insert(0, (0, last[-1].first))
        self._end = last[-1].last + 1 if last else 0

    def compare(self) -> tuple[list[str], list[str], list[str], int]:
        """Sentences on what is lost, vanished and misplaced, and how many promises lie past all reading."""
        reach = max((reading.last + 1 for reading in self._all), default=0)
        kept = max(self._deletions.values(), default=0)
        over = _merged([(max(first, kept), after) for reading in self._all for first, after in reading.gaps])
        end = self._end if self._end is None else max(self._end, kept)
        if end is not None and end < reach:
            over = _merged([*over, (end, reach)])
        vanished = [
            f"{_words(self._at[offset])}, read at offset {offset} of {self._partition}, was passed over by "
            "another reader"
            for first, after in over
            for offset in range(first, after)
            if offset in self._at and not self._compacted(self._at[offset], offset)
        ]
        lost: list[str] = []
        misplaced: list[str] = []
        unread = 0
        for promise in self._promises:
            record = (promise.key, promise.value)
            where = self._where.get(record)
            if where is not None:
                # Past all reading it may stand all the same: a retry that is not idempotent writes it twice.
                offset = promise.offset
                if offset is not None and offset >= reach and (end is None or offset < end):
                    unread += 1
                elif (
                    offset is not None
                    and self._at.get(offset) != record
                    and not self._gone(offset, kept)
                    and not self._compacted(record, offset)
                ):
                    misplaced.append(f"{self._promised(promise)}, is read at offset {where}")
            elif promise.offset is not None and (
                self._gone(promise.offset, kept) or self._compacted(record, promise.offset)
            ):
                continue
            elif self._reached(promise.offset, over, end):
                lost.append(f"{self._promised(promise)}, is not there")
            else:
                unread += 1
        return lost, self._replaced + vanished, misplaced, unread

    def _gone(self, offset: int, kept: int) -> bool:
        """It may be deleted, and nobody has read anything else there."""
        return offset < kept and offset not in self._at

    def _reached(self, offset: int | None, over: list[tuple[int, int]], end: int | None) -> bool:
        """Somebody read past where it should stand, or up to the end."""
        if offset is None:
            return end is not None
        return offset in self._at or (end is not None and offset >= end) or any(a <= offset < b for a, b in over)

    def _promised(self, promise: Promise) -> str:
        place = "" if promise.offset is None else f" at offset {promise.offset}"
        return f"{_words((promise.key, promise.value))}, acknowledged{place} in {self._partition}"


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The union of half-open ranges, as disjoint ranges in order."""
    merged: list[tuple[int, int]] = []
    for first, after in sorted(ranges):
        if first >= after:
            continue
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], after))
        else:
            merged.append((first, after))
    return merged


def _words(record: Record) -> str:
    return f"record {record[1]!r} of key {record[0]!r}"
