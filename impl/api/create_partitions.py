"""CreatePartitions: from clients to any broker, and from that broker to the controller.

One rule: no assignments and none of them are the same: the controller spreads the new partitions.
"""

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.admin_messages import CreatedPartitions, CreatePartitions, MorePartitions, TopicOutcome
from impl.core.types import ErrorCode, NodeId
from impl.wire.apis import ApiKey
from impl.wire.messages.create_partitions import (
    CreatePartitionsAssignment,
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreatePartitionsTopic,
    CreatePartitionsTopicResult,
)


class CreatePartitionsHandler(
    CoreHandler[CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitions, CreatedPartitions]
):
    key = ApiKey.CREATE_PARTITIONS
    core_request = CreatePartitions
    sent_version = 3

    def request_to_core(self, version: int, message: CreatePartitionsRequest, names: TopicNames) -> CreatePartitions:
        del version, names
        return CreatePartitions(
            tuple(
                MorePartitions(
                    topic.name,
                    topic.count,
                    tuple(tuple(map(NodeId, each.broker_ids)) for each in topic.assignments or ()),
                )
                for topic in message.topics
            ),
            message.timeout,
            message.validate_only,
        )

    def reply_to_wire(
        self, version: int, request: CreatePartitions, reply: CreatedPartitions, names: TopicNames
    ) -> CreatePartitionsResponse:
        del version, request, names
        return CreatePartitionsResponse(
            results=tuple(
                CreatePartitionsTopicResult(name=each.topic, error_code=each.error, error_message=each.message)
                for each in reply.topics
            )
        )

    def request_to_wire(self, request: CreatePartitions, names: TopicNames) -> CreatePartitionsRequest:
        del names
        return CreatePartitionsRequest(
            topics=tuple(
                CreatePartitionsTopic(
                    name=more.topic,
                    count=more.count,
                    assignments=tuple(CreatePartitionsAssignment(broker_ids=nodes) for nodes in more.assignments)
                    or None,
                )
                for more in request.topics
            ),
            timeout=request.timeout_ms,
            validate_only=request.validate_only,
        )

    def reply_to_core(self, message: CreatePartitionsResponse, names: TopicNames) -> CreatedPartitions:
        del names
        return CreatedPartitions(
            tuple(TopicOutcome(each.name, error_of(each.error_code), each.error_message) for each in message.results)
        )

    def refuse(self, version: int, message: CreatePartitionsRequest, error: ErrorCode) -> CreatePartitionsResponse:
        del version
        return CreatePartitionsResponse(
            results=tuple(CreatePartitionsTopicResult(name=topic.name, error_code=error) for topic in message.topics)
        )
