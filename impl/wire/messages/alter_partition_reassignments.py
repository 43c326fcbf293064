"""AlterPartitionReassignments (KIP-455): other replicas for a partition."""

from impl.wire.message import Message


class ReassignablePartition(Message, frozen=True):
    partition_index: int = 0
    replicas: tuple[int, ...] | None = None


class ReassignableTopic(Message, frozen=True):
    name: str = ""
    partitions: tuple[ReassignablePartition, ...] = ()


class AlterPartitionReassignmentsRequest(Message, frozen=True):
    timeout: int = 60000
    topics: tuple[ReassignableTopic, ...] = ()
    allow_replication_factor_change: bool = True


class ReassignablePartitionResponse(Message, frozen=True):
    partition_index: int = 0
    error_code: int = 0
    error_message: str | None = None


class ReassignableTopicResponse(Message, frozen=True):
    name: str = ""
    partitions: tuple[ReassignablePartitionResponse, ...] = ()


class AlterPartitionReassignmentsResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    error_message: str | None = None
    responses: tuple[ReassignableTopicResponse, ...] = ()
    allow_replication_factor_change: bool = True
