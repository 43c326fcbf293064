"""DescribeTopicPartitions (KIP-966): topics page by page, with eligible leader replicas."""

from impl.wire.message import NO_ID, Message


class TopicRequest(Message, frozen=True):
    name: str = ""


class Cursor(Message, frozen=True):
    topic_name: str = ""
    partition_index: int = 0


class DescribeTopicPartitionsRequest(Message, frozen=True):
    topics: tuple[TopicRequest, ...] = ()
    response_partition_limit: int = 2000
    cursor: Cursor | None = None


class DescribeTopicPartitionsResponsePartition(Message, frozen=True):
    error_code: int = 0
    partition_index: int = 0
    leader_id: int = 0
    leader_epoch: int = -1
    replica_nodes: tuple[int, ...] = ()
    isr_nodes: tuple[int, ...] = ()
    eligible_leader_replicas: tuple[int, ...] | None = None
    last_known_elr: tuple[int, ...] | None = None
    offline_replicas: tuple[int, ...] = ()


class DescribeTopicPartitionsResponseTopic(Message, frozen=True):
    error_code: int = 0
    name: str | None = None
    topic_id: bytes = NO_ID
    is_internal: bool = False
    partitions: tuple[DescribeTopicPartitionsResponsePartition, ...] = ()
    topic_authorized_operations: int = -2147483648


class DescribeTopicPartitionsResponse(Message, frozen=True):
    throttle_time: int = 0
    topics: tuple[DescribeTopicPartitionsResponseTopic, ...] = ()
    next_cursor: Cursor | None = None
