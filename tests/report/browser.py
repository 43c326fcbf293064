"""A headless Chromium with one page, driven by its own protocol.

One rule: nothing is waited for by the clock. Every command has an answer, and a page is ready when it says so itself.

Source: the Chrome DevTools Protocol, https://chromedevtools.github.io/devtools-protocol/.
"""

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
KEYS = {"ArrowDown": 40, "ArrowUp": 38, "ArrowRight": 39, "ArrowLeft": 37, "Home": 36, "End": 35, "Enter": 13}
READY = (
    "new Promise(done => document.readyState === 'complete' ? done(true) : addEventListener('load', () => done(true)))"
)
ANSWER_BYTES_MAX = 64 << 20


def program() -> str:
    """The path of the browser. AssertionError names what to install."""
    found = [path for name in PROGRAMS if (path := shutil.which(name))]
    assert found, (
        "no Chromium on this machine: `apt-get install chromium`, or leave these tests out with -m 'not chromium'"
    )
    return found[0]


class Page:
    """One page. Every method returns when the browser has done it."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection = connection
        self._number = 0

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; AssertionError with the browser's words where it refuses."""
        self._number += 1
        await self._connection.write_message(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = await self._connection.read_message()
            assert message is not None, f"the browser closed the connection during {method}"
            answer = json.loads(message)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result

    async def open(self, url: str) -> None:
        await self.command("Page.navigate", url=url)
        # Another fragment of the page that is open loads nothing; about:blank may still be there for a moment.
        await self.run(f"location.href === {json.dumps(url)} ? {READY} : new Promise(() => 0)")

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        answer = await self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, f"{script}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        # What a key types belongs to its going down: without it Enter presses no button.
        down = {"type": "keyDown", "text": "\r"} if key == "Enter" else {"type": "rawKeyDown"}
        for event in (down, {"type": "keyUp"}):
            await self.command("Input.dispatchKeyEvent", key=key, code=key, windowsVirtualKeyCode=KEYS[key], **event)

    async def media(self, medium: str = "", *, dark: bool = False) -> None:
        """As `screen` or `print` shows it, in a light or dark scheme."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.command("Emulation.setEmulatedMedia", media=medium, features=[scheme])

    async def width(self, pixels: int, height: int = 900) -> None:
        await self.command(
            "Emulation.setDeviceMetricsOverride", width=pixels, height=height, deviceScaleFactor=1, mobile=False
        )

    async def picture(self, path: Path, *, whole: bool = False) -> None:
        shot = await self.command("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    async def printed(self) -> bytes:
        """The page as a PDF file."""
        return base64.b64decode((await self.command("Page.printToPDF", printBackground=False))["data"])


def in_browser(home: Path, play: Callable[[Page], Awaitable[None]]) -> None:
    """Play a test in a browser of its own."""

    async def played() -> None:
        async with browser(home) as page:
            await play(page)

    asyncio.run(played())


@asynccontextmanager
async def browser(home: Path) -> AsyncIterator[Page]:
    """A browser of its own in the directory `home`, without a network, and its page."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += ["--remote-debugging-port=0", f"--user-data-dir={home}", "--host-resolver-rules=MAP * ~NOTFOUND"]
    process = subprocess.Popen([program(), *flags, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        port = await asyncio.to_thread(_port, process)
        found = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/json/list")
        target = next(each for each in json.loads(found.body) if each["type"] == "page")
        connection = await websocket_connect(target["webSocketDebuggerUrl"], max_message_size=ANSWER_BYTES_MAX)
        yield Page(connection)
        connection.close()
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None, "it was asked for as a pipe"
        process.stderr.close()


def _port(process: "subprocess.Popen[bytes]") -> int:
    """The port that the browser names when it listens."""
    assert process.stderr is not None, "it was asked for as a pipe"
    said = []
    for line in process.stderr:
        said.append(line.decode(errors="replace"))
        if "DevTools listening on" in said[-1]:
            return int(said[-1].rpartition(":")[2].split("/")[0])
    raise AssertionError(f"the browser ended: {''.join(said)}")
