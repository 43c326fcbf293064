"""AssignReplicasToDirs (KIP-858): a broker says in which directory its replicas lie."""

from impl.wire.message import NO_ID, Message


class PartitionData(Message, frozen=True):
    partition_index: int = 0


class TopicData(Message, frozen=True):
    topic_id: bytes = NO_ID
    partitions: tuple[PartitionData, ...] = ()


class DirectoryData(Message, frozen=True):
    id_: bytes = NO_ID
    topics: tuple[TopicData, ...] = ()


class AssignReplicasToDirsRequest(Message, frozen=True):
    broker_id: int = 0
    broker_epoch: int = -1
    directories: tuple[DirectoryData, ...] = ()


class PartitionResult(Message, frozen=True):
    partition_index: int = 0
    error_code: int = 0


class TopicResult(Message, frozen=True):
    topic_id: bytes = NO_ID
    partitions: tuple[PartitionResult, ...] = ()


class DirectoryResult(Message, frozen=True):
    id_: bytes = NO_ID
    topics: tuple[TopicResult, ...] = ()


class AssignReplicasToDirsResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    directories: tuple[DirectoryResult, ...] = ()
