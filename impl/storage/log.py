"""One partition's log: its segments, the last of which grows.

One rule: what is below `recovery_point` is synced; what is at or past it may be lost with the power.

Theory of operation. The core says where a batch goes and the log asserts that it is not before the end. A segment that
would grow past `segment.bytes` (or whose index is full, or whose first batch is `segment.ms` older) is finished and a
new one begun. A finished segment's indexes are synced at once, and a snapshot of the producers is written, because
both are trusted by a start that does not read the segment again. A cut is always synced before anything else is
written: a log whose cut came undone would hold records that its replica has already disowned, with newer ones nowhere.

The log begins at `start_offset`. Segments wholly below it are renamed to `.deleted`, and removed later (`Trash`).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from zlib import crc32

from impl.core.messages import MAX_TIMESTAMP
from impl.core.types import Batch, EpochStart
from impl.storage import checkpoints
from impl.storage.errors import CorruptLog
from impl.storage.files import Disk, FileRange, Syncing
from impl.storage.indexes import RELATIVE_OFFSET_MAX
from impl.storage.log_config import LogConfig
from impl.storage.producer_snapshots import ProducerEntry, format_snapshot, list_snapshots, snapshot_name
from impl.storage.segment import FoundOffset, Segment, file_names
from impl.storage.trash import DELETED, Trash
from impl.wire.batches import parse_header_only, stamp

ProducersAt = Callable[[int], Iterable[ProducerEntry]]
"""What the log's idempotent producers had written below an offset."""


