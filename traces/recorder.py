"""Writing traces: in memory for a simulated run, line by line to a file for a live process.

One rule: the bytes of a trace depend on nothing but what was recorded. Fields are written in the order in which the
schema declares them, keys of free-form objects sorted, and the digest is taken over exactly the bytes written.

`Recorder` keeps the lines as they come (no encoding while the run lasts) and writes a whole trace at the end.
`LiveRecorder` hands every line to the operating system at once, unbuffered: after `kill -9` the file holds every line
but perhaps a part of the last. A process that comes back goes on with its file: `clock` says where its Lamport clock
must go on.
"""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Required, TypedDict, Unpack, cast

import msgspec

from traces import quorum_facts
from traces.facts import decoded
from traces.reader import read
from traces.schema import Action, End, Fault, Header, Op, Step, Verdict
from traces.trace import NumberedLine, Trace

_encode = msgspec.json.Encoder(order="deterministic").encode


def _bytes(line: NumberedLine) -> bytes:
    """A numbered line as written. Facts that were read from a file are structs again, for the order of their fields."""
    if type(line) is Step and line.facts and isinstance(line.facts[0], dict):
        line = msgspec.structs.replace(line, facts=decoded(line.facts))
    if type(line) is Step and line.quorum and isinstance(line.quorum[0], dict):
        line = msgspec.structs.replace(line, quorum=quorum_facts.decoded(line.quorum))
    return _encode(line)


class OpFields(TypedDict, total=False):
    """The fields of `traces.schema.Op` that `op` is called with."""

    at: Required[int]
    client: Required[str]
    process: Required[int]
    id: Required[int]
    operation: Required[Literal["produce", "consume", "delete"]]
    phase: Required[Literal["invoke", "ok", "fail", "unknown"]]
    partition: str
    key: str
    value: str
    offset: int | None
    acks: int | None
    error: str
    clock: int


class _Lines(ABC):
    """Numbers the lines; what becomes of them is the subclass's."""

    def __init__(self, first: int) -> None:
        self._next = first

    @abstractmethod
    def _add(self, line: NumberedLine) -> None: ...

    def step(
        self,
        at: int,
        node: str,
        event: str,
        facts: Iterable[Any] = (),
        cause: int | None = None,
        logs: Mapping[str, tuple[int, int, int]] | None = None,
        clock: int = 0,
        action: Action | None = None,
        quorum: Iterable[Any] = (),
    ) -> int:
        """A node handled an event. Facts are structs or the objects they are written as. Returns the line's number."""
        n = self._next
        # Structs are written as the objects the schema speaks of: turning them into dicts here would cost time and
        # change nothing in the file.
        written = cast("tuple[dict[str, Any], ...]", tuple(facts))
        self._add(
            Step(
                n=n,
                at=at,
                node=node,
                event=event,
                clock=clock,
                cause=cause,
                facts=written,
                quorum=cast("tuple[dict[str, Any], ...]", tuple(quorum)),
                logs=dict(logs) if logs else {},
                action=action,
            )
        )
        self._next = n + 1
        return n

    def fault(self, at: int, kind: str, targets: Iterable[str], detail: str = "", clock: int = 0) -> int:
        """The world did something to these nodes. Returns the line's number."""
        n = self._next
        self._add(Fault(n=n, at=at, kind=kind, targets=tuple(targets), detail=detail, clock=clock))
        self._next = n + 1
        return n

    def op(self, **fields: Unpack[OpFields]) -> int:
        """A client's operation was invoked or completed. Returns the line's number."""
        n = self._next
        self._add(Op(n=n, **fields))
        self._next = n + 1
        return n


class Recorder(_Lines):
    """Holds a trace while it happens. `header` may be replaced until `write`: a run knows its choices when it ends."""

    def __init__(self, header: Header) -> None:
        super().__init__(0)
        self.header = header
        self.lines: list[NumberedLine] = []
        self._verdict: Verdict | None = None

    def _add(self, line: NumberedLine) -> None:
        self.lines.append(line)

    def verdict(self, invariant: str, sentence: str, at_line: int | None = None) -> None:
        """What was violated. The first verdict stands."""
        if self._verdict is None:
            self._verdict = Verdict(invariant=invariant, sentence=sentence, at_line=at_line)

    def trace(self) -> Trace:
        """What was recorded so far, as one whole trace without a file."""
        return whole(self.header, self.lines, self._verdict)

    def write(self, path: str | Path) -> Trace:
        """The whole trace to a file; its `end` carries the digest."""
        trace = self.trace()
        write(trace, path)
        return trace


class LiveRecorder(_Lines):
    """Appends every line to a live process's own file as it happens.

    A file that is already there is one this node wrote before it died: its torn last line is cut off and the numbers go
    on. `clock` is the highest Lamport clock in the file, where the new process's clock starts. Times go on too: `at` is
    counted from the first process's start, which `configuration["started_ms"]` (milliseconds since 1970) of the header
    names. One thread at a time.
    """

    def __init__(self, path: str | Path, header: Header) -> None:
        path = Path(path)
        self.clock = 0
        self._shift = 0
        lines: tuple[NumberedLine, ...] = ()
        if path.exists() and path.stat().st_size > 0:
            _cut_torn_line(path)
        resumed = path.exists() and path.stat().st_size > 0
        if resumed:
            before = read(path)
            lines = before.lines
            self.clock = max((line.clock for line in lines), default=0)
            self._shift = _shift(before.header, header, lines)
        super().__init__(len(lines))
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        if not resumed:
            self._put(_encode(header) + b"\n")

    def _add(self, line: NumberedLine) -> None:
        if self._shift:
            line = msgspec.structs.replace(line, at=line.at + self._shift)
        if line.clock > self.clock:
            self.clock = line.clock
        self._put(_bytes(line) + b"\n")

    def _put(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._file, data) :]

    def close(self) -> None:
        os.close(self._file)


def _cut_torn_line(path: Path) -> None:
    """Drop what follows the last newline: the process died while writing it."""
    data = path.read_bytes()
    whole_lines = data.rfind(b"\n") + 1
    if whole_lines < len(data):
        os.truncate(path, whole_lines)


def _shift(before: Header, now: Header, lines: tuple[NumberedLine, ...]) -> int:
    """Milliseconds to add to a new process's times so that they count from the first process's start."""
    first, second = before.configuration.get("started_ms"), now.configuration.get("started_ms")
    if isinstance(first, int) and isinstance(second, int):
        return max(0, second - first)
    return lines[-1].at if lines else 0


def whole(header: Header, lines: Iterable[NumberedLine], verdict: Verdict | None = None) -> Trace:
    """A trace with its `end`. The lines are numbered already."""
    lines = tuple(lines)
    digest = hashlib.sha256()
    for line in lines:
        digest.update(_bytes(line))
        digest.update(b"\n")
    return Trace(header=header, lines=lines, verdict=verdict, end=End(lines=len(lines), digest=digest.hexdigest()))


def encode(trace: Trace) -> bytes:
    """A trace as the bytes of its file."""
    parts: list[bytes] = [_encode(trace.header), *map(_bytes, trace.lines)]
    if trace.verdict is not None:
        parts.append(_encode(trace.verdict))
    if trace.end is not None:
        parts.append(_encode(trace.end))
    parts.append(b"")
    return b"\n".join(parts)


def write(trace: Trace, path: str | Path) -> None:
    """A trace to a file, whole or not at all. Raises OSError, and leaves nothing behind then."""
    path = Path(path)
    if path.exists() and not path.is_file():
        # A device or a pipe is written to; a file of its name would take its place.
        path.write_bytes(encode(trace))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_bytes(encode(trace))
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
