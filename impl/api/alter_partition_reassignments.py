"""AlterPartitionReassignments: from clients to any broker, and from that broker to the controller (KIP-455).

One rule: replicas that are null give up what is under way; an empty list is an assignment, and a wrong one.
"""

from itertools import groupby

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.admin_messages import AlteredReassignments, AlterReassignments, PartitionOutcome, Reassignment
from impl.core.types import ErrorCode, NodeId, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
    ReassignablePartition,
    ReassignablePartitionResponse,
    ReassignableTopic,
    ReassignableTopicResponse,
)


class AlterReassignmentsHandler(
    CoreHandler[
        AlterPartitionReassignmentsRequest,
        AlterPartitionReassignmentsResponse,
        AlterReassignments,
        AlteredReassignments,
    ]
):
    key = ApiKey.ALTER_PARTITION_REASSIGNMENTS
    core_request = AlterReassignments
    sent_version = 1

    def request_to_core(
        self, version: int, message: AlterPartitionReassignmentsRequest, names: TopicNames
    ) -> AlterReassignments:
        del version, names
        return AlterReassignments(
            tuple(
                Reassignment(
                    TopicPartition(topic.name, part.partition_index),
                    None if part.replicas is None else tuple(map(NodeId, part.replicas)),
                )
                for topic in message.topics
                for part in topic.partitions
            ),
            message.timeout,
            message.allow_replication_factor_change,
        )

    def reply_to_wire(
        self, version: int, request: AlterReassignments, reply: AlteredReassignments, names: TopicNames
    ) -> AlterPartitionReassignmentsResponse:
        del version, names
        topics = groupby(reply.partitions, key=lambda each: each.partition.topic)
        return AlterPartitionReassignmentsResponse(
            allow_replication_factor_change=request.factor_may_change,
            responses=tuple(
                ReassignableTopicResponse(
                    name=topic,
                    partitions=tuple(
                        ReassignablePartitionResponse(
                            partition_index=each.partition.index, error_code=each.error, error_message=each.message
                        )
                        for each in outcomes
                    ),
                )
                for topic, outcomes in topics
            ),
        )

    def request_to_wire(self, request: AlterReassignments, names: TopicNames) -> AlterPartitionReassignmentsRequest:
        del names
        topics = groupby(request.partitions, key=lambda each: each.partition.topic)
        return AlterPartitionReassignmentsRequest(
            timeout=request.timeout_ms,
            allow_replication_factor_change=request.factor_may_change,
            topics=tuple(
                ReassignableTopic(
                    name=topic,
                    partitions=tuple(
                        ReassignablePartition(partition_index=each.partition.index, replicas=each.replicas)
                        for each in wanted
                    ),
                )
                for topic, wanted in topics
            ),
        )

    def reply_to_core(self, message: AlterPartitionReassignmentsResponse, names: TopicNames) -> AlteredReassignments:
        del names
        return AlteredReassignments(
            tuple(
                PartitionOutcome(
                    TopicPartition(topic.name, part.partition_index), error_of(part.error_code), part.error_message
                )
                for topic in message.responses
                for part in topic.partitions
            )
        )

    def refuse(
        self, version: int, message: AlterPartitionReassignmentsRequest, error: ErrorCode
    ) -> AlterPartitionReassignmentsResponse:
        del version, message
        return AlterPartitionReassignmentsResponse(error_code=error)
