"""Who had which record when: the lives of a partition's batches, from the facts of its trace.

One rule: a batch is lost by whoever had it and has it no longer, by the very fact that took it away. Nothing is judged
here; `traces.why` makes sentences of it.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from traces import facts, replicas
from traces.replicas import Cell
from traces.schema import Fault, Op, Step
from traces.sides import ENDS_A_PROCESS, ENTERS_AN_EPOCH, Decided, decided_by
from traces.trace import NumberedLine, Trace


class Moment(NamedTuple):
    """When and by whom."""

    line: int
    at: int
    """Milliseconds; -1: nobody knows."""
    node: str
    fact: Any

    @property
    def words(self) -> str:
        return f"line {self.line}" if self.at < 0 else f"{self.at / 1000:.3f} s, line {self.line}"


@dataclass(slots=True)
class Life:
    """What became of one batch."""

    cell: Cell
    value: str = ""
    """What the client wrote, where it is known."""
    client: str = ""
    written: Moment | None = None
    acknowledged: Moment | None = None
    """With acks=all."""
    committed: Moment | None = None
    """A leader's high watermark passed it."""
    copied: dict[str, Moment] = field(default_factory=dict)
    lost: dict[str, Moment] = field(default_factory=dict)
    """By whom, last."""


class Chronicle:
    """Reads a trace up to a line; then `lives` are in the order of writing, `replicas` and `decided` as told last."""

    def __init__(self, trace: Trace, partition: str, until: int | None = None) -> None:
        self.partition = partition
        self.timed = trace.header.origin != "model"
        self.replicas: dict[str, replicas.Replica] = {}
        self.decided: Decided | None = None
        self.decisions: list[Moment] = []
        self.lives: dict[tuple[int, int, int], Life] = {}
        """By base offset, leader epoch and CRC: what a client sends again has the CRC it had."""
        self.away: set[str] = set()
        """Nodes that are down, or back and in no epoch yet."""
        self._asked: dict[str, dict[int, str]] = {}
        """By client: operations without an answer, and what they write."""
        self.last: list[Moment] = []
        """The facts of the last step that had some."""
        for line in trace.lines:
            if until is not None and line.n > until:
                break
            self._take(line)

    def life(self, cell: Cell) -> Life:
        return self.lives.setdefault((cell.base_offset, cell.leader_epoch, cell.crc), Life(cell))

    def has(self, node: str, life: Life) -> bool:
        """Whether this node's log has the batch in its place."""
        replica = self.replicas.get(node)
        return replica is not None and any(_same(cell, life.cell) for cell in replica.cells)

    def there(self, node: str, offset: int) -> Life | None:
        """What a node has at an offset."""
        for cell in self.replicas[node].cells if node in self.replicas else ():
            if cell.base_offset <= offset < cell.base_offset + cell.record_count:
                return self.life(cell)
        return None

    def _take(self, line: NumberedLine) -> None:
        if isinstance(line, Op):
            self._operation(line)
        if isinstance(line, Fault) and line.kind in ENDS_A_PROCESS:
            self.away.update(line.targets)
        if not isinstance(line, Step):
            return
        here = [fact for fact in facts.decoded(line.facts) if fact.partition == self.partition]
        if not here:
            return
        at = line.at if self.timed else -1
        self.last = [Moment(line.n, at, line.node, fact) for fact in here]
        for moment in self.last:
            before = self.decided
            self.decided = decided_by(moment.fact, before)
            if self.decided is not before:
                self.decisions.append(moment)
            if line.node.startswith("n"):
                self._told(moment)
                if type(moment.fact).__name__ == "Append":
                    self._asker(moment, line.event)

    def _told(self, moment: Moment) -> None:
        kind = type(moment.fact).__name__
        if kind == "Restart" and self.timed:
            self.away.add(moment.node)
        elif kind in ENTERS_AN_EPOCH:
            self.away.discard(moment.node)
        replica = self.replicas.setdefault(moment.node, replicas.Replica())
        before = list(replica.cells)
        replicas.apply(replica, moment.fact)
        for cell in before:
            if not any(_same(cell, other) for other in replica.cells):
                self.life(cell).lost[moment.node] = moment
        for cell in replica.cells:
            if not any(_same(cell, other) for other in before):
                life = self.life(cell)
                life.copied[moment.node] = moment
                if kind == "Append" and life.written is None:
                    life.written = moment
        self._promised(moment, replica)

    def _promised(self, moment: Moment, replica: replicas.Replica) -> None:
        match type(moment.fact).__name__:
            case "AdvanceHighWatermark":
                for cell in replica.cells:
                    life = self.life(cell)
                    if cell.base_offset + cell.record_count <= moment.fact.to and life.committed is None:
                        life.committed = moment
            case "AcknowledgeProduce" if moment.fact.acks == -1:
                self._acknowledged(moment, replica)

    def _acknowledged(self, moment: Moment, replica: replicas.Replica) -> None:
        """The batch may have been written in an earlier epoch than it is acknowledged in."""
        offset, crc = moment.fact.base_offset, moment.fact.crc
        known = [life for life in self.lives.values() if (life.cell.base_offset, life.cell.crc) == (offset, crc)]
        standing = [life for life in known if life.cell in replica.cells]
        made = Cell(offset, moment.fact.record_count, moment.fact.leader_epoch, crc)
        life = (standing or known or [self.life(made)])[-1]
        life.acknowledged = moment

    def _asker(self, moment: Moment, event: str) -> None:
        """Who sent the batch, and what it says, where he waits for one answer only."""
        client = event.rpartition(" from ")[2]
        asked = self._asked.get(client, {})
        batch = moment.fact.batch
        if len(asked) == 1:
            life = self.life(Cell(batch.base_offset, batch.record_count, batch.leader_epoch, batch.crc))
            life.client, life.value = client, next(iter(asked.values()))

    def _operation(self, line: Op) -> None:
        if line.partition != self.partition or line.operation != "produce":
            return
        waiting = self._asked.setdefault(line.client, {})
        if line.phase == "invoke":
            waiting[line.id] = line.value
            return
        waiting.pop(line.id, None)
        if line.phase == "ok":
            there = [life for life in self.lives.values() if life.cell.base_offset == line.offset and life.acknowledged]
            for life in there[-1:]:
                life.client, life.value = line.client, line.value


def _same(one: Cell, other: Cell) -> bool:
    same = (one.base_offset, one.leader_epoch, one.crc) == (other.base_offset, other.leader_epoch, other.crc)
    return same and other.record_count >= one.record_count
