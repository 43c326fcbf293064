"""DeleteRecords (KIP-107): drop what comes before an offset."""

from impl.wire.message import Message


class DeleteRecordsPartition(Message, frozen=True):
    partition_index: int = 0
    offset: int = 0


class DeleteRecordsTopic(Message, frozen=True):
    name: str = ""
    partitions: tuple[DeleteRecordsPartition, ...] = ()


class DeleteRecordsRequest(Message, frozen=True):
    topics: tuple[DeleteRecordsTopic, ...] = ()
    timeout: int = 0


class DeleteRecordsPartitionResult(Message, frozen=True):
    partition_index: int = 0
    low_watermark: int = 0
    error_code: int = 0


class DeleteRecordsTopicResult(Message, frozen=True):
    name: str = ""
    partitions: tuple[DeleteRecordsPartitionResult, ...] = ()


class DeleteRecordsResponse(Message, frozen=True):
    throttle_time: int = 0
    topics: tuple[DeleteRecordsTopicResult, ...] = ()
