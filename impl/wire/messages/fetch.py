"""Fetch (KIP-74, KIP-320, KIP-595): records to read, by consumers and by followers."""

from impl.wire.message import NO_ID, Buffer, Message
from impl.wire.messages.common import LeaderIdAndEpoch, NodeEndpoint


class ReplicaState(Message, frozen=True):
    replica_id: int = -1
    replica_epoch: int = -1


class FetchPartition(Message, frozen=True):
    partition: int = 0
    current_leader_epoch: int = -1
    fetch_offset: int = 0
    last_fetched_epoch: int = -1
    log_start_offset: int = -1
    partition_max_bytes: int = 0


class FetchTopic(Message, frozen=True):
    topic: str = ""
    topic_id: bytes = NO_ID
    partitions: tuple[FetchPartition, ...] = ()


class ForgottenTopic(Message, frozen=True):
    topic: str = ""
    topic_id: bytes = NO_ID
    partitions: tuple[int, ...] = ()


class FetchRequest(Message, frozen=True):
    cluster_id: str | None = None
    replica_id: int = -1
    replica_state: ReplicaState = ReplicaState()
    max_wait: int = 0
    min_bytes: int = 0
    max_bytes: int = 2147483647
    isolation_level: int = 0
    session_id: int = 0
    session_epoch: int = -1
    topics: tuple[FetchTopic, ...] = ()
    forgotten_topics_data: tuple[ForgottenTopic, ...] = ()
    rack_id: str = ""


class EpochEndOffset(Message, frozen=True):
    epoch: int = -1
    end_offset: int = -1


class SnapshotId(Message, frozen=True):
    end_offset: int = -1
    epoch: int = -1


class AbortedTransaction(Message, frozen=True):
    producer_id: int = 0
    first_offset: int = 0


class PartitionData(Message, frozen=True):
    partition_index: int = 0
    error_code: int = 0
    high_watermark: int = 0
    last_stable_offset: int = -1
    log_start_offset: int = -1
    diverging_epoch: EpochEndOffset = EpochEndOffset()
    current_leader: LeaderIdAndEpoch = LeaderIdAndEpoch()
    snapshot_id: SnapshotId = SnapshotId()
    aborted_transactions: tuple[AbortedTransaction, ...] | None = None
    preferred_read_replica: int = -1
    records: Buffer | None = None


class FetchableTopicResponse(Message, frozen=True):
    topic: str = ""
    topic_id: bytes = NO_ID
    partitions: tuple[PartitionData, ...] = ()


class FetchResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    session_id: int = 0
    responses: tuple[FetchableTopicResponse, ...] = ()
    node_endpoints: tuple[NodeEndpoint, ...] = ()
