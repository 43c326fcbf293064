"""A record batch opened, and closed again with fewer records: what compaction needs.

One rule: a record that stays is the same record. Its offset, timestamp, key, value and headers do not change, and the
batch keeps its first and last offset, producer, sequence and leader epoch, however few records it keeps: even none
(Kafka's MemoryRecords.filterTo).

A *delete horizon* is the time from which a batch's tombstones may go. It stands where the base timestamp stood, marked
by a bit of the attributes, and the records' timestamps are then counted from it (KIP-534).
"""

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple

from crc32c import crc32c

from impl.wire.batches import CRC_FROM, HEADER, HEADER_BYTES, LENGTH_ENDS, Buffer, CorruptBatch
from impl.wire.compression import UNPACKED_MAX, NotUnpacked, pack, unpack
from impl.wire.record_varints import read_varint, varint

_CODEC = 0x07
_LOG_APPEND_TIME = 0x08
_TRANSACTIONAL = 0x10
_CONTROL = 0x20
_DELETE_HORIZON = 0x40
_AFTER_CRC = Struct(">hiqqqhii")
_BEFORE_CRC = Struct(">qiibI")


class Record(NamedTuple):
    """One record; `rest` is the bytes from its key length to its end, and `tombstone` that it has no value."""

    offset: int
    timestamp: int
    key: bytes | None
    tombstone: bool
    rest: bytes


class Opened(NamedTuple):
    """A batch's header fields, as they are."""

    base_offset: int
    leader_epoch: int
    magic: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def last_offset(self) -> int:
        return self.base_offset + self.last_offset_delta

    @property
    def is_control(self) -> bool:
        return bool(self.attributes & _CONTROL)

    @property
    def is_transactional(self) -> bool:
        return bool(self.attributes & _TRANSACTIONAL)

    @property
    def delete_horizon(self) -> int | None:
        """Milliseconds since 1970; None where the batch has none yet."""
        return self.base_timestamp if self.attributes & _DELETE_HORIZON else None


def open_batch(data: Buffer) -> Opened:
    """The header of the batch that `data` is."""
    base_offset, _, leader_epoch, magic, _, *rest = HEADER.unpack_from(data)
    return Opened._make((base_offset, leader_epoch, magic, *rest))


def records_in(data: Buffer, bound: int = UNPACKED_MAX) -> Iterator[Record]:
    """Every record of the batch that `data` is, its CRC believed. Raises CorruptBatch."""
    header = open_batch(data)
    append_time = header.max_timestamp if header.attributes & _LOG_APPEND_TIME else None
    view = unpacked(data, header, bound)
    position = 0
    try:
        for _ in range(header.record_count):
            size, position = read_varint(view, position)
            end = position + size
            timestamp_delta, position = read_varint(view, position + 1)
            offset_delta, position = read_varint(view, position)
            if not position < end <= len(view):
                raise IndexError
            rest = bytes(view[position:end])
            key, tombstone = _key_and_absence(rest)
            timestamp = header.base_timestamp + timestamp_delta if append_time is None else append_time
            yield Record(header.base_offset + offset_delta, timestamp, key, tombstone, rest)
            position = end
    except IndexError:
        raise CorruptBatch(header.base_offset, "a record reaches past the end of the batch") from None


def unpacked(data: Buffer, header: Opened, bound: int) -> Buffer:
    """The batch's records, decompressed. Raises CorruptBatch."""
    try:
        return unpack(header.attributes & _CODEC, memoryview(data)[HEADER_BYTES:], bound)
    except NotUnpacked as error:
        raise CorruptBatch(header.base_offset, str(error)) from None


def closed(header: Opened, kept: Iterable[Record], delete_horizon: int | None) -> bytes:
    """The batch with only these of its records, under this delete horizon, or with the base timestamp it had.

    An empty batch keeps its youngest timestamp, as in Kafka (DefaultRecordBatch.writeEmptyHeader).
    """
    records = list(kept)
    base = header.base_timestamp if delete_horizon is None else delete_horizon
    attributes = header.attributes | (0 if delete_horizon is None else _DELETE_HORIZON)
    youngest = header.max_timestamp
    if records and not attributes & _LOG_APPEND_TIME:
        youngest = max(record.timestamp for record in records)
    body = pack(attributes & _CODEC, b"".join(_encoded(record, header.base_offset, base) for record in records))
    if not records:
        attributes, body = attributes & ~_CODEC, b""
    checked = (
        _AFTER_CRC.pack(
            attributes,
            header.last_offset_delta,
            base,
            youngest,
            header.producer_id,
            header.producer_epoch,
            header.base_sequence,
            len(records),
        )
        + body
    )
    length = len(checked) + CRC_FROM - LENGTH_ENDS
    return _BEFORE_CRC.pack(header.base_offset, length, header.leader_epoch, header.magic, crc32c(checked)) + checked


def _encoded(record: Record, base_offset: int, base_timestamp: int) -> bytes:
    body = b"".join(
        (b"\0", varint(record.timestamp - base_timestamp), varint(record.offset - base_offset), record.rest)
    )
    return varint(len(body)) + body


def _key_and_absence(rest: bytes) -> tuple[bytes | None, bool]:
    size, position = read_varint(rest, 0)
    key = None
    if size >= 0:
        if position + size > len(rest):
            raise IndexError
        key = rest[position : position + size]
        position += size
    return key, read_varint(rest, position)[0] < 0
