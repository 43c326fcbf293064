"""Record batches, against the record codecs of two clients we did not write, and against damaged bytes."""

from typing import Any

import kafka.record.default_records as kafka_python
import pytest
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from impl.core.types import ErrorCode
from impl.wire import batches

NOW = 1_700_000_000_123
GZIP = 1

content = st.none() | st.binary(max_size=80)
some_records = st.lists(st.tuples(content, content), min_size=1, max_size=20)


def by_aiokafka(records: list[batches.Record], compression: int = 0, **producer: int) -> bytes:
    identity = {"producer_id": -1, "producer_epoch": -1, "base_sequence": -1, **producer}
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=compression, is_transactional=0, batch_size=1 << 20, **identity
    )
    for delta, (key, value) in enumerate(records):
        builder.append(delta, NOW, key, value, [])
    return bytes(builder.build())


def by_kafka_python(records: list[batches.Record], compression: int = 0) -> bytes:
    builder = kafka_python.DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for delta, (key, value) in enumerate(records):
        builder.append(delta, NOW, key, value, [])
    return bytes(builder.build())


def read_by(codec: Any, data: bytes) -> list[tuple[int, int, bytes | None, bytes | None]]:
    batch = codec(data)
    assert batch.validate_crc()
    return [(record.offset, record.timestamp, record.key, record.value) for record in batch]


def expected(records: list[batches.Record], base_offset: int = 0) -> list[Any]:
    return [(base_offset + delta, NOW, key, value) for delta, (key, value) in enumerate(records)]


@given(some_records)
def test_what_clients_build_is_accepted_and_read(records: list[batches.Record]) -> None:
    for data in (by_aiokafka(records), by_kafka_python(records)):
        batch = batches.validate_produce(data)
        assert (batch.record_count, batch.size, batch.max_timestamp) == (len(records), len(data), NOW)
        assert batches.records(data) == expected(records)


@given(some_records, st.integers(0, 2**62), st.integers(0, 2**31 - 1))
def test_what_is_built_and_stamped_here_is_read_by_clients(
    records: list[batches.Record], base_offset: int, leader_epoch: int
) -> None:
    data = b"".join(batches.stamp(batches.build(records, timestamp=NOW), base_offset, leader_epoch))
    assert read_by(DefaultRecordBatch, data) == expected(records, base_offset)
    assert read_by(kafka_python.DefaultRecordBatch, data) == expected(records, base_offset)
    batch = batches.parse_header(data)
    assert (batch.base_offset, batch.leader_epoch) == (base_offset, leader_epoch)


@given(some_records)
def test_built_bytes_are_those_of_a_client(records: list[batches.Record]) -> None:
    ours = batches.build(records, timestamp=NOW, producer_id=7, producer_epoch=3, base_sequence=11)
    theirs = by_aiokafka(records, producer_id=7, producer_epoch=3, base_sequence=11)
    assert b"".join(batches.stamp(ours, 0, 0)) == b"".join(batches.stamp(theirs, 0, 0))


@pytest.mark.parametrize("codec", [0, GZIP, 2, 3, 4])
def test_compressed_batches_are_stored_as_they_came_and_can_be_opened(codec: int) -> None:
    records: list[batches.Record] = [(b"key", b"value" * 100), (None, b""), (b"", None)]
    for build in (by_aiokafka, by_kafka_python) if codec <= GZIP else (by_aiokafka,):
        data = build(records, codec)
        batch = batches.validate_produce(data)
        stored = b"".join(batches.stamp(data, 40, 2))
        assert batches.split(stored)[0].crc == batch.crc
        assert read_by(DefaultRecordBatch, stored) == expected(records, 40)
        assert batches.records(stored) == expected(records, 40)
        unreadable = with_checked_field(stored, batches.HEADER_BYTES, b"\xff" * 30)
        with pytest.raises(batches.CorruptBatch):
            batches.records(unreadable)


def test_stamping_changes_only_offset_and_epoch_and_copies_nothing() -> None:
    data = batches.build([(b"k", b"v")], timestamp=NOW)
    head, rest = batches.stamp(data, 5, 9)
    assert head + bytes(rest) == (5).to_bytes(8, "big") + data[8:12] + (9).to_bytes(4, "big") + data[16:]
    assert isinstance(rest, memoryview)
    assert rest.obj is data
    stamped = head + bytes(rest)
    assert b"".join(batches.stamp(stamped, 5, 9)) == stamped


def test_split_drops_a_partial_batch_at_the_end() -> None:
    first = batches.build([(b"a", b"1")], timestamp=NOW)
    second = b"".join(batches.stamp(batches.build([(b"b", b"2")], timestamp=NOW), 1, 0))
    for cut in range(len(second)):
        assert [batch.base_offset for batch in batches.split(first + second[:cut])] == [0]
    both = batches.split(first + second)
    assert [bytes(batch.data) for batch in both] == [first, second]
    assert batches.split(b"") == ()


