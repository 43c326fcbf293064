"""The two sparse indexes of a segment, in Kafka's formats: offset to position, and timestamp to offset.

One rule: an index is derived from its log file. It is checked against it when a log is recovered and rebuilt where it
differs; a lookup only ever says where to start walking, and the walk decides.

Both files hold fixed-size, big-endian entries in increasing order, with offsets relative to the segment's base:

    .index       relative offset 4 | position 4       an entry says: the batch at `position` ends with this offset
    .timeindex   timestamp 8 | relative offset 4      ... no batch up to this offset is younger than `timestamp`

`Indexing` is the rule by which entries come about, the same for a segment being written and for one being recovered.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from struct import Struct

from impl.storage.files import File

_OFFSET_ENTRY = Struct(">ii")
_TIME_ENTRY = Struct(">qi")
RELATIVE_OFFSET_MAX = 2**31 - 1
NO_TIMESTAMP = -1


class Indexing:
    """Which entries a segment's batches give rise to, noted one after the other (as in Kafka's LogSegment).

    `unindexed` is the bytes since the batch of the last offset entry, that batch included.
    """

    __slots__ = ("base_offset", "interval", "max_timestamp", "max_timestamp_offset", "timestamp_indexed", "unindexed")

    def __init__(self, base_offset: int, interval: int) -> None:
        self.base_offset = base_offset
        self.interval = interval
        self.unindexed = 0
        self.max_timestamp = NO_TIMESTAMP
        self.max_timestamp_offset = base_offset
        self.timestamp_indexed = NO_TIMESTAMP

    def note(self, position: int, size: int, end_offset: int, max_timestamp: int) -> tuple[bytes, bytes] | None:
        """A batch was written at `position`: the entries for the two indexes, where they are due."""
        self.note_timestamp(end_offset, max_timestamp)
        if self.unindexed <= self.interval:
            self.unindexed += size
            return None
        self.unindexed = size
        return _OFFSET_ENTRY.pack(end_offset - 1 - self.base_offset, position), self.time_entry()

    def note_timestamp(self, end_offset: int, max_timestamp: int) -> None:
        if max_timestamp > self.max_timestamp:
            self.max_timestamp = max_timestamp
            self.max_timestamp_offset = end_offset - 1

    def take_up(self, time_index: "TimeIndex") -> None:
        """Go on from what the time index ends with."""
        if len(time_index):
            self.max_timestamp, self.max_timestamp_offset = time_index.entry(len(time_index) - 1)
            self.timestamp_indexed = self.max_timestamp

    def time_entry(self) -> bytes:
        """The time index's next entry; nothing where the last one still says all."""
        if self.max_timestamp <= self.timestamp_indexed:
            return b""
        self.timestamp_indexed = self.max_timestamp
        return _TIME_ENTRY.pack(self.max_timestamp, self.max_timestamp_offset - self.base_offset)


class OffsetIndex:
    """An `.index` file."""

    __slots__ = ("_base_offset", "file")

    def __init__(self, file: File, base_offset: int) -> None:
        self.file = file
        self._base_offset = base_offset

    def __len__(self) -> int:
        return self.file.size() // _OFFSET_ENTRY.size

    def entry(self, number: int) -> tuple[int, int]:
        """(last offset of a batch, its position)."""
        relative, position = _OFFSET_ENTRY.unpack(self.file.read(number * _OFFSET_ENTRY.size, _OFFSET_ENTRY.size))
        return self._base_offset + relative, position

    def lookup(self, offset: int) -> tuple[int, int] | None:
        """The last entry at or below `offset`; None: start at the beginning of the segment."""
        number = bisect_right(range(len(self)), offset, key=self._offset)
        return self.entry(number - 1) if number else None

    def truncate_to(self, offset: int) -> None:
        """Drop what is said of batches that end past `offset`."""
        self.file.truncate(bisect_left(range(len(self)), offset, key=self._offset) * _OFFSET_ENTRY.size)

    def _offset(self, number: int) -> int:
        return self.entry(number)[0]


class TimeIndex:
    """A `.timeindex` file."""

    __slots__ = ("_base_offset", "file")

    def __init__(self, file: File, base_offset: int) -> None:
        self.file = file
        self._base_offset = base_offset

    def __len__(self) -> int:
        return self.file.size() // _TIME_ENTRY.size

    def entry(self, number: int) -> tuple[int, int]:
        """(the highest timestamp so far, the last offset of the first batch that has it)."""
        timestamp, relative = _TIME_ENTRY.unpack(self.file.read(number * _TIME_ENTRY.size, _TIME_ENTRY.size))
        return timestamp, self._base_offset + relative

    def lookup(self, timestamp: int) -> int | None:
        """An offset before which every batch is older than `timestamp`; None: any may be as young."""
        number = bisect_right(range(len(self)), timestamp, key=self._part(0))
        return self.entry(number - 1)[1] if number else None

    def truncate_to(self, offset: int) -> None:
        """Drop what is said of batches that end past `offset`."""
        self.file.truncate(bisect_left(range(len(self)), offset, key=self._part(1)) * _TIME_ENTRY.size)

    def _part(self, part: int) -> Callable[[int], int]:
        return lambda number: self.entry(number)[part]
