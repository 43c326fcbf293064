"""Fetch: records out and in, the probe, sessions, and topic ids that nobody knows."""

import pytest

from impl.api.names import error_for, id_for, is_stand_in, name_for
from impl.api.registry import broker_registry, controller_registry
from impl.core.controller_messages import AlteredIsr, AlteredPartition
from impl.core.messages import (
    CONSUMER,
    DescribedTopic,
    DescribedTopics,
    Fetch,
    Fetched,
    FetchedPartition,
    FetchPartition,
)
from impl.core.types import ErrorCode, LogSlice, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.batches import build, stamp
from impl.wire.framing import RequestHeader, body_of, decode_response, encode_response
from impl.wire.message import NO_ID
from impl.wire.messages import alter_partition, metadata
from impl.wire.messages import fetch as wire
from tests.api.strategies import TOPICS, Names

REGISTRY, CONTROLLER = broker_registry(), controller_registry()
NAMES = Names()
NEWEST = RequestHeader(ApiKey.FETCH, 16, 1)
STRANGER = bytes(range(16))


def batch(base_offset, epoch=3, value=b"v"):
    return b"".join(stamp(build([(None, value)], timestamp=1), base_offset, epoch))


def fetched(records=(), error=ErrorCode.NONE, name="alpha", **fields):
    part = FetchedPartition(
        partition=TopicPartition(name, 0), error=error, high_watermark=9, log_start=0, records=records, **fields
    )
    return Fetched((part,))


def over_the_wire(reply, header=NEWEST):
    asked = Fetch(replica_id=CONSUMER, max_wait_ms=0, min_bytes=0, max_bytes=0, partitions=())
    frame = encode_response(header, REGISTRY.reply_to_wire(header, asked, reply, NAMES))
    return decode_response(body_of(frame), header.api_key, header.api_version)[1]


def answer_of(reply):
    message = over_the_wire(reply)
    return REGISTRY.reply_to_core(ApiKey.FETCH, 16, message, NAMES).partitions[0]


# ---------------------------------------------------------------- records
def test_records_go_out_as_they_are_and_arrive_as_batches():
    data = batch(4) + batch(5, epoch=7)
    message = over_the_wire(fetched(data))
    assert bytes(message.responses[0].partitions[0].records) == data
    first, second = answer_of(fetched(data)).records
    assert (first.base_offset, first.leader_epoch) == (4, 3)
    assert (second.base_offset, second.leader_epoch) == (5, 7)
    assert bytes(first.data) + bytes(second.data) == data


def test_a_batch_cut_off_at_the_end_is_left_out():
    assert len(answer_of(fetched(batch(4) + batch(5)[:-1])).records) == 1


def test_records_damaged_on_the_way_are_an_error_and_nothing_else():
    data = bytearray(batch(4) + batch(5))
    data[-1] ^= 1
    answer = answer_of(fetched(bytes(data)))
    assert answer.error is ErrorCode.CORRUPT_MESSAGE
    assert answer.records == ()


def test_records_the_host_has_not_read_are_a_mistake_of_ours():
    unread = LogSlice(partition=TopicPartition("alpha", 0), start=0, limit=1, max_bytes=9)
    with pytest.raises(AssertionError, match="has not read"):
        over_the_wire(fetched(unread))


def test_the_last_stable_offset_is_the_high_watermark():
    part = over_the_wire(fetched()).responses[0].partitions[0]
    assert part.last_stable_offset == part.high_watermark == 9


def test_an_error_code_we_do_not_know_is_an_unknown_error():
    topic = wire.FetchableTopicResponse(topic_id=TOPICS["alpha"], partitions=(wire.PartitionData(error_code=999),))
    reply = REGISTRY.reply_to_core(ApiKey.FETCH, 16, wire.FetchResponse(responses=(topic,)), NAMES)
    assert reply.partitions[0].error is ErrorCode.UNKNOWN_SERVER_ERROR


# ---------------------------------------------------------------- the probe
def test_the_probe_is_an_ordinary_fetch_of_nobody():
    part = FetchPartition(
        partition=TopicPartition("alpha", 2), current_leader_epoch=5, fetch_offset=8, last_fetched_epoch=4, max_bytes=0
    )
    probe = Fetch(replica_id=CONSUMER, max_wait_ms=0, min_bytes=0, max_bytes=1, partitions=(part,))
    key, version, message = REGISTRY.request_to_wire(probe, NAMES)
    assert (key, version) == (ApiKey.FETCH, 16)
    assert message.replica_state.replica_id == -1
    assert REGISTRY.to_core(NEWEST, message, NAMES) == probe


def test_divergence_at_the_first_offset_is_told_from_none():
    assert answer_of(fetched(diverging=(-1, 0))).diverging == (-1, 0)
    assert answer_of(fetched()).diverging is None