def test_every_flipped_bit_past_the_stamp_is_noticed() -> None:
    data = batches.build([(b"key", b"value")], timestamp=NOW)
    for place in range(16, len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            with pytest.raises(batches.CorruptBatch):
                batches.split(damaged)
            with pytest.raises(batches.CorruptBatch):
                batches.validate_produce(damaged)


@pytest.mark.parametrize(
    ("damage", "reason", "error"),
    [
        (lambda data: data[:40], "40 bytes are fewer than a header's 61", ErrorCode.CORRUPT_MESSAGE),
        (lambda data: data[:-1], "bytes, but 75 came", ErrorCode.CORRUPT_MESSAGE),
        (lambda data: data + data, "more than one batch", ErrorCode.INVALID_RECORD),
        (lambda data: data + b"x", "more than one batch", ErrorCode.INVALID_RECORD),
        (lambda data: data[:8] + bytes(4) + data[12:], "length 0 at byte 0", ErrorCode.CORRUPT_MESSAGE),
        (lambda data: data[:8] + b"\xff" * 4 + data[12:], "length -1 at byte 0", ErrorCode.CORRUPT_MESSAGE),
        (lambda data: data[:8] + b"\x7f" * 4 + data[12:], "says it has", ErrorCode.CORRUPT_MESSAGE),
        (lambda data: data[:16] + b"\1" + data[17:], "version 1", ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT),
        (lambda data: data[:30] + b"\1", "31 bytes", ErrorCode.CORRUPT_MESSAGE),
        (lambda data: data[:0], "0 bytes", ErrorCode.CORRUPT_MESSAGE),
    ],
)
def test_what_no_producer_may_send_is_refused(damage: Any, reason: str, error: ErrorCode) -> None:
    data = batches.build([(b"key", b"value")], timestamp=NOW)
    with pytest.raises(batches.CorruptBatch, match=reason) as refused:
        batches.validate_produce(damage(data))
    assert refused.value.error == error


def with_checked_field(data: bytes, place: int, field: bytes) -> bytes:
    """The batch with a field inside the CRC changed, and the CRC made right."""
    checked = bytearray(data[batches.CRC_FROM :])
    checked[place - batches.CRC_FROM : place - batches.CRC_FROM + len(field)] = field
    crc = batches.crc32c(bytes(checked)).to_bytes(4, "big")
    return data[:17] + crc + bytes(checked)


@pytest.mark.parametrize(
    ("place", "field", "reason"),
    [
        (21, b"\0\x20", "a control batch"),
        (21, b"\0\x10", "a transactional batch"),
        (21, b"\0\x07", "unknown compression type 7"),
        (57, b"\0\0\0\2", "2 records over 1 offsets"),
        (57, b"\0\0\0\0", "0 records over 1 offsets"),
        (23, b"\xff\xff\xff\xff", "1 records over 0 offsets"),
        (43, b"\0\0\0\0\0\0\0\5", "producer id 5 without a sequence number"),
    ],
)
def test_well_formed_batches_that_no_producer_may_send_are_refused(place: int, field: bytes, reason: str) -> None:
    data = with_checked_field(batches.build([(b"key", b"value")], timestamp=NOW), place, field)
    with pytest.raises(batches.CorruptBatch, match=reason) as refused:
        batches.validate_produce(data)
    assert refused.value.error == ErrorCode.INVALID_RECORD


def test_a_record_reaching_past_its_batch_is_refused() -> None:
    data = batches.build([(b"key", b"value")], timestamp=NOW)
    key_length = batches.HEADER_BYTES + 4
    assert data[key_length] == 2 * len(b"key")
    with pytest.raises(batches.CorruptBatch, match="reaches past"):
        batches.records(with_checked_field(data, key_length, b"\x7e"))


@given(st.binary(max_size=200))
def test_noise_is_refused_or_dropped_and_never_anything_else(noise: bytes) -> None:
    try:
        found = batches.split(noise)
    except batches.CorruptBatch:
        return
    assert found == ()


def test_a_header_alone_can_be_read_where_the_rest_is_not_there() -> None:
    data = batches.build([(b"a", b"1"), (b"b", b"2")], timestamp=NOW, producer_id=4, producer_epoch=0, base_sequence=9)
    batch = batches.parse_header_only(b"..." + data[: batches.HEADER_BYTES], 3, len(data))
    assert (batch.record_count, batch.size, batch.producer_id, batch.base_sequence) == (2, len(data), 4, 9)
    assert batch.data is None
    with pytest.raises(batches.CorruptBatch, match="ends 2 bytes after the data"):
        batches.parse_header(data[:-2])
