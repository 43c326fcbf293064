"""A voter's `__cluster_metadata-0`: the log's segments, `quorum-state`, snapshots.

One rule: what an effect asks for is on the disk, synced, when it returns.

Because every batch is synced before the next is written, only the last one can ever be torn: damage before it is a
`CorruptLog`, never cut off (`impl.storage.recovery`).
"""

from collections.abc import Iterable
from struct import Struct
from zlib import crc32

from impl.core.events import SnapshotLoaded
from impl.core.metadata import (
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    TopicRecord,
)
from impl.core.quorum.batches import ElectionState, MetadataBatch, SnapshotId
from impl.core.quorum.effects import (
    DropMetadata,
    LoadSnapshot,
    NoteCommitted,
    RecoveredQuorum,
    StorageEffect,
    TruncateMetadata,
    WriteElectionState,
    WriteMetadata,
    WriteSnapshot,
)
from impl.core.quorum.messages import SnapshotSlice
from impl.core.settings import Settings
from impl.core.types import Offset, TopicPartition
from impl.host import quorum_state, snapshots
from impl.storage.errors import CorruptLog
from impl.storage.files import Disk, File
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.recovery import Found, recover
from impl.wire import metadata_batches
from impl.wire.batches import parse_header
from impl.wire.message import NO_ID
from impl.wire.metadata_batches import MalformedBatch

METADATA = TopicPartition("__cluster_metadata", 0)
METADATA_LOG = LogConfig(flush_messages=1, file_delete_delay_ms=0)
DIRECTORY = str(METADATA)
READ_BYTES = 1_048_576
COMMITTED = "committed"
"""A file of ours: an offset and its CRC-32, written over each time and not synced."""
_OFFSET = Struct(">q")
_CRC = Struct(">I")


