"""Fetch: records for consumers and followers, and the probe of a follower that has just learnt of a leader.

One rule: records pass through here untouched on the way out, and are cut into batches on the way in.
"""

from itertools import groupby
from typing import cast

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames, error_for, id_for, name_for
from impl.core.messages import Fetch, Fetched, FetchedPartition, FetchPartition
from impl.core.types import Batch, BrokerEpoch, ErrorCode, LeaderEpoch, LogSlice, NodeId, Offset, Stored, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.batches import CorruptBatch, split
from impl.wire.message import Buffer
from impl.wire.messages import fetch as wire
from impl.wire.messages.fetch import FetchRequest, FetchResponse

RACK_FROM = 11
TOPIC_IDS_FROM = 13
REPLICA_STATE_FROM = 15
NOT_DIVERGING = wire.EpochEndOffset()


class FetchHandler(CoreHandler[FetchRequest, FetchResponse, Fetch, Fetched]):
    key = ApiKey.FETCH
    core_request = Fetch
    sent_version = 16

    def request_to_core(self, version: int, message: FetchRequest, names: TopicNames) -> Fetch:
        by_id = version >= TOPIC_IDS_FROM
        partitions: list[FetchPartition] = []
        forgotten: list[TopicPartition] = []
        replica = message.replica_state.replica_id if version >= REPLICA_STATE_FROM else message.replica_id
        rack = message.rack_id if version >= RACK_FROM and replica < 0 else None
        for topic in message.topics:
            name = name_for(topic.topic_id, names) if by_id else topic.topic
            partitions += [_part_to_core(name, part, rack) for part in topic.partitions]
        for gone in message.forgotten_topics_data:
            name = name_for(gone.topic_id, names) if by_id else gone.topic
            forgotten += [TopicPartition(name, index) for index in gone.partitions]
        return Fetch(
            replica_id=NodeId(replica),
            replica_epoch=BrokerEpoch(message.replica_state.replica_epoch),
            max_wait_ms=message.max_wait,
            min_bytes=message.min_bytes,
            max_bytes=message.max_bytes,
            partitions=tuple(partitions),
            session_id=message.session_id,
            session_epoch=message.session_epoch,
            forgotten=tuple(forgotten),
        )

    def reply_to_wire(self, version: int, request: Fetch, reply: Fetched, names: TopicNames) -> FetchResponse:
        del version, request
        topics = groupby(reply.partitions, key=lambda part: part.partition.topic)
        return FetchResponse(
            error_code=reply.error,
            session_id=reply.session_id,
            responses=tuple(
                wire.FetchableTopicResponse(
                    topic=name,
                    topic_id=id_for(name, names),
                    partitions=tuple(_part_to_wire(part) for part in parts),
                )
                for name, parts in topics
            ),
        )

    def request_to_wire(self, request: Fetch, names: TopicNames) -> FetchRequest:
        topics = groupby(request.partitions, key=lambda part: part.partition.topic)
        return FetchRequest(
            replica_id=request.replica_id,
            replica_state=wire.ReplicaState(replica_id=request.replica_id, replica_epoch=request.replica_epoch),
            max_wait=request.max_wait_ms,
            min_bytes=request.min_bytes,
            max_bytes=request.max_bytes,
            topics=tuple(
                wire.FetchTopic(
                    topic=name,
                    topic_id=id_for(name, names),
                    partitions=tuple(_asked_to_wire(part) for part in parts),
                )
                for name, parts in topics
            ),
            session_id=request.session_id,
            session_epoch=request.session_epoch,
            rack_id=next((part.rack for part in request.partitions if part.rack is not None), ""),
            forgotten_topics_data=tuple(
                wire.ForgottenTopic(
                    topic=name, topic_id=id_for(name, names), partitions=tuple(part.index for part in parts)
                )
                for name, parts in groupby(request.forgotten, key=lambda part: part.topic)
            ),
        )

    def reply_to_core(self, message: FetchResponse, names: TopicNames) -> Fetched:
        return Fetched(
            tuple(
                _answer_to_core(topic.topic or name_for(topic.topic_id, names), part)
                for topic in message.responses
                for part in topic.partitions
            ),
            error=error_of(message.error_code),
            session_id=message.session_id,
        )

    def refuse(self, version: int, message: FetchRequest, error: ErrorCode) -> FetchResponse:
        del version
        return refusal(message, error)


