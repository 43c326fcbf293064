"""ListPartitionReassignments: which replicas are coming and going (KIP-455).

One rule: no topics means all that is under way.
"""

from itertools import groupby

from impl.api.handler import CoreHandler
from impl.api.names import TopicNames
from impl.core.admin_messages import ListedReassignments, ListReassignments, OngoingReassignment
from impl.core.types import ErrorCode, NodeId, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
    ListPartitionReassignmentsTopics,
    OngoingPartitionReassignment,
    OngoingTopicReassignment,
)


class ListReassignmentsHandler(
    CoreHandler[
        ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, ListReassignments, ListedReassignments
    ]
):
    key = ApiKey.LIST_PARTITION_REASSIGNMENTS
    core_request = ListReassignments
    sent_version = 0

    def request_to_core(
        self, version: int, message: ListPartitionReassignmentsRequest, names: TopicNames
    ) -> ListReassignments:
        del version, names
        if message.topics is None:
            return ListReassignments(None, message.timeout)
        asked = tuple(
            TopicPartition(topic.name, index) for topic in message.topics for index in topic.partition_indexes
        )
        return ListReassignments(asked, message.timeout)

    def reply_to_wire(
        self, version: int, request: ListReassignments, reply: ListedReassignments, names: TopicNames
    ) -> ListPartitionReassignmentsResponse:
        del version, request, names
        topics = groupby(reply.partitions, key=lambda each: each.partition.topic)
        return ListPartitionReassignmentsResponse(
            topics=tuple(
                OngoingTopicReassignment(
                    name=topic,
                    partitions=tuple(
                        OngoingPartitionReassignment(
                            partition_index=each.partition.index,
                            replicas=each.replicas,
                            adding_replicas=each.adding,
                            removing_replicas=each.removing,
                        )
                        for each in ongoing
                    ),
                )
                for topic, ongoing in topics
            )
        )

    def request_to_wire(self, request: ListReassignments, names: TopicNames) -> ListPartitionReassignmentsRequest:
        del names
        if request.partitions is None:
            return ListPartitionReassignmentsRequest(timeout=request.timeout_ms, topics=None)
        topics = groupby(request.partitions, key=lambda name: name.topic)
        return ListPartitionReassignmentsRequest(
            timeout=request.timeout_ms,
            topics=tuple(
                ListPartitionReassignmentsTopics(name=topic, partition_indexes=tuple(name.index for name in asked))
                for topic, asked in topics
            ),
        )

    def reply_to_core(self, message: ListPartitionReassignmentsResponse, names: TopicNames) -> ListedReassignments:
        del names
        return ListedReassignments(
            tuple(
                OngoingReassignment(
                    TopicPartition(topic.name, part.partition_index),
                    tuple(map(NodeId, part.replicas)),
                    tuple(map(NodeId, part.adding_replicas)),
                    tuple(map(NodeId, part.removing_replicas)),
                )
                for topic in message.topics
                for part in topic.partitions
            )
        )

    def refuse(
        self, version: int, message: ListPartitionReassignmentsRequest, error: ErrorCode
    ) -> ListPartitionReassignmentsResponse:
        del version, message
        return ListPartitionReassignmentsResponse(error_code=error)
