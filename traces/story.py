"""A trace told as a story: who did what, what his log looked like then, and which step made him do it.

One rule: the story is about one partition, in the order of the trace, and loses nothing; choosing what to draw comes
after (`traces.drawing`).

Where a step names no `cause`, the sender is found from the facts themselves (`traces.causes`).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from traces import facts, replicas
from traces.causes import Causes
from traces.modelled import with_facts
from traces.schema import Fault, Op, Step
from traces.trace import Trace
from traces.where import place
from traces.wording import Weight, weight, words

CELLS_SHOWN = 7
MESSAGES = {
    "BecomeLeader": "metadata",
    "BecomeFollower": "metadata",
    "LearnIsr": "metadata",
    "AlterPartition": "proposal",
    "Acknowledge": "request",
    "AnswerFetch": "request",
    "AnswerProbe": "request",
    "ReceiveFetch": "answer",
    "Truncate": "answer",
    "Reconcile": "answer",
}
"""What kind of message a fact handles."""
FAULTS = {
    "move": "operator: lead here",
    "stop": "operator: stop",
    "reassign": "operator: reassign",
    "minimum": "operator: another minimum",
    "reconfigure": "operator: restart with another configuration",
    "block": "messages held back",
    "lag": "messages delayed",
    "break": "connection broken",
    "isolate": "cut off from the others",
    "stopped": "stopped",
}
"""Faults whose kind does not say by itself what the world does."""


class View(NamedTuple):
    """A replica at one moment, ready to draw: the last cells of its log, named."""

    log_end: int
    high_watermark: int
    leader_epoch: int
    leading: bool
    cells: tuple[tuple[replicas.Cell, str], ...]
    hidden: int
    """Cells before those shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the trace as told."""

    line: int
    at: int
    """Milliseconds; -1 in a story of the model, which knows no time."""
    lane: str
    words: tuple[str, ...]
    weight: Weight
    kind: str
    """`step`, `fault`, `invoke`, `ok`, `fail` or `unknown`."""
    view: View | None = None
    cause: int | None = None
    message: str = "client"
    """What kind of message `cause` sent: `metadata`, `proposal`, `request`, `answer` or `client`."""
    others: tuple[str, ...] = ()
    """Other lanes a fault strikes: the far end of a broken connection."""
    violating: bool = False
    record: str = ""
    """The letter of the record an operation is about, where known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    partition: str
    lanes: tuple[str, ...]
    events: tuple[Event, ...]
    invariant: str = ""
    sentence: str = ""


def tell_partition(trace: Trace) -> Story:
    """The story of one partition of the trace: the violating step's, or the one with most turns."""
    if trace.header.origin == "model":
        trace = with_facts(trace)
    partition = _partition(trace)
    teller = _Teller(trace, partition)
    events = tuple(event for line in trace.lines if (event := teller.event(line)) is not None)
    verdict = trace.verdict
    return Story(
        partition=partition,
        lanes=_lanes(events),
        events=events,
        invariant=verdict.invariant if verdict else "",
        sentence=verdict.sentence if verdict else "",
    )


def letter(index: int) -> str:
    """0 is a, 25 is z, 26 is aa."""
    name = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        name = chr(ord("a") + digit) + name
    return name


def _partition(trace: Trace) -> str:
    """The partition the verdict's line is about; else the one with most turns, then with most facts."""
    turns: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for line in trace.lines:
        if isinstance(line, Step):
            here = facts.decoded(line.facts)
            if here and trace.verdict is not None and trace.verdict.at_line == line.n:
                return str(here[-1].partition)
            counts.update(fact.partition for fact in here)
            turns.update(fact.partition for fact in here if weight(fact) == Weight.TURN)
    return min(counts, key=lambda name: (-turns[name], -counts[name], name)) if counts else ""


def _lanes(events: tuple[Event, ...]) -> tuple[str, ...]:
    return ordered({event.lane for event in events} | {other for event in events for other in event.others})


def ordered(lanes: Iterable[str]) -> tuple[str, ...]:
    """Controllers and the model first, then the brokers, then the clients."""
    kinds = {"controller": 0, "model": 0, "n": 1}

    def order(lane: str) -> tuple[int, int, str]:
        kind = kinds.get(lane.partition("-")[0], kinds.get(lane[:1], 2) if lane[1:].isdigit() else 2)
        return kind, int(lane[1:]) if lane[1:].isdigit() else 0, lane

    return tuple(sorted(lanes, key=order))


