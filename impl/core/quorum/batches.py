"""The values of the metadata log: batches, snapshots, and what a voter keeps of the elections.

One rule: a batch is written by one leader, once, and is copied whole: every log that has it has the same one.
"""

from typing import NamedTuple

from impl.core.metadata import MetadataRecord
from impl.core.types import LeaderEpoch, NodeId, Offset, Value


class MetadataBatch(Value, frozen=True, gc=False, kw_only=True):
    """Records that are committed together. `timestamp` is its leader's clock, in milliseconds."""

    base_offset: Offset
    epoch: LeaderEpoch
    timestamp: int
    records: tuple[MetadataRecord, ...]

    @property
    def end(self) -> Offset:
        return Offset(self.base_offset + len(self.records))


class SnapshotId(NamedTuple):
    """The log below `end` in its outcome; `epoch` is that of its last record (KIP-630)."""

    end: Offset
    epoch: LeaderEpoch


class ElectionState(Value, frozen=True, gc=False):
    """What a voter must remember of an epoch, whatever happens to it; Kafka's `quorum-state` file."""

    epoch: LeaderEpoch
    leader: NodeId
    """-1: not known."""
    voted: NodeId
    """Whom it has given its vote in this epoch; -1: nobody."""
