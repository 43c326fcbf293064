"""What a connection remembers of produce requests says byte for byte what the general codec says, or nothing."""

from hypothesis import example, given
from hypothesis import strategies as st

from impl.api.produce_memory import ProduceMemory
from impl.api.registry import broker_registry
from impl.core.messages import Produced, ProducedPartition
from impl.core.types import ErrorCode, Offset
from impl.wire.batches import build
from impl.wire.errors import WireError
from impl.wire.framing import RequestHeader, decode_request, encode_request, encode_response
from impl.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from tests.api.strategies import Names

REGISTRY = broker_registry(message_bytes_max=40_000)
NAMES = Names()
VERSIONS = st.integers(3, 11)
SIZES = st.sampled_from([0, 1, 50, 57, 58, 59, 60, 61, 62, 100, 16_000, 16_308, 16_309, 16_310, 16_311, 39_000, 41_000])


def frame(version, correlation, size, *, topic="t", index=0, acks=-1, client="c", data=None):
    records = build([(None, b"x" * size)], timestamp=correlation) if data is None else data
    part = PartitionProduceData(index=index, records=records)
    message = ProduceRequest(acks=acks, timeout=9, topic_data=(TopicProduceData(name=topic, partition_data=(part,)),))
    return encode_request(RequestHeader(0, version, correlation, client), message)[4:]


def meant(data):
    """What the general codec says."""
    header, message = decode_request(data, REGISTRY.served)
    return header, message, REGISTRY.to_core(header, message, NAMES)


def memory_of(*frames):
    memory = ProduceMemory(REGISTRY.produces)
    for data in frames:
        memory.learn(data, *meant(data))
    return memory


def plain(produce):
    """With the bytes of batches as bytes."""
    parts = [
        (part.partition, part.batch)
        if isinstance(part.batch, ErrorCode)
        else (
            part.partition,
            [getattr(part.batch, name) for name in part.batch.__struct_fields__[:-1]],
            bytes(part.batch.data),
        )
        for part in produce.partitions
    ]
    return produce.acks, produce.timeout_ms, parts


@given(VERSIONS, SIZES, SIZES, st.integers(-(2**31), 2**31 - 1), st.sampled_from([-1, 1]))
def test_a_request_like_one_before_is_recalled_and_means_what_the_codec_says(version, first, second, correlation, acks):
    memory = memory_of(frame(version, 1, first, acks=acks))
    data = frame(version, correlation, second, acks=acks)
    known, told, produce = memory.recall(data)
    header, _, general = meant(data)
    assert told == header.correlation_id == correlation
    assert known.header._replace(correlation_id=correlation) == header
    assert plain(produce) == plain(general)


@given(VERSIONS, SIZES, st.data())
@example(11, 100, None)
def test_a_damaged_request_is_not_recalled_or_means_what_the_codec_says(version, size, data):
    good = frame(version, 5, size)
    memory = memory_of(frame(version, 1, 70))
    damaged = bytearray(good)
    if data is not None:
        places = st.one_of(st.integers(0, min(len(good), 130) - 1), st.integers(max(0, len(good) - 8), len(good) - 1))
        for _ in range(data.draw(st.integers(1, 3))):
            damaged[data.draw(places)] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(0, 12))
        damaged = damaged[: len(damaged) - cut] + data.draw(st.binary(max_size=4))
    else:
        damaged += b"\0\0\0"
    recalled = memory.recall(bytes(damaged))
    if recalled is None:
        return
    try:
        header, _, general = meant(bytes(damaged))
    except WireError as error:
        raise AssertionError("recalled what the codec refuses") from error
    assert recalled[1] == header.correlation_id
    assert plain(recalled[2]) == plain(general)


@given(
    VERSIONS, st.lists(st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 3), st.sampled_from([0, 6, 87])), max_size=6)
)
def test_replies_are_those_of_the_codec(version, answers):
    first = frame(version, 1, 70, topic="topic", index=3)
    memory = memory_of(first)
    for correlation, (offset, log_start, error) in enumerate(answers):
        data = frame(version, correlation, 70, topic="topic", index=3)
        known, told, produce = memory.recall(data)
        part = ProducedPartition(produce.partitions[0].partition, ErrorCode(error), Offset(offset), Offset(log_start))
        reply = Produced((part,))
        header, _, general = meant(data)
        whole = encode_response(header, REGISTRY.reply_to_wire(header, general, reply, NAMES))
        assert known.reply(REGISTRY.produces, told, reply, NAMES) == whole


def test_other_requests_are_not_taken_for_it():
    memory = memory_of(frame(9, 1, 70))
    for other in (
        frame(10, 2, 70),
        frame(9, 2, 70, topic="u"),
        frame(9, 2, 70, index=1),
        frame(9, 2, 70, client="d"),
        frame(9, 2, 70, acks=1),
        frame(9, 2, 70)[:-1],
        frame(9, 2, 70) + b"\0",
        frame(9, 2, 70)[:20],
        b"",
    ):
        assert memory.recall(other) is None


def test_what_the_codec_would_write_otherwise_is_not_learnt():
    data = frame(9, 1, 70) + b"\0\0\0"
    memory = memory_of(data)
    assert memory.recall(data) is None


def test_partitions_of_a_topic_are_all_remembered():
    frames = [frame(11, 1, 70, index=index) for index in range(50)]
    memory = memory_of(*frames)
    found = [memory.recall(data)[0].partition.index for data in frames]
    assert found == list(range(50))
