"""`Retained`: what retention by size leaves of each log, looked at whenever a node looks at its clock.

One rule: a log is seen as it is before a tick is handled; where it begins by the next thing that its node hears is what
retention has made of it, unless another replica begins there or once began there, which it may have followed.

A node that deletes too much is caught by what is left, one that deletes too little by what is still there when it must
have looked. Sizes are in bytes; times in ms, the node's own.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from invariants.answers.invariant import RETAINED_BY_SIZE, AnswerInvariant


class Extent(NamedTuple):
    """One segment: up to where it reaches, and its size."""

    end: int
    size: int


class Seen(NamedTuple):
    """One log as it is. `made` is the log itself: those of one name are told apart."""

    made: object
    start: int
    segments: Sequence[Extent]
    high_watermark: int
    retention_bytes: int

    @property
    def size(self) -> int:
        return sum(segment.size for segment in self.segments)

    @property
    def over(self) -> bool:
        """Its first segment may go: it is not the one written to, all of it is committed, and enough is left."""
        first = self.segments[0]
        committed = len(self.segments) > 1 and first.end <= self.high_watermark
        return committed and self.size - first.size >= self.retention_bytes


class _Node:
    """One life of one node."""

    __slots__ = ("before", "life", "over", "ticked")

    def __init__(self, life: int) -> None:
        self.life = life
        self.ticked = -1
        self.before: dict[str, Seen] = {}
        """Its logs as they were before the last tick; empty: they have been compared."""
        self.over: dict[tuple[str, object, int], int] = {}
        """By partition, log and end of its first segment: since when that may go."""


class Retained:
    """`wait_ms`: how long a node takes at most until it looks at its logs."""

    def __init__(self, break_: Callable[[AnswerInvariant, str], None], wait_ms: int) -> None:
        self._break = break_
        self._wait = wait_ms
        self._nodes: dict[str, _Node] = {}
        self._began: dict[tuple[str, str], int] = {}
        """By partition and node: where its log of it began at the latest, if it told so. A node that has given its
        replica up may still have been followed."""

    def begins(self, name: str, partition: str, to: int) -> None:
        """A node has deleted what is below `to`, or begins there with nothing."""
        key = (partition, name)
        self._began[key] = max(to, self._began.get(key, 0))

    def hears(
        self, name: str, life: int, start: Callable[[str, object], int], others: Callable[[str, int], bool]
    ) -> None:
        """A node hears something. `start`: where its log of a partition begins now, if it is the one made so (-1: it
        is not); `others`: whether another replica begins there or later."""
        node = self._nodes.get(name)
        if node is None or not node.before:
            return
        before, node.before = node.before, {}
        if node.life != life:
            return
        for partition, seen in before.items():
            to = start(partition, seen.made)
            if to <= seen.start or others(partition, to) or self._another_began(name, partition, to):
                continue
            left = sum(segment.size for segment in seen.segments if segment.end > to)
            if left < seen.retention_bytes:
                self._break(
                    RETAINED_BY_SIZE,
                    f"{name} deletes what lies below {to} of {partition} and keeps {left} of {seen.size} bytes: "
                    f"retention.bytes is {seen.retention_bytes}",
                )

    def _another_began(self, name: str, partition: str, to: int) -> bool:
        return any(start >= to for (label, other), start in self._began.items() if label == partition and other != name)

    def ticks(self, name: str, life: int, now: int, logs: dict[str, Seen]) -> None:
        """A node is about to handle a tick, and these are its logs; of what it hears it was told."""
        node = self._nodes.get(name)
        if node is None or node.life != life:
            node = self._nodes[name] = _Node(life)
        ticked, node.ticked, node.before = node.ticked, now, logs
        over, node.over = node.over, {}
        for partition, seen in logs.items():
            if not seen.over:
                continue
            key = (partition, seen.made, seen.segments[0].end)
            since = node.over[key] = over.get(key, now)
            if ticked >= since + self._wait:
                self._break(
                    RETAINED_BY_SIZE,
                    f"{name} keeps {seen.size} bytes of {partition} for {now - since} ms: without the first segment "
                    f"{seen.size - seen.segments[0].size} would be left, and retention.bytes is {seen.retention_bytes}",
                )
