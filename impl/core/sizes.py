"""How many bytes stand between two offsets near the end of a log, so that a fetch can wait for `min_bytes`.

One rule: this is a memory of recent batches and never an authority. What lies before it counts as plenty.
"""

from bisect import bisect_left, bisect_right

from impl.core.types import Offset

PLENTY = 2**31 - 1
REMEMBERED_MAX = 4_096


class RecentSizes:
    """Base offsets of the latest batches, and the bytes that precede each."""

    __slots__ = ("_before", "_offsets", "_total")

    def __init__(self) -> None:
        self._offsets: list[Offset] = []
        self._before: list[int] = []
        self._total = 0

    def append(self, base_offset: Offset, size: int) -> None:
        self._offsets.append(base_offset)
        self._before.append(self._total)
        self._total += size
        if len(self._offsets) > REMEMBERED_MAX:
            del self._offsets[: REMEMBERED_MAX // 2]
            del self._before[: REMEMBERED_MAX // 2]

    def truncate(self, to: Offset) -> None:
        keep = bisect_left(self._offsets, to)
        if keep < len(self._offsets):
            self._total = self._before[keep]
            del self._offsets[keep:]
            del self._before[keep:]

    def between(self, start: Offset, end: Offset) -> int:
        """Bytes of the batches from the one that contains `start` up to, not including, the one at `end`."""
        if start >= end:
            return 0
        offsets = self._offsets
        if not offsets or start < offsets[0]:
            return PLENTY
        last = bisect_left(offsets, end)
        upper = self._before[last] if last < len(offsets) else self._total
        return upper - self._before[bisect_right(offsets, start) - 1]
