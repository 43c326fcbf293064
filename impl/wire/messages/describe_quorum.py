"""DescribeQuorum (KIP-642, KIP-836): who votes, who watches, and how far each has come."""

from impl.wire.message import NO_ID, Message


class PartitionData(Message, frozen=True):
    partition_index: int = 0


class TopicData(Message, frozen=True):
    topic_name: str = ""
    partitions: tuple[PartitionData, ...] = ()


class DescribeQuorumRequest(Message, frozen=True):
    topics: tuple[TopicData, ...] = ()


class ReplicaState(Message, frozen=True):
    replica_id: int = 0
    replica_directory_id: bytes = NO_ID
    log_end_offset: int = -1
    last_fetch_timestamp: int = -1
    last_caught_up_timestamp: int = -1


class DescribedPartition(Message, frozen=True):
    partition_index: int = 0
    error_code: int = 0
    error_message: str | None = None
    leader_id: int = -1
    leader_epoch: int = 0
    high_watermark: int = -1
    current_voters: tuple[ReplicaState, ...] = ()
    observers: tuple[ReplicaState, ...] = ()


class DescribedTopic(Message, frozen=True):
    topic_name: str = ""
    partitions: tuple[DescribedPartition, ...] = ()


class Listener(Message, frozen=True):
    name: str = ""
    host: str = ""
    port: int = 0


class Node(Message, frozen=True):
    node_id: int = 0
    listeners: tuple[Listener, ...] = ()


class DescribeQuorumResponse(Message, frozen=True):
    error_code: int = 0
    error_message: str | None = None
    topics: tuple[DescribedTopic, ...] = ()
    nodes: tuple[Node, ...] = ()