# ---------------------------------------------------------------- sessions
def test_a_session_travels_both_ways():
    part = FetchPartition(
        partition=TopicPartition("alpha", 1), current_leader_epoch=4, fetch_offset=7, last_fetched_epoch=3, max_bytes=9
    )
    asked = Fetch(
        replica_id=2,
        max_wait_ms=500,
        min_bytes=1,
        max_bytes=100,
        partitions=(part,),
        session_id=77,
        session_epoch=5,
        forgotten=(TopicPartition("alpha", 2), TopicPartition("alpha", 5)),
    )
    _, _, message = REGISTRY.request_to_wire(asked, NAMES)
    assert REGISTRY.to_core(NEWEST, message, NAMES) == asked
    old = RequestHeader(ApiKey.FETCH, 12, 1)
    assert REGISTRY.to_core(old, message, NAMES).forgotten == asked.forgotten
    reply = Fetched((), error=ErrorCode.INVALID_FETCH_SESSION_EPOCH, session_id=77)
    wired = REGISTRY.reply_to_wire(NEWEST, asked, reply, NAMES)
    assert (wired.error_code, wired.session_id) == (71, 77)
    assert REGISTRY.reply_to_core(ApiKey.FETCH, 16, wired, NAMES) == reply


# ---------------------------------------------------------------- ids nobody knows
def test_an_unknown_id_comes_back_as_itself_and_spoils_no_other():
    topics = tuple(
        wire.FetchTopic(topic_id=topic_id, partitions=(wire.FetchPartition(partition=1),))
        for topic_id in (TOPICS["alpha"], STRANGER)
    )
    asked = REGISTRY.to_core(NEWEST, wire.FetchRequest(topics=topics), NAMES)
    known, unknown = (part.partition for part in asked.partitions)
    assert known == TopicPartition("alpha", 1)
    assert is_stand_in(unknown.topic)
    # The core knows no topic of that name, and says so.
    reply = Fetched(
        tuple(
            FetchedPartition(partition=partition, error=error, high_watermark=-1, log_start=-1)
            for partition, error in ((known, ErrorCode.NONE), (unknown, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
        )
    )
    message = REGISTRY.reply_to_wire(NEWEST, asked, reply, NAMES)
    assert [topic.topic_id for topic in message.responses] == [TOPICS["alpha"], STRANGER]
    assert [topic.partitions[0].error_code for topic in message.responses] == [0, ErrorCode.UNKNOWN_TOPIC_ID]


def test_names_and_ids():
    assert name_for(TOPICS["alpha"], NAMES) == "alpha"
    assert id_for("alpha", NAMES) == TOPICS["alpha"]
    assert id_for(name_for(STRANGER, NAMES), NAMES) == STRANGER
    assert id_for("nobody", NAMES) == NO_ID
    assert not is_stand_in("?short")
    assert error_for("alpha", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert error_for(name_for(STRANGER, NAMES), ErrorCode.NONE) is ErrorCode.NONE


@pytest.mark.parametrize(("version", "name"), [(10, ""), (12, None), (13, None)])
def test_metadata_by_an_unknown_id(version, name):
    """Asked for by id, a topic is never created; before version 12 the answer has no null for its name."""
    header = RequestHeader(ApiKey.METADATA, version, 1)
    asked = REGISTRY.to_core(
        header, metadata.MetadataRequest(topics=(metadata.MetadataRequestTopic(topic_id=STRANGER),)), NAMES
    )
    assert asked.allow_auto_topic_creation is False
    reply = DescribedTopics((), 1, (DescribedTopic(asked.topics[0], NO_ID, ErrorCode.INVALID_TOPIC_EXCEPTION, ()),))
    (topic,) = REGISTRY.reply_to_wire(header, asked, reply, NAMES).topics
    assert (topic.name, topic.topic_id, topic.error_code) == (name, STRANGER, ErrorCode.UNKNOWN_TOPIC_ID)


def test_alter_partition_of_an_unknown_id():
    header = RequestHeader(ApiKey.ALTER_PARTITION, 3, 1)
    message = alter_partition.AlterPartitionRequest(
        topics=(
            alter_partition.AlterPartitionRequestTopic(
                topic_id=STRANGER, partitions=(alter_partition.AlterPartitionRequestPartition(),)
            ),
        )
    )
    asked = CONTROLLER.to_core(header, message, NAMES)
    altered = AlteredIsr(
        partition=asked.partitions[0].partition,
        error=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        leader=-1,
        leader_epoch=-1,
        partition_epoch=-1,
        isr=(),
    )
    (topic,) = CONTROLLER.reply_to_wire(header, asked, AlteredPartition(ErrorCode.NONE, (altered,)), NAMES).topics
    assert (topic.topic_id, topic.partitions[0].error_code) == (STRANGER, ErrorCode.UNKNOWN_TOPIC_ID)
