"""How a command speaks: one JSON document, or lines for a person with a progress bar, and the exit code.

One rule: stdout carries the result and nothing else; progress goes to stderr, on a terminal only, and only once a
command has run for a second.
"""

import json
import sys
import time
from collections.abc import Iterable
from typing import Any, NoReturn

EXIT_CODES = {"holds": 0, "done": 0, "violated": 1, "unknown": 3}
USAGE = 2


class Console:
    """`json_output`: print the document; otherwise print the lines."""

    def __init__(self, command: str, *, json_output: bool) -> None:
        self.command = command
        self.json_output = json_output
        self._started = time.monotonic()
        self._shown = 0.0
        self._bar_on_screen = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def progress(self, fraction: float | None, text: str) -> None:
        """Show how far the command is. `fraction` in 0..1, or None where nobody knows."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self._started < 1.0 or now - self._shown < 0.1:
            return
        self._shown = now
        width = 28
        if fraction is None:
            bar = "·" * width
        else:
            full = round(max(0.0, min(1.0, fraction)) * width)
            bar = "█" * full + "·" * (width - full)
        sys.stderr.write(f"\r\x1b[K{bar} {text[:90]}")
        sys.stderr.flush()
        self._bar_on_screen = True

    def say(self, line: str) -> None:
        """A line of result for a person; silent under --json."""
        if not self.json_output:
            self._clear()
            print(line, flush=True)

    def finish(self, verdict: str, document: dict[str, Any], lines: Iterable[str] = ()) -> NoReturn:
        """Print the result and leave with the verdict's exit code."""
        self._clear()
        if self.json_output:
            whole = {"command": self.command, "verdict": verdict, "seconds": round(self.seconds, 3), **document}
            print(json.dumps(whole, indent=2, sort_keys=False, default=str))
        else:
            for line in lines:
                print(line)
        sys.exit(EXIT_CODES[verdict])

    def refuse(self, message: str) -> NoReturn:
        """Bad input: one line that names the thing, the value and the remedy."""
        self._clear()
        if self.json_output:
            document = {
                "command": self.command,
                "verdict": "unknown",
                "seconds": round(self.seconds, 3),
                "error": message,
            }
            print(json.dumps(document, indent=2))
        print(f"{' '.join(['fencepost', self.command]).strip()}: {message}", file=sys.stderr)
        sys.exit(USAGE)

    def _clear(self) -> None:
        if self._bar_on_screen:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._bar_on_screen = False
