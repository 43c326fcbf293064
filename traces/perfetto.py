"""A trace as Chrome trace events, which Perfetto (ui.perfetto.dev) and chrome://tracing open.

One rule: what a lane of the drawing is, is a process here. Steps are slices of a microsecond or more each, so that
several of one millisecond stand beside each other in their order; the message that caused a step is a flow arrow; a
client's operation is a span from its invocation to its answer; a fault and the violation are instants; log ends and
high watermarks are counters.

Source: the Trace Event Format, as Perfetto documents what it reads of it.
"""

from typing import Any

from traces import facts, replicas
from traces.schema import Fault, Op, Step
from traces.story import ordered
from traces.trace import Trace, TraceError
from traces.why import why

MICROSECONDS = 1_000
STEP_MICROSECONDS = 4
"""How long a slice is: several steps of one node in one millisecond fit beside each other."""
STEPS, OPERATIONS = 1, 2
"""Threads of a process."""


def perfetto(trace: Trace) -> dict[str, Any]:
    """The trace as one document of trace events. TraceError where nothing happened in it."""
    if not trace.lines:
        raise TraceError(trace.source, None, "has no lines", "give a trace in which something happened")
    writer = _Writer(trace)
    for line in trace.lines:
        writer.write(line)
    header = trace.header
    about = {"origin": header.origin, "model": header.model, "variant": header.variant, "mutant": header.mutant}
    if trace.verdict is not None:
        about |= {"invariant": trace.verdict.invariant, "sentence": why(trace)}
    return {
        "traceEvents": writer.events,
        "displayTimeUnit": "ms",
        "otherData": {name: told for name, told in about.items() if told is not None},
    }


def _lanes(trace: Trace) -> set[str]:
    """Everybody who is told of."""
    lanes = {"world"}
    for line in trace.lines:
        if isinstance(line, Fault):
            lanes.update(line.targets)
        else:
            lanes.add(line.node if isinstance(line, Step) else line.client)
    return lanes


class _Writer:
    """Goes through the lines once, remembering where each was put."""

    def __init__(self, trace: Trace) -> None:
        self.events: list[dict[str, Any]] = []
        self._violating = None if trace.verdict is None else trace.verdict.at_line
        self._sentence = why(trace)
        self._processes: dict[str, int] = {}
        self._order = ordered(_lanes(trace))
        self._free: dict[str, int] = {}
        """Per lane, the first microsecond after its last slice."""
        self._placed: dict[int, tuple[str, int]] = {}
        """Lane and microsecond of every line."""
        self._replicas: dict[tuple[str, str], replicas.Replica] = {}
        self._counters: dict[tuple[str, str], tuple[int, int]] = {}

    def write(self, line: Step | Fault | Op) -> None:
        if isinstance(line, Step):
            self._step(line)
        elif isinstance(line, Fault):
            self._fault(line)
        else:
            self._operation(line)
        if line.n == self._violating:
            lane, at = self._placed[line.n]
            self._put(lane, "i", f"violated: {self._sentence}", at, s="g", cat="violation")

    # ------------------------------------------------------------ lines
    def _step(self, line: Step) -> None:
        at = max(line.at * MICROSECONDS, self._free.get(line.node, 0))
        self._free[line.node] = at + STEP_MICROSECONDS
        self._placed[line.n] = (line.node, at)
        told = facts.decoded(line.facts)
        about = {"line": line.n, "facts": list(line.facts)}
        if line.quorum:
            about["quorum"] = list(line.quorum)
        if line.action is not None:
            about["action"] = {"name": line.action.name, **line.action.parameters}
        self._put(line.node, "X", line.event, at, dur=STEP_MICROSECONDS, cat="step", args=about)
        if line.cause is not None and line.cause in self._placed:
            self._flow(line.n, line.cause)
        for fact in told:
            self._count(line.node, fact, at)

    def _flow(self, line: int, cause: int) -> None:
        """From the slice of the sending step to that of the step that handled the message."""
        sender, sent = self._placed[cause]
        lane, at = self._placed[line]
        self._put(sender, "s", "message", sent, id=line, cat="message")
        self._put(lane, "f", "message", at, id=line, cat="message", bp="e")

    def _count(self, node: str, fact: Any, at: int) -> None:
        key = node, fact.partition
        replica = self._replicas.setdefault(key, replicas.Replica())
        if not replicas.apply(replica, fact):
            return
        marks = replica.log_end, replica.high_watermark
        if self._counters.get(key) != marks:
            self._counters[key] = marks
            values = {"log end": replica.log_end, "high watermark": replica.high_watermark}
            self._put(node, "C", fact.partition, at, args=values)

    def _fault(self, line: Fault) -> None:
        targets = line.targets or ("world",)
        at = line.at * MICROSECONDS
        self._placed[line.n] = (targets[0], at)
        name = f"{line.kind} {line.detail}".strip()
        for target in targets:
            self._put(target, "i", name, at, s="p", cat="fault", args={"line": line.n})

    def _operation(self, line: Op) -> None:
        at = line.at * MICROSECONDS
        self._placed[line.n] = (line.client, at)
        name = f"{line.operation} {line.partition}".strip()
        about = {"line": line.n, "key": line.key, "value": line.value, "offset": line.offset, "error": line.error}
        about = {field: told for field, told in about.items() if told not in (None, "")}
        begins = line.phase == "invoke"
        if not begins:
            about["outcome"] = line.phase
        span = f"{line.process}.{line.id}"
        self._put(line.client, "b" if begins else "e", name, at, id=span, cat="operation", args=about)

    # ------------------------------------------------------------ events
    def _put(self, lane: str, phase: str, name: str, at: int, **more: Any) -> None:
        if lane not in self._processes:
            self._processes[lane] = len(self._processes) + 1
            self._describe(lane, 0, "process_name", name=lane)
            self._describe(lane, 0, "process_sort_index", sort_index=self._order.index(lane))
            self._describe(lane, STEPS, "thread_name", name="steps")
        thread = OPERATIONS if phase in "be" else STEPS
        self.events.append({"pid": self._processes[lane], "tid": thread, "ph": phase, "name": name, "ts": at, **more})

    def _describe(self, lane: str, thread: int, what: str, **told: Any) -> None:
        """What a viewer calls a track, and where it puts it."""
        named = {"pid": self._processes[lane], "tid": thread, "ph": "M", "name": what}
        self.events.append({**named, "args": told})
