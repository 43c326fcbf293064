"""An incoming connection: requests in, replies out in the order of the requests.

One rule: nothing a peer sends hurts anyone else. What cannot be read is logged in one line and answered as Kafka
answers it, or the connection is closed; a peer that does not read its replies is not read from either.

Requests are handled as they come, also while earlier ones wait for acks=all; their replies stand in line. A fetch is
waited for, as Kafka waits for every request: its answer may be large. The core knows a request by a number of ours, so
a peer's correlation ids may be anything. Replies that become ready together leave together: those of the requests that
came in one read after the last of them was handled, all others in the next turn of the event loop.

A producer that sends a request for each record says the same again and again; see impl/api/produce_memory.py.
"""

import asyncio
from collections import deque
from time import monotonic
from typing import Protocol

from impl.api.handler import Immediate
from impl.api.names import TopicNames
from impl.api.produce_memory import ProduceMemory, Remembered
from impl.api.registry import Registry
from impl.core.messages import Fetch, Produce, Produced, Reply, Request
from impl.core.quorum.messages import FetchMetadata
from impl.core.types import Connection, Stored
from impl.server.channel import Channel
from impl.server.framing import FrameReader
from impl.server.log import Log
from impl.server.traffic import Traffic, clock
from impl.wire.errors import WireError
from impl.wire.framing import ALONE_BYTES_MIN, RequestHeader, decode_request, response_pieces
from impl.wire.message import Buffer, Piece
from impl.wire.messages.produce import ProduceRequest