class MetadataLog:
    """Opening it recovers the log. Raises StorageError, OSError."""

    def __init__(self, disk: Disk, settings: Settings) -> None:
        self._disk = disk
        self._voters = tuple(voter.node for voter in settings.voters)
        self._topic_ids: dict[str, bytes] = {}
        self._committed: File | None = None
        disk.make_directory(DIRECTORY)
        disk.sync_directory("")
        self._snapshot = max(filter(None, map(snapshots.id_of, disk.list(DIRECTORY))), default=None)
        self._snapshot_records = () if self._snapshot is None else self._read_snapshot(self._snapshot)
        start = Offset(0) if self._snapshot is None else self._snapshot.end
        self._log, self.cut = self._recover(start)
        self._batches = self._read(start)
        if self._batches and not self._goes_on(self._batches[0]):
            # The process ended after it had kept a leader's snapshot, and before it had dropped a log that differs.
            self._log.reset_to(start)
            self._batches = ()
        for batch in self._batches:
            self._note(batch.records)

    def recovered(self, jitter: int) -> RecoveredQuorum:
        """What the disk held when it was opened. To be asked once."""
        batches, self._batches = self._batches, ()
        records, self._snapshot_records = self._snapshot_records, ()
        return RecoveredQuorum(
            election=self._read_election(),
            batches=batches,
            committed=self._read_committed(),
            snapshot=self._snapshot,
            snapshot_records=records,
            jitter=jitter,
        )

    def perform(self, effect: StorageEffect) -> None:
        """Raises OSError, InsideBatch."""
        if type(effect) is WriteMetadata:
            self._append(effect.batch)
        elif type(effect) is WriteElectionState:
            path = f"{DIRECTORY}/{quorum_state.FILE}"
            self._disk.write_file(path, quorum_state.encode(effect.state, self._voters))
        elif type(effect) is NoteCommitted:
            self._note_committed(effect.to)
        elif type(effect) is TruncateMetadata:
            self._log.truncate_to(effect.to)
        elif type(effect) is WriteSnapshot:
            self._note(effect.records)
            data = snapshots.encode(effect.snapshot, effect.timestamp, effect.records, self._topic_id_of)
            self._write_snapshot(effect.snapshot, data)
        else:
            assert type(effect) is DropMetadata, f"{type(effect).__name__} has an answer: see `load`"
            self._log.advance_start(effect.before.end)
            self._tidy(effect.before)

    def load(self, effect: LoadSnapshot) -> SnapshotLoaded:
        """Keep a snapshot that a leader has sent, and begin the log where it ends. Raises OSError."""
        records = snapshots.decoded(effect.data)
        if records is not None:
            self._write_snapshot(effect.snapshot, effect.data)
            self._log.reset_to(effect.snapshot.end)
            self._tidy(effect.snapshot)
            self._note(records)
        return SnapshotLoaded(effect.snapshot, records)

    def read_snapshot(self, asked: SnapshotSlice) -> tuple[int, bytes]:
        """The size of a snapshot, and some of its bytes. Raises OSError."""
        data = self._disk.read_file(f"{DIRECTORY}/{snapshots.name_of(asked.snapshot)}")
        return len(data), data[asked.position : asked.position + asked.max_bytes]

    def close(self) -> None:
        self._log.close()
        if self._committed is not None:
            self._committed.close()

    # ------------------------------------------------------------ inside
    def _append(self, batch: MetadataBatch) -> None:
        self._note(batch.records)
        data = metadata_batches.encode(batch, self._topic_id_of)
        self._log.append(parse_header(data), batch.base_offset, batch.epoch)
        self._log.flush()

    def _write_snapshot(self, snapshot: SnapshotId, data: bytes) -> None:
        self._disk.write_file(f"{DIRECTORY}/{snapshots.name_of(snapshot)}", data)

    def _tidy(self, newest: SnapshotId) -> None:
        """Remove what a snapshot has made needless: older ones, and segments of the log."""
        self._log.trash.empty(0)
        for name in self._disk.list(DIRECTORY):
            other = snapshots.id_of(name)
            if other is not None and other < newest:
                self._disk.remove(f"{DIRECTORY}/{name}")

    def _read_snapshot(self, snapshot: SnapshotId) -> tuple[MetadataRecord, ...]:
        path = f"{DIRECTORY}/{snapshots.name_of(snapshot)}"
        try:
            records = snapshots.decode(self._disk.read_file(path))
        except MalformedBatch as malformed:
            raise CorruptLog(path, 0, str(malformed)) from malformed
        self._note(records)
        return records

    def _recover(self, start: Offset) -> tuple[Log, str]:
        found = Found(METADATA, DIRECTORY, NO_ID, Offset(0), Offset(0), start)
        recovered = recover(self._disk, found, METADATA_LOG, every_batch_synced=True)
        return recovered.log, recovered.cut

    def _read(self, start: Offset) -> tuple[MetadataBatch, ...]:
        log = self._log
        found: list[MetadataBatch] = []
        end = start
        while end < log.end_offset:
            data = log.read(end, log.end_offset, READ_BYTES)
            try:
                found += metadata_batches.decode(data)
            except MalformedBatch as malformed:
                raise CorruptLog(log.segments[0].path, 0, str(malformed)) from malformed
            end = found[-1].end
        return tuple(found)

    def _goes_on(self, first: MetadataBatch) -> bool:
        """Whether the log can follow the snapshot."""
        snapshot = self._snapshot
        return snapshot is None or (first.base_offset == snapshot.end and first.epoch >= snapshot.epoch)

    def _read_election(self) -> ElectionState | None:
        path = f"{DIRECTORY}/{quorum_state.FILE}"
        if not self._disk.exists(path):
            return None
        return quorum_state.decode(path, self._disk.read_file(path))

    def _note_committed(self, to: Offset) -> None:
        if self._committed is None:
            self._committed = self._disk.open(f"{DIRECTORY}/{COMMITTED}", create=True)
        content = _OFFSET.pack(to)
        content += _CRC.pack(crc32(content))
        if self._committed.size() == len(content):
            self._committed.write_at(0, content)
        else:
            self._committed.truncate(0)
            self._committed.append(content)

    def _read_committed(self) -> Offset:
        """0 where it is not known: power may have been lost in the middle of writing it."""
        path = f"{DIRECTORY}/{COMMITTED}"
        content = self._disk.read_file(path) if self._disk.exists(path) else b""
        offset, check = content[: _OFFSET.size], content[_OFFSET.size :]
        if len(content) != _OFFSET.size + _CRC.size or _CRC.unpack(check)[0] != crc32(offset):
            return Offset(0)
        return Offset(_OFFSET.unpack(offset)[0])

    def _note(self, records: Iterable[MetadataRecord]) -> None:
        """Topic ids stand in the records about partitions, for Kafka's tools; ours go by names."""
        for record in records:
            if isinstance(record, TopicRecord):
                self._topic_ids[record.name] = record.topic_id

    def _topic_id_of(self, record: MetadataRecord) -> bytes:
        if isinstance(record, PartitionRecord | PartitionChangeRecord):
            return self._topic_ids.get(record.partition.topic, NO_ID)
        return NO_ID
