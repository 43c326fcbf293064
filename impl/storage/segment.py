"""One segment of a log: a `.log` file of batches, named after its first offset, and its two indexes.

One rule: batches lie one after the other without a gap in bytes, and with ascending offsets; the indexes only shorten
walks. Offsets may have gaps where compaction took batches out.

Theory of operation. What was lately written is also remembered as two lists of boundaries (the batch that ends before
`_offsets[i]` ends at byte `_positions[i]`, the last pair being the end), so that an append, and a read near the end,
touch no file but for the content itself. Older places are found by the offset index and a walk over headers from there.

A segment that nothing is appended to any more is `trusted` as it lies on the disk: opening it reads nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from impl.storage.errors import CorruptLog, InsideBatch
from impl.storage.files import Disk, File, Syncing
from impl.storage.indexes import Indexing, OffsetIndex, TimeIndex
from impl.storage.log_config import LogConfig
from impl.storage.walk import Step, Torn, walk
from impl.wire import batches
from impl.wire.compression import NotUnpacked, unpack
from impl.wire.opened import open_batch, records_of

REMEMBERED_BATCHES = 4_096
LOOKED_AT_RECORDS_MAX = 100_000
LOOKED_AT_BYTES_MAX = 16 * 1_048_576
"""A look-up by time opens no batch with more: whoever asks for one, everybody waits for the answer."""


class FoundOffset(NamedTuple):
    """The answer to a lookup by time."""

    offset: int
    timestamp: int
    leader_epoch: int


def file_names(base_offset: int, suffix: str = "") -> tuple[str, str, str]:
    """The names of a segment's log, index and time index."""
    stem = f"{base_offset:020}"
    return f"{stem}.log{suffix}", f"{stem}.index{suffix}", f"{stem}.timeindex{suffix}"


