"""DeleteTopics: from clients to any broker, and from that broker to the controller.

One rule: a topic named by its id travels under its name, or under a stand-in where nobody knows the id (KIP-516).
"""

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames, error_for, id_for, is_stand_in, name_for
from impl.core.admin_messages import DeletedTopic, DeletedTopics, DeleteTopics
from impl.core.types import ErrorCode
from impl.wire.apis import ApiKey
from impl.wire.messages.delete_topics import (
    DeletableTopicResult,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
    DeleteTopicState,
)

STATES_FROM = 6
"""Names or ids; before, names."""


class DeleteTopicsHandler(CoreHandler[DeleteTopicsRequest, DeleteTopicsResponse, DeleteTopics, DeletedTopics]):
    key = ApiKey.DELETE_TOPICS
    core_request = DeleteTopics
    sent_version = 6

    def request_to_core(self, version: int, message: DeleteTopicsRequest, names: TopicNames) -> DeleteTopics:
        asked = message.topic_names
        if version >= STATES_FROM:
            asked = tuple(
                name_for(state.topic_id, names) if state.name is None else state.name for state in message.topics
            )
        return DeleteTopics(asked, message.timeout)

    def reply_to_wire(
        self, version: int, request: DeleteTopics, reply: DeletedTopics, names: TopicNames
    ) -> DeleteTopicsResponse:
        del version, request, names
        return DeleteTopicsResponse(
            responses=tuple(
                DeletableTopicResult(
                    name=None if is_stand_in(topic.name) else topic.name,
                    topic_id=bytes.fromhex(topic.name[1:]) if is_stand_in(topic.name) else topic.topic_id,
                    error_code=error_for(topic.name, topic.error),
                    error_message=topic.message,
                )
                for topic in reply.topics
            )
        )

    def request_to_wire(self, request: DeleteTopics, names: TopicNames) -> DeleteTopicsRequest:
        return DeleteTopicsRequest(
            topic_names=request.topics,
            topics=tuple(
                DeleteTopicState(topic_id=id_for(name, names)) if is_stand_in(name) else DeleteTopicState(name=name)
                for name in request.topics
            ),
            timeout=request.timeout_ms,
        )

    def reply_to_core(self, message: DeleteTopicsResponse, names: TopicNames) -> DeletedTopics:
        return DeletedTopics(
            tuple(
                DeletedTopic(
                    name_for(topic.topic_id, names) if topic.name is None else topic.name,
                    topic.topic_id,
                    error_of(topic.error_code),
                    topic.error_message,
                )
                for topic in message.responses
            )
        )

    def refuse(self, version: int, message: DeleteTopicsRequest, error: ErrorCode) -> DeleteTopicsResponse:
        if version < STATES_FROM:
            named = tuple(DeletableTopicResult(name=name, error_code=error) for name in message.topic_names)
            return DeleteTopicsResponse(responses=named)
        return DeleteTopicsResponse(
            responses=tuple(
                DeletableTopicResult(name=state.name, topic_id=state.topic_id, error_code=error)
                for state in message.topics
            )
        )