class _Teller:
    """Goes through the lines once, keeping every replica's log and who sent what last."""

    def __init__(self, trace: Trace, partition: str) -> None:
        self.partition = partition
        self.timed = trace.header.origin != "model"
        self.violating = trace.verdict.at_line if trace.verdict is not None else None
        self.place = place(trace)
        self.replicas: dict[str, replicas.Replica] = {}
        self.letters: dict[int, str] = {}
        self.causes = Causes()
        self.counted: dict[tuple[str, int], tuple[int, int]] = {}
        self.acknowledged: dict[int, tuple[int, str]] = {}

    def _at(self, line: Step | Fault | Op) -> int:
        return line.at if self.timed else -1

    def name(self, crc: int) -> str:
        if crc not in self.letters:
            self.letters[crc] = letter(len(self.letters))
        return self.letters[crc]

    def event(self, line: Step | Fault | Op) -> Event | None:
        if isinstance(line, Step):
            return self._step(line)
        if isinstance(line, Fault):
            detail = f" ({line.detail})" if line.detail else ""
            lanes = line.targets or ("world",)
            return Event(
                line=line.n,
                at=self._at(line),
                lane=lanes[0],
                words=(FAULTS.get(line.kind, line.kind) + detail,),
                weight=Weight.TURN,
                kind="fault",
                others=lanes[1:],
                violating=line.n == self.violating,
            )
        return self._op(line) if line.partition in ("", self.partition) else None

    def _step(self, line: Step) -> Event | None:
        here = [fact for fact in facts.decoded(line.facts) if fact.partition == self.partition]
        violating = line.n == self.violating
        if not here and not violating:
            return None
        if violating and not here and self.place is not None:
            return self._without_a_fact(line)
        for fact in here:
            self._meet(fact)
        replica = self.replicas.setdefault(line.node, replicas.Replica())
        weights = [self._weigh(line.node, fact, replicas.apply(replica, fact)) for fact in here]
        heaviest = min(weights, default=Weight.TURN)
        # Routine beside something that matters is not worth a line in the box.
        kept = [fact for fact, own in zip(here, weights, strict=True) if own < Weight.MESSAGE or own == heaviest]
        cause = line.cause
        for fact in here:
            cause = self.causes.of(line, fact) if cause is None else cause
        for fact in here:
            self.causes.remember(line, fact)
            if type(fact).__name__ == "AcknowledgeProduce":
                for offset in range(fact.base_offset, fact.base_offset + fact.record_count):
                    self.acknowledged[offset] = (line.n, self.name(fact.crc))
        return Event(
            line=line.n,
            at=self._at(line),
            lane=line.node,
            words=tuple(words(fact, self.name) for fact in kept) or (line.event,),
            weight=Weight.TURN if violating else heaviest,
            kind="step",
            view=self._view(replica) if line.node.startswith("n") else None,
            cause=cause,
            message=next((MESSAGES[name] for fact in here if (name := type(fact).__name__) in MESSAGES), "client"),
            violating=violating,
        )

    def _without_a_fact(self, line: Step) -> Event:
        """The violating step, where no fact of it was told: a disk that is refused, a read, a cluster that ails."""
        assert self.place is not None, "asked where there is one"
        lane = self.place.lane or line.node
        replica = self.replicas.get(lane)
        return Event(
            line=line.n,
            at=self._at(line),
            lane=lane,
            words=(self.place.words,),
            weight=Weight.TURN,
            kind="step",
            view=self._view(replica) if replica is not None and lane.startswith("n") else None,
            cause=line.cause if lane == line.node else None,
            violating=True,
        )

    def _meet(self, fact: Any) -> None:
        """Batches get their letters in the order in which they are first told of."""
        match type(fact).__name__:
            case "Append":
                self.name(fact.batch.crc)
            case "ReceiveFetch":
                for batch in fact.batches:
                    self.name(batch.crc)
            case "Restart":
                for batch in fact.tail:
                    self.name(batch.crc)

    def _weigh(self, lane: str, fact: Any, changed: bool) -> Weight:
        """A fact that changes nothing matters less than its kind does."""
        match type(fact).__name__:
            case "ReceiveFetch" if not fact.batches:
                return Weight.VIEW if changed else Weight.ROUTINE
            case "Truncate" if not changed:
                return Weight.ROUTINE
            case "Acknowledge":
                before = self.counted.get((lane, fact.follower))
                now = (fact.leader_epoch, fact.offset)
                self.counted[lane, fact.follower] = now
                return Weight.ROUTINE if before == now else Weight.MESSAGE
        return weight(fact)

    def _view(self, replica: replicas.Replica) -> View:
        shown = replica.cells[-CELLS_SHOWN:]
        return View(
            log_end=replica.log_end,
            high_watermark=replica.high_watermark,
            leader_epoch=replica.leader_epoch,
            leading=replica.leading,
            cells=tuple((cell, self.name(cell.crc)) for cell in shown),
            hidden=len(replica.cells) - len(shown),
        )

    def _op(self, line: Op) -> Event:
        if line.phase == "invoke":
            self.causes.invoked(line)
            what = f"{line.operation}s {line.value}".strip()
            return self._told(line, what, Weight.VIEW, None, "")
        if line.phase == "ok" and line.operation == "produce":
            cause, record = self.acknowledged.get(line.offset if line.offset is not None else -1, (None, ""))
            return self._told(line, f"acknowledged at {line.offset}", Weight.RECORD, cause, record)
        outcome = {"ok": "read", "fail": "refused", "unknown": "no answer"}[line.phase]
        what = f"{outcome} {line.value}".strip() + (f" ({line.error})" if line.error else "")
        return self._told(line, what, Weight.MESSAGE if line.phase == "ok" else Weight.VIEW, None, "")

    def _told(self, line: Op, what: str, weight: Weight, cause: int | None, record: str) -> Event:
        return Event(
            line=line.n,
            at=self._at(line),
            lane=line.client,
            words=(what,),
            weight=weight,
            kind=line.phase,
            cause=cause,
            violating=line.n == self.violating,
            record=record,
        )
