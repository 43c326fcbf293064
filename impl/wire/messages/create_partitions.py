"""CreatePartitions (KIP-195): more partitions for a topic."""

from impl.wire.message import Message


class CreatePartitionsAssignment(Message, frozen=True):
    broker_ids: tuple[int, ...] = ()


class CreatePartitionsTopic(Message, frozen=True):
    name: str = ""
    count: int = 0
    assignments: tuple[CreatePartitionsAssignment, ...] | None = ()


class CreatePartitionsRequest(Message, frozen=True):
    topics: tuple[CreatePartitionsTopic, ...] = ()
    timeout: int = 0
    validate_only: bool = False


class CreatePartitionsTopicResult(Message, frozen=True):
    name: str = ""
    error_code: int = 0
    error_message: str | None = None


class CreatePartitionsResponse(Message, frozen=True):
    throttle_time: int = 0
    results: tuple[CreatePartitionsTopicResult, ...] = ()
