"""One partition's log: its segments, the last of which grows.

One rule: what is below `recovery_point` is synced; what is at or past it may be lost with the power.

Theory of operation. The core says where a batch goes and the log asserts that it is the end. A segment that would grow
past `segment.bytes` (or whose index is full, or whose first batch is `segment.ms` older) is finished and a new one
begun. A cut is always synced before anything else is written: a log whose cut came undone would hold records that its
replica has already disowned, with newer ones nowhere.
"""

from bisect import bisect_right

from impl.core.messages import MAX_TIMESTAMP
from impl.core.types import Batch, EpochStart
from impl.storage import checkpoints
from impl.storage.files import Disk, FileRange
from impl.storage.indexes import RELATIVE_OFFSET_MAX
from impl.storage.log_config import LogConfig
from impl.storage.segment import FoundOffset, Segment, file_names
from impl.wire.batches import stamp


class Log:
    """An open log, made by recovery. `directory` is its path inside the log directory."""

    def __init__(
        self, disk: Disk, directory: str, config: LogConfig, segments: list[Segment], recovery_point: int
    ) -> None:
        assert segments, "a log has at least one segment"
        self.directory = directory
        self.config = config
        self.recovery_point = recovery_point
        self._disk = disk
        self._segments = segments
        self._active = segments[-1]
        self._unsynced: list[Segment] = []
        """Segments written to since the last flush, oldest first."""
        self._directory_unsynced = False

    @property
    def start_offset(self) -> int:
        return self._segments[0].base_offset

    @property
    def end_offset(self) -> int:
        return self._active.end_offset

    @property
    def segments(self) -> tuple[Segment, ...]:
        return tuple(self._segments)

    # ------------------------------------------------------------ writing
    def append(self, batch: Batch, base_offset: int, leader_epoch: int) -> None:
        """Write a batch at the end, under this base offset and leader epoch. Raises OSError."""
        active = self._active
        assert base_offset == active.end_offset, (
            f"{self.directory}: a batch for offset {base_offset} at end {active.end_offset}"
        )
        end_offset = base_offset + batch.record_count
        if active.size and self._must_roll(active, batch, end_offset):
            active = self._roll()
        if not self._unsynced or self._unsynced[-1] is not active:
            self._unsynced.append(active)
        data = batch.data
        assert isinstance(data, bytes | memoryview), "a batch to be written has its bytes"
        active.append(stamp(data, base_offset, leader_epoch), batch.size, end_offset, batch.max_timestamp)

    def _must_roll(self, active: Segment, batch: Batch, end_offset: int) -> bool:
        config = self.config
        return (
            active.size + batch.size > config.segment_bytes
            or end_offset - active.base_offset > RELATIVE_OFFSET_MAX
            or (active.first_timestamp is not None and batch.max_timestamp - active.first_timestamp > config.segment_ms)
            or active.offset_index.file.size() + 8 > config.segment_index_bytes
            or active.time_index.file.size() + 12 > config.segment_index_bytes
        )

    def _roll(self) -> Segment:
        self._active.finish()
        self._active = Segment(self._disk, self.directory, self._active.end_offset, self.config)
        self._segments.append(self._active)
        self._directory_unsynced = True
        return self._active

    @property
    def flush_due(self) -> bool:
        """Whether `flush.messages` asks for a flush now."""
        return self._active.end_offset - self.recovery_point >= self.config.flush_messages

    def flush(self) -> None:
        """Sync everything written so far, and the names of new files. Raises OSError."""
        for segment in self._unsynced:
            segment.sync()
        self._unsynced.clear()
        if self._directory_unsynced:
            self._disk.sync_directory(self.directory)
            self._directory_unsynced = False
        self.recovery_point = self._active.end_offset

    def truncate_to(self, offset: int) -> None:
        """Cut the log to `offset`, which begins a batch, and sync the cut. Raises InsideBatch, OSError.

        Whoever keeps the recovery point on disk must lower it there first: see LogDirectory.truncate.
        """
        if offset >= self.end_offset:
            return
        assert offset >= self.start_offset, f"{self.directory}: {offset} is below the log's start"
        later = [segment for segment in self._segments if segment.base_offset > offset]
        kept = self._segments[: len(self._segments) - len(later)]
        for segment in reversed(later):
            remove_segment(self._disk, self.directory, segment.base_offset)
        if later:
            self._disk.sync_directory(self.directory)
        kept[-1].truncate_to(offset)
        self._segments = kept
        self._active = kept[-1]
        self._unsynced = [segment for segment in self._unsynced if segment in kept]
        self.recovery_point = min(self.recovery_point, offset)

    def write_epochs(self, epochs: tuple[EpochStart, ...]) -> None:
        """Replace the leader-epoch checkpoint, synced. Raises OSError."""
        self._disk.write_file(f"{self.directory}/{checkpoints.LEADER_EPOCHS}", checkpoints.format_epochs(epochs))

    def close(self) -> None:
        """Sync and close every file (a clean stop)."""
        self.flush()
        for segment in self._segments:
            segment.close()
        self.recovery_point = self.end_offset

    # ------------------------------------------------------------ reading
    def read(self, start: int, limit: int, max_bytes: int) -> bytes:
        """Whole batches from the one that holds `start`, none at or past `limit`, from one segment.

        At least one, however large, and then as many as `max_bytes` allows. Raises CorruptLog, OSError.
        """
        if start >= min(limit, self._active.end_offset):
            return b""
        if start >= self._active.base_offset:
            return self._active.read(start, limit, max_bytes)
        assert start >= self.start_offset, f"{self.directory}: {start} is below the log's start"
        return self._segment_of(start).read(start, limit, max_bytes)

    def slices(self, start: int, limit: int, max_bytes: int) -> list[FileRange]:
        """The same bytes as ranges of files, in order, for sendfile; none where there is nothing to read.

        Nothing is read but what it takes to find them. A range that is sent later than now must be held: see
        `FileRange`. Raises CorruptLog, OSError.
        """
        if start >= min(limit, self._active.end_offset):
            return []
        segment = self._active
        if start < segment.base_offset:
            assert start >= self.start_offset, f"{self.directory}: {start} is below the log's start"
            segment = self._segment_of(start)
        position, size = segment.locate(start, limit, max_bytes)
        return [FileRange(segment.log, position, size)] if size else []

    def offset_for_time(self, timestamp: int, limit: int) -> FoundOffset | None:
        """The first record at least as young as `timestamp` and below `limit`; for MAX_TIMESTAMP, the youngest one.

        Raises CorruptLog, OSError.
        """
        if timestamp == MAX_TIMESTAMP:
            timestamp = max(segment.indexing.max_timestamp for segment in self._segments)
            if timestamp < 0:
                return None
        for segment in self._segments:
            found = segment.offset_for_time(timestamp)
            if found is not None:
                return found if found.offset < limit else None
        return None

    def _segment_of(self, offset: int) -> Segment:
        return self._segments[bisect_right(self._segments, offset, key=lambda segment: segment.base_offset) - 1]


def remove_segment(disk: Disk, directory: str, base_offset: int) -> None:
    """Remove a segment's files, the log last: without it, nobody misses an index."""
    for name in reversed(file_names(base_offset)):
        path = f"{directory}/{name}"
        if disk.exists(path):
            disk.remove(path)
