"""The controller as a whole: the sans-IO core and its metadata log.

One rule: a decision is on the disk, synced, before anyone hears of it. Each `AppendMetadata` becomes one batch of the
log in `__cluster_metadata-0`, whole or absent after any crash, and is synced before the next effect.

Because every batch is synced before the next is written, only the last one can ever be torn: damage before it is a
`CorruptLog`, never cut off (`impl.storage.recovery`).
"""

from collections.abc import Sequence
from typing import Any, Protocol

from impl.core.controller import Controller
from impl.core.events import AppendMetadata, Effect, Event, RecoveredMetadata, SendReply, Stopped
from impl.core.facts import FACTS
from impl.core.metadata import MetadataRecord, PartitionChangeRecord, PartitionRecord, TopicRecord
from impl.core.settings import Settings
from impl.core.types import LeaderEpoch, Millis, NodeId, Offset, TopicPartition
from impl.host.broker import Outgoing, Record, Report, failure, unreported
from impl.storage.errors import CorruptLog
from impl.storage.files import Disk
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.recovery import Found, recover
from impl.wire import batches
from impl.wire.errors import Malformed
from impl.wire.message import NO_ID
from impl.wire.metadata_records import decode, encode

METADATA = TopicPartition("__cluster_metadata", 0)
METADATA_LOG = LogConfig(flush_messages=1)
EPOCH = LeaderEpoch(0)
"""There is one controller, whose log never changes hands."""
READ_BYTES = 1_048_576


class MakeController(Protocol):
    """How the core is made: `Controller`, or one with a bug planted in it."""

    def __call__(self, settings: Settings, recovered: RecoveredMetadata) -> Controller: ...


class ControllerHost:
    """A running controller. Once it has raised, it must not be used again.

    Making one recovers the metadata log. Raises StorageError.
    """

    def __init__(
        self,
        disk: Disk,
        settings: Settings,
        *,
        record: Record,
        make_controller: MakeController = Controller,
        report: Report = unreported,
    ) -> None:
        """`record` gets the facts of each step that has any; `report` a line for people, where storage has one."""
        self._record = record
        self._topic_ids: dict[str, bytes] = {}
        try:
            self._log = self._recover(disk, report)
            records = self._read()
        except OSError as error:
            raise failure(error) from error
        for each in records:
            self._note(each)
        self.controller = make_controller(settings, RecoveredMetadata(tuple(records)))

    def start(self, now: Millis) -> list[Outgoing]:
        """Begin; what is to be sent. Raises StorageError."""
        return self._perform(self.controller.start(now), now)

    def handle(self, event: Event, now: Millis) -> list[Outgoing]:
        """One step; what is to be sent, or that the controller has stopped. Raises StorageError."""
        effects = self.controller.step(event, now)
        return self._perform(effects, now) if effects else []

    def move_leader(self, partition: TopicPartition, to: NodeId, now: Millis) -> list[Outgoing]:
        """Elect another member of the in-sync set, as an operator may ask. Raises StorageError."""
        return self._perform(self.controller.move_leader(partition, to, now), now)

    def _perform(self, effects: Sequence[Effect], now: Millis) -> list[Outgoing]:
        outgoing: list[Outgoing] = []
        facts: list[Any] = []
        try:
            for effect in effects:
                if type(effect) in FACTS:
                    facts.append(effect)
                elif type(effect) is SendReply:
                    outgoing.append(effect)
                elif type(effect) is AppendMetadata:
                    self._append(effect, now)
                else:
                    assert type(effect) is Stopped, f"a controller has no {type(effect).__name__}"
                    self._log.close()
                    outgoing.append(effect)
        except OSError as error:
            raise failure(error) from error
        if facts:
            self._record(facts)
        return outgoing

    # ------------------------------------------------------------ the metadata log
    def _append(self, effect: AppendMetadata, now: Millis) -> None:
        values: list[batches.Record] = []
        for record in effect.records:
            self._note(record)
            values.append((None, encode(record, self._topic_id_of(record))))
        batch = batches.parse_header(batches.build(values, timestamp=now))
        self._log.append(batch, effect.base_offset, EPOCH)
        self._log.flush()

    def _recover(self, disk: Disk, report: Report) -> Log:
        directory = str(METADATA)
        disk.make_directory(directory)
        disk.sync_directory("")
        found = Found(METADATA, directory, NO_ID, Offset(0), Offset(0))
        recovered = recover(disk, found, METADATA_LOG, every_batch_synced=True)
        if recovered.cut:
            report(recovered.cut)
        return recovered.log

    def _read(self) -> list[MetadataRecord]:
        """Every record of the log. Raises CorruptLog, OSError."""
        log = self._log
        found: list[MetadataRecord] = []
        while len(found) < log.end_offset:
            data = log.read(len(found), log.end_offset, READ_BYTES)
            for offset, _, _, value in batches.records(data):
                try:
                    found.append(decode(value or b""))
                except Malformed as malformed:
                    raise CorruptLog(log.segments[0].path, 0, f"offset {offset}: {malformed}") from malformed
        return found

    def _note(self, record: MetadataRecord) -> None:
        if isinstance(record, TopicRecord):
            self._topic_ids[record.name] = record.topic_id

    def _topic_id_of(self, record: MetadataRecord) -> bytes:
        if isinstance(record, PartitionRecord | PartitionChangeRecord):
            return self._topic_ids.get(record.partition.topic, NO_ID)
        return NO_ID
