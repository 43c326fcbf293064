"""What only storage knows of a reply: the bytes of a slice, the offset of a time.

One rule: a damaged log is one partition's error, in Kafka's own code, and a line for people; the broker lives on.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from impl.core.messages import Fetched, FetchedPartition, ListedOffset, ListedOffsets, TimestampLookup
from impl.core.types import ErrorCode, LeaderEpoch, LogSlice, Offset, TopicPartition
from impl.host.stored import HeldRange
from impl.storage.errors import CorruptLog
from impl.storage.log import Log
from impl.wire.framing import ALONE_BYTES_MIN

Logs = Mapping[TopicPartition, Log]
Report = Callable[[str], None]
Lose = Callable[[TopicPartition, OSError], None]
"""What to do when the disk refuses to read a log; raises where no directory is left."""
NO_OFFSET = Offset(-1)
STORED_BYTES_MIN = ALONE_BYTES_MIN
"""Fewer bytes are read and joined with the rest of the answer: one system call instead of two."""


def filled(reply: Fetched, logs: Logs, report: Report, lose: Lose, *, stored: bool) -> Fetched:
    """The reply with every named slice read or, where it is large and `stored` allows it, left where it lies."""
    partitions = [
        _with_bytes(answer, answer.records, logs, report, lose, stored) if type(answer.records) is LogSlice else answer
        for answer in reply.partitions
    ]
    return Fetched(tuple(partitions), reply.error, reply.session_id)


def _with_bytes(
    answer: FetchedPartition, records: LogSlice, logs: Logs, report: Report, lose: Lose, stored: bool
) -> FetchedPartition:
    error = answer.error
    data: bytes | HeldRange = b""
    try:
        log = logs.get(records.partition)
        if log is None:
            error = ErrorCode.KAFKA_STORAGE_ERROR
        elif stored:
            for found in log.slices(records.start, records.limit, records.max_bytes):
                data = HeldRange(found) if found.size >= STORED_BYTES_MIN else found.read()
        else:
            data = log.read(records.start, records.limit, records.max_bytes)
    except CorruptLog as damage:
        report(str(damage))
        error = ErrorCode.KAFKA_STORAGE_ERROR
    except OSError as refused:
        lose(records.partition, refused)
        error = ErrorCode.KAFKA_STORAGE_ERROR
    return replace(answer, error=error, records=data)


def looked_up(reply: ListedOffsets, logs: Logs, report: Report, lose: Lose) -> ListedOffsets:
    """The reply with every time turned into an offset, its timestamp and its leader epoch."""
    return ListedOffsets(
        tuple(
            _found(answer, answer.offset, logs, report, lose) if isinstance(answer.offset, TimestampLookup) else answer
            for answer in reply.offsets
        )
    )


def _found(answer: ListedOffset, lookup: TimestampLookup, logs: Logs, report: Report, lose: Lose) -> ListedOffset:
    refused = ListedOffset(answer.partition, ErrorCode.KAFKA_STORAGE_ERROR, NO_OFFSET, -1, LeaderEpoch(-1))
    log = logs.get(lookup.partition)
    if log is None:
        return refused
    try:
        found = log.offset_for_time(lookup.timestamp, lookup.limit)
    except CorruptLog as damage:
        report(str(damage))
        return refused
    except OSError as error:
        lose(lookup.partition, error)
        return refused
    if found is None:
        return ListedOffset(answer.partition, answer.error, NO_OFFSET, -1, LeaderEpoch(-1))
    return ListedOffset(
        answer.partition, answer.error, Offset(found.offset), found.timestamp, LeaderEpoch(found.leader_epoch)
    )
