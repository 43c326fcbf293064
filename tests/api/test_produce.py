"""Produce: what is refused before the core sees it, partition by partition, and what acks 0 means."""

import pytest

from impl.api.handler import Immediate
from impl.api.registry import broker_registry
from impl.core.types import Batch, ErrorCode, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.batches import build
from impl.wire.framing import RequestHeader
from impl.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from tests.api.strategies import Names

HEADER = RequestHeader(ApiKey.PRODUCE, 9, 1)
REGISTRY = broker_registry(message_bytes_max=500)
GOOD = build([(b"k", b"v")], timestamp=1)


def request(*batches, acks=-1, topic="t"):
    parts = tuple(PartitionProduceData(index=index, records=data) for index, data in enumerate(batches))
    return ProduceRequest(acks=acks, timeout=7, topic_data=(TopicProduceData(name=topic, partition_data=parts),))


def verdict(data):
    produce = REGISTRY.to_core(HEADER, request(data), Names())
    return produce.partitions[0].batch


def flipped(at):
    return GOOD[:at] + bytes([GOOD[at] ^ 1]) + GOOD[at + 1 :]


def test_a_good_batch_goes_through_unchanged():
    produce = REGISTRY.to_core(HEADER, request(GOOD), Names())
    (part,) = produce.partitions
    assert produce.acks == -1
    assert produce.timeout_ms == 7
    assert part.partition == TopicPartition("t", 0)
    assert isinstance(part.batch, Batch)
    assert bytes(part.batch.data) == GOOD


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (None, ErrorCode.INVALID_RECORD),
        (b"", ErrorCode.CORRUPT_MESSAGE),
        (GOOD[:-1], ErrorCode.CORRUPT_MESSAGE),
        (flipped(len(GOOD) - 1), ErrorCode.CORRUPT_MESSAGE),
        (flipped(18), ErrorCode.CORRUPT_MESSAGE),
        (GOOD + GOOD, ErrorCode.INVALID_RECORD),
        (GOOD[:16] + b"\x01" + GOOD[17:], ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT),
        (build([(None, b"x" * 500)], timestamp=1), ErrorCode.MESSAGE_TOO_LARGE),
    ],
    ids=["null", "empty", "cut", "flipped record", "flipped CRC", "two batches", "magic 1", "too large"],
)
def test_what_is_wrong_with_the_bytes_is_the_partitions_error(data, error):
    assert verdict(data) is error


def test_the_largest_batch_allowed_is_allowed():
    padding = 500 - len(build([(None, b"x" * 300)], timestamp=1)) + 300
    exact = build([(None, b"x" * padding)], timestamp=1)
    assert len(exact) == 500
    assert isinstance(verdict(exact), Batch)


def test_one_bad_partition_spoils_no_other():
    produce = REGISTRY.to_core(HEADER, request(GOOD, flipped(66), GOOD), Names())
    assert [isinstance(part.batch, Batch) for part in produce.partitions] == [True, False, True]


@pytest.mark.parametrize("acks", [2, -2, 127])
def test_other_acks_are_refused_at_once(acks):
    answer = REGISTRY.to_core(HEADER, request(GOOD, acks=acks), Names())
    assert isinstance(answer, Immediate)
    (topic,) = answer.reply.responses
    assert [part.error_code for part in topic.partition_responses] == [ErrorCode.INVALID_REQUIRED_ACKS]


def test_acks_0_is_never_answered():
    message = request(GOOD, acks=0)
    assert REGISTRY.to_core(HEADER, message, Names()).acks == 0
    assert REGISTRY.error_reply(HEADER, message, ErrorCode.UNKNOWN_SERVER_ERROR) is None
