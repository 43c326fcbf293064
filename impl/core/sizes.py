"""How many bytes stand between two offsets near the end of a log, so that a fetch can wait for `min_bytes`.

One rule: this is a memory of recent batches and never an authority. What lies before it counts as plenty.

Bytes are counted by position, as Kafka does (LogOffsetMetadata.positionDiff): a gap that compaction left in the offsets
has none of its own, and from inside it the next batch counts whole.
"""

from bisect import bisect_right

from impl.core.types import Offset

PLENTY = 2**31 - 1
REMEMBERED_MAX = 4_096


class RecentSizes:
    """Where the latest batches end, and the bytes up to there; the first entry is where the memory begins."""

    __slots__ = ("_ends", "_through")

    def __init__(self) -> None:
        self._ends: list[Offset] = []
        self._through: list[int] = []

    def append(self, base_offset: Offset, end_offset: Offset, size: int) -> None:
        if not self._ends:
            self._ends.append(base_offset)
            self._through.append(0)
        self._ends.append(end_offset)
        self._through.append(self._through[-1] + size)
        if len(self._ends) > REMEMBERED_MAX:
            del self._ends[: REMEMBERED_MAX // 2]
            del self._through[: REMEMBERED_MAX // 2]

    def truncate(self, to: Offset) -> None:
        keep = bisect_right(self._ends, to)
        del self._ends[keep:]
        del self._through[keep:]

    def between(self, start: Offset, end: Offset) -> int:
        """Bytes of the batches that end past `start`, and not past `end`."""
        if start >= end:
            return 0
        ends = self._ends
        if not ends or start < ends[0]:
            return PLENTY
        return self._through[bisect_right(ends, end) - 1] - self._through[bisect_right(ends, start) - 1]