REQUESTS_IN_LINE_MAX = 100
"""Requests of one connection that may wait for their replies before no more are read."""
BYTES_IN_LINE_MAX = 16_777_216
"""Likewise, the bytes of those requests: their batches stay in memory until they are answered."""
POLLS = frozenset({Fetch, FetchMetadata})
"""Requests that are waited for."""


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
    """A place in the line of replies. `size` is the request's; `began` is when it had arrived.

    A `known` request is one like others before it: the header is theirs, the correlation id its own.
    """

    __slots__ = ("began", "correlation", "header", "known", "polls", "reply", "request", "size")

    def __init__(
        self, header: RequestHeader, request: Request | None, size: int, reply: list[Piece] | None, began: float
    ) -> None:
        self.header = header
        self.request = request
        self.size = size
        self.reply = reply
        self.began = began
        self.polls = type(request) in POLLS
        self.known: Remembered | None = None
        self.correlation = 0


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
        self._taking = False
        self._flushing = False
        self._choked = False
        self._peer = ""
        self._heard = clock()
        self._produces = ProduceMemory(server.registry.produces)

    # ------------------------------------------------------------ for the channel
    def opened(self, channel: Channel) -> None:
        """There is a socket."""
        self.channel = channel
        self._peer = channel.peer
        if self._server.opened(self):
            channel.start()
        else:
            self._server.traffic.connections_refused += 1
            self._server.log.warn("connection refused", peer=self._peer, reason="max.connections reached")
            self._drop()

    def buffer_updated(self, count: int) -> None:
        self._heard = clock()
        self._taking = True
        super().buffer_updated(count)
        self._taking = False
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self.forget()
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
    def frame_received(self, frame: Buffer) -> None:
        server = self._server
        server.traffic.bytes_in += len(frame)
        if type(frame) is bytes and (recalled := self._produces.recall(frame)) is not None:
            known, correlation, produce = recalled
            place = _Place(known.header, produce, len(frame), None, self._heard)
            place.known, place.correlation = known, correlation
            self._take_up(place, known.header, produce)
            return
        try:
            header, message = decode_request(frame, server.registry.served)
            meant = server.registry.to_core(header, message, server.names)
        except WireError as error:
            self._refuse(error)
            return
        if isinstance(meant, Immediate):
            if meant.reply is not None:
                self._stand(_Place(header, None, 0, response_pieces(header, meant.reply), self._heard))
                self._flush_soon()
        elif type(meant) is not Produce:
            self._take_up(_Place(header, meant, len(frame), None, self._heard), header, meant)
        elif meant.acks:
            if type(frame) is bytes and type(message) is ProduceRequest:
                self._produces.learn(frame, header, message, meant)
            self._take_up(_Place(header, meant, len(frame), None, self._heard), header, meant)
        else:
            self._take_up(None, header, meant)

    def _take_up(self, place: _Place | None, header: RequestHeader, request: Request) -> None:
        """Hand a request to the core; no place in line: it wants no answer."""
        self._last = number = self._last + 1
        if place is not None:
            self._waiting[number] = place
            self._stand(place)
        self._server.requested(self, number, header, request)

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
            self._stand(_Place(_NO_HEADER, None, 0, [error.answer], self._heard))
            self._flush_soon()

    def _stand(self, place: _Place) -> None:
        """A new place at the end of the line."""
        line = self._line
        line.append(place)
        self._bytes += place.size
        self._polls += place.polls
        if len(line) >= REQUESTS_IN_LINE_MAX and line[0].reply is not None:
            self._send_ready()
        if place.polls or len(line) >= REQUESTS_IN_LINE_MAX or self._bytes >= BYTES_IN_LINE_MAX:
            self.hold()

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
        # It waited for us: its time to be idle begins now.
        self._heard = monotonic()
        if place is None or place.request is None:
            return
        server = self._server
        if place.known is not None:
            assert type(reply) is Produced, "a produce is answered by partition"
            place.reply = [place.known.reply(server.registry.produces, place.correlation, reply, server.names)]
        else:
            message = server.registry.reply_to_wire(place.header, place.request, reply, server.names)
            place.reply = response_pieces(place.header, message, clock)
        place.request = None
        if not self._taking:
            self._flush_soon()

    def expect_answers(self) -> bool:
        """Several answers may come now, and `flush` follows; false: it is taking requests and will flush by itself."""
        if self._taking:
            return False
        self._taking = True
        return True

    def flush(self) -> None:
        """Send the replies that are ready and next in line; then read on if there is room."""
        self._taking = False
        self._flush()

    def is_idle(self, since: float) -> bool:
        """Whether nothing was heard since then (`clock()` seconds), and it is not us who it waits for."""
        return self._heard < since and (self._choked or not self._waiting)

    def expire(self) -> None:
        """Close it for being idle, as Kafka does."""
        self._server.log.info("connection closed", peer=self._peer, reason="connections.max.idle.ms reached")
        self.stop()
        if self.channel is not None:
            self.channel.abort()

    def close(self) -> None:
        """Send what is ready, then close."""
        self._send_ready()
        if self.channel is not None:
            self.channel.close()

    def _flush_soon(self) -> None:
        if not self._flushing and not self._taking:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Send the replies that are ready and next in line; then read on if there is room."""
        self._flushing = False
        self._send_ready()
        while self._held and self._has_room():
            self._taking = True
            self.release()
            self._taking = False
            if not self._send_ready():
                break

    def _send_ready(self) -> bool:
        """Send the replies that are ready and next in line; whether there were any."""
        line = self._line
        if self.channel is None or not line or line[0].reply is None:
            return False
        pieces: list[Piece] = []
        small: list[Buffer] = []
        traffic, now = self._server.traffic, clock()
        while line and (reply := line[0].reply) is not None:
            place = line.popleft()
            self._bytes -= place.size
            self._polls -= place.polls
            size = 0
            for piece in reply:
                size += len(piece)
                if isinstance(piece, Stored) or len(piece) >= ALONE_BYTES_MIN:
                    if small:
                        pieces.append(b"".join(small))
                        small.clear()
                    pieces.append(piece)
                else:
                    small.append(piece)
            if place.header is not _NO_HEADER:
                traffic.answered(place.header.api_key, now - place.began, size)
        if small:
            pieces.append(b"".join(small) if len(small) > 1 else small[0])
        self.channel.send(pieces)
        return True

    def _drop(self) -> None:
        """Close, after what is already in line and ready."""
        self.stop()
        self.close()


_NO_HEADER = RequestHeader(-1, 0, 0)
