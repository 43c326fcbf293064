"""InitProducerId (KIP-98, KIP-360): an identity for a producer, under which its retries are recognised."""

from impl.wire.message import Message


class InitProducerIdRequest(Message, frozen=True):
    transactional_id: str | None = None
    transaction_timeout: int = 0
    producer_id: int = -1
    producer_epoch: int = -1


class InitProducerIdResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    producer_id: int = -1
    producer_epoch: int = 0
