"""Throws hostile inputs at a broker from many connections at once, and counts what became of each.

One rule: only what a stranger sees is counted: an answer, a closed connection, or silence. The broker's memory and
descriptors are read from /proc, where they are what they are.
"""

import asyncio
import contextlib
import os
import struct
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.server.hostile.inputs import Input, Source

ATTACKERS = 24
PATIENCE_SECONDS = 3.0
"""How long an attacker waits for the answer to a whole frame before it goes away; some are rightly held for longer."""
UNFINISHED_SECONDS = 0.1
"""The same, where there may be nothing to answer yet."""
FRAME_BYTES_MAX = 110_000_000
GIVES_UP = 40
"""Inputs on one connection, after which a new one is opened."""


class Outcome(NamedTuple):
    kind: str
    became: str
    """`answered`, `closed`, `silent` or `nonsense` (an answer that is no frame)."""


class Attack:
    """Inputs drawn from one source by several attackers."""

    def __init__(self, address: str, source: Source, count: int) -> None:
        self.host, _, port = address.rpartition(":")
        self.port = int(port)
        self._source = source
        self._left = count
        self.outcomes: Counter[Outcome] = Counter()
        self.unanswered: list[Input] = []
        """Whole frames that met silence: worth a look."""

    def run(self) -> None:
        asyncio.run(self._all())

    def became(self, word: str) -> int:
        return sum(count for outcome, count in self.outcomes.items() if outcome.became == word)

    async def _all(self) -> None:
        await asyncio.gather(*(self._attacker() for _ in range(ATTACKERS)))

    async def _attacker(self) -> None:
        while self._left > 0:
            reader, writer = await asyncio.open_connection(self.host, self.port)
            with contextlib.suppress(OSError):
                for _ in range(GIVES_UP):
                    if self._left <= 0:
                        break
                    self._left -= 1
                    thrown = self._source.draw()
                    became = await self._throw(thrown, reader, writer)
                    self.outcomes[Outcome(thrown.kind, became)] += 1
                    if became == "silent" and thrown.ends:
                        self.unanswered.append(thrown)
                    if became != "answered":
                        break
            writer.transport.abort()

    async def _throw(self, thrown: Input, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        try:
            writer.write(thrown.data)
            async with asyncio.timeout(PATIENCE_SECONDS if thrown.ends else UNFINISHED_SECONDS):
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                if not 4 <= size <= FRAME_BYTES_MAX:
                    return "nonsense"
                await reader.readexactly(size)
        except TimeoutError:
            return "silent"
        except (asyncio.IncompleteReadError, ConnectionError):
            return "closed"
        return "answered"


def resident_bytes(process: int) -> int:
    """Memory of a process that is in RAM."""
    (line,) = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def peak_bytes(process: int) -> int:
    """The most that it ever had in RAM since its peak was last forgotten."""
    (line,) = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def forget_peak(process: int) -> None:
    """From now on `peak_bytes` counts anew."""
    Path(f"/proc/{process}/clear_refs").write_text("5")


def descriptors(process: int) -> int:
    """Sockets that a process holds open, files that are no more, and files that it holds open twice.

    A topic that an input made, for some make one, has its files open as any other.
    """
    held: list[str] = []
    for entry in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            held.append(os.readlink(entry))
    files = {name for name in held if name.startswith("/") and not name.endswith(" (deleted)")}
    return len(held) - len(files)
