"""InitProducerId: an identity under which a producer's retries are recognised (KIP-98, KIP-360)."""

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.messages import InitializedProducerId, InitProducerId
from impl.core.types import ErrorCode
from impl.wire.apis import ApiKey
from impl.wire.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse

NO_TIMEOUT = 0x7FFFFFFF
"""What an idempotent producer without transactions sends as its transaction timeout."""


class InitProducerIdHandler(
    CoreHandler[InitProducerIdRequest, InitProducerIdResponse, InitProducerId, InitializedProducerId]
):
    key = ApiKey.INIT_PRODUCER_ID
    core_request = InitProducerId
    sent_version = 5

    def request_to_core(self, version: int, message: InitProducerIdRequest, names: TopicNames) -> InitProducerId:
        del version, names
        return InitProducerId(message.transactional_id, message.producer_id, message.producer_epoch)

    def reply_to_wire(
        self, version: int, request: InitProducerId, reply: InitializedProducerId, names: TopicNames
    ) -> InitProducerIdResponse:
        del version, request, names
        return InitProducerIdResponse(
            error_code=reply.error, producer_id=reply.producer_id, producer_epoch=reply.producer_epoch
        )

    def request_to_wire(self, request: InitProducerId, names: TopicNames) -> InitProducerIdRequest:
        del names
        return InitProducerIdRequest(
            transactional_id=request.transactional_id,
            transaction_timeout=NO_TIMEOUT,
            producer_id=request.producer_id,
            producer_epoch=request.producer_epoch,
        )

    def reply_to_core(self, message: InitProducerIdResponse, names: TopicNames) -> InitializedProducerId:
        del names
        return InitializedProducerId(error_of(message.error_code), message.producer_id, message.producer_epoch)

    def refuse(self, version: int, message: InitProducerIdRequest, error: ErrorCode) -> InitProducerIdResponse:
        del version, message
        return InitProducerIdResponse(error_code=error, producer_id=-1, producer_epoch=-1)
