"""Record batches, version 2: the bytes producers send, brokers store and consumers read, exactly as Kafka writes them.

One rule: a batch is opaque. The broker checks its header and CRC, stamps base offset and leader epoch into it and
never looks at its records; only `records` opens a batch, for look-ups, tools, tests and simulated clients, and
`impl.wire.opened` for compaction.

Theory of operation. A batch is a 61-byte header and its records:

    base offset 8 | length of what follows 4 | leader epoch 4 | magic 1 | CRC 4 | attributes 2 | last offset delta 4 |
    base timestamp 8 | max timestamp 8 | producer id 8 | producer epoch 2 | base sequence 4 | record count 4 | records

all big-endian. The CRC-32C covers everything from the attributes on: base offset and leader epoch, which a leader
assigns, lie outside it, so a batch compressed and checksummed by the client is stored without being rewritten.

A batch that compaction has been through may hold fewer records than it takes offsets, even none: `Batch.record_count`
is the offsets it takes.

Source: Kafka's documentation, section "Record batch", and the bytes of three clients (tests/storage/test_batches.py).
"""

from collections.abc import Iterator, Sequence
from struct import Struct

from crc32c import crc32c

from impl.core.types import Batch, ErrorCode
from impl.wire import compression
from impl.wire.record_varints import read_varint, varint

Buffer = bytes | bytearray | memoryview
Record = tuple[bytes | None, bytes | None]
"""Key and value; either may be absent."""

HEADER_BYTES = 61
LENGTH_ENDS = 12
"""A batch is this much longer than its length field says."""
MAGIC_AT = 16
CRC_FROM = 21
"""The CRC covers the bytes from here, the attributes, to the end."""
MAGIC = 2
NO_PRODUCER = -1

HEADER = Struct(">qiibIhiqqqhii")
_BEFORE_CRC = Struct(">qiibI")
_AFTER_CRC = Struct(">hiqqqhii")
_STAMP = Struct(">qii")
_LENGTH = _COUNT = Struct(">i")

_CODEC_BITS = 0x07
_TRANSACTIONAL_BIT = 0x10
CONTROL = 0x20
"""The attribute of a batch that is not data: markers, and what the quorum's leaders say of themselves."""
_CODECS = len(compression.NAMES)
_UNUSUAL = _TRANSACTIONAL_BIT | CONTROL


class BatchError(Exception):
    """A batch that cannot be used: `offset` is the base offset its header carries (-1 where it has no header)."""

    def __init__(self, offset: int, reason: str, error: ErrorCode = ErrorCode.CORRUPT_MESSAGE) -> None:
        super().__init__(f"record batch at offset {offset}: {reason}")
        self.offset = offset
        self.reason = reason
        self.error = error
        """What Kafka answers a client that sends it."""


class CorruptBatch(BatchError):
    """The bytes are not a whole, valid batch."""


def parse_header(data: Buffer, position: int = 0) -> Batch:
    """The batch whose first byte is at `position`: its header believed, its CRC unchecked. Raises CorruptBatch.

    `data` of the result is a view of just that batch, which therefore must be there whole.
    """
    view = memoryview(data)
    end = position + _whole_size(view, position)
    if end > len(view):
        raise CorruptBatch(-1, f"ends {end - len(view)} bytes after the data")
    return _read(view, position, end, view[position:end])


def parse_header_only(data: Buffer, position: int, size: int) -> Batch:
    """The same for a batch of `size` bytes of which only the header need be there; `data` of the result is None."""
    return _read(memoryview(data), position, position + size, None)


def split(data: Buffer) -> tuple[Batch, ...]:
    """Whole batches one after the other, each one's CRC checked; a partial one at the end is dropped, as Kafka does.

    Raises CorruptBatch for a bad length, magic, offset or CRC.
    """
    view = memoryview(data)
    size = len(view)
    batches = []
    position = 0
    while position + LENGTH_ENDS <= size:
        end = position + _whole_size(view, position)
        if end > size:
            break
        batches.append(_read_checked(view, position, end))
        position = end
    return tuple(batches)


