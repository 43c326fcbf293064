"""ListPartitionReassignments (KIP-455): which replicas are coming and going."""

from impl.wire.message import Message


class ListPartitionReassignmentsTopics(Message, frozen=True):
    name: str = ""
    partition_indexes: tuple[int, ...] = ()


class ListPartitionReassignmentsRequest(Message, frozen=True):
    timeout: int = 60000
    topics: tuple[ListPartitionReassignmentsTopics, ...] | None = ()


class OngoingPartitionReassignment(Message, frozen=True):
    partition_index: int = 0
    replicas: tuple[int, ...] = ()
    adding_replicas: tuple[int, ...] = ()
    removing_replicas: tuple[int, ...] = ()


class OngoingTopicReassignment(Message, frozen=True):
    name: str = ""
    partitions: tuple[OngoingPartitionReassignment, ...] = ()


class ListPartitionReassignmentsResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    error_message: str | None = None
    topics: tuple[OngoingTopicReassignment, ...] = ()
