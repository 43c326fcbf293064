"""The four compressions of a record batch, opened only where records must be seen: compaction, look-ups, tools.

One rule: nothing is unpacked past a bound the caller sets, however much the bytes claim to hold.

Snappy comes in two dresses: the Java client wraps it in blocks (xerial's framing, which is also what is written here),
others send one raw block. lz4 is the frame format, gzip and zstd their own.
"""

from collections.abc import Callable
from struct import Struct

import cramjam

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
NAMES = ("none", "gzip", "snappy", "lz4", "zstd")
UNPACKED_MAX = 64 * 1_048_576
"""Default bound on the records of one batch, in bytes. Kafka has none; its producers' batches hold 1 MiB at most."""
_FIRST_GUESS = 4
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = _XERIAL + b"\0\0\0\1\0\0\0\1"
_XERIAL_BLOCK = 32_768
_LENGTH = Struct(">i")


class NotUnpacked(ValueError):
    """The bytes are not what their codec says, or hold more than the bound."""


class PastTheBound(NotUnpacked):
    """They hold more than the bound."""


def unpack(codec: int, data: bytes | memoryview, bound: int = UNPACKED_MAX) -> bytes | memoryview:
    """The records as they were before compression. Raises NotUnpacked."""
    if codec == NONE:
        return data
    if codec == SNAPPY:
        return _unpack_snappy(bytes(data), bound)
    unpacker = _UNPACKERS.get(codec)
    if unpacker is None:
        raise NotUnpacked(f"unknown compression type {codec}")
    return _grow(unpacker, bytes(data), bound, NAMES[codec])


def pack(codec: int, data: bytes) -> bytes:
    """The records compressed again, at the codec's default level."""
    if codec == NONE:
        return data
    if codec == SNAPPY:
        blocks = (data[at : at + _XERIAL_BLOCK] for at in range(0, len(data), _XERIAL_BLOCK))
        packed = [bytes(cramjam.snappy.compress_raw(block)) for block in blocks]
        return _XERIAL_HEADER + b"".join(_LENGTH.pack(len(block)) + block for block in packed)
    if codec == LZ4:
        # Kafka's own reader takes only frames whose blocks stand for themselves.
        packer = cramjam.lz4.Compressor(content_checksum=False, block_linked=False)
        packer.compress(data)
        return bytes(packer.finish())
    return bytes(_PACKERS[codec](data, None, None))


def _grow(unpacker: Callable[[bytes, bytearray], int], data: bytes, bound: int, name: str) -> memoryview:
    """Unpack into room that is doubled until it suffices: no header is believed about the size."""
    room = max(1_024, _FIRST_GUESS * len(data))
    while True:
        room = min(room, bound)
        unpacked = bytearray(room)
        try:
            return memoryview(unpacked)[: unpacker(data, unpacked)]
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):
                raise NotUnpacked(f"not {name}: {error}") from None
        if room >= bound:
            raise PastTheBound(f"{name} that unpacks to more than {bound} bytes")
        room *= 2


def _unpack_snappy(data: bytes, bound: int) -> bytes:
    if not data.startswith(_XERIAL):
        return _unpack_block(data, bound)
    parts = []
    position = len(_XERIAL_HEADER)
    while position < len(data):
        if position + _LENGTH.size > len(data):
            raise NotUnpacked("snappy blocks that end inside a length")
        size = _LENGTH.unpack_from(data, position)[0]
        position += _LENGTH.size
        if not 0 <= size <= len(data) - position:
            raise NotUnpacked(f"a snappy block of {size} bytes, of which {len(data) - position} are there")
        parts.append(_unpack_block(data[position : position + size], bound))
        bound -= len(parts[-1])
        position += size
    return b"".join(parts)


def _unpack_block(block: bytes, bound: int) -> bytes:
    try:
        size = cramjam.snappy.decompress_raw_len(block)
        if size > bound:
            raise PastTheBound(f"snappy that unpacks to {size} bytes, over the bound")
        return bytes(cramjam.snappy.decompress_raw(block))
    except cramjam.DecompressionError as error:
        raise NotUnpacked(f"not snappy: {error}") from None


_UNPACKERS: dict[int, Callable[[bytes, bytearray], int]] = {
    GZIP: cramjam.gzip.decompress_into,
    LZ4: cramjam.lz4.decompress_into,
    ZSTD: cramjam.zstd.decompress_into,
}
_PACKERS: dict[int, Callable[[bytes, int | None, int | None], cramjam.Buffer]] = {
    GZIP: cramjam.gzip.compress,
    ZSTD: cramjam.zstd.compress,
}
