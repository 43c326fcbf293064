"""Kafka's variable-length integers: seven bits a byte, least significant first, the high bit set on all but the last.

One rule: a varint that does not end within its width is refused, so that no peer makes us build a huge integer.
"""

from impl.wire.message import Buffer

UNSIGNED_BYTES_MAX = 5
"""Kafka's unsigned varints hold 32 bits."""


class Overlong(ValueError):
    """A varint that goes on past its width."""


def continue_unsigned(data: Buffer, first: int, position: int) -> tuple[int, int]:
    """The rest of an unsigned varint whose first byte, already read, had its high bit set: (value, next position)."""
    value = first & 0x7F
    for shift in (7, 14, 21, 28):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise Overlong(f"a varint of more than {UNSIGNED_BYTES_MAX} bytes")


def read_unsigned(data: Buffer, position: int) -> tuple[int, int]:
    """(value, next position). Raises IndexError where the bytes end, Overlong past five bytes."""
    first = data[position]
    if first < 0x80:
        return first, position + 1
    return continue_unsigned(data, first, position + 1)


def encode_unsigned(value: int) -> bytes:
    """The shortest encoding of a value from 0 up."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


SHORT = tuple(encode_unsigned(value) for value in range(1 << 14))
"""Encodings of one and two bytes, ready made: nearly every length on the wire."""


def unsigned(value: int) -> bytes:
    return SHORT[value] if value < len(SHORT) else encode_unsigned(value)