class Log:
    """An open log, made by recovery. `directory` is its path inside the log directory."""

    def __init__(
        self,
        disk: Disk,
        directory: str,
        config: LogConfig,
        segments: list[Segment],
        recovery_point: int,
        start_offset: int | None = None,
    ) -> None:
        assert segments, "a log has at least one segment"
        self.directory = directory
        self.config = config
        self.recovery_point = recovery_point
        self.start_offset = segments[0].base_offset if start_offset is None else start_offset
        self.trash = Trash(disk)
        self.producers_at: ProducersAt | None = None
        """None: the log has no producers to speak of, and snapshots of them are not written."""
        self.before_gap: Callable[[], None] | None = None
        """Called before a batch leaves a gap in front of it, unless the log is known to have such (compaction)."""
        self.gap_at = -1
        """A batch was written behind a gap, which is not known to be synced: where that batch begins. -1: none."""
        self._disk = disk
        self._segments = segments
        self._active = segments[-1]
        self._unsynced: list[Segment] = []
        """Segments written to since the last flush, oldest first."""
        self._directory_unsynced = False
        self._syncing: tuple[int, list[Syncing]] | None = None
        """Finished segments being synced in the background, and up to which offset."""

    @property
    def end_offset(self) -> int:
        return self._active.end_offset

    @property
    def first_base_offset(self) -> int:
        return self._segments[0].base_offset

    @property
    def segments(self) -> tuple[Segment, ...]:
        return tuple(self._segments)

    @property
    def size(self) -> int:
        """In bytes, without the indexes."""
        return sum(segment.size for segment in self._segments)

    # ------------------------------------------------------------ writing
    def append(self, batch: Batch, base_offset: int, leader_epoch: int) -> None:
        """Write a batch at the end, under this base offset and leader epoch. Raises OSError."""
        active = self._active
        assert base_offset >= active.end_offset, (
            f"{self.directory}: a batch for offset {base_offset} at end {active.end_offset}"
        )
        end_offset = base_offset + batch.record_count
        if base_offset > active.end_offset:
            self._note_gap(base_offset)
        if active.size and self._must_roll(active, batch, end_offset):
            active = self._roll()
        if not self._unsynced or self._unsynced[-1] is not active:
            self._unsynced.append(active)
        data = batch.data
        assert isinstance(data, bytes | memoryview), "a batch to be written has its bytes"
        active.append(stamp(data, base_offset, leader_epoch), batch.size, end_offset, batch.max_timestamp)

    def _note_gap(self, base_offset: int) -> None:
        """A gap past the recovery point is damage to whoever recovers the log: this one is to be synced."""
        if self.before_gap is not None:
            self.before_gap()
            self.before_gap = None
        self.gap_at = base_offset

    def _must_roll(self, active: Segment, batch: Batch, end_offset: int) -> bool:
        config = self.config
        first_timestamp = active.first_timestamp
        return (
            active.size + batch.size > config.segment_bytes
            or end_offset - active.base_offset > RELATIVE_OFFSET_MAX
            or (first_timestamp is not None and batch.max_timestamp - first_timestamp > self._roll_ms(active))
            or active.offset_index.file.size() + 8 > config.segment_index_bytes
            or active.time_index.file.size() + 12 > config.segment_index_bytes
        )

    def _roll_ms(self, active: Segment) -> int:
        """segment.ms, less a share of segment.jitter.ms that is each segment's own and the same at every start."""
        config = self.config
        jitter = min(config.segment_jitter_ms, config.segment_ms)
        return config.roll_ms - (crc32(active.path.encode()) % jitter if jitter else 0)

    def _roll(self) -> Segment:
        finished = self._active
        finished.finish()
        finished.offset_index.file.sync()
        finished.time_index.file.sync()
        self._write_snapshot(finished.written_end)
        return self._begin_segment(finished.written_end)

    def _begin_segment(self, at: int) -> Segment:
        """Nothing more is written to the one before."""
        self._active = Segment(self._disk, self.directory, at, self.config)
        self._segments.append(self._active)
        self._directory_unsynced = True
        return self._active

    def _write_snapshot(self, end: int) -> None:
        """What the producers have written up to the end, for a start that does not read the log."""
        if self.producers_at is not None:
            path = f"{self.directory}/{snapshot_name(end)}"
            self._disk.write_file(path, format_snapshot(self.producers_at(end)))

    @property
    def flush_due(self) -> bool:
        """Whether `flush.messages` asks for a flush now, or a gap does."""
        return self._active.end_offset - self.recovery_point >= self.config.flush_messages or self.gap_at >= 0

    def flush(self) -> None:
        """Sync everything written so far, and the names of new files. Raises OSError."""
        for segment in self._unsynced:
            segment.sync()
        self._unsynced.clear()
        if self._syncing is not None:
            self._wait_for_syncing()
        self.sync_names()
        self.recovery_point = self._active.written_end

    def flush_finished(self) -> None:
        """Sync segments that are finished, in the background, and take account of those that are. Raises OSError.

        To be called now and then; each call may raise the recovery point up to the active segment's first offset.
        """
        if self._syncing is None:
            finished = [segment for segment in self._unsynced if segment is not self._active]
            if finished:
                self._syncing = self._active.base_offset, [segment.log.sync_later() for segment in finished]
        if self._syncing is not None and all(syncing.done() for syncing in self._syncing[1]):
            to = self._syncing[0]
            self._syncing = None
            self.sync_names()
            self._unsynced = [segment for segment in self._unsynced if segment.base_offset >= to]
            self.recovery_point = max(self.recovery_point, to)

    def _wait_for_syncing(self) -> None:
        for syncing in self._syncing[1] if self._syncing else ():
            syncing.wait()
        self._syncing = None

    def sync_names(self) -> None:
        """Make what was created, renamed and removed in the directory last. Raises OSError."""
        if self._directory_unsynced:
            self._disk.sync_directory(self.directory)
            self._directory_unsynced = False

    def cut_point(self, offset: int) -> int:
        """Up to where the log is surely still synced once it is cut to `offset`, inside a gap maybe."""
        segment = self._segments[self._place_of(offset)]
        return offset if self.before_gap is not None else segment.base_offset

    def truncate_to(self, offset: int) -> None:
        """Cut the log to `offset`, which is not inside a batch, and sync the cut. Raises InsideBatch, OSError.

        Whoever keeps the recovery point on disk must lower it there first: see LogDirectory.truncate.
        """
        if offset >= self.end_offset:
            return
        assert offset >= self.start_offset, f"{self.directory}: {offset} is below the log's start"
        later = [segment for segment in self._segments[1:] if segment.base_offset > offset]
        self._remove(later)
        self._remove_snapshots(offset)
        self._segments[-1].truncate_to(offset)
        self._cut()

    def reset_to(self, offset: int) -> None:
        """Drop everything and begin anew at `offset`, empty (Kafka's truncateFullyAndStartAt). Raises OSError.

        Newest segments first, so that a crash leaves a beginning of the old log, or nothing.
        """
        self._remove(list(self._segments))
        self._remove_snapshots(-1)
        self._segments.append(Segment(self._disk, self.directory, offset, self.config))
        self._disk.sync_directory(self.directory)
        self.start_offset = offset
        self._cut()
        self.recovery_point = offset

    def _cut(self) -> None:
        self._active = self._segments[-1]
        self._unsynced = [segment for segment in self._unsynced if segment in self._segments]
        self._wait_for_syncing()
        self.recovery_point = min(self.recovery_point, self._active.written_end)

    def _remove(self, segments: list[Segment]) -> None:
        """Remove these, the last ones of the log, and sync that."""
        for segment in reversed(segments):
            segment.release()
            remove_segment(self._disk, self.directory, segment.base_offset)
            self._segments.pop()
        if segments:
            self._disk.sync_directory(self.directory)

    def _remove_snapshots(self, above: int) -> None:
        if self.producers_at is not None:
            for offset in list_snapshots(self._disk, self.directory):
                if offset > above:
                    self._disk.remove(f"{self.directory}/{snapshot_name(offset)}")

    def write_epochs(self, epochs: tuple[EpochStart, ...]) -> None:
        """Replace the leader-epoch checkpoint, synced. Raises OSError."""
        self._disk.write_file(f"{self.directory}/{checkpoints.LEADER_EPOCHS}", checkpoints.format_epochs(epochs))

    def close(self) -> None:
        """Sync and close every file, and write what the next start trusts (a clean stop). Raises OSError.

        Of a log that was cut inside a gap, an empty segment's name tells the next start where it ends.
        """
        self._active.finish()
        self._active.sync_all()
        if self._active.written_end < self._active.end_offset:
            self._begin_segment(self._active.end_offset).sync_all()
        self.flush()
        self._write_snapshot(self.recovery_point)
        self.release()

    def release(self) -> None:
        """Close every file and do nothing more."""
        self._wait_for_syncing()
        for segment in self._segments:
            segment.release()

    # ------------------------------------------------------------ deleting and replacing
    def advance_start(self, to: int) -> None:
        """Records below `to` are gone; segments with nothing else go to the trash, oldest first. Raises OSError.

        Whoever keeps the log start on disk must raise it there first: see LogDirectory.advance_start.
        """
        assert to <= self.end_offset, f"{self.directory} ends at {self.end_offset} and cannot begin at {to}"
        if to <= self.start_offset:
            return
        if to == self.end_offset and self._active.size:
            self._roll()
            self.sync_names()
        self.start_offset = to
        self.discard_below_start()

    def discard_below_start(self) -> None:
        """Put segments that lie wholly below the log's start into the trash, oldest first. Raises OSError."""
        kept = max(bisect_right(self._segments, self.start_offset, key=_base_offset) - 1, 0)
        gone, self._segments = self._segments[:kept], self._segments[kept:]
        for segment in gone:
            self._discard(segment)
            self._directory_unsynced = True
        self._unsynced = [segment for segment in self._unsynced if segment not in gone]

    def replace(self, old: list[Segment], new: Segment) -> None:
        """`new` takes the place of `old`, which are neighbours and finished; their files go to the trash.

        `new` lies under its names and is synced; the files of `old` that had those names are theirs no longer.
        """
        place = self._segments.index(old[0])
        assert self._segments[place : place + len(old)] == old, "segments that are replaced lie side by side"
        assert self._active not in old, "the active segment is never replaced"
        self._segments[place : place + len(old)] = [new]
        self._unsynced = [segment for segment in self._unsynced if segment not in old]

    def _discard(self, segment: Segment) -> None:
        segment.release()
        snapshot = snapshot_name(segment.base_offset)
        for name in (*file_names(segment.base_offset), snapshot):
            path = f"{self.directory}/{name}"
            if self._disk.exists(path):
                self._disk.replace(path, path + DELETED)
                self.trash.put(path + DELETED, self.config.file_delete_delay_ms)

    # ------------------------------------------------------------ reading
    def read(self, start: int, limit: int, max_bytes: int) -> bytes:
        """Whole batches from the one that holds `start`, none at or past `limit`, from one segment.

        At least one, however large, and then as many as `max_bytes` allows. Raises CorruptLog, OSError.
        """
        if start >= min(limit, self._active.end_offset):
            return b""
        if start >= self._active.base_offset:
            return self._active.read(start, limit, max_bytes)
        return b"".join(found.read() for found in self.slices(start, limit, max_bytes))

    def slices(self, start: int, limit: int, max_bytes: int) -> list[FileRange]:
        """The same bytes as ranges of files, in order, for sendfile; none where there is nothing to read.

        Nothing is read but what it takes to find them. A range that is sent later than now must be held: see
        `FileRange`. Raises CorruptLog, OSError.
        """
        if start >= min(limit, self._active.end_offset):
            return []
        assert start >= self.start_offset, f"{self.directory}: {start} is below the log's start"
        for segment in self._segments[self._place_of(start) :]:
            position, size = segment.locate(start, limit, max_bytes)
            if size:
                return [FileRange(segment.log, position, size)]
            if segment.end_offset >= limit:
                break
            if start < segment.end_offset and self.before_gap is not None:
                reason = f"its batches end before offset {segment.end_offset}, where the next segment begins"
                raise CorruptLog(segment.path, segment.size, reason)
        return []

    def headers(self, start: int) -> Iterator[Batch]:
        """The header of every batch that ends past `start`, without its bytes. Raises CorruptLog, OSError."""
        for segment in self._segments[self._place_of(start) :]:
            for _, size, _, _, chunk, place in segment.batches_from(start):
                yield parse_header_only(chunk, place, size)

    def offset_for_time(self, timestamp: int, limit: int) -> FoundOffset | None:
        """The first record at least as young as `timestamp` and below `limit`; for MAX_TIMESTAMP, the youngest one.

        Raises CorruptLog, OSError.
        """
        if timestamp == MAX_TIMESTAMP:
            timestamp = max(segment.max_timestamp for segment in self._segments)
            if timestamp < 0:
                return None
        for segment in self._segments:
            found = segment.offset_for_time(timestamp, self.start_offset)
            if found is not None:
                return found if found.offset < limit else None
        return None

    def _place_of(self, offset: int) -> int:
        return max(bisect_right(self._segments, offset, key=_base_offset) - 1, 0)


def _base_offset(segment: Segment) -> int:
    return segment.base_offset


def remove_segment(disk: Disk, directory: str, base_offset: int) -> None:
    """Remove a segment's files, the log last: without it, nobody misses an index."""
    for name in reversed(file_names(base_offset)):
        path = f"{directory}/{name}"
        if disk.exists(path):
            disk.remove(path)
