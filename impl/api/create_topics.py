"""CreateTopics: from clients to any broker, and from that broker to the controller.

One rule: an assignment that does not name partitions 0, 1, 2, ... once each reaches the core as one without replicas,
which the controller refuses as INVALID_REPLICA_ASSIGNMENT; so an index from the wire never sizes anything.
"""

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.messages import CreatedTopic, CreatedTopics, CreateTopics, NewTopic
from impl.core.types import ErrorCode, NodeId
from impl.wire.apis import ApiKey
from impl.wire.messages.create_topics import (
    CreatableReplicaAssignment,
    CreatableTopic,
    CreatableTopicConfig,
    CreatableTopicResult,
    CreateTopicsRequest,
    CreateTopicsResponse,
)

NO_REPLICAS: tuple[tuple[NodeId, ...], ...] = ((),)


class CreateTopicsHandler(CoreHandler[CreateTopicsRequest, CreateTopicsResponse, CreateTopics, CreatedTopics]):
    key = ApiKey.CREATE_TOPICS
    core_request = CreateTopics
    sent_version = 7

    def request_to_core(self, version: int, message: CreateTopicsRequest, names: TopicNames) -> CreateTopics:
        del version, names
        return CreateTopics(
            tuple(
                NewTopic(
                    name=topic.name,
                    partition_count=topic.num_partitions,
                    replication_factor=topic.replication_factor,
                    assignments=_assignments(topic.assignments),
                    configs=tuple((config.name, config.value) for config in topic.configs),
                )
                for topic in message.topics
            ),
            message.timeout,
            message.validate_only,
        )

    def reply_to_wire(
        self, version: int, request: CreateTopics, reply: CreatedTopics, names: TopicNames
    ) -> CreateTopicsResponse:
        del version, request, names
        return CreateTopicsResponse(
            topics=tuple(
                CreatableTopicResult(
                    name=topic.name,
                    topic_id=topic.topic_id,
                    error_code=topic.error,
                    error_message=topic.message,
                    num_partitions=topic.partition_count,
                    replication_factor=topic.replication_factor,
                    configs=(),
                )
                for topic in reply.topics
            )
        )

    def request_to_wire(self, request: CreateTopics, names: TopicNames) -> CreateTopicsRequest:
        del names
        return CreateTopicsRequest(
            topics=tuple(
                CreatableTopic(
                    name=topic.name,
                    num_partitions=topic.partition_count,
                    replication_factor=topic.replication_factor,
                    assignments=tuple(
                        CreatableReplicaAssignment(partition_index=index, broker_ids=replicas)
                        for index, replicas in enumerate(topic.assignments)
                    ),
                    configs=tuple(CreatableTopicConfig(name=name, value=value) for name, value in topic.configs),
                )
                for topic in request.topics
            ),
            timeout=request.timeout_ms,
            validate_only=request.validate_only,
        )

    def reply_to_core(self, message: CreateTopicsResponse, names: TopicNames) -> CreatedTopics:
        del names
        return CreatedTopics(
            tuple(
                CreatedTopic(
                    topic.name,
                    topic.topic_id,
                    error_of(topic.error_code),
                    topic.error_message,
                    topic.num_partitions,
                    topic.replication_factor,
                )
                for topic in message.topics
            )
        )

    def refuse(self, version: int, message: CreateTopicsRequest, error: ErrorCode) -> CreateTopicsResponse:
        del version
        return CreateTopicsResponse(
            topics=tuple(
                CreatableTopicResult(name=topic.name, error_code=error, configs=()) for topic in message.topics
            )
        )


def _assignments(assignments: tuple[CreatableReplicaAssignment, ...]) -> tuple[tuple[NodeId, ...], ...]:
    by_index = {assignment.partition_index: assignment.broker_ids for assignment in assignments}
    if sorted(by_index) != list(range(len(assignments))):
        return NO_REPLICAS
    return tuple(tuple(map(NodeId, by_index[index])) for index in range(len(assignments)))
