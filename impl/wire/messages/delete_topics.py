"""DeleteTopics (KIP-4; by id since KIP-516)."""

from impl.wire.message import NO_ID, Message


class DeleteTopicState(Message, frozen=True):
    name: str | None = None
    topic_id: bytes = NO_ID


class DeleteTopicsRequest(Message, frozen=True):
    topic_names: tuple[str, ...] = ()
    timeout: int = 0
    topics: tuple[DeleteTopicState, ...] = ()


class DeletableTopicResult(Message, frozen=True):
    name: str | None = ""
    error_code: int = 0
    error_message: str | None = None
    topic_id: bytes = NO_ID


class DeleteTopicsResponse(Message, frozen=True):
    throttle_time: int = 0
    responses: tuple[DeletableTopicResult, ...] = ()