def validate_produce(data: Buffer) -> Batch:
    """Exactly one batch, as a producer may send it, whole and uncorrupted. Raises CorruptBatch, with Kafka's error.

    Its records stay unopened, compressed or not. A batch with nothing wrong is seen at one look; otherwise it is found
    out what is.
    """
    view = memoryview(data)
    size = len(view)
    if size >= HEADER_BYTES:
        fields = HEADER.unpack_from(view)
        base_offset, length, leader_epoch, magic, crc, attributes, last_delta, _, max_timestamp = fields[:9]
        producer_id, producer_epoch, base_sequence, count = fields[9:]
        if (
            magic == MAGIC
            and length == size - LENGTH_ENDS
            and count == last_delta + 1
            and count > 0
            and base_offset >= 0
            and attributes & _UNUSUAL == 0
            and attributes & _CODEC_BITS < _CODECS
            and (producer_id < 0 or (base_sequence >= 0 and producer_epoch >= 0))
            and crc32c(view[CRC_FROM:]) == crc
        ):
            return Batch(
                base_offset=base_offset,
                record_count=count,
                leader_epoch=leader_epoch,
                crc=crc,
                producer_id=producer_id,
                producer_epoch=producer_epoch,
                base_sequence=base_sequence,
                max_timestamp=max_timestamp,
                size=size,
                data=view,
            )
    raise _refusal(view)


def _refusal(view: memoryview) -> CorruptBatch:
    """What is wrong, in Kafka's order of checks: raised or returned."""
    if len(view) > MAGIC_AT and view[MAGIC_AT] < MAGIC:
        reason = f"message format version {view[MAGIC_AT]}; send record batches, version {MAGIC}"
        return CorruptBatch(-1, reason, ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT)
    if len(view) < HEADER_BYTES:
        return CorruptBatch(-1, f"{len(view)} bytes are fewer than a header's {HEADER_BYTES}")
    end = _whole_size(view, 0)
    if end > len(view):
        return CorruptBatch(-1, f"says it has {end} bytes, but {len(view)} came")
    batch = _read_checked(view, 0, end)
    if end < len(view):
        return CorruptBatch(batch.base_offset, "more than one batch for one partition", ErrorCode.INVALID_RECORD)
    count = _COUNT.unpack_from(view, 57)[0]
    if count != batch.record_count:
        return CorruptBatch(batch.base_offset, _gaps(count, batch.record_count), ErrorCode.INVALID_RECORD)
    attributes = (view[21] << 8) | view[22]
    refusal = _producer_refusal(batch, attributes)
    assert refusal is not None, "a batch with nothing wrong is seen at one look"
    return CorruptBatch(batch.base_offset, refusal, ErrorCode.INVALID_RECORD)


def _producer_refusal(batch: Batch, attributes: int) -> str | None:
    """Why a well-formed batch may not come from a producer; None where it may (Kafka's LogValidator)."""
    if attributes & _CODEC_BITS >= len(compression.NAMES):
        return f"unknown compression type {attributes & _CODEC_BITS}; known are 0 to {len(compression.NAMES) - 1}"
    if attributes & CONTROL:
        return "a control batch, which only brokers write"
    if attributes & _TRANSACTIONAL_BIT:
        return "a transactional batch, and this broker has no transactions; produce without transactional.id"
    if batch.producer_id >= 0 and (batch.base_sequence < 0 or batch.producer_epoch < 0):
        return f"producer id {batch.producer_id} without a sequence number or epoch"
    return None


def stamp(data: Buffer, base_offset: int, leader_epoch: int) -> list[bytes | memoryview]:
    """The batch as it is stored: the same bytes with this base offset and leader epoch, as buffers to write together.

    The content is not copied; the CRC stands, because it covers neither field.
    """
    view = memoryview(data)
    head = _STAMP.pack(base_offset, len(view) - LENGTH_ENDS, leader_epoch)
    if view[:16] == head:
        return [view]
    return [head, view[16:]]


def build(
    records: Sequence[Record],
    *,
    timestamp: int,
    producer_id: int = NO_PRODUCER,
    producer_epoch: int = -1,
    base_sequence: int = -1,
    attributes: int = 0,
) -> bytes:
    """An uncompressed batch of `records` (at least one), each created at `timestamp`, as a producer would send it."""
    count = len(records)
    assert count > 0, "a batch has at least one record"
    parts = [
        _AFTER_CRC.pack(attributes, count - 1, timestamp, timestamp, producer_id, producer_epoch, base_sequence, count)
    ]
    for delta, (key, value) in enumerate(records):
        body = b"".join((b"\0\0", varint(delta), *_field(key), *_field(value), b"\0"))
        parts.append(varint(len(body)))
        parts.append(body)
    checked = b"".join(parts)
    return _BEFORE_CRC.pack(0, len(checked) + CRC_FROM - LENGTH_ENDS, -1, MAGIC, crc32c(checked)) + checked


