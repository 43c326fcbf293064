"""A loopback network between brokers, controllers and clients: every connection passes through here and can suffer.

One rule: bytes are never lost or changed, only late or never delivered, as with TCP. A link that is *cut* has its
connections reset and refuses new ones; one that is *held* in a direction delivers nothing in it until released; one
that is *slow* delivers every piece later.

Every node has a front of its own here, whose port is the one everybody is told. Who is calling is known from the client
id in the first request's header, which nodes set to their names: a link is (caller, called), and clients are all one
caller. The event loop runs in a thread of its own; every public method may be called from any other.
"""

import asyncio
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

CLIENTS = "clients"
PIECE_BYTES = 65_536
HEAD = struct.Struct(">ihhih")
"""Frame size, API key, API version, correlation id, length of the client id."""
CLIENT_ID_BYTES_MAX = 100
HELLO_SECONDS = 30.0
"""A caller that has not said who it is by then is let go."""


class Link(NamedTuple):
    """Who called whom."""

    caller: str
    called: str


class _Weather:
    """The state of one link."""

    def __init__(self) -> None:
        self.cut = False
        self.delay = 0.0
        self.there = asyncio.Event()
        """Set: what the caller sends is delivered."""
        self.back = asyncio.Event()
        """Set: what the called node answers is delivered."""
        self.there.set()
        self.back.set()
        self.connections: set[asyncio.WriteTransport] = set()


class Network:
    """`start`, then `open_front` for every node; `close` at the end."""

    def __init__(self, host: str, nodes: Iterable[str]) -> None:
        self._host = host
        self._nodes = frozenset(nodes)
        self._links: dict[Link, _Weather] = {}
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    # ------------------------------------------------------------ life
    def start(self, fronts: Mapping[str, tuple[int, int]]) -> None:
        """Begin: for every node its front's port and the port it listens on itself. Raises OSError."""
        self._thread.start()
        for node, (front, port) in sorted(fronts.items()):
            asyncio.run_coroutine_threadsafe(self._listen(node, front, port), self._loop).result()

    def close(self) -> None:
        """Let go of everything."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # ------------------------------------------------------------ trouble
    def cut(self, one: str, other: str) -> None:
        """Reset the connections between two, and refuse new ones until `heal`."""
        self._do(lambda: self._cut(one, other))

    def hold(self, sender: str, receiver: str) -> None:
        """Deliver nothing that `sender` sends to `receiver`, whoever called, until `heal`; the other way is free."""
        self._do(lambda: self._hold(sender, receiver))

    def slow(self, one: str, other: str, seconds: float) -> None:
        """Deliver everything between two this much later."""
        self._do(lambda: self._slow(one, other, seconds))

    def heal(self, one: str, other: str) -> None:
        """The link between two is as good as new; what was held is delivered."""
        self._do(lambda: self._heal(one, other))

    def heal_all(self) -> None:
        self._do(self._heal_all)

    def others(self, node: str) -> list[str]:
        """Everybody whom a node can talk with, clients included, sorted."""
        return sorted((self._nodes | {CLIENTS}) - {node})

    def _do(self, change: Callable[[], object]) -> None:
        async def run() -> None:
            change()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def _of(self, caller: str, called: str) -> _Weather:
        return self._links.setdefault(Link(caller, called), _Weather())

    def _both(self, one: str, other: str) -> list[_Weather]:
        return [self._of(one, other), self._of(other, one)]

    def _cut(self, one: str, other: str) -> None:
        for weather in self._both(one, other):
            weather.cut = True
            for transport in list(weather.connections):
                transport.abort()

    def _hold(self, sender: str, receiver: str) -> None:
        self._of(sender, receiver).there.clear()
        self._of(receiver, sender).back.clear()

    def _slow(self, one: str, other: str, seconds: float) -> None:
        for weather in self._both(one, other):
            weather.delay = seconds

    def _heal(self, one: str, other: str) -> None:
        for weather in self._both(one, other):
            self._calm(weather)

    def _heal_all(self) -> None:
        for _, weather in sorted(self._links.items(), key=lambda item: item[0]):
            self._calm(weather)

    def _calm(self, weather: _Weather) -> None:
        weather.cut = False
        weather.delay = 0.0
        weather.there.set()
        weather.back.set()

    # ------------------------------------------------------------ connections
    async def _listen(self, node: str, front: int, port: int) -> None:
        async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._carry(node, port, reader, writer)

        self._servers.append(await asyncio.start_server(called, self._host, front))

    async def _carry(self, node: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its first byte to its end."""
        transports: list[asyncio.WriteTransport] = [writer.transport]
        weather: _Weather | None = None
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                caller, said = await self._hello(reader)
            weather = self._of(caller, node)
            if weather.cut:
                return
            onward, back = await asyncio.open_connection(self._host, port)
            transports.append(back.transport)
            weather.connections.update(transports)
            back.write(said)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, back, weather, weather.there))
                both.create_task(self._pump(onward, writer, weather, weather.back))
        except* (OSError, TimeoutError, asyncio.IncompleteReadError, _Over):
            pass  # an end like any other: both sides learn of it below
        finally:
            for transport in transports:
                transport.abort()
            if weather is not None:
                weather.connections.difference_update(transports)

    async def _hello(self, reader: asyncio.StreamReader) -> tuple[str, bytes]:
        """The caller, and what was read to know it: the head of its first request."""
        head = await reader.readexactly(HEAD.size)
        *_, length = HEAD.unpack(head)
        if not 0 < length <= CLIENT_ID_BYTES_MAX:
            return CLIENTS, head
        name = await reader.readexactly(length)
        text = name.decode("utf-8", "replace")
        return text if text in self._nodes else CLIENTS, head + name

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, weather: _Weather, free: asyncio.Event
    ) -> None:
        """Carry bytes one way until an end. Raises _Over, which ends the other way as well."""
        while piece := await reader.read(PIECE_BYTES):
            if weather.delay:
                await asyncio.sleep(weather.delay)  # the delay, on the event loop
            await free.wait()
            writer.write(piece)
            await writer.drain()
        await free.wait()
        raise _Over

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        carrying = asyncio.all_tasks() - {asyncio.current_task()}
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)


class _Over(Exception):
    """One side has closed."""
