"""One node on an event loop: a host, its connections in and out, and time.

One rule: every event goes through `_handle`, one after the other; what the host returns is sent in order.

The listener opens once the node's own registration has been applied (Kafka opens it then too, kafka-restart.md): until
that moment nobody is told anything by a process that may be acting on what was true before it died.
"""

import asyncio
import itertools
import socket
from collections.abc import Callable, Mapping, Sequence
from math import inf
from time import monotonic
from typing import Protocol

from impl.api.names import ImageNames, TopicNames
from impl.api.registry import Registry
from impl.core.events import (
    ConnectionLost,
    Disconnected,
    Event,
    ReplyArrived,
    RequestArrived,
    Send,
    SendReply,
    ShutDown,
    Stopped,
    Tick,
)
from impl.core.image import MetadataImage
from impl.core.messages import Produce, Reply, Request
from impl.core.names import node_name
from impl.core.types import Connection, Millis, NodeId
from impl.server.channel import Channel
from impl.server.configuration import NetworkConfig
from impl.server.connection import ClientConnection
from impl.server.listener import Listener
from impl.server.log import Log
from impl.server.peers import Address, Peers
from impl.server.tracing import Tracer
from impl.server.traffic import Traffic
from impl.wire.framing import RequestHeader

ALONE_CHECK_SECONDS = 0.1
IDLE_CHECKS = 4
"""In every connections.max.idle.ms."""
Outcome = Send | SendReply | Stopped


class Host(Protocol):
    """A broker's or the controller's host (impl/host)."""

    def start(self, now: Millis) -> list[Outcome]: ...

    def handle(self, event: Event, now: Millis) -> list[Outcome]: ...

    def handle_together(self, events: Sequence[Event], now: Millis) -> list[Outcome]: ...


