"""A log as a value, with append and prefix in constant time: many logs share one buffer.

One rule: a buffer only grows, and never changes below the length of any log that uses it. A log is a buffer and a
length; extending the longest log of a buffer extends the buffer, extending a shorter one by what the buffer already
holds shares it, and only a log that leaves the buffer's contents is copied.

Theory of operation: replicas of one partition hold prefixes of a few epoch logs, so the whole execution of 100,000
records needs a few buffers. Equality and hashing are by content, and meant for tests; tuples serve searches better.
"""

from collections.abc import Iterator
from typing import overload

from model.kinds import Entry, Log


class SharedLog(Log):
    """An immutable sequence of entries. Indexes are offsets: negative ones are refused, not counted from the end.

    `start` is 0 except in a slice `log[start:end]`, which is only good for adding to a log of length `start`.
    """

    __slots__ = ("buffer", "length", "start")

    def __init__(self, buffer: list[Entry] | None = None, length: int = 0, start: int = 0) -> None:
        self.buffer: list[Entry] = [] if buffer is None else buffer
        self.length = length
        self.start = start

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.buffer[: self.length])

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> "SharedLog": ...

    def __getitem__(self, index: int | slice) -> "Entry | SharedLog":
        if type(index) is int:
            if 0 <= index < self.length:
                return self.buffer[index]
            raise IndexError(f"offset {index} is outside a log of {self.length} entries")
        assert isinstance(index, slice)
        return SharedLog(self.buffer, min(self.length, index.stop), index.start or 0)

    def __add__(self, other: Log | tuple[Entry]) -> "SharedLog":
        """This log extended by one entry, or by a slice that starts at its end; ValueError where it does not."""
        if isinstance(other, tuple):
            (entry,) = other
            return self.extended(entry)
        if not isinstance(other, SharedLog) or other.start != self.length:
            raise ValueError(
                f"a log of {self.length} entries is extended by a slice that starts there, log[{self.length}:]"
            )
        if self.length == 0 or self.buffer is other.buffer:
            return SharedLog(other.buffer, other.length)
        grown = self
        for offset in range(self.length, other.length):
            grown = grown.extended(other.buffer[offset])
        return grown

    def copied(self, other: "SharedLog", start: int, end: int) -> "SharedLog":
        """`self + other[start:end]`, where end is not before start."""
        if start != self.length:
            return self + other[start:end]
        if end == start:
            return self
        if start == 0 or self.buffer is other.buffer:
            return SharedLog(other.buffer, end if end < other.length else other.length)
        return self + other[start:end]

    def extended(self, entry: Entry) -> "SharedLog":
        """This log and one more entry: shares the buffer unless that goes on with another entry here."""
        buffer = self.buffer
        if len(buffer) == self.length:
            buffer.append(entry)
        elif buffer[self.length] != entry:
            buffer = [*buffer[: self.length], entry]
        return SharedLog(buffer, self.length + 1)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SharedLog) or self.length != other.length:
            return False
        return self.buffer is other.buffer or self.buffer[: self.length] == other.buffer[: self.length]

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"SharedLog({list(self)!r})"
