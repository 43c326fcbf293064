"""Snapshots of the metadata log as files: `<end offset>-<epoch>.checkpoint`, as Kafka names and frames them (KIP-630).

One rule: a snapshot is there whole or not at all.

A file is a control batch that says when the last record in it was written, the records, and a control batch that says
that nothing is missing.
"""

import re
from collections.abc import Sequence

from impl.core.metadata import MetadataRecord
from impl.core.quorum.batches import MetadataBatch, SnapshotId
from impl.core.types import LeaderEpoch, Offset
from impl.wire import metadata_batches
from impl.wire.metadata_batches import SNAPSHOT_FOOTER, SNAPSHOT_HEADER, MalformedBatch, TopicIdOf

BATCH_RECORDS_MAX = 500
_NAME = re.compile(r"(\d{20})-(\d{10})\.checkpoint")


def name_of(snapshot: SnapshotId) -> str:
    return f"{snapshot.end:020d}-{snapshot.epoch:010d}.checkpoint"


def id_of(name: str) -> SnapshotId | None:
    """The snapshot that a file of this name is; None of other files."""
    match = _NAME.fullmatch(name)
    return None if match is None else SnapshotId(Offset(int(match[1])), LeaderEpoch(int(match[2])))


def encode(snapshot: SnapshotId, timestamp: int, records: Sequence[MetadataRecord], topic_id_of: TopicIdOf) -> bytes:
    """The bytes of a snapshot."""
    offset = 0
    parts = [metadata_batches.snapshot_control(SNAPSHOT_HEADER, timestamp, offset, snapshot.epoch)]
    for first in range(0, len(records), BATCH_RECORDS_MAX):
        some = tuple(records[first : first + BATCH_RECORDS_MAX])
        batch = MetadataBatch(base_offset=Offset(1 + first), epoch=snapshot.epoch, timestamp=timestamp, records=some)
        parts.append(metadata_batches.encode(batch, topic_id_of))
        offset = first + len(some)
    parts.append(metadata_batches.snapshot_control(SNAPSHOT_FOOTER, timestamp, 1 + offset, snapshot.epoch))
    return b"".join(parts)


def decode(data: bytes) -> tuple[MetadataRecord, ...]:
    """The records of a snapshot. Raises MalformedBatch for anything but a whole one."""
    parts = list(metadata_batches.decode_parts(data))
    kinds = [part[0] if isinstance(part, tuple) else None for part in parts]
    if len(kinds) < 2 or kinds[0] != SNAPSHOT_HEADER or kinds[-1] != SNAPSHOT_FOOTER or any(kinds[1:-1]):
        raise MalformedBatch(0, "a snapshot begins with its header and ends with its footer")
    return tuple(record for part in parts if isinstance(part, MetadataBatch) for record in part.records)


def decoded(data: bytes) -> tuple[MetadataRecord, ...] | None:
    """The same of what another node has sent: None where it is no snapshot."""
    try:
        return decode(data)
    except MalformedBatch:
        return None
