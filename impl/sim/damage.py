"""What a disk may make of the records on it: a write that never arrived, one that arrived elsewhere, another bit.

One rule: pure functions of bytes; which write and which bit is chosen elsewhere.

Of a batch's header Kafka's checksum does not cover the beginning: base offset, length, leader epoch, magic. Recovery
knows which offset is due and finds a change of that; of the leader epoch nobody can tell that it has changed. What rots
later, below what recovery checks, is told by its checksum to whoever reads records, but not to those who read headers
alone: bits of headers do not rot here.
"""

from struct import Struct

from impl.wire.batches import HEADER_BYTES, LENGTH_ENDS, MAGIC_AT

_LENGTH = Struct(">i")
_LENGTH_AT = LENGTH_ENDS - _LENGTH.size
EPOCH = range(LENGTH_ENDS, MAGIC_AT)
HEADER = range(HEADER_BYTES)


def spans(data: bytes) -> list[tuple[int, int]]:
    """Where the whole batches at the beginning of `data` begin and end."""
    found = []
    position = 0
    while position + LENGTH_ENDS <= len(data):
        (length,) = _LENGTH.unpack_from(data, position + _LENGTH_AT)
        end = position + LENGTH_ENDS + length
        if length <= 0 or end > len(data):
            break
        found.append((position, end))
        position = end
    return found


def without_write(data: bytes, which: int) -> bytes:
    """One of the writes but the last never arrived, and there are zeros in its place; too few writes: as they were."""
    writes = spans(data)
    if len(writes) < 2:
        return data
    start, end = writes[which % (len(writes) - 1)]
    return data[:start] + bytes(end - start) + data[end:]


def misdirected(data: bytes, which: int) -> bytes:
    """One of the writes but the first arrived where the one before it belongs, and nothing arrived after it."""
    writes = spans(data)
    if len(writes) < 2:
        return data
    place = which % (len(writes) - 1)
    start, end = writes[place + 1]
    return data[: writes[place][0]] + data[start:end]


def place_of_bit(data: bytes, share: int, shares: int, spared: range) -> tuple[int, int] | None:
    """A position and a bit, `share` of `shares` of the way through; None: there is nothing.

    The `spared` bytes of each batch stay as they are.
    """
    position = len(data) * share // shares
    for start, end in spans(data):
        if start <= position < end and position - start in spared:
            position = start + spared.stop
    return (position, share % 8) if position < len(data) else None


def flipped(data: bytes, place: tuple[int, int] | None) -> bytes:
    """With another bit at this position."""
    if place is None:
        return data
    position, bit = place
    return data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]
