"""The server's own log: one logfmt object a line, for people, for grep and for log collectors.

One rule: every line is `time=... level=... node=... event=... name=value ...`, the four keys first and always there;
what came from a peer is quoted, so that no peer can forge a line or a key.

`event` is a fixed word of ours (`connection_closed`); everything that varies is a value of its own.
"""

import contextlib
import json
import sys
import time
from typing import TextIO


class Log:
    """Writes lines to a stream (standard error, which `serve` sends to a file under the data directory)."""

    def __init__(self, node: str, stream: TextIO | None = None) -> None:
        self._node = node
        self._stream = sys.stderr if stream is None else stream

    def info(self, event: str, **fields: object) -> None:
        self._write("INFO", event, fields)

    def warn(self, event: str, **fields: object) -> None:
        self._write("WARN", event, fields)

    def error(self, event: str, **fields: object) -> None:
        self._write("ERROR", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03}Z"
        words = [f"time={stamp}", f"level={level}", f"node={self._node}", f"event={event.replace(' ', '_')}"]
        words += [f"{name}={_value(value)}" for name, value in fields.items()]
        # A full disk under the log is no reason to stop serving, or to end without a word to the parent.
        with contextlib.suppress(OSError):
            print(" ".join(words), file=self._stream, flush=True)


def _value(value: object) -> str:
    text = str(value)
    plain = text.isascii() and text.isprintable() and not set(text) & set(' "=\\')
    return text if plain and text else json.dumps(text)
