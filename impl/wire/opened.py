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
from impl.wire.compression import NotUnpacked, pack, unpack
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
    def codec(self) -> int:
        return self.attributes & _CODEC

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


def records_in(data: Buffer) -> Iterator[Record]:
    """Every record of the batch that `data` is, its CRC believed. Raises CorruptBatch."""
    header = open_batch(data)
    try:
        view = unpack(header.codec, memoryview(data)[HEADER_BYTES:])
    except NotUnpacked as error:
        raise CorruptBatch(header.base_offset, str(error)) from None
    return records_of(header, view)


def records_of(header: Opened, view: Buffer) -> Iterator[Record]:
    """The same of a batch whose records are unpacked. Raises CorruptBatch."""
    append_time = header.max_timestamp if header.attributes & _LOG_APPEND_TIME else None
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


class Closing:
    """A batch that is being closed: some of its records, under this delete horizon, or the base timestamp it had.

    An empty batch keeps its youngest timestamp, as in Kafka (DefaultRecordBatch.writeEmptyHeader).
    """

    __slots__ = ("_attributes", "_base", "_body", "_count", "_header", "_youngest")

    def __init__(self, header: Opened, delete_horizon: int | None) -> None:
        self._header = header
        self._base = header.base_timestamp if delete_horizon is None else delete_horizon
        self._attributes = header.attributes | (0 if delete_horizon is None else _DELETE_HORIZON)
        self._body = bytearray()
        self._count = 0
        self._youngest: int | None = header.max_timestamp if header.attributes & _LOG_APPEND_TIME else None

    def __len__(self) -> int:
        """Bytes of the records so far, not compressed."""
        return len(self._body)

    def add(self, record: Record) -> None:
        self._body += _encoded(record, self._header.base_offset, self._base)
        self._count += 1
        if not self._header.attributes & _LOG_APPEND_TIME:
            self._youngest = record.timestamp if self._youngest is None else max(self._youngest, record.timestamp)

    def finish(self) -> bytes:
        """The batch, compressed as it was."""
        header, attributes, body = self._header, self._attributes, b""
        if self._count:
            body = pack(header.codec, bytes(self._body))
        else:
            attributes &= ~_CODEC
        checked = (
            _AFTER_CRC.pack(
                attributes,
                header.last_offset_delta,
                self._base,
                header.max_timestamp if self._youngest is None else self._youngest,
                header.producer_id,
                header.producer_epoch,
                header.base_sequence,
                self._count,
            )
            + body
        )
        length = len(checked) + CRC_FROM - LENGTH_ENDS
        before = _BEFORE_CRC.pack(header.base_offset, length, header.leader_epoch, header.magic, crc32c(checked))
        return before + checked


def closed(header: Opened, kept: Iterable[Record], delete_horizon: int | None) -> bytes:
    """The batch with only these of its records."""
    closing = Closing(header, delete_horizon)
    for record in kept:
        closing.add(record)
    return closing.finish()


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
