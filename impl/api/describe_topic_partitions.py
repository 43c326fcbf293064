"""DescribeTopicPartitions: topics page by page, with their eligible leader replicas (KIP-966).

One rule: the sets that Metadata has no field for are told here, empty ones too.
"""

from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.metadata import INTERNAL
from impl.api.names import TopicNames
from impl.core.admin_messages import DescribeTopicPartitions
from impl.core.messages import DescribedPartition, DescribedTopic, DescribedTopicPartitions
from impl.core.types import ErrorCode, LeaderEpoch, NodeId, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.messages.describe_topic_partitions import (
    Cursor,
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
    TopicRequest,
)


class DescribeTopicPartitionsHandler(
    CoreHandler[
        DescribeTopicPartitionsRequest,
        DescribeTopicPartitionsResponse,
        DescribeTopicPartitions,
        DescribedTopicPartitions,
    ]
):
    key = ApiKey.DESCRIBE_TOPIC_PARTITIONS
    core_request = DescribeTopicPartitions
    sent_version = 0

    def request_to_core(
        self, version: int, message: DescribeTopicPartitionsRequest, names: TopicNames
    ) -> DescribeTopicPartitions | Immediate:
        del names
        cursor = message.cursor
        if cursor is not None and cursor.partition_index < 0:
            return Immediate(self.refuse(version, message, ErrorCode.INVALID_REQUEST))
        return DescribeTopicPartitions(
            tuple(topic.name for topic in message.topics),
            message.response_partition_limit,
            None if cursor is None else TopicPartition(cursor.topic_name, cursor.partition_index),
        )

    def reply_to_wire(
        self, version: int, request: DescribeTopicPartitions, reply: DescribedTopicPartitions, names: TopicNames
    ) -> DescribeTopicPartitionsResponse:
        del version, request, names
        return DescribeTopicPartitionsResponse(
            topics=tuple(map(_topic_to_wire, reply.topics)), next_cursor=_cursor_to_wire(reply.cursor)
        )

    def request_to_wire(self, request: DescribeTopicPartitions, names: TopicNames) -> DescribeTopicPartitionsRequest:
        del names
        return DescribeTopicPartitionsRequest(
            topics=tuple(TopicRequest(name=name) for name in request.topics),
            response_partition_limit=request.partitions_max,
            cursor=_cursor_to_wire(request.cursor),
        )

    def reply_to_core(self, message: DescribeTopicPartitionsResponse, names: TopicNames) -> DescribedTopicPartitions:
        del names
        cursor = message.next_cursor
        return DescribedTopicPartitions(
            tuple(
                DescribedTopic(
                    topic.name or "",
                    topic.topic_id,
                    error_of(topic.error_code),
                    tuple(map(_part_to_core, topic.partitions)),
                )
                for topic in message.topics
            ),
            None if cursor is None else TopicPartition(cursor.topic_name, cursor.partition_index),
        )

    def refuse(
        self, version: int, message: DescribeTopicPartitionsRequest, error: ErrorCode
    ) -> DescribeTopicPartitionsResponse:
        del version
        return DescribeTopicPartitionsResponse(
            topics=tuple(
                DescribeTopicPartitionsResponseTopic(name=topic.name, error_code=error) for topic in message.topics
            )
        )


def _cursor_to_wire(cursor: TopicPartition | None) -> Cursor | None:
    return None if cursor is None else Cursor(topic_name=cursor.topic, partition_index=cursor.index)


def _topic_to_wire(topic: DescribedTopic) -> DescribeTopicPartitionsResponseTopic:
    return DescribeTopicPartitionsResponseTopic(
        error_code=topic.error,
        name=topic.name,
        topic_id=topic.topic_id,
        is_internal=topic.name.startswith(INTERNAL),
        partitions=tuple(
            DescribeTopicPartitionsResponsePartition(
                error_code=part.error,
                partition_index=part.index,
                leader_id=part.leader,
                leader_epoch=part.leader_epoch,
                replica_nodes=part.replicas,
                isr_nodes=part.isr,
                eligible_leader_replicas=part.elr,
                last_known_elr=part.last_known_elr,
                offline_replicas=part.offline,
            )
            for part in topic.partitions
        ),
    )


def _part_to_core(part: DescribeTopicPartitionsResponsePartition) -> DescribedPartition:
    return DescribedPartition(
        index=part.partition_index,
        error=error_of(part.error_code),
        leader=NodeId(part.leader_id),
        leader_epoch=LeaderEpoch(part.leader_epoch),
        replicas=tuple(map(NodeId, part.replica_nodes)),
        isr=tuple(map(NodeId, part.isr_nodes)),
        offline=tuple(map(NodeId, part.offline_replicas)),
        elr=tuple(map(NodeId, part.eligible_leader_replicas or ())),
        last_known_elr=tuple(map(NodeId, part.last_known_elr or ())),
    )
