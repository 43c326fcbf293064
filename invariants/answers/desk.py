"""`Desk`: hears every request that a node hears, and every answer that it gives.

One rule: each costs what it touches: a request is noted when it is heard and forgotten when it is answered; only what
is refused is looked at closely.

The first violation is kept and the run goes on: whatever else it breaks says more. Whoever looks for this one alone
asks to be told at once.

What a node does at once it does in one step; the judge is told the number of each, which grows.

Messages are any objects with the fields of the core's own (`impl.core.messages`), told apart by the name of their
class. Times are the node's own.
"""

from collections.abc import Callable
from typing import Any

from invariants.answers import errors, offsets
from invariants.answers.invariant import (
    ANSWERED_IN_TIME,
    ANSWERED_ONCE,
    RIGHT_ERROR,
    RIGHT_OFFSET,
    WATERMARK_DUE,
    AnswerInvariant,
)
from invariants.answers.standing import Standing
from invariants.step.ghost import Replica
from invariants.step.words import set_words
from invariants.verdict import Violated

NEVER = 1 << 60
CORRELATION_BITS = 32
"""A client's numbers of its requests have no more (Kafka's request header: int32)."""
NOT_ACTIVE = "Refused"
"""What a controller that is not active answers to anything."""

Stands = Callable[[Any], Standing]
"""Partition -> where the node that hears or answers now stands with it."""
Replicas = Callable[[Any], Replica | None]
"""The same, as far as its facts tell."""


class Kind:
    """One kind of request."""

    __slots__ = ("_at_most", "_told_in", "answers", "name", "parts", "reply")

    def __init__(
        self, name: str, reply: str, *, told_in: str = "", at_most: int = 0, parts: str = "", answers: str = ""
    ) -> None:
        self.name = name
        self.reply = reply
        """The class of what answers it; empty: any."""
        self._told_in = told_in
        """Its field that says how long it may wait, in milliseconds; empty: `at_most`."""
        self._at_most = at_most
        self.parts = parts
        """Its field with what is asked of each partition; empty: what is refused of it is not judged."""
        self.answers = answers
        """The field of its answer with what is said of each."""

    def wait(self, request: Any) -> int:
        """How long this one may wait, in milliseconds."""
        if not self._told_in:
            return self._at_most
        told: int = getattr(request, self._told_in)
        return max(told, 0)


_KINDS = (
    Kind("Fetch", "Fetched", told_in="max_wait_ms", parts="partitions", answers="partitions"),
    Kind("Produce", "Produced", told_in="timeout_ms", parts="partitions", answers="partitions"),
    Kind("DeleteRecords", "DeletedRecords", told_in="timeout_ms", parts="partitions", answers="partitions"),
    Kind("ListOffsets", "ListedOffsets", parts="queries", answers="offsets"),
    Kind("OffsetForLeaderEpoch", "EpochEnds", parts="queries", answers="ends"),
    Kind("DescribeTopics", "DescribedTopics"),
    Kind("FetchMetadata", "FetchedMetadata", told_in="max_wait_ms"),
    Kind("InitProducerId", "InitializedProducerId", at_most=NEVER),
)
KINDS = {kind.name: kind for kind in _KINDS}
GIVEN_UP = "REQUEST_TIMED_OUT"


Parts = tuple[Any, ...]
"""What is asked of each partition."""


class Open:
    """A request that was heard and is not answered yet."""

    __slots__ = ("at", "by", "kind", "parts", "request", "step")

    def __init__(self, kind: Kind, request: Any, at: int, by: int, parts: Parts, step: int) -> None:
        self.kind = kind
        self.request = request
        self.at = at
        """When it was heard."""
        self.by = by
        """When it is due."""
        self.parts = parts
        self.step = step
        """In which it was heard."""


class Counter:
    """One life of one node."""

    __slots__ = ("before", "due", "gone", "life", "open", "sessions", "ticked")

    def __init__(self, life: int) -> None:
        self.life = life
        self.open: dict[int, Open] = {}
        """By connection and correlation (`_key`)."""
        self.gone: set[int] = set()
        """Connections that the node knows to be lost: what it still answers there nobody hears."""
        self.sessions: dict[int, Parts] = {}
        """Fetch sessions: what was last asked of each partition (KIP-227)."""
        self.before: dict[int, Parts] = {}
        """By connection and correlation (`_key`) of a fetch that changed a session: what that held before."""
        self.due = NEVER
        """No request is due before this."""
        self.ticked = -1
        """When it last handled a tick."""


