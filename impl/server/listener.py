"""A listening socket on the event loop: each connection that comes is handed on.

One rule: running out of descriptors or memory for sockets stops nothing else; accepting goes on after a pause.
"""

import asyncio
import socket
from collections.abc import Callable

from impl.server.log import Log

BACKLOG = 512
ACCEPTED_MAX = 64
"""Connections taken in one turn of the event loop."""
PAUSE_SECONDS = 1.0


class Listener:
    """Accepts from the moment it is made."""

    def __init__(self, listening: socket.socket, accepted: Callable[[socket.socket], None], log: Log) -> None:
        self._socket = listening
        self._accepted = accepted
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        listening.setblocking(False)
        listening.listen(BACKLOG)
        self._go_on()

    def close(self) -> None:
        """Accept no more. The socket stays its owner's."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket.fileno())

    def _go_on(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_MAX):
            try:
                accepted, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._log.warn("cannot accept a connection", reason=error, next_try_seconds=PAUSE_SECONDS)
                self._loop.remove_reader(self._socket.fileno())
                self._pause = self._loop.call_later(PAUSE_SECONDS, self._go_on)
                return
            self._accepted(accepted)