def refusal(message: FetchRequest, error: ErrorCode) -> FetchResponse:
    """The answer that refuses everything asked for."""
    return FetchResponse(
        error_code=error,
        responses=tuple(
            wire.FetchableTopicResponse(
                topic=topic.topic,
                topic_id=topic.topic_id,
                partitions=tuple(_refused(part.partition, error) for part in topic.partitions),
            )
            for topic in message.topics
        ),
    )


def _refused(index: int, error: ErrorCode) -> wire.PartitionData:
    return wire.PartitionData(partition_index=index, error_code=error, high_watermark=-1, records=b"")


def _part_to_core(name: str, part: wire.FetchPartition, rack: str | None) -> FetchPartition:
    return FetchPartition(
        partition=TopicPartition(name, part.partition),
        current_leader_epoch=LeaderEpoch(part.current_leader_epoch),
        fetch_offset=Offset(part.fetch_offset),
        last_fetched_epoch=LeaderEpoch(part.last_fetched_epoch),
        max_bytes=part.partition_max_bytes,
        # A fetch for no bytes is a follower's question about the leader's log.
        rack=rack if part.partition_max_bytes > 0 else None,
        log_start=Offset(part.log_start_offset),
    )


def _asked_to_wire(part: FetchPartition) -> wire.FetchPartition:
    return wire.FetchPartition(
        partition=part.partition.index,
        current_leader_epoch=part.current_leader_epoch,
        fetch_offset=part.fetch_offset,
        last_fetched_epoch=part.last_fetched_epoch,
        log_start_offset=part.log_start,
        partition_max_bytes=part.max_bytes,
    )


def _part_to_wire(part: FetchedPartition) -> wire.PartitionData:
    """Without transactions the last stable offset is the high watermark."""
    diverging = NOT_DIVERGING
    if part.diverging is not None:
        diverging = wire.EpochEndOffset(epoch=part.diverging[0], end_offset=part.diverging[1])
    return wire.PartitionData(
        partition_index=part.partition.index,
        error_code=error_for(part.partition.topic, part.error),
        high_watermark=part.high_watermark,
        last_stable_offset=part.high_watermark,
        log_start_offset=part.log_start,
        diverging_epoch=diverging,
        preferred_read_replica=part.preferred_replica,
        records=_bytes_of(part.records),
    )


def _bytes_of(records: LogSlice | Buffer | Stored | tuple[Batch, ...]) -> Buffer:
    """What goes out. A slice of the log must have been looked up by the host before its answer comes here."""
    assert not isinstance(records, LogSlice), f"the host has not read {records}"
    if isinstance(records, tuple):
        return b"".join(batch.data for batch in records if isinstance(batch.data, Buffer))
    # A writer asks of records for their length only, and passes them on: `Stored` will do.
    return cast(Buffer, records)


def _answer_to_core(name: str, part: wire.PartitionData) -> FetchedPartition:
    error = error_of(part.error_code)
    batches: tuple[Batch, ...] = ()
    if part.records:
        try:
            batches = split(part.records)
        except CorruptBatch:
            error = ErrorCode.CORRUPT_MESSAGE
    diverging = part.diverging_epoch
    return FetchedPartition(
        partition=TopicPartition(name, part.partition_index),
        error=error,
        high_watermark=Offset(part.high_watermark),
        log_start=Offset(part.log_start_offset),
        diverging=(LeaderEpoch(diverging.epoch), Offset(diverging.end_offset)) if diverging.end_offset >= 0 else None,
        preferred_replica=NodeId(part.preferred_read_replica),
        records=batches,
    )
