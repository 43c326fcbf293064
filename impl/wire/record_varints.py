"""Kafka's variable-length integers inside records: zig-zag, seven bits a byte, low bits first (Protocol Buffers' sint).

One rule: a reader never believes more bytes than a 64-bit number needs. Raises IndexError where the bytes end or go on
too long; the caller says what that means.
"""

_MOST_BYTES = 10


def _encode(number: int) -> bytes:
    rest = (number << 1) ^ (number >> 63)
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append((rest & 0x7F) | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


_READY = tuple(_encode(number) for number in range(512))


def varint(number: int) -> bytes:
    """The bytes of a number; small ones, which are nearly all of them, are ready."""
    return _READY[number] if 0 <= number < 512 else _encode(number)


def read_varint(data: bytes | bytearray | memoryview, position: int) -> tuple[int, int]:
    """The number at `position` and where it ends."""
    rest = data[position]
    position += 1
    if rest < 0x80:
        return (rest >> 1) ^ -(rest & 1), position
    rest &= 0x7F
    shift = 7
    for _ in range(_MOST_BYTES - 1):
        byte = data[position]
        position += 1
        rest |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (rest >> 1) ^ -(rest & 1), position
        shift += 7
    raise IndexError("a variable-length integer of more than ten bytes")
