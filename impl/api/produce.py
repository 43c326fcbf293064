"""Produce: record batches to append, as the producer made them.

One rule: a batch is checked before the core sees it (one batch, version 2, the CRC its own), and never changed here.
What is wrong with one partition's bytes is that partition's error; the others go on.
"""

from itertools import groupby

from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.names import TopicNames
from impl.core.messages import Produce, Produced, ProducedPartition, ProducePartition
from impl.core.types import Batch, ErrorCode, Offset, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.batches import CorruptBatch, validate_produce
from impl.wire.message import Buffer
from impl.wire.messages.produce import (
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
    TopicProduceResponse,
)

ACKS = (-1, 0, 1)
NO_OFFSET = Offset(-1)


class ProduceHandler(CoreHandler[ProduceRequest, ProduceResponse, Produce, Produced]):
    key = ApiKey.PRODUCE
    core_request = Produce
    sent_version = 11

    def __init__(self, message_bytes_max: int) -> None:
        self.message_bytes_max = message_bytes_max
        """message.max.bytes: of one batch, as it is sent."""

    def request_to_core(self, version: int, message: ProduceRequest, names: TopicNames) -> Produce | Immediate:
        del names
        if message.acks not in ACKS:
            return Immediate(self.refuse(version, message, ErrorCode.INVALID_REQUIRED_ACKS))
        partitions = [
            ProducePartition(TopicPartition(topic.name, part.index), self.batch(part.records))
            for topic in message.topic_data
            for part in topic.partition_data
        ]
        return Produce(acks=message.acks, timeout_ms=message.timeout, partitions=tuple(partitions))

    def batch(self, data: Buffer | None) -> Batch | ErrorCode:
        """The batch of one partition, or why it is refused."""
        if data is None:
            return ErrorCode.INVALID_RECORD
        if len(data) > self.message_bytes_max:
            return ErrorCode.MESSAGE_TOO_LARGE
        try:
            return validate_produce(data)
        except CorruptBatch as corrupt:
            return corrupt.error

    def reply_to_wire(self, version: int, request: Produce, reply: Produced, names: TopicNames) -> ProduceResponse:
        del version, request, names
        topics = groupby(reply.partitions, key=_topic_of)
        return ProduceResponse(
            responses=tuple(
                [
                    TopicProduceResponse(name=name, partition_responses=tuple([_part_to_wire(part) for part in parts]))
                    for name, parts in topics
                ]
            )
        )

    def request_to_wire(self, request: Produce, names: TopicNames) -> ProduceRequest:
        del names
        topics = groupby(request.partitions, key=lambda part: part.partition.topic)
        return ProduceRequest(
            acks=request.acks,
            timeout=request.timeout_ms,
            topic_data=tuple(
                TopicProduceData(
                    name=name,
                    partition_data=tuple(
                        PartitionProduceData(index=part.partition.index, records=_bytes_of(part.batch))
                        for part in parts
                    ),
                )
                for name, parts in topics
            ),
        )

    def reply_to_core(self, message: ProduceResponse, names: TopicNames) -> Produced:
        del names
        return Produced(
            tuple(
                ProducedPartition(
                    TopicPartition(topic.name, part.index),
                    error_of(part.error_code),
                    Offset(part.base_offset),
                    Offset(part.log_start_offset),
                )
                for topic in message.responses
                for part in topic.partition_responses
            )
        )

    def refuse(self, version: int, message: ProduceRequest, error: ErrorCode) -> ProduceResponse | None:
        del version
        if message.acks == 0:
            return None
        return ProduceResponse(
            responses=tuple(
                TopicProduceResponse(
                    name=topic.name,
                    partition_responses=tuple(
                        PartitionProduceResponse(index=part.index, error_code=error, base_offset=NO_OFFSET)
                        for part in topic.partition_data
                    ),
                )
                for topic in message.topic_data
            )
        )


def _topic_of(part: ProducedPartition) -> str:
    return part.partition.topic


def _part_to_wire(part: ProducedPartition) -> PartitionProduceResponse:
    return PartitionProduceResponse(
        index=part.partition.index,
        error_code=part.error,
        base_offset=part.base_offset,
        log_start_offset=part.log_start,
    )


def _bytes_of(batch: Batch | ErrorCode) -> Buffer:
    assert isinstance(batch, Batch), f"a refused batch is not sent: {batch!r}"
    assert isinstance(batch.data, Buffer), "a batch that is sent has its bytes"
    return batch.data