def records(data: Buffer) -> list[tuple[int, int, bytes | None, bytes | None]]:
    """(offset, timestamp, key, value) of every record in whole batches; record headers are left out.

    Raises CorruptBatch.
    """
    found: list[tuple[int, int, bytes | None, bytes | None]] = []
    for batch in split(data):
        found.extend(records_of(batch))
    return found


def records_of(batch: Batch) -> Iterator[tuple[int, int, bytes | None, bytes | None]]:
    """The same of one batch that `split` has checked."""
    data = batch.data
    assert isinstance(data, memoryview), "a batch from split has its bytes"
    base_timestamp, count = HEADER.unpack_from(data)[7], _COUNT.unpack_from(data, 57)[0]
    view: Buffer = data
    position = HEADER_BYTES
    codec = data[22] & _CODEC_BITS
    if codec:
        try:
            view, position = compression.unpack(codec, data[HEADER_BYTES:]), 0
        except compression.NotUnpacked as error:
            raise CorruptBatch(batch.base_offset, str(error)) from None
    try:
        for _ in range(count):
            size, position = read_varint(view, position)
            end = position + size
            timestamp_delta, position = read_varint(view, position + 1)
            offset_delta, position = read_varint(view, position)
            key, position = _read_field(view, position, end)
            value, position = _read_field(view, position, end)
            yield batch.base_offset + offset_delta, base_timestamp + timestamp_delta, key, value
            position = end
    except IndexError:
        raise CorruptBatch(batch.base_offset, "a record reaches past the end of the batch") from None


def _gaps(count: int, span: int) -> str:
    return f"{count} records over {span} offsets"


def is_control(batch: Batch) -> bool:
    """Whether a batch with its bytes is a control batch."""
    view = batch.data
    assert isinstance(view, memoryview), "a batch from split has its bytes"
    return bool(view[22] & CONTROL)


def _field(content: bytes | None) -> tuple[bytes, bytes]:
    return (varint(-1), b"") if content is None else (varint(len(content)), content)


def _read_field(view: Buffer, position: int, end: int) -> tuple[bytes | None, int]:
    size, position = read_varint(view, position)
    if size < 0:
        return None, position
    if not position + size <= end <= len(view):
        raise IndexError
    return bytes(view[position : position + size]), position + size


def _whole_size(view: memoryview, position: int) -> int:
    """Bytes of the batch at `position`, from its length field. Raises CorruptBatch where no batch is that short."""
    length = _LENGTH.unpack_from(view, position + 8)[0] if len(view) >= position + LENGTH_ENDS else -1
    if length < HEADER_BYTES - LENGTH_ENDS:
        raise CorruptBatch(-1, f"length {length} at byte {position} is shorter than a header")
    return int(length) + LENGTH_ENDS


def has_its_crc(data: Buffer, position: int, end: int, crc: int) -> bool:
    """Whether the batch from `position` to `end` has this CRC."""
    return bool(crc32c(memoryview(data)[position + CRC_FROM : end]) == crc)


def _read_checked(view: memoryview, position: int, end: int) -> Batch:
    """The batch between `position` and `end`, its CRC checked. Raises CorruptBatch."""
    batch = _read(view, position, end, view[position:end])
    if crc32c(view[position + CRC_FROM : end]) != batch.crc:
        raise CorruptBatch(batch.base_offset, f"its bytes do not have the CRC {batch.crc} that its header says")
    return batch


def _read(view: memoryview, position: int, end: int, data: memoryview | None) -> Batch:
    """The batch between `position` and `end`, its fields checked against each other. Raises CorruptBatch."""
    (base_offset, _, leader_epoch, magic, crc, _, last_offset_delta, _, max_timestamp, *producer, count) = (
        HEADER.unpack_from(view, position)
    )
    if magic != MAGIC:
        raise CorruptBatch(base_offset, f"magic {magic}; only record batches, version {MAGIC}, are stored")
    span = last_offset_delta + 1
    if not 0 <= count <= span or span < 1 or base_offset < 0:
        raise CorruptBatch(base_offset, _gaps(count, span), ErrorCode.INVALID_RECORD)
    return Batch(
        base_offset=base_offset,
        record_count=span,
        leader_epoch=leader_epoch,
        crc=crc,
        producer_id=producer[0],
        producer_epoch=producer[1],
        base_sequence=producer[2],
        max_timestamp=max_timestamp,
        size=end - position,
        data=data,
    )
