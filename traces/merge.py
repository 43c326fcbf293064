"""Merging the files of live processes, and of the client that drove them, into one trace.

One rule: the order of the result is consistent with every file's own order and with the Lamport clocks, so that a step
stands after the step that sent the message it handles. No process's wall clock is trusted for that.

Theory of operation. Each process increments its clock on every step, writes it on the line, sends it with every message
and takes `max(own, received) + 1` on receipt. Lines are merged by clock; lines with equal clocks are concurrent and are
put in the order of their nodes' names. Lines without a clock (clock 0: the recording client, which talks to brokers
through a library we did not write, and the faults of whoever kills processes) are put by time: after every clocked line
that was written earlier. For them alone the headers' `started_ms` matters; where they stand changes no verdict.

In a process's own file a step's `cause` is the clock that came with the message, since the sender's line number is not
known there; here it becomes that line's number.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import msgspec

from traces.reader import read
from traces.recorder import whole
from traces.schema import Header, Step
from traces.trace import NumberedLine, Trace, TraceError

Key = tuple[int, int, int, str, int]
"""Clock; 0 for a clocked line and 1 for one put by time; time; file; place in the file."""


@dataclass(frozen=True, slots=True)
class _File:
    trace: Trace
    name: str
    started: int
    """Milliseconds since 1970, or 0 where no header of the merge says."""


def merge(paths: Iterable[str | Path]) -> Trace:
    """One whole trace of these files, in whatever order they are given. TraceError where they do not fit together."""
    files = _files([read(path) for path in sorted(str(path) for path in paths)])
    first = min(file.started for file in files)
    written = _clocks_by_time(files)
    merged = heapq.merge(*(_keyed(file, written) for file in files), key=lambda entry: entry[0])
    lines = _renumber((line, file.started - first) for _, line, file in merged)
    trace = whole(_header(files), lines)
    notes = tuple(f"{file.trace.source}: {note}" for file in files for note in file.trace.notes)
    return Trace(header=trace.header, lines=trace.lines, end=trace.end, notes=notes)


def _files(traces: list[Trace]) -> list[_File]:
    if not traces:
        raise TraceError("merge", None, "there is no file to merge", "give the trace files of one live run")
    for trace in traces:
        if trace.header.origin != "live":
            wrong = f"its origin is {trace.header.origin!r}: only traces of live processes are merged"
            raise TraceError(trace.source, 1, wrong, "leave it out")
    starts = [trace.header.configuration.get("started_ms") for trace in traces]
    known = all(isinstance(start, int) for start in starts)
    files = [
        _File(trace, trace.header.node or trace.source, int(start) if known and start is not None else 0)
        for trace, start in zip(traces, starts, strict=True)
    ]
    files.sort(key=lambda file: (file.name, file.trace.source))
    for one, other in pairwise(files):
        if one.name == other.name:
            wrong = f"a second file of {one.name}, whose first is {one.trace.source}"
            raise TraceError(other.trace.source, 1, wrong, "give each process of one run one file")
    return files


def _clocks_by_time(files: list[_File]) -> tuple[list[int], list[int]]:
    """Times at which clocked lines were written, ascending, and the highest clock written by each of them."""
    written = sorted(
        (file.started + line.at, line.clock) for file in files for line in file.trace.lines if line.clock > 0
    )
    return [at for at, _ in written], list(accumulate((clock for _, clock in written), max))


def _keyed(file: _File, written: tuple[list[int], list[int]]) -> list[tuple[Key, NumberedLine, _File]]:
    """The file's lines with the keys they are merged by, ascending."""
    times, highest = written
    keyed: list[tuple[Key, NumberedLine, _File]] = []
    ceilings = _next_clocks(file)
    floor = time = 0
    for line, ceiling in zip(file.trace.lines, ceilings, strict=True):
        time = max(time, file.started + line.at)
        if line.clock > 0:
            if line.clock < floor:
                wrong = f"the clock goes back from {floor} to {line.clock}"
                raise TraceError(file.trace.source, line.n + 2, wrong, "start a process's clock at LiveRecorder.clock")
            floor = line.clock
            key = (floor, 0, 0, file.name, line.n)
        else:
            earlier = bisect_right(times, time)
            clock = highest[earlier - 1] if earlier else 0
            floor = max(floor, clock if ceiling is None else min(clock, ceiling - 1))
            key = (floor, 1, time, file.name, line.n)
        keyed.append((key, line, file))
    return keyed


def _next_clocks(file: _File) -> list[int | None]:
    """For each line the clock of the next clocked line of the file: what a line put by time must stay below."""
    following: int | None = None
    clocks: list[int | None] = []
    for line in reversed(file.trace.lines):
        clocks.append(following)
        if line.clock > 0:
            following = line.clock
    clocks.reverse()
    return clocks


def _renumber(merged: Iterable[tuple[NumberedLine, int]]) -> list[NumberedLine]:
    """Number the lines anew, count times from the earliest process's start, and resolve every cause."""
    lines: list[NumberedLine] = []
    sent: dict[tuple[str, int], int] = {}
    for n, (line, shift) in enumerate(merged):
        if isinstance(line, Step):
            sent[line.node, line.clock] = n
            cause = None if line.cause is None else sent.get((_sender(line), line.cause))
            lines.append(msgspec.structs.replace(line, n=n, at=line.at + shift, cause=cause))
        else:
            lines.append(msgspec.structs.replace(line, n=n, at=line.at + shift))
    return lines


def _sender(step: Step) -> str:
    """`n2` of an event such as `Fetch from n2`."""
    return step.event.rpartition(" from ")[2]


def _header(files: list[_File]) -> Header:
    """What the processes agree on, and what each says of itself."""
    commits = sorted({file.trace.header.commit for file in files})
    return Header(
        version=files[0].trace.header.version,
        origin="live",
        model=files[0].trace.header.model,
        commit=commits[0] if len(commits) == 1 else "",
        configuration={"processes": {file.name: file.trace.header.configuration for file in files}},
    )
