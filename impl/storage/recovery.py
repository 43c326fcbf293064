"""A log as it stands on the disk after any stop, made whole again.

One rule: what was synced is never dropped, and nothing else is believed. The recovery point divides the two.

Theory of operation. Up to the recovery point (after a clean stop, that is the end) the files are believed as they lie:
a start reads headers only from the segment where something is in doubt. That is the segment of the recovery point, or
an earlier one where the high watermark lies, or the newest snapshot of producers, or the beginning where the
leader-epoch checkpoint is missing. After a clean stop nothing is in doubt, and what is read is the last few batches,
to see that the log ends where it should.

Batches in doubt must follow each other in bytes and, unless the log is compacted, in offsets, with epochs that never
fall. Also a compacted log has no gap past the recovery point: nothing is compacted before it is synced, and a copied
gap is synced at once. Past the recovery point, where a power loss may have left anything, each one's CRC is checked
too. The log is cut at the first that fails: a torn tail, a flipped bit, a segment whose predecessor is gone. Below it
the same finding is a `CorruptLog`: a disk that loses what it had synced is told of, never covered up by dropping
acknowledged records. Then all that was in doubt is synced, because a replica fetches, and is counted, from its log end
as soon as it is back; a second power loss must not take what a crash had left.

Indexes are computed from the walk and written where the files differ (corrupt, missing, short, or left from a cut).
So are the leader epochs from there on, but for what began in a gap; an entry at or past the log's end belongs to a
leader that wrote nothing and is dropped, as in Kafka. Epoch 0 is an epoch like any other (KAFKA-10432).
"""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from impl.core.epochs import LeaderEpochCache
from impl.core.events import RecoveredLog
from impl.core.types import Batch, EpochStart, LeaderEpoch, Offset, TopicPartition
from impl.storage import checkpoints
from impl.storage.errors import CorruptCheckpoint, CorruptLog
from impl.storage.files import Disk, File
from impl.storage.indexes import Indexing
from impl.storage.leftovers import Layout, tidy, without_deleted
from impl.storage.log import Log, remove_segment
from impl.storage.log_config import LogConfig
from impl.storage.producer_snapshots import list_snapshots, newest_snapshot, snapshot_name
from impl.storage.producer_state import ProducerState
from impl.storage.segment import Segment, file_names, replace_content
from impl.storage.trusted import place_of, trusted
from impl.storage.walk import Torn, walk
from impl.wire.batches import HEADER_BYTES, MAGIC, MAGIC_AT, BatchError, has_its_crc, parse_header, parse_header_only


class Found(NamedTuple):
    """What recovery is asked to start from: where the log lies, and what the checkpoints say of it."""

    partition: TopicPartition
    directory: str
    topic_id: bytes
    recovery_point: Offset
    high_watermark: Offset
    log_start: Offset = Offset(0)
    stopped_cleanly: bool = False
    compacted: bool = False
    """Offsets may have gaps, below the recovery point."""


class Recovered(NamedTuple):
    """A log ready to be written to; what the core is told of it; and what had to be cut off, in one line, or ""."""

    log: Log
    state: RecoveredLog
    cut: str


def recover(
    disk: Disk,
    found: Found,
    config: LogConfig,
    *,
    every_batch_synced: bool = False,
    recovery: "type[Recovery] | None" = None,
) -> Recovered:
    """Open the log in `found.directory`, which exists. Raises CorruptLog, OSError.

    `every_batch_synced`: each batch was synced before the next was written, so that only the very last one can be torn
    and damage before it is never cut off (the metadata log). `recovery` walks over what is in doubt.
    """
    layout = without_deleted(disk, found.directory, tidy(disk, found.directory), found.log_start)
    make_recovery = recovery or Recovery
    if found.stopped_cleanly and layout.bases:
        recovered = _as_it_was_left(disk, found, config, layout, make_recovery.log_class)
        if recovered is not None:
            return recovered
    return _in_doubt(disk, found, config, layout, every_batch_synced, make_recovery)


