"""ListOffsets: the offset at a time, at the start or at the end of a log.

One rule: the core's three special times are the ones it knows. Of Kafka's later two, the earliest local offset is the
earliest (nothing is tiered here), and the latest tiered one finds no record.
"""

from itertools import groupby

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.messages import EARLIEST, ListedOffset, ListedOffsets, ListOffsets, OffsetQuery
from impl.core.types import ErrorCode, LeaderEpoch, Offset, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsPartitionResponse,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopic,
    ListOffsetsTopicResponse,
)

EARLIEST_LOCAL = -4
LATEST_TIERED = -5
NEVER = 2**63 - 1
"""A time at which no record was written."""
ANY_REPLICA = -1

_TIMES = {EARLIEST_LOCAL: EARLIEST, LATEST_TIERED: NEVER}


class ListOffsetsHandler(CoreHandler[ListOffsetsRequest, ListOffsetsResponse, ListOffsets, ListedOffsets]):
    key = ApiKey.LIST_OFFSETS
    core_request = ListOffsets
    sent_version = 9

    def request_to_core(self, version: int, message: ListOffsetsRequest, names: TopicNames) -> ListOffsets:
        del version, names
        return ListOffsets(
            tuple(
                OffsetQuery(
                    TopicPartition(topic.name, part.partition_index),
                    LeaderEpoch(part.current_leader_epoch),
                    _TIMES.get(part.timestamp, part.timestamp),
                )
                for topic in message.topics
                for part in topic.partitions
            )
        )

    def reply_to_wire(
        self, version: int, request: ListOffsets, reply: ListedOffsets, names: TopicNames
    ) -> ListOffsetsResponse:
        del version, request, names
        topics = groupby(reply.offsets, key=lambda listed: listed.partition.topic)
        return ListOffsetsResponse(
            topics=tuple(
                ListOffsetsTopicResponse(name=name, partitions=tuple(_listed_to_wire(listed) for listed in parts))
                for name, parts in topics
            )
        )

    def request_to_wire(self, request: ListOffsets, names: TopicNames) -> ListOffsetsRequest:
        del names
        topics = groupby(request.queries, key=lambda query: query.partition.topic)
        return ListOffsetsRequest(
            replica_id=ANY_REPLICA,
            topics=tuple(
                ListOffsetsTopic(
                    name=name,
                    partitions=tuple(
                        ListOffsetsPartition(
                            partition_index=query.partition.index,
                            current_leader_epoch=query.current_leader_epoch,
                            timestamp=query.timestamp,
                        )
                        for query in queries
                    ),
                )
                for name, queries in topics
            ),
        )

    def reply_to_core(self, message: ListOffsetsResponse, names: TopicNames) -> ListedOffsets:
        del names
        return ListedOffsets(
            tuple(
                ListedOffset(
                    TopicPartition(topic.name, part.partition_index),
                    error_of(part.error_code),
                    Offset(part.offset),
                    part.timestamp,
                    LeaderEpoch(part.leader_epoch),
                )
                for topic in message.topics
                for part in topic.partitions
            )
        )

    def refuse(self, version: int, message: ListOffsetsRequest, error: ErrorCode) -> ListOffsetsResponse:
        del version
        return ListOffsetsResponse(
            topics=tuple(
                ListOffsetsTopicResponse(
                    name=topic.name,
                    partitions=tuple(
                        ListOffsetsPartitionResponse(partition_index=part.partition_index, error_code=error)
                        for part in topic.partitions
                    ),
                )
                for topic in message.topics
            )
        )


def _listed_to_wire(listed: ListedOffset) -> ListOffsetsPartitionResponse:
    """A lookup by time must have been made by the host before its answer comes here."""
    assert isinstance(listed.offset, int), f"the host has not looked up {listed.offset}"
    return ListOffsetsPartitionResponse(
        partition_index=listed.partition.index,
        error_code=listed.error,
        timestamp=listed.timestamp,
        offset=listed.offset,
        leader_epoch=listed.leader_epoch,
    )
