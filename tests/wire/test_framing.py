"""Whole frames: headers, the clock among them, what real clients send, and what is refused and how."""

import struct

import msgspec
import pytest

from impl.wire.apis import APIS, ApiKey, request_codec
from impl.wire.errors import FrameTooLarge, Malformed, UnknownApi, UnsupportedVersion
from impl.wire.framing import (
    CLOCK_TAG,
    FRAME_BYTES_MAX,
    RequestHeader,
    body_of,
    correlation_of,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from impl.wire.messages.api_versions import ApiVersionsResponse
from impl.wire.messages.fetch import FetchRequest, FetchResponse
from impl.wire.messages.metadata import MetadataRequest, MetadataResponse
from impl.wire.messages.produce import ProduceResponse
from impl.wire.varint import unsigned
from tests.wire import client_frames

REAL = [
    pytest.param(bytes.fromhex(frame), id=f"{client}-{index}")
    for client in ("LIBRDKAFKA", "KAFKA_PYTHON", "AIOKAFKA", "KCAT")
    for index, frame in enumerate(getattr(client_frames, client))
]


# ---------------------------------------------------------------- real frames
@pytest.mark.parametrize("frame", REAL)
def test_what_clients_send_is_read_whole_and_written_the_same(frame):
    header, message = decode_request(frame)
    assert header.client_id is None or header.client_id in ("librdkafka", "kafka-python", "aiokafka", "kcat", "rdkafka")
    assert header.clock == 0
    assert body_of(encode_request(header, message)) == frame


def test_a_clients_batch_is_a_view_into_its_frame():
    frame = next(f for f in map(bytes.fromhex, client_frames.LIBRDKAFKA) if f.startswith(b"\0\0\0\x0a"))
    _, message = decode_request(frame)
    (topic,) = message.topic_data
    assert topic.name == "topic"
    records = topic.partition_data[0].records
    assert isinstance(records, memoryview)
    assert records.obj is frame


# ---------------------------------------------------------------- the clock
def test_the_clock_travels_both_ways_between_nodes_of_ours():
    header, _ = decode_request(body_of(encode_request(RequestHeader(ApiKey.FETCH, 16, 5, None, 2**40), FetchRequest())))
    assert header.clock == 2**40
    response, _ = decode_response(body_of(encode_response(header, FetchResponse(), clock=2**40 + 1)), ApiKey.FETCH, 16)
    assert (response.correlation_id, response.clock) == (5, 2**40 + 1)


def test_who_sends_no_clock_is_sent_none():
    header = RequestHeader(ApiKey.FETCH, 16, 5)
    assert encode_response(header, FetchResponse(), clock=9) == encode_response(header, FetchResponse())


def test_old_versions_have_no_place_for_a_clock():
    header, _ = decode_request(body_of(encode_request(RequestHeader(ApiKey.FETCH, 11, 5, "c", 7), FetchRequest())))
    assert header.clock == 0


def test_other_tags_in_a_header_are_passed_over():
    """As a newer Kafka, or another client, might send; ours among them, last."""
    tags = unsigned(3) + unsigned(0) + unsigned(2) + b"xy" + unsigned(300) + unsigned(0)
    tags += unsigned(CLOCK_TAG) + unsigned(8) + struct.pack(">Q", 77)
    body = b"".join(request_codec(ApiKey.METADATA, 12).write(MetadataRequest()))
    header, message = decode_request(struct.pack(">hhih", ApiKey.METADATA, 12, 1, -1) + tags + body)
    assert header.clock == 77
    assert message == MetadataRequest()


def test_a_clock_of_another_size_is_not_a_clock():
    tags = unsigned(1) + unsigned(CLOCK_TAG) + unsigned(2) + b"xy"
    body = b"".join(request_codec(ApiKey.METADATA, 12).write(MetadataRequest()))
    header, _ = decode_request(struct.pack(">hhih", ApiKey.METADATA, 12, 1, -1) + tags + body)
    assert header.clock == 0


# ---------------------------------------------------------------- what is refused
def test_unknown_api_is_closed():
    with pytest.raises(UnknownApi, match="API key 999 ") as refused:
        decode_request(struct.pack(">hhih", 999, 0, 1, -1))
    assert refused.value.answer is None


def test_an_api_this_listener_does_not_serve_is_unknown_to_it():
    frame = body_of(encode_request(RequestHeader(ApiKey.ALTER_PARTITION, 3, 1), APIS[ApiKey.ALTER_PARTITION].request()))
    with pytest.raises(UnknownApi):
        decode_request(frame, served={ApiKey.PRODUCE})
    assert decode_request(frame, served={ApiKey.ALTER_PARTITION})


@pytest.mark.parametrize(("key", "version"), [(ApiKey.PRODUCE, 2), (ApiKey.PRODUCE, 12), (ApiKey.METADATA, -1)])
def test_unsupported_version_is_closed_and_says_which_are_spoken(key, version):
    with pytest.raises(UnsupportedVersion, match=f"versions {APIS[key].first} to {APIS[key].last}") as refused:
        decode_request(struct.pack(">hhih", key, version, 1, -1))
    assert refused.value.answer is None


@pytest.mark.parametrize("version", [5, 99, -1])
def test_unsupported_api_versions_is_answered_in_version_0(version):
    """KIP-511: error 35 in a version any client can read, with the versions of ApiVersions that it may use."""
    with pytest.raises(UnsupportedVersion) as refused:
        decode_request(struct.pack(">hhi", ApiKey.API_VERSIONS, version, 31) + b"whatever")
    response, message = decode_response(body_of(refused.value.answer), ApiKey.API_VERSIONS, 0)
    assert response.correlation_id == 31
    assert isinstance(message, ApiVersionsResponse)
    assert message.error_code == 35
    assert [(key.api_key, key.min_version, key.max_version) for key in message.api_keys] == [(18, 0, 4)]


def test_api_versions_response_never_has_header_tags():
    frame = encode_response(
        RequestHeader(ApiKey.API_VERSIONS, 4, 6, clock=3), ApiVersionsResponse(error_code=1), clock=4
    )
    assert frame[4:10] == struct.pack(">ih", 6, 1)


@pytest.mark.parametrize("cut", range(1, 13))
def test_a_frame_that_ends_in_its_header_names_where(cut):
    frame = body_of(encode_request(RequestHeader(ApiKey.METADATA, 12, 1, "c", 5), MetadataRequest()))
    with pytest.raises(
        Malformed, match=r"malformed RequestHeader: field (api_key|client_id|tagged fields): "
    ) as refused:
        decode_request(frame[: -cut - 6])
    assert refused.value.answer is None


def test_bytes_after_a_request_are_passed_over():
    frame = bytes.fromhex(client_frames.LIBRDKAFKA_ALL_TOPICS)
    header, message = decode_request(frame)
    assert header.api_key == ApiKey.METADATA
    assert message.topics is None
    assert body_of(encode_request(header, message)) == frame[:-3]


def test_bytes_after_a_response_are_refused():
    """Only nodes of ours answer us, and they leave none."""
    frame = body_of(encode_response(RequestHeader(ApiKey.METADATA, 12, 1), MetadataResponse()))
    with pytest.raises(Malformed, match="MetadataResponse version 12: field end: 3 bytes are left over"):
        decode_response(bytes(frame) + b"abc", ApiKey.METADATA, 12)


def test_a_client_id_that_is_not_text_is_refused():
    with pytest.raises(Malformed, match="client_id: not UTF-8"):
        decode_request(struct.pack(">hhih", ApiKey.METADATA, 4, 1, 2) + b"\xff\xfe\0\0\0\0\0")


@pytest.mark.parametrize("size", [-1, FRAME_BYTES_MAX + 1, int.from_bytes(b"GET ", "big")])
def test_an_impossible_size_is_refused(size):
    with pytest.raises(FrameTooLarge, match=f"frame of {size} bytes"):
        body_of(struct.pack(">i", size) + b"rest")


def test_a_size_that_is_not_the_frames_is_refused():
    with pytest.raises(Malformed, match="frame: field size: 3 before 4 bytes"):
        body_of(struct.pack(">i", 3) + b"rest")
    with pytest.raises(Malformed):
        body_of(b"\0\0")


def test_a_response_that_ends_early_is_refused():
    frame = body_of(encode_response(RequestHeader(ApiKey.PRODUCE, 9, 1), ProduceResponse()))
    for size in range(len(frame)):
        with pytest.raises(Malformed):
            decode_response(frame[:size], ApiKey.PRODUCE, 9)
    assert correlation_of(frame) == 1
    with pytest.raises(Malformed):
        correlation_of(b"abc")


def test_messages_cannot_be_changed():
    with pytest.raises(AttributeError):
        FetchRequest().max_wait = 3
    assert msgspec.structs.replace(FetchRequest(), max_wait=3) != FetchRequest()
