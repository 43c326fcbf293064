"""One process of a cluster, seen from the process that started it.

One rule: what a child has to say it says on its standard output, one JSON object a line (`Status`); its log goes to a
file. A child that loses its parent's pipe stops cleanly, so that a killed parent leaves nothing running.

The child lives in a session of its own: an interrupt typed at the terminal reaches only the parent, which stops the
brokers before the controller.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import msgspec

from impl.core.names import node_name
from impl.core.settings import Voter
from impl.core.types import NodeId
from impl.server.errors import ChildFailed

STATUS_BYTES = 65_536
GOING_SECONDS = 1.0
"""How long a process that has closed its standard output may take to end."""
PROGRAM = "impl.server.process"
"""The module that a child runs."""
CODE = str(Path(__file__).resolve().parents[2])
"""The directory that holds the package `impl`."""


class ProcessConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one process is told when it starts."""

    role: Literal["broker", "controller"]
    node: int
    cluster_id: str
    host: str
    port: int
    data: str
    """The node's own data directory."""
    more_data: tuple[str, ...] = ()
    """A broker's other log directories."""
    voters: tuple[Voter, ...] = ()
    """The controllers, and where this process reaches them."""
    controller: "ProcessConfiguration | None" = None
    """With a broker: the controller in the same process (process.roles=broker,controller)."""
    configuration: dict[str, str] = {}
    """Kafka's names and values, already checked by the parent."""
    trace: str | None = None
    """Directory for the trace of what this process does."""
    metrics_port: int | None = None
    """Where it answers `GET /metrics`; None: nowhere."""
    advertised_port: int | None = None
    """The port that clients and brokers are told, where it is not the one listened on: something stands between."""

    @property
    def name(self) -> str:
        """`n1`, `n2`, ... and `controller`, as in traces."""
        return node_name(NodeId(self.node))


class Status(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line from a child to its parent."""

    status: Literal["ready", "stopped", "failed"]
    message: str = ""
    """With `failed`: one line for the user."""


class Child:
    """A process that can be started, awaited, asked to stop, and killed; and started again."""

    def __init__(self, configuration: ProcessConfiguration, log: Path, program: str = PROGRAM) -> None:
        self.configuration = configuration
        self.log = log
        self._program = program
        self.process: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._failure = ""
        self._silent = False

    @property
    def name(self) -> str:
        return self.configuration.name

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.name} was never started"
        return self.process.pid

    def start(self) -> None:
        """Start the process; it is not ready yet."""
        assert not self.running, f"{self.name} is already running"
        self.close()
        self._unread = b""
        self._failure = ""
        self._silent = False
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", self._program, msgspec.json.encode(self.configuration).decode()]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=dict(os.environ, PYTHONPATH=_python_path()),
            )
        os.set_blocking(self.descriptor, False)

    @property
    def descriptor(self) -> int:
        """The end of its standard output: readable when it has something to say, and when it is gone."""
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def wait_ready(self, deadline: float) -> None:
        """Until it serves. Raises ChildFailed with its own words when it does not by `deadline` (monotonic seconds)."""
        while not any(status.status == "ready" for status in self._statuses()):
            self._raise_if_dead()
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise ChildFailed(f"{self.name} was not ready in time: see its log {self.log}")
            select.select([self.descriptor], [], [], remaining)

    def terminate(self) -> None:
        """Ask it to stop cleanly."""
        if self.process is not None and self.running:
            self.process.terminate()

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def wait(self, deadline: float) -> int | None:
        """Its exit status; None when it still runs at `deadline` (monotonic seconds)."""
        assert self.process is not None
        try:
            return self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None

    def gone(self) -> bool:
        """After `descriptor` became readable: has it ended?"""
        self._statuses()
        if self._silent and self.wait(time.monotonic() + GOING_SECONDS) is None:
            self.kill()
        return not self.running

    def last_words(self) -> str:
        """Why it ended, in one line."""
        assert self.process is not None
        self._statuses()
        return self._failure or f"{self.name} {_ending(self.process.poll())}: see its log {self.log}"

    def close(self) -> None:
        """Let go of a process that has ended."""
        if self.process is not None:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()

    def _raise_if_dead(self) -> None:
        if self.gone():
            raise ChildFailed(self.last_words())

    def _statuses(self) -> list[Status]:
        """What it has said since it was last asked."""
        try:
            said = os.read(self.descriptor, STATUS_BYTES)
        except BlockingIOError:
            return []
        self._silent = not said
        self._unread += said
        *lines, self._unread = self._unread.split(b"\n")
        statuses = [msgspec.json.decode(line, type=Status) for line in lines]
        for status in statuses:
            if status.status == "failed":
                self._failure = status.message
        return statuses


def _ending(status: int | None) -> str:
    if status is not None and status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _python_path() -> str:
    """The child must find the same code, from whatever directory it was started."""
    inherited = os.environ.get("PYTHONPATH")
    return CODE if not inherited else os.pathsep.join((CODE, inherited))


def report(status: Status) -> None:
    """Called by a child: tell the parent. One that is gone need not be told."""
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), msgspec.json.encode(status) + b"\n")
