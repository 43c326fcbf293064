"""From batch to batch through a log file, reading headers in large steps.

One rule: a walk believes no length it cannot check: a batch lies whole below `end`, or the walk stops with `Torn`.
"""

from collections.abc import Iterator
from struct import Struct

from impl.storage.files import File
from impl.wire.batches import HEADER_BYTES, LENGTH_ENDS

CHUNK_BYTES = 65_536

Step = tuple[int, int, int, int, bytes, int]
"""Position, size, base offset, end offset, chunk, place of the header in the chunk."""

_SPAN = Struct(">qi11xi")
"""Base offset, length, and last offset delta eleven bytes later."""


class Torn(Exception):
    """At `position` of the file there is no whole batch."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"at byte {position}: {reason}")
        self.position = position
        self.reason = reason


def walk(file: File, start: int, end: int) -> Iterator[Step]:
    """Every batch of the file from `start` to `end`.

    `start` is where a batch begins and `end` where the file's batches end. Raises Torn. The chunk holds at least the
    header; nothing but lengths is checked.
    """
    position = start
    chunk = b""
    chunk_start = start
    while position < end:
        place = position - chunk_start
        if place + HEADER_BYTES > len(chunk):
            chunk = file.read(position, min(CHUNK_BYTES, end - position))
            chunk_start, place = position, 0
            if len(chunk) < HEADER_BYTES:
                raise Torn(position, f"{len(chunk)} bytes are fewer than a batch header")
        base_offset, length, last_offset_delta = _SPAN.unpack_from(chunk, place)
        size = length + LENGTH_ENDS
        if size < HEADER_BYTES:
            raise Torn(position, f"length {length} is shorter than a batch header")
        if position + size > end:
            raise Torn(position, f"a batch of {size} bytes, of which {end - position} are there")
        yield position, size, base_offset, base_offset + last_offset_delta + 1, chunk, place
        position += size
