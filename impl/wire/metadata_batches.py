"""Batches of the metadata log as bytes: on the disk, in a Fetch of `__cluster_metadata-0`, in a snapshot.

One rule: the same batch is the same bytes on every voter. What the bytes depend on beside the batch, the ids of topics,
follows from the log before it.

What a leader of the quorum says of itself stands in a control batch of its own, as in Kafka: the key names the kind of
control record, the value is Kafka's message (KIP-595, KIP-630).
"""

from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from typing import Any

from kio.schema.leader_change_message.v0 import data as leader_change_schema
from kio.schema.snapshot_footer_record.v0 import data as footer_schema
from kio.schema.snapshot_header_record.v0 import data as header_schema

from impl.core.metadata import LeaderChangeRecord, MetadataRecord
from impl.core.quorum.batches import MetadataBatch
from impl.core.types import Batch, LeaderEpoch, NodeId, Offset
from impl.wire import metadata_records
from impl.wire.batches import CONTROL, BatchError, build, is_control, records_of, split, stamp
from impl.wire.codec import codec_for
from impl.wire.errors import Malformed, WireError
from impl.wire.message import NO_ID, Buffer, Message

LEADER_CHANGE, SNAPSHOT_HEADER, SNAPSHOT_FOOTER = 2, 3, 4
"""Kafka's ControlRecordType."""
_KEY = Struct(">hh")
"""Version and type."""
TopicIdOf = Callable[[MetadataRecord], bytes]


class Voter(Message, frozen=True):
    voter_id: int = 0


class LeaderChangeMessage(Message, frozen=True):
    version: int = 0
    leader_id: int = -1
    voters: tuple[Voter, ...] = ()
    granting_voters: tuple[Voter, ...] = ()


class SnapshotHeaderRecord(Message, frozen=True):
    version: int = 0
    last_contained_log_timestamp: int = 0


class SnapshotFooterRecord(Message, frozen=True):
    version: int = 0


_LEADER_CHANGE = codec_for(LeaderChangeMessage, leader_change_schema.LeaderChangeMessage)
_HEADER = codec_for(SnapshotHeaderRecord, header_schema.SnapshotHeaderRecord)
_FOOTER = codec_for(SnapshotFooterRecord, footer_schema.SnapshotFooterRecord)


class MalformedBatch(Exception):
    """Bytes that are no batch of the metadata log: the offset at which they stand, and what is wrong."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"offset {offset}: {reason}")


def no_topic_id(_record: MetadataRecord) -> bytes:
    """For readers that go by names, as ours do."""
    return NO_ID


# ---------------------------------------------------------------- out
def encode(batch: MetadataBatch, topic_id_of: TopicIdOf = no_topic_id) -> bytes:
    """The bytes of one batch."""
    first = batch.records[0]
    if isinstance(first, LeaderChangeRecord):
        data = _control(LEADER_CHANGE, _LEADER_CHANGE.write(_leader_change(first)), batch.timestamp)
    else:
        values = [(None, metadata_records.encode(record, topic_id_of(record))) for record in batch.records]
        data = build(values, timestamp=batch.timestamp)
    return b"".join(stamp(data, batch.base_offset, batch.epoch))


def snapshot_control(kind: int, timestamp: int, offset: int, epoch: int) -> bytes:
    """The first or last batch of a snapshot (SNAPSHOT_HEADER, SNAPSHOT_FOOTER)."""
    if kind == SNAPSHOT_HEADER:
        value = _HEADER.write(SnapshotHeaderRecord(last_contained_log_timestamp=timestamp))
    else:
        value = _FOOTER.write(SnapshotFooterRecord())
    return b"".join(stamp(_control(kind, value, timestamp), offset, epoch))


def _control(kind: int, value: list[Any], timestamp: int) -> bytes:
    return build([(_KEY.pack(0, kind), b"".join(value))], timestamp=timestamp, attributes=CONTROL)


def _leader_change(record: LeaderChangeRecord) -> LeaderChangeMessage:
    return LeaderChangeMessage(
        leader_id=record.leader,
        voters=tuple(Voter(voter_id=node) for node in record.voters),
        granting_voters=tuple(Voter(voter_id=node) for node in record.granting),
    )


# ---------------------------------------------------------------- in
def decode(data: Buffer) -> tuple[MetadataBatch, ...]:
    """Every batch in `data`, checked. Raises MalformedBatch."""
    return tuple(each for each in decode_parts(data) if isinstance(each, MetadataBatch))


def decode_parts(data: Buffer) -> Iterator[MetadataBatch | tuple[int, Batch]]:
    """The same, with the control batches of a snapshot as their kind and header."""
    try:
        whole = split(data)
    except BatchError as error:
        raise MalformedBatch(error.offset, error.reason) from error
    for batch in whole:
        try:
            yield _decoded(batch)
        except (BatchError, WireError) as error:
            raise MalformedBatch(batch.base_offset, str(error)) from error


def _decoded(batch: Batch) -> MetadataBatch | tuple[int, Batch]:
    found = list(records_of(batch))
    if not is_control(batch):
        return _batch(batch, found[0][1], (metadata_records.decode(value or b"") for _, _, _, value in found))
    _, timestamp, key, value = found[0]
    kind = _KEY.unpack(key)[1] if key is not None and len(key) == _KEY.size else -1
    if kind in (SNAPSHOT_HEADER, SNAPSHOT_FOOTER):
        return kind, batch
    if kind != LEADER_CHANGE or len(found) != 1:
        raise Malformed("metadata batch", "control record", f"of type {kind}: not among those we write")
    message = _LEADER_CHANGE.read(value or b"")
    return _batch(batch, timestamp, [_from_message(message)])


def _from_message(message: LeaderChangeMessage) -> LeaderChangeRecord:
    return LeaderChangeRecord(
        leader=NodeId(message.leader_id),
        voters=tuple(NodeId(voter.voter_id) for voter in message.voters),
        granting=tuple(NodeId(voter.voter_id) for voter in message.granting_voters),
    )


def _batch(batch: Batch, timestamp: int, records: Iterable[MetadataRecord]) -> MetadataBatch:
    return MetadataBatch(
        base_offset=Offset(batch.base_offset),
        epoch=LeaderEpoch(batch.leader_epoch),
        timestamp=timestamp,
        records=tuple(records),
    )
