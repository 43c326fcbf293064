"""The judgement of a whole history: what was promised, what was read, and where the two part.

One rule: a read proves what it read and that what it passed over was not there; silence proves nothing. Records that
nobody read up to are counted as unread, and make the verdict Unknown.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from invariants.history.order import ReadOrder, never
from invariants.history.readings import Promise, Readings
from invariants.verdict import Holds, Unknown, Verdict, Violated
from traces.schema import Op
from traces.topic_labels import name_of

CLASSES: dict[str, str] = {
    "lost": "no_committed_loss",
    "vanished": "no_committed_loss",
    "misplaced": "no_committed_loss",
    "duplicated": "per_key_order",
    "reordered": "per_key_order",
    "failed": "no_committed_loss",
    "invented": "no_committed_loss",
}
"""Each class of anomaly, worst first, and the invariant it breaks.

lost: acknowledged (acks=all), and passed over by a reader or not there at the end. vanished: read once, and later
passed over or replaced. misplaced: acknowledged at one offset, read at another. duplicated, reordered: per key, as
read. failed: reported as certainly not written, and read. invented: read, and sent by nobody.

What a client asked to have deleted, and was not refused, need not be there any more.
"""


@dataclass(frozen=True, slots=True)
class Anomaly:
    kind: str
    count: int
    example: str
    """One sentence about the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A history in figures, and what is wrong with it."""

    operations: int
    acknowledged: int
    """Records acknowledged with acks=all."""
    read: int
    unread: int
    """Acknowledged records that no reader reached."""
    anomalies: tuple[Anomaly, ...]
    """By class, worst first."""
    unusable: str = ""
    """Why nothing can be said, where nothing can."""


def judge(
    ops: Iterable[Op],
    may_repeat: Callable[[str], bool] = never,
    final: str = "",
    *,
    order_judged: bool = False,
    retained: Mapping[str, int] | None = None,
    tombstone: Callable[[str], bool] | None = None,
) -> Judgement:
    """Judge client operations. `order_judged`: a `ReadOrder` has taken each of them already and found nothing.

    `may_repeat` says of which keys the producer was not idempotent. `final` names a client whose last reading of every
    partition began at the start and ended at the end, after everything else: what it did not read is not there.
    `retained`: by partition, from where on retention has kept what was there. `tombstone` says which values stand for
    none, where logs are compacted: of each key only the latest record must be there, and no tombstone.
    """
    history = _History(None if order_judged else ReadOrder(may_repeat), tombstone)
    for op in ops:
        history.take(op)
    for partition, start in (retained or {}).items():
        history.retain(partition, start)
    if final:
        history.read_whole(final)
    return history.judgement()


def verdict(judgement: Judgement, allowed: frozenset[str] = frozenset()) -> Verdict:
    """What a judgement comes to; classes in `allowed` are not held against it."""
    if judgement.unusable:
        return Unknown(judgement.unusable)
    for anomaly in judgement.anomalies:
        if anomaly.kind not in allowed:
            return Violated(CLASSES[anomaly.kind], anomaly.example)
    if judgement.unread:
        return Unknown(
            f"{judgement.unread} acknowledged records lie past what was read: read to the end after the faults"
        )
    figures = {"operations": judgement.operations, "acknowledged": judgement.acknowledged, "read": judgement.read}
    return Holds(figures)


class _History:
    """Takes operations in order; the anomalies that need the whole are found at the end."""

    def __init__(self, order: ReadOrder | None, tombstone: Callable[[str], bool] | None) -> None:
        self._order = order
        self._tombstone = tombstone
        self._readings: dict[str, Readings] = {}
        self._pending: dict[str, dict[tuple[str, int], int]] = {}
        """By name without topic id: deletions asked for of which no client knows what became, and up to where."""
        self._found: dict[str, list[str]] = {kind: [] for kind in CLASSES}
        self._sent: set[tuple[str, str, str]] = set()
        self._failed: set[tuple[str, str, str]] = set()
        self._operations = 0
        self._read = 0
        self._unusable = ""

    def take(self, op: Op) -> None:
        self._operations += op.phase != "invoke"
        anomaly = None if self._order is None else self._order.take(op)
        if anomaly is not None:
            self._found[anomaly[0]].append(anomaly[1])
        if op.operation == "produce":
            self._produce(op)
        elif op.operation == "delete":
            self._delete(op)
        elif op.phase == "ok" and op.offset is not None:
            self._consume(op, op.offset)

    def _produce(self, op: Op) -> None:
        record = (op.partition, op.key, op.value)
        if op.phase == "invoke":
            if record in self._sent:
                self._unusable = f"{op.value!r} of key {op.key!r} was sent more than once: values must name records"
            self._sent.add(record)
        elif op.phase == "fail":
            self._failed.add(record)
        elif op.phase == "ok":
            promise = Promise(key=op.key, value=op.value, offset=op.offset, acks=op.acks)
            self._of(op.partition).promise(promise)
        elif self._tombstone is not None and self._tombstone(op.value):
            self._of(op.partition).may_delete(op.key)

    def _consume(self, op: Op, offset: int) -> None:
        if op.error:
            self._of(op.partition).end(offset)
            return
        self._read += 1
        record = (op.partition, op.key, op.value)
        if record not in self._sent or record in self._failed:
            words = f"record {op.value!r} of key {op.key!r}, read at offset {offset} of {op.partition},"
            if record not in self._sent:
                self._found["invented"].append(f"{words} was sent by nobody")
            else:
                self._found["failed"].append(f"{words} had been reported as not written")
        self._of(op.partition).read((op.client, op.process), offset, op.key, op.value)

    def _delete(self, op: Op) -> None:
        """Whoever asks says no topic id: it is asked of whichever topic has the name when the request arrives. That is
        none that anybody has yet to send a record to once it is answered."""
        deletion, upto = (op.client, op.id), op.offset or 0
        pending = self._pending.setdefault(op.partition, {})
        pending[deletion] = max(upto, pending.get(deletion, 0))
        if op.phase in ("ok", "fail"):
            del pending[deletion]
        self._of(op.partition)
        for name, readings in self._readings.items():
            if name_of(name) == op.partition:
                readings.delete(deletion, upto, refused=op.phase == "fail")

    def _of(self, partition: str) -> Readings:
        readings = self._readings.get(partition)
        if readings is None:
            readings = self._readings[partition] = Readings(partition, self._tombstone)
            for deletion, upto in self._pending.get(name_of(partition), {}).items():
                readings.delete(deletion, upto, refused=False)
        return readings

    def retain(self, partition: str, start: int) -> None:
        self._of(partition).delete(("retention", 0), start, refused=False)

    def read_whole(self, client: str) -> None:
        for _, readings in sorted(self._readings.items()):
            readings.read_whole(client)

    def judgement(self) -> Judgement:
        unread = acknowledged = 0
        for _, readings in sorted(self._readings.items()):
            lost, vanished, misplaced, beyond = readings.compare()
            self._found["lost"] += lost
            self._found["vanished"] += vanished
            self._found["misplaced"] += misplaced
            unread += beyond
            acknowledged += readings.acknowledged
        return Judgement(
            operations=self._operations,
            acknowledged=acknowledged,
            read=self._read,
            unread=unread,
            anomalies=tuple(Anomaly(kind, len(found), found[0]) for kind, found in self._found.items() if found),
            unusable=self._unusable,
        )
