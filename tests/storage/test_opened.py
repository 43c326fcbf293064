"""Batches opened and closed with fewer records, read back by another client's code, and bombs that stay packed."""

import cramjam
import pytest
from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import given
from hypothesis import strategies as st

from impl.wire import batches, compression
from impl.wire.opened import closed, open_batch, records_in
from tests.storage.test_batches import NOW, by_aiokafka, read_by, some_records

CODECS = st.sampled_from([compression.NONE, compression.GZIP, compression.SNAPPY, compression.LZ4, compression.ZSTD])


@given(some_records, CODECS, st.data(), st.none() | st.integers(0, 2**41))
def test_what_is_kept_is_the_same_record(
    records: list[batches.Record], codec: int, data: st.DataObject, horizon: int | None
) -> None:
    original = b"".join(
        batches.stamp(by_aiokafka(records, codec, producer_id=7, producer_epoch=3, base_sequence=11), 40, 2)
    )
    header, whole = open_batch(original), list(records_in(original))
    assert [(record.offset, record.timestamp, record.key) for record in whole] == [
        (offset, timestamp, key) for offset, timestamp, key, _ in read_by(DefaultRecordBatch, original)
    ]
    keep = data.draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole)))
    kept = [record for record, stays in zip(whole, keep, strict=True) if stays]
    cleaned = closed(header, kept, horizon)
    (batch,) = batches.split(cleaned)
    assert (batch.base_offset, batch.record_count, batch.base_sequence) == (40, len(records), 11)
    assert open_batch(cleaned).delete_horizon == horizon
    assert list(records_in(cleaned)) == kept
    wanted = [found for found, stays in zip(batches.records(original), keep, strict=True) if stays]
    assert batches.records(cleaned) == wanted
    assert read_by(DefaultRecordBatch, cleaned) == wanted


@given(st.binary(max_size=5_000), CODECS)
def test_packing_comes_undone(content: bytes, codec: int) -> None:
    assert bytes(compression.unpack(codec, compression.pack(codec, content))) == content


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_a_bomb_stays_packed(codec: int) -> None:
    bomb = compression.pack(codec, bytes(3_000_000))
    assert len(bomb) < 150_000
    with pytest.raises(compression.NotUnpacked, match=r"unpacks to|over the bound"):
        compression.unpack(codec, bomb, 1_000_000)
    assert len(compression.unpack(codec, bomb, 3_000_000)) == 3_000_000


@given(st.integers(1, 6), st.binary(max_size=300))
def test_noise_is_refused_or_unpacks_to_no_more_than_asked(codec: int, noise: bytes) -> None:
    framed = (compression._XERIAL_HEADER + noise, noise)
    for data in framed:
        try:
            unpacked = compression.unpack(codec, data, 10_000)
        except compression.NotUnpacked:
            continue
        assert len(unpacked) <= 10_000


def test_lz4_is_packed_in_blocks_that_stand_for_themselves() -> None:
    """Kafka reads no others (KafkaLZ4BlockInputStream), which no other reader would tell us."""
    assert compression.pack(compression.LZ4, bytes(300_000))[4] & 0x20


def test_a_raw_snappy_block_is_read_as_well() -> None:
    assert compression.unpack(compression.SNAPPY, bytes(cramjam.snappy.compress_raw(b"abc" * 50))) == b"abc" * 50


def test_timestamps_are_those_of_the_batch_where_the_broker_sets_them() -> None:
    data = bytearray(batches.build([(b"a", b"1"), (b"b", b"2")], timestamp=NOW))
    data[22] |= 0x08
    data[35:43] = (NOW + 9).to_bytes(8, "big")
    assert [record.timestamp for record in records_in(data)] == [NOW + 9, NOW + 9]
