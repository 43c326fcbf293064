"""Connections this node opens to others: the other brokers and the controller.

One rule: every request handed over is either answered, or its node is reported lost; nothing is resent here. What a
lost request means, and when to ask again, is the core's business.

A request that may be held back by agreement (a fetch, the metadata log) has a connection of its own, because replies
come in the order of the requests and nothing else should wait behind it. Where one connection to a node breaks, all of
them are closed and the node is reported once: nobody knows what arrived of anything in flight.

After a failure the next attempt waits, twice as long each time (`reconnect.backoff.ms` to `reconnect.backoff.max.ms`).
"""

import asyncio
import itertools
from enum import Enum
from typing import NamedTuple, Protocol

from impl.api.names import TopicNames
from impl.api.registry import Registry
from impl.core.events import Send
from impl.core.messages import CONSUMER, Fetch, Reply, Request
from impl.core.quorum.messages import FetchMetadata
from impl.core.types import NodeId
from impl.server.channel import Channel, connect
from impl.server.configuration import NetworkConfig
from impl.server.framing import FrameReader
from impl.server.log import Log
from impl.wire.errors import WireError
from impl.wire.framing import RequestHeader, correlation_of, decode_response, encode_request
from impl.wire.message import Buffer

Address = tuple[str, int]


class Lane(Enum):
    """Which connection to a node a request takes."""

    REQUESTS = "requests"
    FETCHES = "fetches"
    METADATA = "metadata"


class Owner(Protocol):
    """The node these connections belong to."""

    name: str
    log: Log
    names: TopicNames
    registry: Registry
    network: NetworkConfig

    def replied(self, node: NodeId, correlation: int, reply: Reply, clock: int) -> None: ...

    def lost(self, node: NodeId) -> None: ...

    def address_of(self, node: NodeId) -> Address | None:
        """Where the node listens, as far as it is known."""


def lane_of(request: Request) -> Lane:
    """A probe (a fetch as a consumer) is answered at once and travels with the ordinary requests."""
    if isinstance(request, FetchMetadata):
        return Lane.METADATA
    if isinstance(request, Fetch) and request.replica_id != CONSUMER:
        return Lane.FETCHES
    return Lane.REQUESTS


class _Asked(NamedTuple):
    api_key: int
    api_version: int
    correlation: int


class PeerConnection(FrameReader):
    """One outgoing connection, once it stands."""

    def __init__(self, peer: "Peer", frame_bytes_max: int) -> None:
        super().__init__(frame_bytes_max)
        self._peer = peer

    def connection_lost(self, error: Exception | None) -> None:
        self.forget()
        self._peer.broken(self, str(error) if error else "closed by the peer")

    def pause_writing(self) -> None:
        """Requests are few and small, and none may be dropped."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""

    def frame_received(self, frame: Buffer) -> None:
        self._peer.answered(self, frame)

    def frame_refused(self, reason: str) -> None:
        self._peer.broken(self, reason)


class _Path:
    """One lane to a node: a connection, or the frames that wait for it."""

    __slots__ = ("connection", "opening", "queued")

    def __init__(self) -> None:
        self.connection: PeerConnection | None = None
        self.opening: asyncio.Task[None] | None = None
        self.queued: list[bytes] = []


class Peer:
    """Another node, and what this one has asked it."""

    def __init__(self, node: NodeId, owner: Owner) -> None:
        self.node = node
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._paths: dict[Lane, _Path] = {}
        self._asked: dict[int, _Asked] = {}
        self._numbers = itertools.count(1)
        self._failures = 0
        self._not_before = 0.0
        self._address: Address | None = None

    # ------------------------------------------------------------ out
    def send(self, send: Send, clock: int) -> None:
        """Send a request now, or once the connection stands."""
        owner = self._owner
        address = owner.address_of(self.node)
        if address != self._address:
            if self._address is not None:
                self._fail("it has moved")
            self._address = address
        key, version, message = owner.registry.request_to_wire(send.request, owner.names)
        # A number of ours: the correlation of the wire is 32 bits, and the core's may be any.
        number = next(self._numbers) & 0x7FFFFFFF
        self._asked[number] = _Asked(key, version, send.correlation)
        path = self._paths.setdefault(lane_of(send.request), _Path())
        path.queued.append(encode_request(RequestHeader(key, version, number, owner.name, clock), message))
        if path.connection is not None:
            self._write(path)
        elif path.opening is None:
            path.opening = self._loop.create_task(self._open(path))

    def _write(self, path: _Path) -> None:
        connection = path.connection
        if connection is not None and connection.channel is not None and path.queued:
            connection.channel.send(path.queued)
            path.queued.clear()

    async def _open(self, path: _Path) -> None:
        """Connect, after the back-off; on failure the node is reported lost."""
        wait = self._not_before - self._loop.time()
        if wait > 0:
            await asyncio.sleep(wait)  # the back-off, on the event loop
        try:
            if self._address is None:
                raise OSError("its address is not known yet")
            connected = await connect(*self._address)
        except (OSError, TimeoutError) as error:
            path.opening = None
            self._fail(str(error) or "no answer")
            return
        path.opening = None
        path.connection = connection = PeerConnection(self, self._owner.network.request_bytes_max)
        connection.channel = Channel(connected, connection)
        connection.channel.start()
        self._write(path)

    # ------------------------------------------------------------ in
    def answered(self, connection: PeerConnection, frame: Buffer) -> None:
        """A reply came."""
        owner = self._owner
        try:
            asked = self._asked.pop(correlation_of(frame), None)
            if asked is None:
                self.broken(connection, "answered what was not asked")
                return
            header, message = decode_response(frame, asked.api_key, asked.api_version)
            reply = owner.registry.reply_to_core(asked.api_key, asked.api_version, message, owner.names)
        except WireError as error:
            self.broken(connection, str(error))
            return
        self._failures = 0
        owner.replied(self.node, asked.correlation, reply, header.clock)

    # ------------------------------------------------------------ failure
    def broken(self, connection: PeerConnection, reason: str) -> None:
        """A connection is of no more use. One that was already given up is nobody's loss."""
        if any(path.connection is connection for path in self._paths.values()):
            self._fail(reason)

    def close(self) -> None:
        """Close everything, and report nothing."""
        for path in self._paths.values():
            if path.opening is not None:
                path.opening.cancel()
            if path.connection is not None:
                connection, path.connection = path.connection, None
                connection.stop()
                if connection.channel is not None:
                    connection.channel.abort()
        self._paths.clear()
        self._asked.clear()

    def _fail(self, reason: str) -> None:
        network = self._owner.network
        pause = min(network.reconnect_backoff_ms << min(self._failures, 20), network.reconnect_backoff_ms_max)
        if self._failures == 0:
            self._owner.log.warn("peer lost", peer=self.node, address=self._address, reason=reason)
        self._failures += 1
        self._not_before = self._loop.time() + pause / 1000
        self.close()
        # Not now: whoever is in the middle of a step has to finish it first.
        self._loop.call_soon(self._owner.lost, self.node)


class Peers:
    """All peers of a node, made when first spoken to."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._peers: dict[NodeId, Peer] = {}

    def send(self, send: Send, clock: int) -> None:
        peer = self._peers.get(send.node)
        if peer is None:
            peer = self._peers[send.node] = Peer(send.node, self._owner)
        peer.send(send, clock)

    def close(self) -> None:
        for peer in self._peers.values():
            peer.close()