# ---------------------------------------------------------------- after a clean stop
def _as_it_was_left(
    disk: Disk, found: Found, config: LogConfig, layout: Layout, make_log: type[Log]
) -> Recovered | None:
    """The log, if it ends where the recovery point says, and a snapshot of its producers and its epochs are there.

    What may be cut yet is read, and must be in one piece: with a hole in it the log is in doubt after all.
    """
    directory, bases = found.directory, layout.bases
    snapshots = list_snapshots(disk, directory)
    epochs = _checkpointed_epochs(disk, directory)
    taken, producers = newest_snapshot(disk, directory, snapshots, found.recovery_point)
    if epochs is None or (found.recovery_point > 0 and taken != found.recovery_point):
        return None
    segments = trusted(disk, directory, config, layout, bases[-1])
    segments.append(Segment(disk, directory, bases[-1], config))
    segments[-1].resume()
    end = Offset(segments[-1].end_offset)
    start = max(found.log_start, bases[0])
    if end != found.recovery_point or start > end:
        return None
    _must_begin_with(epochs, found, bases[0])
    log = make_log(disk, directory, config, segments, end, start)
    high_watermark = Offset(max(min(found.high_watermark, end), start))
    known = ProducerState(producers, kept=None)
    tail = tuple(log.headers(high_watermark)) if high_watermark < end else ()
    if not found.compacted and not _in_one_piece(tail, high_watermark, end):
        return None
    kept = _epochs_within(epochs, start, end)
    if kept != epochs:
        # Or an epoch without records would stand over those that come next, at the start after this one.
        log.write_epochs(kept)
    return Recovered(log, _state(found, log, high_watermark, kept, known, tail), "")


def _in_one_piece(tail: tuple[Batch, ...], start: Offset, end: Offset) -> bool:
    """Whether these batches leave nothing out between the two offsets."""
    reached: int = start
    for batch in tail:
        if batch.base_offset > reached:
            return False
        reached = batch.base_offset + batch.record_count
    return reached >= end


# ---------------------------------------------------------------- after a crash
def _in_doubt(
    disk: Disk,
    found: Found,
    config: LogConfig,
    layout: Layout,
    every_batch_synced: bool,
    make_recovery: "type[Recovery]",
) -> Recovered:
    directory, bases = found.directory, layout.bases
    epochs = _checkpointed_epochs(disk, directory)
    snapshots = list_snapshots(disk, directory)
    trusted_to = min(found.recovery_point, found.high_watermark) if epochs is not None else 0
    first = place_of(bases, trusted_to)
    if bases:
        taken, producers = newest_snapshot(disk, directory, snapshots, bases[first])
        first = place_of(bases, taken)
    else:
        taken, producers = 0, ()
    recovery = make_recovery(disk, found, config, every_batch_synced, ProducerState(producers), taken)
    segments = trusted(disk, directory, config, layout, bases[first]) if bases else []
    known = epochs or ()
    if bases:
        _must_begin_with(known, found, bases[0])
    recovery.begin(bases[first] if bases else found.log_start, known)
    segments += recovery.scan(bases[first:])
    recovery.check_end()
    if segments and recovery.end < found.log_start:
        for segment in reversed(segments):
            remove_segment(disk, directory, segment.base_offset)
        segments = []
    if not segments:
        recovery.begin(found.log_start, ())
        recovery.tail.clear()
        segments.append(Segment(disk, directory, found.log_start, config))
    for offset in snapshots:
        if offset > recovery.end:
            disk.remove(f"{directory}/{snapshot_name(offset)}")
    disk.sync_directory(directory)
    start = max(found.log_start, segments[0].base_offset)
    log = recovery.log_class(disk, directory, config, segments, recovery.end, start)
    kept = _epochs_within(recovery.epochs, start, recovery.end)
    if epochs != kept:
        log.write_epochs(kept)
    high_watermark = Offset(max(min(found.high_watermark, recovery.end), start))
    state = _state(found, log, high_watermark, kept, recovery.producers, tuple(recovery.tail))
    return Recovered(log, state, recovery.cut)


def _must_begin_with(epochs: tuple[EpochStart, ...], found: Found, base: int) -> None:
    """Raises CorruptLog where the log has lost its first segment."""
    if epochs and epochs[0].start < base and found.log_start < base:
        reason = f"the log begins here, but its {checkpoints.LEADER_EPOCHS} at offset {epochs[0].start}"
        raise CorruptLog(f"{found.directory}/{file_names(base)[0]}", 0, reason)


