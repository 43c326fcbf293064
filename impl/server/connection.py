"""An incoming connection: requests in, replies out in the order of the requests.

One rule: nothing a peer sends hurts anyone else. What cannot be read is logged in one line and answered as Kafka
answers it, or the connection is closed; a peer that does not read its replies is not read from either.

Requests are handled as they come, also while earlier ones wait for acks=all; their replies stand in line. A fetch is
waited for, as Kafka waits for every request: its answer may be large, and only one of them may be in memory. The core
knows a request by a number of ours, so a peer's correlation ids may be anything. Replies that become ready in one turn
of the event loop leave in one write.
"""

import asyncio
from collections import deque
from typing import Protocol

from impl.api.handler import Immediate
from impl.api.names import TopicNames
from impl.api.registry import Registry
from impl.core.messages import Fetch, FetchMetadata, Produce, Reply, Request
from impl.core.types import Connection
from impl.server.framing import FrameReader
from impl.server.log import Log
from impl.server.traffic import Traffic, clock
from impl.wire.errors import WireError
from impl.wire.framing import RequestHeader, decode_request, response_buffers
from impl.wire.message import Buffer

REQUESTS_IN_LINE_MAX = 100
"""Requests of one connection that may wait for their replies before no more are read."""
BYTES_IN_LINE_MAX = 16_777_216
"""Likewise, the bytes of those requests: their batches stay in memory until they are answered."""
WRITE_BUFFER_HIGH_BYTES = 1_048_576
WRITE_BUFFER_LOW_BYTES = 262_144
ALONE_BYTES_MIN = 32_768
"""Small pieces of replies are joined into one write; one at least this large is written alone, uncopied."""


class Server(Protocol):
    """What a connection belongs to: a node."""

    log: Log
    traffic: Traffic
    names: TopicNames
    registry: Registry

    def opened(self, connection: "ClientConnection") -> bool:
        """Whether it may stay; false where there are too many."""

    def requested(
        self, connection: "ClientConnection", correlation: int, header: RequestHeader, request: Request
    ) -> None:
        """Hand a request to the core. Its answer, if any, comes back through `answer`."""

    def closed(self, connection: "ClientConnection") -> None: ...


class _Place:
    """A place in the line of replies."""

    __slots__ = ("began", "header", "polls", "reply", "request", "size")

    def __init__(self, header: RequestHeader, request: Request | None, size: int, reply: list[Buffer] | None) -> None:
        self.header = header
        self.request = request
        self.size = size
        self.reply = reply
        self.began = clock()
        self.polls = isinstance(request, Fetch | FetchMetadata)


class ClientConnection(FrameReader):
    """One accepted socket. `number` is what the core knows it by."""

    def __init__(self, server: Server, number: Connection, frame_bytes_max: int) -> None:
        super().__init__(frame_bytes_max)
        self.number = number
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._line: deque[_Place] = deque()
        self._waiting: dict[int, _Place] = {}
        self._last = 0
        self._bytes = 0
        self._polls = 0
        self._flushing = False
        self._choked = False
        self._peer = ""

    # ------------------------------------------------------------ asyncio
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=WRITE_BUFFER_HIGH_BYTES, low=WRITE_BUFFER_LOW_BYTES)
        name = transport.get_extra_info("peername")
        self._peer = f"{name[0]}:{name[1]}" if name else "unknown"
        if not self._server.opened(self):
            self._server.traffic.connections_refused += 1
            self._server.log.warn("connection refused", peer=self._peer, reason="max.connections reached")
            self._drop()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.stop()
        self._line.clear()
        self._waiting.clear()
        self._server.closed(self)

    def pause_writing(self) -> None:
        self._choked = True
        self.hold()

    def resume_writing(self) -> None:
        self._choked = False
        self._flush_soon()

    # ------------------------------------------------------------ requests
    def frame_received(self, frame: memoryview) -> None:
        server = self._server
        server.traffic.bytes_in += len(frame)
        try:
            header, message = decode_request(frame, server.registry.served)
            meant = server.registry.to_core(header, message, server.names)
        except WireError as error:
            self._refuse(error)
            return
        if isinstance(meant, Immediate):
            if meant.reply is not None:
                self._stand(_Place(header, None, 0, response_buffers(header, meant.reply)))
                self._flush_soon()
            return
        self._last += 1
        if not (isinstance(meant, Produce) and meant.acks == 0):
            place = _Place(header, meant, len(frame), None)
            self._waiting[self._last] = place
            self._stand(place)
        server.requested(self, self._last, header, meant)

    def frame_refused(self, reason: str) -> None:
        self._server.traffic.refused += 1
        self._server.log.warn("connection closed", peer=self._peer, reason=reason)
        self._drop()

    def _refuse(self, error: WireError) -> None:
        self._server.traffic.refused += 1
        self._server.log.warn("request refused", peer=self._peer, reason=error)
        if error.answer is None:
            self._drop()
        else:
            self._stand(_Place(_NO_HEADER, None, 0, [error.answer]))
            self._flush_soon()

    def _stand(self, place: _Place) -> None:
        """A new place at the end of the line."""
        self._line.append(place)
        self._bytes += place.size
        self._polls += place.polls
        if not self._has_room():
            self.hold()

    def _leave(self) -> list[Buffer]:
        """The reply at the head of the line, which goes."""
        place = self._line.popleft()
        self._bytes -= place.size
        self._polls -= place.polls
        assert place.reply is not None
        if place.header is not _NO_HEADER:
            self._server.traffic.answered(place.header.api_key, place.began, sum(map(len, place.reply)))
        return place.reply

    def _has_room(self) -> bool:
        return (
            not self._choked
            and not self._polls
            and len(self._line) < REQUESTS_IN_LINE_MAX
            and self._bytes < BYTES_IN_LINE_MAX
        )

    # ------------------------------------------------------------ replies
    def answer(self, correlation: int, reply: Reply, clock: int) -> None:
        """The core's reply to the request it knows by that number; dropped where nobody waits for it."""
        place = self._waiting.pop(correlation, None)
        if place is None or place.request is None:
            return
        server = self._server
        message = server.registry.reply_to_wire(place.header, place.request, reply, server.names)
        place.reply = response_buffers(place.header, message, clock)
        place.request = None
        self._flush_soon()

    def close(self) -> None:
        """Send what is ready, then close."""
        self._flush()
        if self.transport is not None:
            self.transport.close()

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write the replies that are ready and next in line; then read on if there is room."""
        self._flushing = False
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        small: list[Buffer] = []
        while self._line and self._line[0].reply is not None:
            for piece in self._leave():
                if len(piece) < ALONE_BYTES_MIN:
                    small.append(piece)
                    continue
                if small:
                    transport.write(b"".join(small))
                    small.clear()
                transport.write(memoryview(piece))
        if small:
            transport.write(b"".join(small))
        if self._has_room():
            self.release()

    def _drop(self) -> None:
        """Close, after what is already in line and ready."""
        self.stop()
        self.close()


_NO_HEADER = RequestHeader(-1, 0, 0)