class Desk:
    """Judges one simulated run. `at_once`: the first violation is raised, and not kept."""

    def __init__(self, stands: Stands, replica: Replicas, *, at_once: bool = False) -> None:
        self.violated: Violated | None = None
        self.answers = 0
        """Answers judged."""
        self.times: dict[int, int] | None = {}
        """What clients made (`invariants.answers.offsets`)."""
        self._stands = stands
        self._replica = replica
        self._at_once = at_once
        self._counters: dict[str, Counter] = {}
        self._kinds: dict[type, Kind] = {}
        self._reasons: dict[str, dict[int, errors.Reason]] = {name: {} for name in errors.REASONS}
        """By kind of request and identity of an error."""

    def _counter(self, node: str, life: int) -> Counter:
        counter = self._counters.get(node)
        if counter is None or counter.life != life:
            counter = self._counters[node] = Counter(life)
        return counter

    def break_(self, invariant: AnswerInvariant, sentence: str) -> None:
        """An invariant is broken."""
        if self.violated is None:
            self.violated = Violated(invariant.id, sentence)
            if self._at_once:
                raise self.violated

    # ------------------------------------------------------------ what a node hears
    def asked(self, node: str, life: int, connection: int, correlation: int, request: Any, now: int, step: int) -> None:
        """A node handles a request."""
        counter = self._counters.get(node)
        if counter is None or counter.life != life:
            counter = self._counter(node, life)
        kind = self._kinds.get(type(request)) or self._kind_of(type(request))
        by = now + kind.wait(request)
        parts: Parts = ()
        if kind.name == "Fetch":
            parts = request.partitions
            if request.session_epoch > 0:
                parts = _remembered(counter, _key(connection, correlation), request)
            for part in parts:
                replica = self._replica(part.partition)
                # Most often there is nothing that is not committed, and nothing to look at.
                if replica is not None and replica.leading and replica.high_watermark < replica.log.end:
                    self._watermark(node, part.partition, replica)
        elif kind.parts:
            if kind.name == "Produce" and not request.acks:
                return
            parts = getattr(request, kind.parts)
            if kind.name == "DeleteRecords" and self._is_beyond(parts):
                by = now
        counter.open[_key(connection, correlation)] = Open(kind, request, now, by, parts, step)
        if by < counter.due:
            counter.due = by

    def _is_beyond(self, parts: Parts) -> bool:
        """A leader is asked to delete what is not committed yet, and nothing else: there is nothing to wait for."""
        replicas = [self._replica(part.partition) for part in parts]
        return all(
            replica is not None and replica.leading and part.offset > replica.high_watermark
            for part, replica in zip(parts, replicas, strict=True)
        )

    def _watermark(self, node: str, partition: Any, replica: Replica) -> None:
        """What a leader has done by the end of the step before this one."""
        due = replica.log.end
        for member in replica.maximal_isr:
            if member != replica.node:
                due = min(due, replica.shown.get(member, -1))
        if due > replica.high_watermark and replica.may_commit:
            self.break_(
                WATERMARK_DUE,
                f"{node}, leader of epoch {replica.leader_epoch} of {partition}, leaves its high watermark at "
                f"{replica.high_watermark}, and all of its maximal in-sync set {set_words(replica.maximal_isr)} have "
                f"shown that they have what lies below {due}",
            )

    def _kind_of(self, message: type) -> Kind:
        kind = self._kinds[message] = KINDS.get(message.__name__) or Kind(message.__name__, "", at_most=NEVER)
        return kind

    def ticks(self, node: str, life: int, now: int) -> None:
        """A node handles a tick: what was due at the one before is answered by now."""
        counter = self._counters.get(node)
        if counter is None or counter.life != life:
            counter = self._counter(node, life)
        ticked, counter.ticked = counter.ticked, now
        if counter.due > ticked:
            return
        due = NEVER
        for opened in counter.open.values():
            if opened.by <= ticked:
                late = f"a {opened.kind.name} is not answered {now - opened.at} ms after {node} heard it"
                self.break_(ANSWERED_IN_TIME, f"{late}, and was to wait for {opened.by - opened.at} ms at most")
            elif opened.by < due:
                due = opened.by
        counter.due = due

    def disconnected(self, node: str, life: int, connection: int) -> None:
        """A node learns that a connection is lost: nobody waits there any more."""
        counter = self._counter(node, life)
        counter.gone.add(connection)
        for key in [key for key in counter.open if key >> CORRELATION_BITS == connection]:
            del counter.open[key]
            counter.before.pop(key, None)

    # ------------------------------------------------------------ what it answers
    def answered(
        self,
        node: str,
        life: int,
        connection: int,
        correlation: int,
        reply: Any,
        now: int,
        step: int,
        *,
        held_back: bool = False,
    ) -> None:
        """A node gives an answer. `held_back`: it may have been given in an earlier step, and leaves in this one."""
        counter = self._counters.get(node)
        if counter is None or counter.life != life:
            counter = self._counter(node, life)
        key = _key(connection, correlation)
        opened = counter.open.get(key)
        if opened is None:
            if connection not in counter.gone:
                what = f"{node} answers request {correlation} of connection {connection} ({type(reply).__name__})"
                self.break_(ANSWERED_ONCE, f"{what}, which it has answered already, or nobody sent")
            return
        del counter.open[key]
        self.answers += 1
        kind = opened.kind
        name = type(reply).__name__
        if name != kind.reply:
            if kind.reply and name != NOT_ACTIVE:
                self.break_(ANSWERED_ONCE, f"{node} answers a {kind.name} with {name}")
        elif kind.name == "Fetch":
            before = counter.before.pop(key, None) if counter.before else None
            if before is not None and reply.error:
                # Refused as a whole, out of turn: the session is as it was (KIP-227).
                counter.sessions[opened.request.session_id] = before
            self._fetched(node, opened, counter, reply, now, step, held_back=held_back)
        elif kind.answers and not (held_back and step > opened.step):
            for answer in getattr(reply, kind.answers):
                self._judge(node, opened, answer, now)

    def _fetched(
        self, node: str, opened: Open, counter: Counter, reply: Any, now: int, step: int, *, held_back: bool
    ) -> None:
        request, parts = opened.request, opened.parts
        if reply.session_id and not request.session_epoch:
            counter.sessions[reply.session_id] = parts
        if step > opened.step and (held_back or len(parts) > 1):
            # What has become of one partition answers for all that waited, before the same step comes to the others.
            # When what was held back leaves, the node may stand elsewhere than when it was said.
            return
        for answer in reply.partitions:
            if not answer.error and len(parts) == 1 and answer.partition == parts[0].partition:
                # Most answers there are: what is plainly right is looked at no closer.
                replica = self._replica(answer.partition)
                epoch = parts[0].current_leader_epoch
                if replica is None or (replica.leading and replica.leader_epoch == epoch):
                    continue
            self._judge(node, opened, answer, now)

    def _judge(self, node: str, opened: Open, answer: Any, now: int) -> None:
        kind, request, parts = opened.kind, opened.request, opened.parts
        part = parts[0] if parts else None
        if part is None or part.partition != answer.partition:
            part = next((part for part in parts if part.partition == answer.partition), None)
        if part is None:
            self.break_(ANSWERED_ONCE, f"{node} answers a {kind.name} about {answer.partition}: nobody asked")
            return
        standing = self._stands(part.partition)
        error = answer.error
        if not error:
            why = errors.unrefused(kind.name, request, part, standing)
            if why:
                told = f"{node} answers a {kind.name} of {part.partition} without an error, and {why}"
                self.break_(RIGHT_ERROR, told)
            elif kind.name == "ListOffsets" and standing.replica is not None:
                why = offsets.wrong(part, answer, standing.replica, self.times)
                if why:
                    told = f"{node}, leader of epoch {standing.leader_epoch} of {part.partition}, {why}"
                    self.break_(RIGHT_OFFSET, told)
            return
        # A member of an enumeration is one object: looked up by that, and not by its name, which takes its time.
        reasons = self._reasons[kind.name]
        reason = reasons.get(id(error)) or reasons.setdefault(id(error), errors.reason(kind.name, error.name))
        why = reason(request, part, standing)
        if why:
            told = f"{node} answers a {kind.name} of {part.partition} with {error.name}, and {why}"
            self.break_(RIGHT_ERROR, told)
        elif now < opened.by and error.name == GIVEN_UP:
            wait = opened.by - opened.at
            early = f"{node} gives up a {kind.name} after {now - opened.at} ms, and was to wait for {wait} ms"
            self.break_(ANSWERED_IN_TIME, early)


def _key(connection: int, correlation: int) -> int:
    """Both as one number."""
    return connection << CORRELATION_BITS | correlation


def _remembered(counter: Counter, key: int, request: Any) -> Parts:
    """What a fetch asks that goes on with a session: what it does not say it has said before (KIP-227)."""
    parts: Parts = counter.sessions.get(request.session_id, ())
    if request.partitions or request.forgotten:
        counter.before[key] = parts
        known = {part.partition: part for part in (*parts, *request.partitions)}
        parts = tuple(part for name, part in known.items() if name not in request.forgotten)
        counter.sessions[request.session_id] = parts
    return parts
