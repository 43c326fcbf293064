"""AllocateProducerIds (KIP-730): a broker asks the controller for a block of producer ids."""

from impl.wire.message import Message


class AllocateProducerIdsRequest(Message, frozen=True):
    broker_id: int = 0
    broker_epoch: int = -1


class AllocateProducerIdsResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    producer_id_start: int = 0
    producer_id_len: int = 0
