"""What the codec refuses, and how it says so: hostile lengths, nulls, tags, and bytes that are no text."""

import tracemalloc

import pytest

from impl.wire.apis import ApiKey, request_codec, response_codec
from impl.wire.codec.source import Source, path_of
from impl.wire.errors import Malformed
from impl.wire.messages.api_versions import ApiVersionsRequest
from impl.wire.messages.fetch import EpochEndOffset, FetchableTopicResponse, FetchResponse, PartitionData
from impl.wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from impl.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from impl.wire.varint import Overlong, encode_unsigned, read_unsigned, unsigned

PRODUCE_9 = request_codec(ApiKey.PRODUCE, 9)
PRODUCE_8 = request_codec(ApiKey.PRODUCE, 8)
HUGE = b"\xff\xff\xff\xff\x0f"
"""2^32 - 1 as an unsigned varint."""


def refusal(codec, data):
    with pytest.raises(Malformed) as refused:
        codec.read(data)
    return str(refused.value)


def test_a_claim_of_billions_allocates_nothing():
    """The 27 bytes that end a process which believes them: a compact array of 2^32 - 1 topics."""
    hostile = b"\0" + b"\xff\xff" + b"\0\0\0\1" + HUGE + b"\0" * 15
    tracemalloc.start()
    message = refusal(PRODUCE_9, hostile)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message == (
        "malformed ProduceRequest version 9: field topic_data: "
        "4294967294 elements of at least 3 bytes where 15 bytes are left"
    )
    assert peak < 100_000


def test_old_versions_count_in_four_bytes():
    hostile = b"\xff\xff" + b"\xff\xff" + b"\0\0\0\1" + b"\x7f\xff\xff\xff" + b"\0" * 12
    assert refusal(PRODUCE_8, hostile).endswith(
        "field topic_data: 2147483647 elements of at least 6 bytes where 12 bytes are left"
    )


def test_the_path_names_the_structures_around_a_field():
    part = PartitionProduceData(index=3, records=b"x" * 20)
    topic = TopicProduceData(name="t", partition_data=(part,))
    good = b"".join(PRODUCE_9.write(ProduceRequest(topic_data=(topic,))))
    at = good.index(b"x" * 20) - 1
    hostile = good[:at] + b"\x7f" + good[at + 1 :]
    assert refusal(PRODUCE_9, hostile) == (
        "malformed ProduceRequest version 9: field topic_data.partition_data.records: "
        "length 126 where 23 bytes are left"
    )
    assert "field topic_data.partition_data: 1 elements of at least 6 bytes" in refusal(PRODUCE_9, good[: at - 2])


def test_null_where_it_may_not_be():
    assert "field topic_data: null, which this field may not be" in refusal(PRODUCE_9, b"\0\xff\xff\0\0\0\1\0\0")
    assert "field topic_data: null" in refusal(PRODUCE_8, b"\xff\xff\xff\xff\0\0\0\1\xff\xff\xff\xff")


def test_null_where_it_may_be():
    assert PRODUCE_9.read(b"\0\xff\xff\0\0\0\1\1\0").transactional_id is None
    metadata = request_codec(ApiKey.METADATA, 1)
    assert metadata.read(b"\xff\xff\xff\xff") == MetadataRequest(topics=None)
    assert metadata.read(b"\0\0\0\0") == MetadataRequest(topics=())


def test_bytes_that_are_no_text():
    assert "field transactional_id: not UTF-8: b'\\xff\\xfe'" in refusal(PRODUCE_8, b"\0\2\xff\xfe" + b"\0" * 10)


def test_a_string_longer_than_kafka_allows():
    software = request_codec(ApiKey.API_VERSIONS, 3)
    longest = b"".join(software.write(ApiVersionsRequest(client_software_name="x" * 32767)))
    assert len(software.read(longest).client_software_name) == 32767
    too_long = encode_unsigned(32769) + b"x" * 32768 + b"\1\0"
    assert "field client_software_name: length 32768" in refusal(software, too_long)


def test_an_overlong_varint():
    assert "a varint of more than 5 bytes" in refusal(PRODUCE_9, b"\xff" * 12)
    with pytest.raises(Overlong):
        read_unsigned(b"\x80\x80\x80\x80\x80\x01", 0)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 16383, 16384, 2**32 - 1])
def test_varints_round_trip(value):
    encoded = unsigned(value)
    assert encoded == encode_unsigned(value)
    assert read_unsigned(b"." + encoded, 1) == (value, 1 + len(encoded))


# ---------------------------------------------------------------- tagged fields
FETCH_12 = response_codec(ApiKey.FETCH, 12)


def fetch_response(**fields):
    topic = FetchableTopicResponse(topic="t", partitions=(PartitionData(records=b"", **fields),))
    return FetchResponse(responses=(topic,))


def test_a_tag_is_written_only_where_it_says_something():
    plain = b"".join(FETCH_12.write(fetch_response()))
    same = b"".join(FETCH_12.write(fetch_response(diverging_epoch=EpochEndOffset())))
    diverging = b"".join(FETCH_12.write(fetch_response(diverging_epoch=EpochEndOffset(epoch=3, end_offset=9))))
    assert plain == same
    assert len(diverging) == len(plain) + 2 + 13
    assert FETCH_12.read(diverging) == fetch_response(diverging_epoch=EpochEndOffset(epoch=3, end_offset=9))


def test_unknown_tags_are_passed_over():
    assert PRODUCE_9.read(b"\0\xff\xff\0\0\0\1\1" + b"\2" + b"\x63\3abc" + b"\x64\0") == PRODUCE_9.read(
        b"\0\xff\xff\0\0\0\1\1\0"
    )


def test_a_tag_that_reaches_past_the_frame():
    assert "tagged fields: length 9 where 3 bytes are left" in refusal(PRODUCE_9, b"\0\xff\xff\0\0\0\1\1\1\x63\x09abc")


@pytest.mark.parametrize("claimed", [12, 14])
def test_a_known_tag_must_have_the_size_of_its_value(claimed):
    good = b"".join(FETCH_12.write(fetch_response(diverging_epoch=EpochEndOffset(epoch=3, end_offset=9))))
    at = good.index(b"\1\0\x0d")
    hostile = good[: at + 2] + bytes([claimed]) + good[at + 3 :]
    assert f"diverging_epoch: a tagged field of {claimed} bytes whose value takes 13" in refusal(FETCH_12, hostile)


# ---------------------------------------------------------------- beyond what is served today
def test_a_nullable_string_in_every_place():
    metadata = request_codec(ApiKey.METADATA, 12)
    message = MetadataRequest(topics=(MetadataRequestTopic(name=None), MetadataRequestTopic(name="é")))
    assert metadata.read(b"".join(metadata.write(message))) == message


def test_the_source_knows_the_field_of_each_line():
    source = Source("a test", "value")
    source.field = "first"
    source.add(0, "value = value + 1")
    source.field = "second"
    source.add(0, "value / 0")
    generated = source.compile()
    with pytest.raises(ZeroDivisionError) as trouble:
        generated(1)
    assert path_of(trouble.value.__traceback__) == "second"
