"""What a live process writes down: its facts, one step line a step, with a Lamport clock.

One rule: with tracing off nothing of this exists on the wire or costs anything; with it on, a step is on its way to the
file before any message of it leaves the process.
"""

import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from impl.core.decided_facts import Fact
from impl.core.quorum.facts import QuorumFact
from traces.recorder import LiveRecorder
from traces.schema import VERSION, Header

TAIL_BYTES = 1_048_576
BEGINS = "begins"
"""The event of a process's first line."""
_CLOCK = re.compile(rb'"clock":(\d+)')


class Tracer:
    """Numbers the events of a node and records those that have facts. `clock` 0: tracing is off."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._recorder: LiveRecorder | None = None
        self._started = 0.0
        self._event = "start"
        self._cause: int | None = None
        self.clock = 0
        self.begins = False
        """The trace of this node begins with this process: nobody has told of what is on its disk."""

    def open(self, directory: Path, configuration: Mapping[str, Any]) -> None:
        """Record to this node's own file, going on where an earlier process of it ended.

        What the other nodes have written by now came before this process, as if they had told it.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._started = time.monotonic()
        header = Header(
            version=VERSION,
            origin="live",
            model="survival",
            node=self._node,
            configuration={"started_ms": int(time.time() * 1000), **configuration},
        )
        path = directory / f"{self._node}.jsonl"
        self.begins = not path.exists() or path.stat().st_size == 0
        self._recorder = LiveRecorder(path, header)
        self.clock = max(self._recorder.clock, *(_last_clock(file) for file in sorted(directory.glob("*.jsonl")))) + 1
        # Written even though nothing was done: what recovery will not speak of is not on the disk any more.
        self._recorder.step(0, self._node, BEGINS, clock=self.clock)

    def happens(self, event: str, sender: str = "", clock: int = 0) -> None:
        """The node is about to handle an event: a message of `sender`, sent at its `clock`, or a local one."""
        if self._recorder is None:
            return
        self.clock = max(self.clock, clock) + 1
        self._event = f"{event} from {sender}" if sender else event
        self._cause = clock or None

    def record(self, facts: Sequence[Fact]) -> None:
        """What the step did; called by the host once its storage effects were performed."""
        if self._recorder is not None and facts:
            at = int((time.monotonic() - self._started) * 1000)
            self._recorder.step(at, self._node, self._event, facts, cause=self._cause, clock=self.clock)

    def record_quorum(self, facts: Sequence[QuorumFact]) -> None:
        """What the step did as a voter of the controllers' quorum."""
        if self._recorder is not None and facts:
            at = int((time.monotonic() - self._started) * 1000)
            self._recorder.step(at, self._node, self._event, quorum=facts, cause=self._cause, clock=self.clock)

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None


def _last_clock(file: Path) -> int:
    """The highest clock near the end of a trace file that may be in the middle of being written."""
    with file.open("rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - TAIL_BYTES))
        return max(map(int, _CLOCK.findall(stream.read())), default=0)
