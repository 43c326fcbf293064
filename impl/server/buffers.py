"""Buffers that large frames are read into, used again once nobody looks at them.

One rule: a buffer is free when nothing holds a view of it, and Python itself says so: a bytearray that is viewed
refuses to change its size. So nobody has to give a buffer back, and none is given away while its batches wait to be
acknowledged.

A fresh megabyte is cleared by the allocator and mapped page by page, which for a frame that is only written to a file
costs as much as checking its CRC.
"""

KEPT_BYTES_MAX = 33_554_432
"""Of all buffers that are kept, for all connections of a process."""
STEP_BYTES = 262_144
"""Sizes are multiples of this, so that frames of nearly the same size share buffers."""
TIMES_MAX = 4
"""A buffer is not used for a frame that is smaller than this fraction of it."""


class Buffers:
    """Shared by the connections of a process."""

    def __init__(self, kept_bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._kept: list[bytearray] = []
        self._kept_bytes = 0
        self._kept_bytes_max = kept_bytes_max

    def take(self, size: int) -> memoryview:
        """A view of `size` bytes that nobody else has. What they hold is left over from others."""
        for buffer in self._kept:
            if size <= len(buffer) <= TIMES_MAX * size + STEP_BYTES and _is_free(buffer):
                return memoryview(buffer)[:size]
        buffer = bytearray(-(-size // STEP_BYTES) * STEP_BYTES)
        if len(buffer) <= self._kept_bytes_max:
            self._make_room(len(buffer))
            if self._kept_bytes + len(buffer) <= self._kept_bytes_max:
                self._kept.append(buffer)
                self._kept_bytes += len(buffer)
        return memoryview(buffer)[:size]

    def _make_room(self, size: int) -> None:
        """Forget buffers that nobody uses, oldest first, until so many bytes more may be kept."""
        for buffer in list(self._kept):
            if self._kept_bytes + size <= self._kept_bytes_max:
                return
            if _is_free(buffer):
                # By identity: others may hold the same bytes.
                self._kept = [other for other in self._kept if other is not buffer]
                self._kept_bytes -= len(buffer)


def _is_free(buffer: bytearray) -> bool:
    """Whether nothing holds a view of it."""
    try:
        last = buffer.pop()
    except BufferError:
        return False
    buffer.append(last)
    return True
