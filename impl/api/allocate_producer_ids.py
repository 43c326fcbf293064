"""AllocateProducerIds: a broker asks the controller for a block of producer ids to hand out (KIP-730)."""

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.controller_messages import AllocatedProducerIds, AllocateProducerIds
from impl.core.types import BrokerEpoch, ErrorCode, NodeId
from impl.wire.apis import ApiKey
from impl.wire.messages.allocate_producer_ids import AllocateProducerIdsRequest, AllocateProducerIdsResponse


class AllocateProducerIdsHandler(
    CoreHandler[AllocateProducerIdsRequest, AllocateProducerIdsResponse, AllocateProducerIds, AllocatedProducerIds]
):
    key = ApiKey.ALLOCATE_PRODUCER_IDS
    core_request = AllocateProducerIds
    sent_version = 0

    def request_to_core(
        self, version: int, message: AllocateProducerIdsRequest, names: TopicNames
    ) -> AllocateProducerIds:
        del version, names
        return AllocateProducerIds(NodeId(message.broker_id), BrokerEpoch(message.broker_epoch))

    def reply_to_wire(
        self, version: int, request: AllocateProducerIds, reply: AllocatedProducerIds, names: TopicNames
    ) -> AllocateProducerIdsResponse:
        del version, request, names
        return AllocateProducerIdsResponse(
            error_code=reply.error, producer_id_start=reply.first, producer_id_len=reply.count
        )

    def request_to_wire(self, request: AllocateProducerIds, names: TopicNames) -> AllocateProducerIdsRequest:
        del names
        return AllocateProducerIdsRequest(broker_id=request.broker, broker_epoch=request.broker_epoch)

    def reply_to_core(self, message: AllocateProducerIdsResponse, names: TopicNames) -> AllocatedProducerIds:
        del names
        return AllocatedProducerIds(error_of(message.error_code), message.producer_id_start, message.producer_id_len)

    def refuse(
        self, version: int, message: AllocateProducerIdsRequest, error: ErrorCode
    ) -> AllocateProducerIdsResponse:
        del version, message
        return AllocateProducerIdsResponse(error_code=error)
