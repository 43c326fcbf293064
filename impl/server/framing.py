"""Length-prefixed frames out of a byte stream: Kafka's framing, four bytes of size and then the message.

One rule: a peer's word is never trusted with memory. A size is checked against `socket.request.max.bytes` before a byte
is reserved, and a large frame's buffer grows only as its bytes arrive.

Small frames are cut out of one reused buffer; a frame that does not fit is read straight into a buffer of its own,
which then belongs to whoever receives the frame: its record batches are written to disk from there without a copy. It
is used again when nobody looks at it any more (impl/server/buffers.py).
"""

import struct

from impl.server.buffers import Buffers
from impl.server.channel import Channel
from impl.wire.message import Buffer

BUFFER_BYTES = 65_536
"""The reused buffer of a connection. Frames up to this size are copied out of it."""
LARGE_FRAME_FIRST_BYTES = 1_048_576
"""What a larger frame is granted once the reused buffer is full of it; doubled as it fills."""
REQUEST_BYTES_MAX = 104_857_600
"""socket.request.max.bytes, Kafka's default."""

BUFFERS = Buffers()
"""Of this process."""

SIZE = struct.Struct(">i")


class FrameReader:
    """Cuts frames and hands each to `frame_received`, in order, unless held.

    A subclass overrides `frame_received` and `frame_refused`. While `hold()` is in force no frame is delivered and the
    socket is not read, so the peer's own TCP window slows it down.
    """

    def __init__(self, frame_bytes_max: int = REQUEST_BYTES_MAX) -> None:
        self.frame_bytes_max = frame_bytes_max
        self.channel: Channel | None = None
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self._large: memoryview | None = None
        self._large_filled = 0
        self._large_size = 0
        self._held = False
        self._stopped = False

    # ------------------------------------------------------------ for the subclass
    def frame_received(self, frame: Buffer) -> None:
        """One whole frame, without its size. The receiver may keep it."""
        raise AssertionError(f"a subclass receives the frames, such as this one of {len(frame)} bytes")

    def frame_refused(self, reason: str) -> None:
        """The stream cannot be followed any further: the peer announced an impossible size."""
        raise AssertionError(f"a subclass closes the connection: {reason}")

    # ------------------------------------------------------------ back pressure
    def hold(self) -> None:
        """Deliver nothing and read nothing until `release`."""
        if not self._held:
            self._held = True
            if self.channel is not None:
                self.channel.pause_reading()

    def release(self) -> None:
        """Go on with what has arrived, then read again."""
        if self._held and not self._stopped:
            self._held = False
            self._cut()
            if not self._held and self.channel is not None:
                self.channel.resume_reading()

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._stopped = True
        self.hold()

    def forget(self) -> None:
        """The connection is gone: keep neither buffers nor channel.

        A channel and its user know each other, and the collector, which seldom runs here, would find them late.
        """
        self.stop()
        self.channel = None
        self._view.release()
        self._buffer = bytearray()
        self._view = memoryview(self._buffer)
        self._large = None
        self._start = self._end = 0

    # ------------------------------------------------------------ for the channel
    def get_buffer(self) -> memoryview:
        """Where the next bytes may go; never empty."""
        if self._large is not None:
            return self._large[self._large_filled :]
        return self._view[self._end :]

    def buffer_updated(self, count: int) -> None:
        """So many bytes have arrived there."""
        if self._large is None:
            self._end += count
            self._cut()
            return
        self._large_filled += count
        if self._large_filled == self._large_size:
            frame, self._large = self._large, None
            self.frame_received(frame)
        elif self._large_filled == len(self._large):
            larger = BUFFERS.take(min(2 * len(self._large), self._large_size))
            larger[: self._large_filled] = self._large
            self._large = larger

    # ------------------------------------------------------------ cutting
    def _cut(self) -> None:
        """Deliver every whole frame in the buffer; leave room for more at its end."""
        size_at = SIZE.unpack_from
        while not self._held and self._end - self._start >= SIZE.size:
            (size,) = size_at(self._buffer, self._start)
            if not 0 <= size <= self.frame_bytes_max:
                self._start = self._end = 0
                self.frame_refused(f"frame of {size} bytes, allowed are 0 to {self.frame_bytes_max}")
                return
            begin = self._start + SIZE.size
            if self._end - begin < size:
                self._wait_for_rest(begin, size)
                return
            self._start = end = begin + size
            self.frame_received(bytes(self._view[begin:end]))
        if self._start == self._end:
            self._start = self._end = 0
        elif not self._held:
            self._compact()

    def _wait_for_rest(self, begin: int, size: int) -> None:
        """A frame has arrived in part: move it to where the rest of it will fit."""
        if SIZE.size + size <= BUFFER_BYTES:
            self._compact()
            return
        arrived = self._end - begin
        # A full buffer is a sender in earnest; a thousand who announce giants and send nothing must cost little.
        granted = LARGE_FRAME_FIRST_BYTES if arrived >= BUFFER_BYTES // 2 else 2 * BUFFER_BYTES
        self._large = BUFFERS.take(min(size, granted))
        self._large[:arrived] = self._view[begin : self._end]
        self._large_filled = arrived
        self._large_size = size
        self._start = self._end = 0

    def _compact(self) -> None:
        if self._start:
            left = self._end - self._start
            self._buffer[:left] = bytes(self._view[self._start : self._end])
            self._start, self._end = 0, left