class Segment:
    """An open segment. Only the last one of a log is appended to."""

    def __init__(self, disk: Disk, directory: str, base_offset: int, config: LogConfig, suffix: str = "") -> None:
        """Open the files, making those that are missing; the segment is empty until it is told otherwise."""
        log, index, timeindex = (f"{directory}/{name}" for name in file_names(base_offset, suffix))
        self.path = log
        self.base_offset = base_offset
        self.end_offset = base_offset
        self.size = 0
        self.log: File = disk.open(log, create=True)
        self.offset_index = OffsetIndex(disk.open(index, create=True), base_offset)
        self.time_index = TimeIndex(disk.open(timeindex, create=True), base_offset)
        self._interval = config.index_interval_bytes
        self._indexing: Indexing | None = Indexing(base_offset, self._interval)
        self._first_timestamp: int | None = None
        self._offsets = [base_offset]
        self._positions = [0]
        self._gap = -1, -1

    def recovered(self, size: int, end_offset: int, indexing: Indexing, first_timestamp: int | None) -> None:
        """The files hold this much, checked by recovery, and the indexes agree with it."""
        self._indexing = indexing
        self._first_timestamp = first_timestamp
        self._ends(size, end_offset)

    def trust(self, end_offset: int) -> None:
        """The files are whole, and the next segment begins at `end_offset`."""
        self._indexing = None
        self._ends(self.log.size(), end_offset)

    def resume(self) -> None:
        """The files are whole, and it goes on here: find the end, from the last index entry. Raises CorruptLog."""
        self.size = self.log.size()
        self._resume_indexing()
        self._ends(self.size, self.end_offset)

    def _ends(self, size: int, end_offset: int) -> None:
        self.size = size
        self.end_offset = end_offset
        self._offsets = [end_offset]
        self._positions = [size]

    @property
    def written_end(self) -> int:
        """Where the last batch ends: below `end_offset` where the log was cut inside a gap, else the same."""
        return self._gap[1] if self.end_offset == self._gap[0] else self.end_offset

    @property
    def indexing(self) -> Indexing:
        """What is known of timestamps; of a trusted segment, what the time index ends with."""
        if self._indexing is None:
            indexing = Indexing(self.base_offset, self._interval)
            indexing.take_up(self.time_index)
            self._indexing = indexing
        return self._indexing

    @property
    def max_timestamp(self) -> int:
        return self.indexing.max_timestamp

    @property
    def first_timestamp(self) -> int | None:
        """Of the first batch; None while there is none."""
        if self._first_timestamp is None and self.size:
            self._first_timestamp = batches.HEADER.unpack(self.log.read(0, batches.HEADER_BYTES))[8]
        return self._first_timestamp

    # ------------------------------------------------------------ writing
    def append(self, buffers: list[bytes | memoryview], size: int, end_offset: int, max_timestamp: int) -> None:
        """Write one batch of `size` bytes, which takes the segment to `end_offset`. Raises OSError."""
        position = self.size
        self.log.append(buffers)
        entries = (self._indexing or self.indexing).note(position, size, end_offset, max_timestamp)
        if entries is not None:
            self.offset_index.file.append(entries[0])
            if entries[1]:
                self.time_index.file.append(entries[1])
        if self._first_timestamp is None:
            self._first_timestamp = max_timestamp
        self.size = position + size
        self.end_offset = end_offset
        self._offsets.append(end_offset)
        self._positions.append(self.size)
        if len(self._offsets) > 2 * REMEMBERED_BATCHES:
            del self._offsets[:REMEMBERED_BATCHES], self._positions[:REMEMBERED_BATCHES]

    def finish(self) -> None:
        """Nothing more will be written: complete the time index, and forget what was remembered of the end."""
        entry = self.indexing.time_entry()
        if entry:
            self.time_index.file.append(entry)
        self._offsets = [self.end_offset]
        self._positions = [self.size]

    def truncate_to(self, offset: int) -> None:
        """Cut at a batch boundary and sync. Raises InsideBatch where there is none, OSError."""
        position = self._boundary(offset)
        self.log.truncate(position)
        self.log.sync()
        self.offset_index.truncate_to(offset)
        self.time_index.truncate_to(offset)
        self.size = position
        while self._offsets and self._offsets[-1] > offset:
            self._offsets.pop()
            self._positions.pop()
        if not self._offsets or self._positions[-1] != position:
            self._offsets, self._positions = [offset], [position]
        self._resume_indexing()
        # Past the last batch where compaction had left a gap: the log still ends where it was cut.
        self._gap = offset, self.end_offset
        self.end_offset = offset
        if self.size == 0:
            self._first_timestamp = None

    def sync(self) -> None:
        self.log.sync()

    def sync_all(self) -> None:
        for file in self.files:
            file.sync()

    def sync_all_later(self) -> list[Syncing]:
        """The same without waiting."""
        return [file.sync_later() for file in self.files]

    @property
    def files(self) -> tuple[File, File, File]:
        return self.log, self.offset_index.file, self.time_index.file

    def release(self) -> None:
        """Close the files; what is still being sent from them stays open until it is sent."""
        for file in self.files:
            file.close()

    def _resume_indexing(self) -> None:
        """Take up indexing after a cut or a start, from the last entries left, and find where the batches end."""
        indexing = Indexing(self.base_offset, self._interval)
        indexing.take_up(self.time_index)
        indexed = 0
        if len(self.offset_index):
            last, indexed = self.offset_index.entry(len(self.offset_index) - 1)
            if not self._agrees(last, indexed):
                self.rebuild_indexes()
                return
        indexing.unindexed = self.size - indexed
        self.end_offset = self.base_offset
        for _, _, _, end_offset, chunk, place in self._walk(indexed):
            indexing.note_timestamp(end_offset, batches.HEADER.unpack_from(chunk, place)[8])
            self.end_offset = end_offset
        self._indexing = indexing

    # ------------------------------------------------------------ reading
    def read(self, start: int, limit: int, max_bytes: int) -> bytes:
        """The bytes that `locate` finds. Raises CorruptLog where the file is not what was written, OSError."""
        position, size = self.locate(start, limit, max_bytes)
        return self.log.read(position, size) if size else b""

    def locate(self, start: int, limit: int, max_bytes: int) -> tuple[int, int]:
        """Where (position, size) whole batches lie, from the one that holds `start`, none reaching past `limit`.

        At least one, and then as many as `max_bytes` allows; size 0 where there is none. Raises CorruptLog, OSError.
        """
        offsets = self._offsets
        if start >= offsets[0]:
            positions = self._positions
            first = bisect_right(offsets, start) - 1
            allowed = bisect_right(offsets, limit) - 1
            last = min(allowed, max(first + 1, bisect_right(positions, positions[first] + max_bytes) - 1))
            if last <= first:
                return 0, 0
            return positions[first], positions[last] - positions[first]
        return self._locate_by_walking(start, limit, max_bytes)

    def _locate_by_walking(self, start: int, limit: int, max_bytes: int) -> tuple[int, int]:
        begin = end = -1
        for position, size, _, end_offset, _, _ in self._walk(self._walk_start(start)):
            if end_offset <= start:
                continue
            if begin < 0:
                begin = end = position
            if end_offset > limit or (end > begin and position + size - begin > max_bytes):
                break
            end = position + size
        return begin, end - begin

    def batches_from(self, start: int) -> Iterator[Step]:
        """Every batch that ends past `start`. Raises CorruptLog, OSError."""
        for step in self._walk(self._walk_start(start)):
            if step[3] > start:
                yield step

    def offset_for_time(self, timestamp: int, start: int) -> FoundOffset | None:
        """The first record at or past `start` that is at least as young as `timestamp`. Raises CorruptLog, OSError."""
        if timestamp > self.max_timestamp:
            return None
        known = self.time_index.lookup(timestamp)
        for position, size, _, _, chunk, place in self.batches_from(start if known is None else max(start, known)):
            if batches.HEADER.unpack_from(chunk, place)[8] >= timestamp:
                found = _first_in_batch(self.log.read(position, size), timestamp, start)
                if found is not None:
                    return found
        return None

    def _boundary(self, offset: int) -> int:
        """The byte at which what is at or past `offset` begins. Raises InsideBatch where that is inside a batch."""
        if offset >= self._offsets[0]:
            number = bisect_left(self._offsets, offset)
            if number == len(self._offsets):
                return self.size
            if self._offsets[number] == offset:
                return self._positions[number]
            steps = self._walk(self._positions[number - 1])
        else:
            steps = self._walk(self._walk_start(offset))
        for position, _, base_offset, end_offset, _, _ in steps:
            if base_offset >= offset:
                return position
            if end_offset > offset:
                raise InsideBatch(self.path, offset, base_offset, end_offset)
        return self.size

    def _walk_start(self, offset: int) -> int:
        """A byte at or before which the batch holding `offset` begins: from the index, if the log agrees with it."""
        entry = self.offset_index.lookup(offset)
        if entry is None:
            return 0
        if self._agrees(*entry):
            return entry[1]
        self.rebuild_indexes()
        entry = self.offset_index.lookup(offset)
        return 0 if entry is None else entry[1]

    def _agrees(self, last_offset: int, position: int) -> bool:
        """Whether the log has at `position` a batch that ends with `last_offset`."""
        if not 0 <= position < self.size:
            return False
        try:
            first = next(walk(self.log, position, self.size))
        except Torn:
            return False
        return first[3] == last_offset + 1

    def _walk(self, start: int) -> Iterator[Step]:
        try:
            yield from walk(self.log, start, self.size)
        except Torn as torn:
            raise CorruptLog(self.path, torn.position, torn.reason) from torn

    # ------------------------------------------------------------ indexes
    def rebuild_indexes(self) -> None:
        """Write both indexes anew from the log file. Raises CorruptLog, OSError."""
        indexing = Indexing(self.base_offset, self._interval)
        index, timeindex = bytearray(), bytearray()
        for position, size, _, end_offset, chunk, place in self._walk(0):
            entries = indexing.note(position, size, end_offset, batches.HEADER.unpack_from(chunk, place)[8])
            self.end_offset = max(self.end_offset, end_offset)
            if entries is not None:
                index += entries[0]
                timeindex += entries[1]
        timeindex += indexing.time_entry()
        self._indexing = indexing
        replace_content(self.offset_index.file, bytes(index))
        replace_content(self.time_index.file, bytes(timeindex))


def replace_content(file: File, content: bytes) -> None:
    """Make a derived file hold this; does nothing where it does."""
    if file.size() == len(content) and file.read(0, len(content)) == content:
        return
    file.truncate(0)
    if content:
        file.append(content)


def _first_in_batch(data: bytes, timestamp: int, start: int) -> FoundOffset | None:
    """That record; where they are too many or cannot be read, the batch's first: a little early, never late."""
    batch, header = batches.parse_header(data), open_batch(data)
    first = FoundOffset(max(batch.base_offset, start), batch.max_timestamp, batch.leader_epoch)
    whole = batches.has_its_crc(data, 0, len(data), batch.crc)
    if not whole or header.record_count > LOOKED_AT_RECORDS_MAX:
        return first
    try:
        view = unpack(header.codec, memoryview(data)[batches.HEADER_BYTES :], LOOKED_AT_BYTES_MAX)
        for record in records_of(header, view):
            if record.timestamp >= timestamp and record.offset >= start:
                return FoundOffset(record.offset, record.timestamp, batch.leader_epoch)
    except (NotUnpacked, batches.CorruptBatch):
        return first
    return None
