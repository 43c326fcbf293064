"""OffsetForLeaderEpoch: where the leader's log leaves an epoch (KIP-101, KIP-320)."""

from itertools import groupby

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.messages import EpochEnd, EpochEnds, EpochQuery, OffsetForLeaderEpoch
from impl.core.types import ErrorCode, LeaderEpoch, Offset, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.messages.offset_for_leader_epoch import (
    EpochEndOffset,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition,
    OffsetForLeaderTopic,
    OffsetForLeaderTopicResult,
)

CONSUMER_ID = -1


class OffsetForLeaderEpochHandler(
    CoreHandler[OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderEpoch, EpochEnds]
):
    key = ApiKey.OFFSET_FOR_LEADER_EPOCH
    core_request = OffsetForLeaderEpoch
    sent_version = 4

    def request_to_core(
        self, version: int, message: OffsetForLeaderEpochRequest, names: TopicNames
    ) -> OffsetForLeaderEpoch:
        del version, names
        return OffsetForLeaderEpoch(
            tuple(
                EpochQuery(
                    TopicPartition(topic.topic, part.partition),
                    LeaderEpoch(part.current_leader_epoch),
                    LeaderEpoch(part.leader_epoch),
                )
                for topic in message.topics
                for part in topic.partitions
            )
        )

    def reply_to_wire(
        self, version: int, request: OffsetForLeaderEpoch, reply: EpochEnds, names: TopicNames
    ) -> OffsetForLeaderEpochResponse:
        del version, request, names
        topics = groupby(reply.ends, key=lambda end: end.partition.topic)
        return OffsetForLeaderEpochResponse(
            topics=tuple(
                OffsetForLeaderTopicResult(topic=name, partitions=tuple(_end_to_wire(end) for end in ends))
                for name, ends in topics
            )
        )

    def request_to_wire(self, request: OffsetForLeaderEpoch, names: TopicNames) -> OffsetForLeaderEpochRequest:
        del names
        topics = groupby(request.queries, key=lambda query: query.partition.topic)
        return OffsetForLeaderEpochRequest(
            replica_id=CONSUMER_ID,
            topics=tuple(
                OffsetForLeaderTopic(
                    topic=name,
                    partitions=tuple(
                        OffsetForLeaderPartition(
                            partition=query.partition.index,
                            current_leader_epoch=query.current_leader_epoch,
                            leader_epoch=query.leader_epoch,
                        )
                        for query in queries
                    ),
                )
                for name, queries in topics
            ),
        )

    def reply_to_core(self, message: OffsetForLeaderEpochResponse, names: TopicNames) -> EpochEnds:
        del names
        return EpochEnds(
            tuple(
                EpochEnd(
                    TopicPartition(topic.topic, part.partition),
                    error_of(part.error_code),
                    LeaderEpoch(part.leader_epoch),
                    Offset(part.end_offset),
                )
                for topic in message.topics
                for part in topic.partitions
            )
        )

    def refuse(
        self, version: int, message: OffsetForLeaderEpochRequest, error: ErrorCode
    ) -> OffsetForLeaderEpochResponse:
        del version
        return OffsetForLeaderEpochResponse(
            topics=tuple(
                OffsetForLeaderTopicResult(
                    topic=topic.topic,
                    partitions=tuple(
                        EpochEndOffset(error_code=error, partition=part.partition) for part in topic.partitions
                    ),
                )
                for topic in message.topics
            )
        )


def _end_to_wire(end: EpochEnd) -> EpochEndOffset:
    return EpochEndOffset(
        error_code=end.error,
        partition=end.partition.index,
        leader_epoch=end.leader_epoch,
        end_offset=end.end_offset,
    )
