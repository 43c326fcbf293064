"""Produce (KIP-98 and on): records to append."""

from impl.wire.message import Buffer, Message
from impl.wire.messages.common import LeaderIdAndEpoch, NodeEndpoint


class PartitionProduceData(Message, frozen=True):
    index: int = 0
    records: Buffer | None = None


class TopicProduceData(Message, frozen=True):
    name: str = ""
    partition_data: tuple[PartitionProduceData, ...] = ()


class ProduceRequest(Message, frozen=True):
    transactional_id: str | None = None
    acks: int = 0
    timeout: int = 0
    topic_data: tuple[TopicProduceData, ...] = ()


class BatchIndexAndErrorMessage(Message, frozen=True):
    batch_index: int = 0
    batch_index_error_message: str | None = None


class PartitionProduceResponse(Message, frozen=True):
    index: int = 0
    error_code: int = 0
    base_offset: int = 0
    log_append_time: int = -1
    log_start_offset: int = -1
    record_errors: tuple[BatchIndexAndErrorMessage, ...] = ()
    error_message: str | None = None
    current_leader: LeaderIdAndEpoch = LeaderIdAndEpoch()


class TopicProduceResponse(Message, frozen=True):
    name: str = ""
    partition_responses: tuple[PartitionProduceResponse, ...] = ()


class ProduceResponse(Message, frozen=True):
    responses: tuple[TopicProduceResponse, ...] = ()
    throttle_time: int = 0
    node_endpoints: tuple[NodeEndpoint, ...] = ()
