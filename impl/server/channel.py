"""A connected socket on the event loop: bytes in, bytes and parts of files out.

One rule: a peer that does not read costs what is queued for it and nothing else. What is sent goes to the socket at
once; what the socket does not take waits in line, and of a part of a file only its name waits.

This stands where asyncio's transports would, because those copy a file's bytes through the process: `os.sendfile` hands
them from the page cache to the socket. Reading is suspended lazily: only when bytes arrive that nobody wants yet is the
socket taken off the selector, so a client that waits for its answer before it asks again costs no system call for it.
"""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from impl.core.types import Stored
from impl.host.stored import HeldRange
from impl.wire.message import Piece

QUEUED_HIGH_BYTES = 1_048_576
"""With more than this in line the user is asked to pause."""
QUEUED_LOW_BYTES = 262_144
TURN_BYTES_MAX = 4_194_304
"""How much one connection may send before the others get their turn, however fast its peer reads."""
CONNECT_SECONDS_MAX = 5.0
MORE = getattr(socket, "MSG_MORE", 0)
"""More follows at once: a frame's beginning need not travel in a packet of its own."""


class User(Protocol):
    """Who reads from and writes to a channel (impl/server/framing.py)."""

    def get_buffer(self) -> memoryview:
        """Where the next bytes may go; never empty."""

    def buffer_updated(self, count: int) -> None:
        """So many bytes have arrived there."""

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone, for good; None: the peer or we closed it."""

    def pause_writing(self) -> None:
        """Too much is in line."""

    def resume_writing(self) -> None:
        """What was in line has mostly gone."""


class Channel:
    """Owns the socket from here on."""

    def __init__(self, connected: socket.socket, user: User) -> None:
        connected.setblocking(False)
        if connected.family != socket.AF_UNIX:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._descriptor = connected.fileno()
        self._user = user
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Piece] = deque()
        self._queued = 0
        self._wanted = True
        self._watched = False
        self._blocked = False
        self._paused = False
        self.is_closing = False

    @property
    def peer(self) -> str:
        """The other end's address, for people."""
        try:
            name = self._socket.getpeername()
        except OSError:
            return "unknown"
        return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else "unknown"

    def start(self) -> None:
        """Begin to read."""
        self._watch()

    # ------------------------------------------------------------ reading
    def pause_reading(self) -> None:
        self._wanted = False

    def resume_reading(self) -> None:
        self._wanted = True
        self._watch()

    def _watch(self) -> None:
        if not self._watched and not self.is_closing:
            self._watched = True
            self._loop.add_reader(self._descriptor, self._readable)

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._descriptor)

    def _readable(self) -> None:
        if not self._wanted:
            self._unwatch()
            return
        try:
            count = self._socket.recv_into(self._user.get_buffer())
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        if count:
            self._user.buffer_updated(count)
        else:
            self._end(None)

    # ------------------------------------------------------------ writing
    def send(self, pieces: Sequence[Piece]) -> None:
        """Send these, in order, after all that was to be sent before."""
        if self.is_closing:
            return
        self._queue.extend(pieces)
        self._queued += sum(map(len, pieces))
        if self._blocked:
            self._measure()
        else:
            self._drain()

    def _drain(self) -> None:
        """Send what the socket takes."""
        try:
            rest = TURN_BYTES_MAX
            while self._queue and rest > 0:
                rest -= self._send_first()
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self._end(error)
            return
        if bool(self._queue) is not self._blocked:
            self._blocked = not self._blocked
            if self._blocked:
                self._loop.add_writer(self._descriptor, self._drain)
            else:
                self._loop.remove_writer(self._descriptor)
        self._measure()

    def _send_first(self) -> int:
        """Send of the first piece what the socket takes at once. Raises OSError."""
        queue = self._queue
        piece = queue[0]
        if isinstance(piece, Stored):
            assert isinstance(piece, HeldRange), "what is stored is held by the host that named it"
            if piece.is_stale:
                raise OSError("the log was cut under an answer whose length was already told")
            sent = os.sendfile(self._descriptor, piece.descriptor, piece.position, min(piece.size, TURN_BYTES_MAX))
            if not sent:
                raise OSError("the log is shorter than an answer from it")
            if sent < piece.size:
                piece.advance(sent)
            else:
                queue.popleft()
        else:
            more = MORE if len(queue) > 1 else 0
            sent = self._socket.send(piece, more)
            if sent < len(piece):
                queue[0] = memoryview(piece)[sent:]
            else:
                queue.popleft()
        self._queued -= sent
        return sent

    def _measure(self) -> None:
        """Tell the user when the line has become too long, and when it is short again; close when it is empty."""
        if self.is_closing:
            if not self._queue:
                self._end(None)
        elif self._paused:
            if self._queued <= QUEUED_LOW_BYTES:
                self._paused = False
                self._user.resume_writing()
        elif self._queued > QUEUED_HIGH_BYTES:
            self._paused = True
            self._user.pause_writing()

    # ------------------------------------------------------------ the end
    def close(self) -> None:
        """Send what is in line, then close."""
        if not self.is_closing:
            self._unwatch()
            self.is_closing = True
            if not self._queue:
                # Not now: the user is in the middle of something.
                self._loop.call_soon(self._end, None)

    def abort(self) -> None:
        """Close at once."""
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._descriptor < 0:
            return
        self._unwatch()
        if self._blocked:
            self._loop.remove_writer(self._descriptor)
        self._descriptor = -1
        self.is_closing = True
        self._queue.clear()
        self._socket.close()
        # Without its traceback, which would hold on to what was being sent.
        self._loop.call_soon(self._user.connection_lost, error and error.with_traceback(None))


async def connect(host: str, port: int) -> socket.socket:
    """A connection to the first address of `host` that answers. Raises OSError, TimeoutError."""
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    async with asyncio.timeout(CONNECT_SECONDS_MAX):
        for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            opened = socket.socket(family, kind, protocol)
            try:
                opened.setblocking(False)
                await loop.sock_connect(opened, address)
            except OSError as error:
                opened.close()
                failure = error
            except BaseException:
                opened.close()
                raise
            else:
                return opened
    raise failure
