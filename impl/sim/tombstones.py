"""Records without a value, which delete what their key had before: how simulated clients write and read them.

One rule: every record that a client sends has a name in the history of a run, and nobody else's. Other records are
named by their values; a tombstone carries its name in a record header.
"""

from impl.core.types import Batch
from impl.wire.batches import HEADER_BYTES
from impl.wire.opened import Closing, Opened, Record, open_batch, records_in, records_of
from impl.wire.record_varints import read_varint, varint

TOMBSTONE = "no "
"""The name of a tombstone begins so, and goes on as a value would."""
_HEADER = b"name"


def ending_in_tombstone(data: bytes, key: str, name: str) -> bytes:
    """An uncompressed batch with a tombstone of this name in place of its last record."""
    header = open_batch(data)
    closing = Closing(header, None)
    for record in records_of(header, memoryview(data)[HEADER_BYTES:]):
        last = record.offset == header.last_offset
        closing.add(_tombstone(record, key, name) if last else record)
    return closing.finish()


def _tombstone(record: Record, key: str, name: str) -> Record:
    rest = b"".join(
        (_sized(key.encode()), varint(-1), varint(1), _sized(_HEADER), _sized(name.encode())),
    )
    return Record(record.offset, record.timestamp, record.key, True, rest)


def _sized(data: bytes) -> bytes:
    return varint(len(data)) + data


def name_at(batch: Batch, offset: int) -> str:
    """The name of the tombstone at this offset of a batch with its bytes; empty where it has none. Raises
    CorruptBatch."""
    assert isinstance(batch.data, memoryview), "a batch that was read has its bytes"
    return next((named(record)[1] for record in records_in(batch.data) if record.offset == offset), "")


def named(record: Record) -> tuple[str, str]:
    """Key and name of a record; what no simulated client has sent may have no name."""
    key, position = _read(record.rest, 0)
    value, position = _read(record.rest, position)
    if not record.tombstone:
        return key, value
    try:
        _, position = read_varint(record.rest, position)
        _, position = _read(record.rest, position)
        return key, _read(record.rest, position)[0]
    except IndexError:
        return key, ""


def _read(data: bytes, position: int) -> tuple[str, int]:
    size, position = read_varint(data, position)
    end = position + max(size, 0)
    return data[position:end].decode(errors="backslashreplace"), end


def held_in(data: bytes | memoryview, header: Opened) -> list[tuple[int, str, str, int]]:
    """Offset, key, name and delete horizon (-1: none) of every record of a batch."""
    horizon = -1 if header.delete_horizon is None else header.delete_horizon
    return [(record.offset, *named(record), horizon) for record in records_in(data)]