class Node:
    """Runs until it has stopped: see `run`."""

    def __init__(
        self,
        name: str,
        host: Host,
        *,
        image: Callable[[], MetadataImage],
        registry: Registry,
        network: NetworkConfig,
        voters: Mapping[NodeId, Address],
        tick_ms: int,
        tracer: Tracer,
        log: Log,
        traffic: Traffic,
    ) -> None:
        self.name = name
        self.log = log
        self.traffic = traffic
        self.names: TopicNames = ImageNames(image)
        self.registry = registry
        self.network = network
        self._host = host
        self._image = image
        self._voters = voters
        self._tick_seconds = tick_ms / 1000
        self._tracer = tracer
        self._started = monotonic()
        self._connections: dict[Connection, ClientConnection] = {}
        self._numbers = itertools.count(1)
        self._listener: Listener | None = None
        self._ended = False
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._peers = Peers(self)
        self._watchers: list[asyncio.Future[None]] = []
        self._idle_check_due = 0.0
        self._ticking: asyncio.TimerHandle | None = None
        self._produces: list[RequestArrived] = []
        """Produce requests of this turn of the event loop, yet to be handled."""
        self._loop = asyncio.get_running_loop()

    # ------------------------------------------------------------ life
    def start(self) -> None:
        """Begin: the host says what it found on its disk, and time starts to pass."""
        self._tracer.happens("restart")
        try:
            self._perform(self._host.start(self._now()))
        except Exception as error:
            self._end(error)
        self._next_tick()

    async def listen(self, listener: socket.socket) -> None:
        """Accept connections from now on."""
        self._listener = Listener(listener, self._accept, self.log)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns when the condition holds after some event, or the node has stopped; raises what it failed with."""
        while not condition() and not self._stopped.done():
            happened = asyncio.get_running_loop().create_future()
            self._watchers.append(happened)
            await happened
        if self._stopped.done():
            await self._stopped

    def shut_down(self) -> None:
        """Stop cleanly: the core says when."""
        self.log.info("stopping")
        self._handle(ShutDown(), "shut down")

    def shut_down_when_alone(self, seconds_max: float) -> None:
        """Stop once nobody is connected any more, or after so long."""
        if not self._connections or seconds_max <= 0:
            self.shut_down()
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(ALONE_CHECK_SECONDS, self.shut_down_when_alone, seconds_max - ALONE_CHECK_SECONDS)

    async def stopped(self) -> None:
        """Returns when the node has nothing left to do; raises what it failed with."""
        await self._stopped

    def close(self) -> None:
        """Let go of every connection. Nothing more is handled."""
        if self._ticking is not None:
            self._ticking.cancel()
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections.values()):
            connection.close()
        self._peers.close()
        self._tracer.close()

    # ------------------------------------------------------------ what happens
    def _handle(self, event: Event, what: str, sender: str = "", clock: int = 0) -> None:
        """A step that fails ends the node: half a step must not be followed by another."""
        if self._produces:
            self._handle_produces()
        if self._ended:
            return
        if self._tracer.clock:
            self._tracer.happens(what, sender, clock)
        try:
            outcomes = self._host.handle(event, Millis(int((monotonic() - self._started) * 1000)))
            if outcomes:
                self._perform(outcomes)
        except Exception as error:
            self._end(error)
        if self._watchers:
            self._wake_watchers()

    def _handle_produces(self) -> None:
        """All that wait, in the order they came; then the replies to each connection leave together."""
        produces, self._produces = self._produces, []
        if not produces or self._ended:
            return
        numbers = dict.fromkeys([event.connection for event in produces])
        there = [self._connections[number] for number in numbers if number in self._connections]
        connections = [connection for connection in there if connection.expect_answers()]
        try:
            self._perform(self._host.handle_together(produces, self._now()))
        except Exception as error:
            self._end(error)
        for connection in connections:
            connection.flush()

    def _wake_watchers(self) -> None:
        for watcher in self._watchers:
            watcher.set_result(None)
        self._watchers.clear()

    def _end(self, error: Exception | None = None) -> None:
        """Nothing more is handled: the node has stopped, or failed."""
        if not self._ended:
            self._ended = True
            if error is None:
                self._stopped.set_result(None)
            else:
                self._stopped.set_exception(error)

    def _perform(self, outcomes: list[Outcome]) -> None:
        clock = self._tracer.clock
        for outcome in outcomes:
            if isinstance(outcome, SendReply):
                connection = self._connections.get(outcome.connection)
                if connection is not None:
                    connection.answer(outcome.correlation, outcome.reply, clock)
            elif isinstance(outcome, Send):
                self._peers.send(outcome, clock)
            else:
                self._end()

    def _next_tick(self) -> None:
        self._ticking = asyncio.get_running_loop().call_later(self._tick_seconds, self._tick)

    def _tick(self) -> None:
        self._handle(Tick(), "tick")
        if monotonic() >= self._idle_check_due:
            self._close_idle()
        self._next_tick()

    def _close_idle(self) -> None:
        """Close the connections that nothing was heard of for connections.max.idle.ms; none where that is negative."""
        limit = self.network.idle_ms_max / 1000
        self._idle_check_due = monotonic() + (limit / IDLE_CHECKS if limit >= 0 else inf)
        if limit >= 0:
            for connection in list(self._connections.values()):
                if connection.is_idle(monotonic() - limit):
                    connection.expire()

    def _now(self) -> Millis:
        """Milliseconds since this process began; it never goes back."""
        return Millis(int((monotonic() - self._started) * 1000))

    # ------------------------------------------------------------ incoming connections
    def _accept(self, accepted: socket.socket) -> None:
        connection = ClientConnection(self, Connection(next(self._numbers)), self.network.request_bytes_max)
        connection.opened(Channel(accepted, connection))

    def connection_count(self) -> int:
        """Open connections of clients and of other nodes to this one."""
        return len(self._connections)

    def opened(self, connection: ClientConnection) -> bool:
        self._connections[connection.number] = connection
        self.traffic.connections_made += 1
        return len(self._connections) <= self.network.connections_max

    def requested(
        self, connection: ClientConnection, correlation: int, header: RequestHeader, request: Request
    ) -> None:
        event = RequestArrived(connection.number, correlation, request)
        if type(request) is Produce and not self._tracer.clock:
            if not self._produces:
                self._loop.call_soon(self._handle_produces)
            self._produces.append(event)
            return
        sender = (header.client_id or "") if header.clock else ""
        self._handle(event, type(request).__name__, sender, header.clock)

    def closed(self, connection: ClientConnection) -> None:
        if self._connections.pop(connection.number, None) is not None:
            self._handle(Disconnected(connection.number), "disconnected")

    # ------------------------------------------------------------ peers
    def replied(self, node: NodeId, correlation: int, reply: Reply, clock: int) -> None:
        self._handle(ReplyArrived(node, correlation, reply), type(reply).__name__, node_name(node), clock)

    def lost(self, node: NodeId) -> None:
        self._handle(ConnectionLost(node), f"connection to {node_name(node)} lost")

    def address_of(self, node: NodeId) -> Address | None:
        if node in self._voters:
            return self._voters[node]
        broker = self._image().brokers.get(node)
        return None if broker is None else (broker.host, broker.port)
