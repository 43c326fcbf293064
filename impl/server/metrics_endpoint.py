"""`GET /metrics` over HTTP, on the node's own event loop.

One rule: a scrape can neither block nor fill the node. A request is read up to a bound and within a deadline, answered
once, and its connection closed.

The page is made between two events of the node, so that what it says was true at one moment; `prometheus_client`'s own
server would read the node from a second thread.
"""

import asyncio
import socket
from collections.abc import Callable

from impl.server.metrics import CONTENT_TYPE

REQUEST_BYTES_MAX = 8_192
REQUEST_SECONDS_MAX = 5.0
BACKLOG = 16
Page = Callable[[], bytes]


class MetricsEndpoint:
    """Serves one page. `close` when the node has stopped."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._server: asyncio.Server | None = None

    async def listen(self, listener: socket.socket) -> None:
        self._server = await asyncio.start_server(self._answer, sock=listener, limit=REQUEST_BYTES_MAX, backlog=BACKLOG)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS_MAX):
                asked = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._response(asked))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()
        else:
            writer.close()

    def _response(self, asked: bytes) -> bytes:
        method, _, rest = asked.partition(b" ")
        path = rest.split(b" ", 1)[0].split(b"?", 1)[0]
        if method not in (b"GET", b"HEAD"):
            return _http("405 Method Not Allowed", "text/plain", b"GET /metrics\n")
        if path not in (b"/metrics", b"/"):
            return _http("404 Not Found", "text/plain", b"GET /metrics\n")
        whole = _http("200 OK", CONTENT_TYPE, self._page())
        return whole if method == b"GET" else whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def _http(status: str, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode("ascii") + body
