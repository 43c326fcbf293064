"""FetchSnapshot (KIP-630): bytes of a snapshot of the metadata log."""

from impl.wire.message import NO_ID, Buffer, Message
from impl.wire.messages.common import LeaderIdAndEpoch
from impl.wire.messages.quorum import NodeEndpoint


class SnapshotId(Message, frozen=True):
    end_offset: int = -1
    epoch: int = -1


class PartitionSnapshot(Message, frozen=True):
    partition: int = 0
    current_leader_epoch: int = -1
    snapshot_id: SnapshotId = SnapshotId()
    position: int = 0
    replica_directory_id: bytes = NO_ID


class TopicSnapshot(Message, frozen=True):
    name: str = ""
    partitions: tuple[PartitionSnapshot, ...] = ()


class FetchSnapshotRequest(Message, frozen=True):
    cluster_id: str | None = None
    replica_id: int = -1
    max_bytes: int = 2147483647
    topics: tuple[TopicSnapshot, ...] = ()


class FetchedPartitionSnapshot(Message, frozen=True):
    index: int = 0
    error_code: int = 0
    snapshot_id: SnapshotId = SnapshotId()
    current_leader: LeaderIdAndEpoch = LeaderIdAndEpoch()
    size: int = 0
    position: int = 0
    unaligned_records: Buffer = b""


class FetchedTopicSnapshot(Message, frozen=True):
    name: str = ""
    partitions: tuple[FetchedPartitionSnapshot, ...] = ()


class FetchSnapshotResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    topics: tuple[FetchedTopicSnapshot, ...] = ()
    node_endpoints: tuple[NodeEndpoint, ...] = ()
