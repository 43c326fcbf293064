"""A log as it stands on the disk after any stop, made whole again.

One rule: what was synced is never dropped, and nothing else is believed. The recovery point divides the two.

Theory of operation. Every start walks the headers of the whole log, because the leader epochs, the producers and the
indexes are all functions of it and so need not be believed either. Batches must follow each other without a gap in
bytes or offsets, in epochs that never fall. Past the recovery point, where a power loss may have left anything, each
batch's CRC is checked too, and the log is cut at the first that fails: a torn tail, a flipped bit, a segment whose
predecessor is gone. At or below it the same finding is a `CorruptLog`: a disk that loses what it had synced is told
of, never covered up by dropping acknowledged records. Then everything is synced, because a replica fetches, and is
counted, from its log end as soon as it is back; a second power loss must not take what a crash had left.

Indexes are computed from the walk and written where the files differ (corrupt, missing, short, or left from a cut).
The leader-epoch cache is computed likewise; an entry at or past the log's end belongs to a leader that wrote nothing
and is dropped, as in Kafka. Epoch 0 is an epoch like any other (KAFKA-10432).
"""

from typing import NamedTuple

from impl.core.events import RecoveredLog
from impl.core.types import Batch, EpochStart, LeaderEpoch, Offset, TopicPartition
from impl.storage import checkpoints
from impl.storage.errors import CorruptCheckpoint, CorruptLog
from impl.storage.files import Disk, File
from impl.storage.indexes import Indexing
from impl.storage.log import Log, remove_segment
from impl.storage.log_config import LogConfig
from impl.storage.producer_state import ProducerState
from impl.storage.segment import Segment, file_names, replace_content
from impl.storage.walk import Torn, walk
from impl.wire.batches import HEADER_BYTES, MAGIC, MAGIC_AT, BatchError, has_its_crc, parse_header, parse_header_only


class Found(NamedTuple):
    """What recovery is asked to start from: where the log lies, and what the checkpoints say of it."""

    partition: TopicPartition
    directory: str
    topic_id: bytes
    recovery_point: Offset
    high_watermark: Offset


class Recovered(NamedTuple):
    """A log ready to be written to; what the core is told of it; and what had to be cut off, in one line, or ""."""

    log: Log
    state: RecoveredLog
    cut: str


def recover(disk: Disk, found: Found, config: LogConfig, *, every_batch_synced: bool = False) -> Recovered:
    """Open the log in `found.directory`, which exists. Raises CorruptLog, OSError.

    `every_batch_synced`: each batch was synced before the next was written, so that only the very last one can be torn
    and damage before it is never cut off (the metadata log).
    """
    recovery = _Recovery(disk, found, config, every_batch_synced)
    bases = _segment_bases(disk, found.directory)
    segments = recovery.scan(bases)
    recovery.check_end()
    if not segments:
        segments.append(Segment(disk, found.directory, 0, config))
    disk.sync_directory(found.directory)
    log = Log(disk, found.directory, config, segments, recovery.end)
    epochs = tuple(recovery.epochs)
    if _checkpointed_epochs(disk, found.directory) != epochs:
        log.write_epochs(epochs)
    high_watermark = Offset(min(found.high_watermark, recovery.end))
    state = RecoveredLog(
        partition=found.partition,
        topic_id=found.topic_id,
        log_start=Offset(0),
        log_end=recovery.end,
        high_watermark=high_watermark,
        epochs=epochs,
        producers=recovery.producers.recovered(),
        tail=tuple(recovery.tail),
    )
    return Recovered(log, state, recovery.cut)


class _Recovery:
    """One walk over one log, segment by segment."""

    def __init__(self, disk: Disk, found: Found, config: LogConfig, every_batch_synced: bool) -> None:
        self._disk = disk
        self._found = found
        self._config = config
        self._every_batch_synced = every_batch_synced
        self.end = Offset(0)
        self.epochs: list[EpochStart] = []
        self.producers = ProducerState()
        """As of the high watermark; what came after it is in `tail`."""
        self.tail: list[Batch] = []
        self.cut = ""

    def scan(self, bases: list[int]) -> list[Segment]:
        """Open and check the segments that begin at `bases`; cut and remove what does not hold."""
        segments: list[Segment] = []
        if bases and bases[0] != 0:
            raise CorruptLog(self._path(0), 0, f"the log begins with {self._path(bases[0])}")
        for number, base in enumerate(bases):
            if base != self.end:
                self._cut(self._path(base), 0, f"the segment begins where offset {self.end} is due")
                self._remove(bases[number:])
                break
            segment = Segment(self._disk, self._found.directory, base, self._config)
            segments.append(segment)
            torn = self._scan_segment(segment)
            if torn is not None:
                self._remove(bases[number + 1 :])
                break
        for segment in segments:
            if segment.end_offset >= self._found.recovery_point:
                segment.sync()  # Also the one that ends there: it may just have been cut.
        return segments

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
        position = 0
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
        needs_crc = self.end >= self._found.recovery_point
        if needs_crc and place + size > len(chunk):
            chunk, place = file.read(position, size), 0
        try:
            batch = parse_header_only(chunk, place, size)
        except BatchError as error:
            raise Torn(position, error.reason) from error
        if batch.base_offset != self.end:
            raise Torn(position, f"a batch for offset {batch.base_offset} where offset {self.end} is due")
        if batch.leader_epoch < (self.epochs[-1].epoch if self.epochs else 0):
            raise Torn(position, f"leader epoch falls to {batch.leader_epoch}")
        if needs_crc and not has_its_crc(chunk, place, place + size, batch.crc):
            raise Torn(position, f"the batch does not have the CRC {batch.crc} that its header says")
        return batch

    def _note(self, batch: Batch) -> None:
        """The batch is part of the log."""
        if not self.epochs or batch.leader_epoch > self.epochs[-1].epoch:
            self.epochs.append(EpochStart(LeaderEpoch(batch.leader_epoch), self.end))
        self.end = Offset(self.end + batch.record_count)
        if self.end <= self._found.high_watermark:
            self.producers.note(batch)
        else:
            self.tail.append(batch)

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


def _segment_bases(disk: Disk, directory: str) -> list[int]:
    """Base offsets of the segments that are there, in order; the names of interrupted writes are removed."""
    bases = []
    for name in disk.list(directory):
        stem, _, suffix = name.rpartition(".")
        if suffix == "tmp":
            disk.remove(f"{directory}/{name}")
        elif suffix == "log" and len(stem) == 20 and stem.isascii() and stem.isdigit():
            bases.append(int(stem))
    return bases


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
