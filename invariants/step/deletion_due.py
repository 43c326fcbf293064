"""Nothing is deleted that nobody wanted deleted: not by a client (DeleteRecords), and not by retention, which waits.

A client names what it asks to have deleted by its topic's name alone (DeleteRecords has no topic id): it is asked
of whichever topic has the name when the request arrives.

Judged where clients and nodes share a clock (a simulated run), when a log first begins at an offset: other replicas
then follow. Retention by time deletes no record before it is as old as retention.ms, counted from when its client began
to send it; a node whose clock was set is believed, as Kafka believes it. Retention by size is not judged here: no fact
tells sizes.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.verdict import Violated
from traces.schema import Op
from traces.topic_labels import name_of

ID = "deletion_due"
FOREVER = -1
CLOCK_FAULTS = frozenset({"clock jump", "clock drift"})


@dataclass(slots=True)
class Wanted:
    """What may go of one partition."""

    sent: dict[tuple[str, int], int] = field(default_factory=dict)
    """(client, operation) -> when a record was sent, until its client hears of it."""
    written: list[tuple[int, int]] = field(default_factory=list)
    """Of acknowledged records: offset, and when it was sent."""


@dataclass(slots=True)
class Asked:
    """What clients have asked to have deleted of a partition of this name."""

    upto: dict[tuple[str, int], int] = field(default_factory=dict)
    """(client, operation) -> up to where, unless it was refused."""
    done: set[tuple[str, int]] = field(default_factory=set)
    """Those that were granted."""


class Deletions:
    """The clients' side of one execution, as far as deletion goes. `retention_ms`: -1, nothing is ever old; `by_size`:
    retention.bytes is set, so that anything may be due."""

    def __init__(self, *, retention_ms: int = FOREVER, by_size: bool = False) -> None:
        self.retains = by_size or retention_ms != FOREVER
        """Something may go that no client has asked to delete."""
        self._retention_ms = retention_ms
        self._by_size = by_size
        self.gone: Callable[[str], Collection[int]] = _nothing
        """Offsets of a partition's records that compaction has taken away somewhere: later ones stand for them, and
        their segment is as old as what is left in it."""
        self._wanted: dict[str, Wanted] = {}
        self._asked: dict[str, Asked] = {}

    def op(self, op: Op) -> None:
        """One operation of a client."""
        if op.operation == "delete":
            self._ask(self._asked_of(op.partition), op)
        elif op.operation == "produce" and self._retention_ms != FOREVER:
            wanted = self._of(op.partition)
            if op.phase == "invoke":
                wanted.sent[op.client, op.id] = op.at
            else:
                at = wanted.sent.pop((op.client, op.id), op.at)
                if op.phase == "ok" and op.offset is not None:
                    wanted.written.append((op.offset, at))

    def _ask(self, asked: Asked, op: Op) -> None:
        deletion = (op.client, op.id)
        if op.phase == "fail":
            asked.upto.pop(deletion, None)
            return
        asked.upto[deletion] = max(op.offset or 0, asked.upto.get(deletion, 0))
        if op.phase == "ok":
            asked.done.add(deletion)

    def ends(self, partition: str) -> None:
        """The partition's topic is deleted: what clients have been granted is no permission in the next of its name."""
        asked = self._asked_of(partition)
        for deletion in asked.done:
            asked.upto.pop(deletion, None)
        asked.done.clear()

    def fault(self, kind: str) -> None:
        """What the world did: once a clock is wrong, whoever has it may take anything for old."""
        if kind in CLOCK_FAULTS:
            self._by_size = True

    def give_up(self, partition: Partition) -> None:
        """An unclean election: other records come where those were that the new leader lacks."""
        wanted = self._of(partition.name)
        wanted.written = [written for written in wanted.written if written[0] < partition.committed.end]

    def judge(self, partition: Partition, replica: Replica, at: int) -> None:
        """A log begins later, as of now."""
        to = replica.start
        if replica.reconciled < partition.last_unclean:
            # What it deletes is what an unclean election gave up, and not what has come in its place.
            return
        others = [other.furthest_start for other in partition.replicas.values() if other is not replica]
        if self._by_size or max(others, default=-1) >= to:
            return
        wanted = self._of(partition.name)
        asked = max(self._asked_of(partition.name).upto.values(), default=0)
        if asked >= to:
            return
        who = f"n{replica.node} deletes what lies below {to} of {partition.name}"
        if self._retention_ms == FOREVER:
            raise Violated(ID, f"{who}, and nobody asked for it")
        since = at - self._retention_ms
        gone = self.gone(partition.name)
        young = [
            (offset, sent)
            for offset, sent in wanted.written
            if asked <= offset < to and sent > since and offset not in gone
        ]
        if young:
            offset, sent = max(young)
            raise Violated(
                ID,
                f"{who}; the record at offset {offset} was sent {at - sent} ms before that, and retention.ms is "
                f"{self._retention_ms}",
            )

    def _asked_of(self, partition: str) -> Asked:
        return self._asked.setdefault(name_of(partition), Asked())

    def _of(self, partition: str) -> Wanted:
        wanted = self._wanted.get(partition)
        if wanted is None:
            wanted = self._wanted[partition] = Wanted()
        return wanted


def _nothing(_partition: str) -> Collection[int]:
    return ()


def _everywhere(_partition: Partition) -> None:
    """What is wanted is known from clients alone."""


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("retention",),
    statement=(
        "A log's beginning is deleted only where a client asked for that, or where every record in it is as old as "
        "retention.ms, or its log larger than retention.bytes."
    ),
    argument=(
        "Retention takes whole segments, oldest first, by the timestamp of the youngest record in each; nothing else "
        "moves a log's start but a client's request, and a leader's start that its followers take over."
    ),
    breaks="retention-by-the-oldest",
    everywhere=_everywhere,
)
