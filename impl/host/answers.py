"""What only storage knows of a reply: the bytes of a slice, the offset of a time.

One rule: a damaged log is one partition's error, in Kafka's own code, and a line for people; the broker lives on.
"""

from collections.abc import Callable, Mapping

from impl.core.messages import Fetched, FetchedPartition, ListedOffset, ListedOffsets, TimestampLookup
from impl.core.types import ErrorCode, LeaderEpoch, LogSlice, Offset, TopicPartition
from impl.storage.errors import CorruptLog
from impl.storage.log import Log

Logs = Mapping[TopicPartition, Log]
Report = Callable[[str], None]
NO_OFFSET = Offset(-1)


def filled(reply: Fetched, logs: Logs, report: Report) -> Fetched:
    """The reply with every named slice read. Raises OSError."""
    return Fetched(
        tuple(
            [
                _with_bytes(answer, answer.records, logs, report) if type(answer.records) is LogSlice else answer
                for answer in reply.partitions
            ]
        )
    )


def _with_bytes(answer: FetchedPartition, records: LogSlice, logs: Logs, report: Report) -> FetchedPartition:
    error = answer.error
    try:
        data = logs[records.partition].read(records.start, records.limit, records.max_bytes)
    except CorruptLog as damage:
        report(str(damage))
        error, data = ErrorCode.KAFKA_STORAGE_ERROR, b""
    return FetchedPartition(
        partition=answer.partition,
        error=error,
        high_watermark=answer.high_watermark,
        log_start=answer.log_start,
        diverging=answer.diverging,
        records=data,
    )


def looked_up(reply: ListedOffsets, logs: Logs, report: Report) -> ListedOffsets:
    """The reply with every time turned into an offset, its timestamp and its leader epoch. Raises OSError."""
    return ListedOffsets(
        tuple(
            _found(answer, answer.offset, logs, report) if isinstance(answer.offset, TimestampLookup) else answer
            for answer in reply.offsets
        )
    )


def _found(answer: ListedOffset, lookup: TimestampLookup, logs: Logs, report: Report) -> ListedOffset:
    try:
        found = logs[lookup.partition].offset_for_time(lookup.timestamp, lookup.limit)
    except CorruptLog as damage:
        report(str(damage))
        return ListedOffset(answer.partition, ErrorCode.KAFKA_STORAGE_ERROR, NO_OFFSET, -1, LeaderEpoch(-1))
    if found is None:
        return ListedOffset(answer.partition, answer.error, NO_OFFSET, -1, LeaderEpoch(-1))
    return ListedOffset(
        answer.partition, answer.error, Offset(found.offset), found.timestamp, LeaderEpoch(found.leader_epoch)
    )