def _epochs_within(epochs: Iterable[EpochStart], start: int, end: int) -> tuple[EpochStart, ...]:
    """Those of which a log between these offsets has records."""
    cache = LeaderEpochCache(epochs)
    cache.truncate_from_end(Offset(end))
    cache.truncate_from_start(Offset(start))
    return tuple(entry for entry in cache.entries if entry.start < end)


def _state(
    found: Found,
    log: Log,
    high_watermark: Offset,
    epochs: tuple[EpochStart, ...],
    producers: ProducerState,
    tail: tuple[Batch, ...],
) -> RecoveredLog:
    return RecoveredLog(
        partition=found.partition,
        topic_id=found.topic_id,
        log_start=Offset(log.start_offset),
        log_end=Offset(log.end_offset),
        high_watermark=high_watermark,
        epochs=epochs,
        producers=producers.recovered(),
        tail=tail,
    )


class Recovery:
    """One walk over the end of one log, segment by segment."""

    log_class: ClassVar[type[Log]] = Log
    """Where a different behaviour of the log can be planted."""

    def __init__(
        self,
        disk: Disk,
        found: Found,
        config: LogConfig,
        every_batch_synced: bool,
        producers: ProducerState,
        producers_from: int,
    ) -> None:
        self._disk = disk
        self._found = found
        self._config = config
        self._every_batch_synced = every_batch_synced
        self._producers_from = producers_from
        self.end = Offset(0)
        self.epochs: list[EpochStart] = []
        self._known: tuple[EpochStart, ...] = ()
        self._noted_to = 0
        self.producers = producers
        """As of the high watermark; what came after it is in `tail`."""
        self.tail: list[Batch] = []
        self.cut = ""

    def begin(self, at: int, known: tuple[EpochStart, ...]) -> None:
        """The walk begins at this offset; of the epochs known, those that began before it are believed."""
        self.end = Offset(at)
        self.epochs = [entry for entry in known if entry.start < at]
        self._known, self._noted_to = known, at

    def scan(self, bases: list[int]) -> list[Segment]:
        """Open and check the segments that begin at `bases`; cut and remove what does not hold."""
        segments: list[Segment] = []
        for number, base in enumerate(bases):
            if not self._follows(base):
                self._cut(self._path(base), 0, f"the segment begins where offset {self.end} is due")
                self._remove(bases[number:])
                break
            self.end = Offset(base)
            segment = Segment(self._disk, self._found.directory, base, self._config)
            segments.append(segment)
            torn = self._scan_segment(segment)
            if torn is not None:
                self._remove(bases[number + 1 :])
                break
        self.sync_doubtful(segments)
        return segments

    def sync_doubtful(self, segments: list[Segment]) -> None:
        """What a crash has left is there until the power is lost: make it last before anybody counts on it."""
        for segment in segments:
            if segment.end_offset >= self._found.recovery_point:
                segment.sync_all()  # Also the one that ends there: it may just have been cut.

    def _follows(self, base: int) -> bool:
        """Only compaction leaves a gap in front of a segment, and nothing is compacted that is not synced."""
        return base == self.end or (self._found.compacted and self.end < base <= self._found.recovery_point)

    def check_end(self) -> None:
        """A log that ends below its recovery point has lost something that was synced."""
        if self.end < self._found.recovery_point:
            reason = f"the log ends at offset {self.end}, below its recovery point {self._found.recovery_point}"
            raise CorruptLog(self._path(0), 0, reason)

    def _scan_segment(self, segment: Segment) -> Torn | None:
        """Walk one segment to its end, or to the first batch that does not hold, and cut it there."""
        indexing = Indexing(segment.base_offset, self._config.index_interval_bytes)
        index, timeindex = bytearray(), bytearray()
        first_timestamp = None
        file_size = segment.log.size()
        torn = None
        try:
            for position, size, _, _, chunk, place in walk(segment.log, 0, file_size):
                batch = self._checked(segment.log, position, size, chunk, place)
                self._note(batch)
                entries = indexing.note(position, size, self.end, batch.max_timestamp)
                if entries is not None:
                    index += entries[0]
                    timeindex += entries[1]
                if first_timestamp is None:
                    first_timestamp = batch.max_timestamp
            end_position = file_size
        except Torn as failure:
            torn = failure
            end_position = torn.position
            self._cut_segment(segment, torn, file_size)
        timeindex += indexing.time_entry()
        replace_content(segment.offset_index.file, bytes(index))
        replace_content(segment.time_index.file, bytes(timeindex))
        segment.recovered(end_position, self.end, indexing, first_timestamp)
        return torn

    def _checked(self, file: File, position: int, size: int, chunk: bytes, place: int) -> Batch:
        """The batch at `position`, if it continues the log. Raises Torn."""
        try:
            batch = parse_header_only(chunk, place, size)
        except BatchError as error:
            raise Torn(position, error.reason) from error
        needs_crc = self.needs_crc(batch)
        if needs_crc and place + size > len(chunk):
            chunk, place = file.read(position, size), 0
        if not self.continues(batch):
            raise Torn(position, f"a batch for offset {batch.base_offset} where offset {self.end} is due")
        if batch.leader_epoch < (self.epochs[-1].epoch if self.epochs else 0):
            raise Torn(position, f"leader epoch falls to {batch.leader_epoch}")
        if needs_crc and not has_its_crc(chunk, place, place + size, batch.crc):
            raise Torn(position, f"the batch does not have the CRC {batch.crc} that its header says")
        return batch

    def needs_crc(self, batch: Batch) -> bool:
        """Past the recovery point a power loss may have left anything."""
        return max(self.end, batch.base_offset) >= self._found.recovery_point

    def continues(self, batch: Batch) -> bool:
        """Only compaction leaves a gap in front of a batch, which is synced before anybody counts on it."""
        begins = batch.base_offset
        return begins == self.end or (self._found.compacted and self.end < begins < self._found.recovery_point)

    def _note(self, batch: Batch) -> None:
        """The batch is part of the log. What an epoch began with compaction may have taken; where that was is known."""
        begins, last = batch.base_offset, self.epochs[-1].epoch if self.epochs else -1
        if begins > self._noted_to:
            within = [entry for entry in self._known if self._noted_to <= entry.start < begins]
            self.epochs += [entry for entry in within if last < entry.epoch <= batch.leader_epoch]
        if not self.epochs or batch.leader_epoch > self.epochs[-1].epoch:
            self.epochs.append(EpochStart(LeaderEpoch(batch.leader_epoch), batch.base_offset))
        self.end = self._noted_to = Offset(begins + batch.record_count)
        if self.end > self._found.high_watermark:
            self.tail.append(batch)
        elif batch.base_offset >= self._producers_from:
            self.producers.note(batch)

    def _cut_segment(self, segment: Segment, torn: Torn, file_size: int) -> None:
        """The batch at `torn.position` does not hold: cut it off, and all that follows it."""
        if self._every_batch_synced and _batch_follows(segment.log, torn.position, file_size):
            raise CorruptLog(segment.path, torn.position, f"{torn.reason}, and a whole batch follows")
        self._cut(segment.path, torn.position, torn.reason)
        segment.log.truncate(torn.position)
        segment.sync()

    def _cut(self, path: str, position: int, reason: str) -> None:
        """Say what is cut; raise where it was synced."""
        if self.end < self._found.recovery_point:
            raise CorruptLog(path, position, reason)
        self.cut = f"{path} cut at byte {position}, offset {self.end}: {reason}"

    def _remove(self, bases: list[int]) -> None:
        for base in reversed(bases):
            remove_segment(self._disk, self._found.directory, base)

    def _path(self, base: int) -> str:
        return f"{self._found.directory}/{file_names(base)[0]}"


def _checkpointed_epochs(disk: Disk, directory: str) -> tuple[EpochStart, ...] | None:
    """What the leader-epoch checkpoint says; None where it says nothing that can be read."""
    path = f"{directory}/{checkpoints.LEADER_EPOCHS}"
    try:
        return checkpoints.parse_epochs(path, disk.read_file(path))
    except (FileNotFoundError, CorruptCheckpoint):
        return None


def _batch_follows(file: File, position: int, end: int) -> bool:
    """Whether a whole, valid batch begins anywhere after `position`, whose own batch is damaged."""
    data = file.read(position, end - position)
    place = data.find(MAGIC, MAGIC_AT + 1)
    while 0 <= place <= len(data) - HEADER_BYTES + MAGIC_AT:
        start = place - MAGIC_AT
        try:
            batch = parse_header(data, start)
            if has_its_crc(data, start, start + batch.size, batch.crc):
                return True
        except BatchError:
            pass
        place = data.find(MAGIC, place + 1)
    return False
