"""Every replica's log and watermarks as the facts of a trace tell them, without a model and without judging.

One rule: `apply` believes every fact. What a drawing or a step-through shows is what the broker claims; whether that is
right is for `traces.validate` and the invariants to say.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from traces import facts


class Cell(NamedTuple):
    """One batch of a log, or what truncation left of it."""

    base_offset: int
    record_count: int
    leader_epoch: int
    crc: int


@dataclass(slots=True)
class Replica:
    """One node's copy of a partition. Epochs are Kafka's; -1: none yet."""

    cells: list[Cell] = field(default_factory=list)
    high_watermark: int = 0
    leader_epoch: int = -1
    leading: bool = False
    counted: tuple[int, ...] = ()
    """While it leads: whom its high watermark waits for, the in-sync set it knows and whom it has proposed to add."""

    @property
    def log_end(self) -> int:
        return self.cells[-1].base_offset + self.cells[-1].record_count if self.cells else 0

    def append(self, batch: facts.Content) -> None:
        self.cells.append(Cell(batch.base_offset, batch.record_count, batch.leader_epoch, batch.crc))

    def truncate(self, to: int) -> None:
        while self.cells and self.cells[-1].base_offset >= to:
            self.cells.pop()
        if self.log_end > to:
            last = self.cells.pop()
            self.cells.append(last._replace(record_count=to - last.base_offset))


def apply(replica: Replica, fact: Any) -> bool:
    """Change the replica as the fact says; False where the fact changed nothing that can be seen."""
    match type(fact).__name__:
        case "BecomeLeader" | "Resume":
            replica.leader_epoch, replica.leading, replica.counted = fact.leader_epoch, True, tuple(sorted(fact.isr))
        case "BecomeFollower":
            replica.leader_epoch, replica.leading, replica.counted = fact.leader_epoch, False, ()
        case "LearnIsr":
            replica.counted = tuple(sorted(fact.isr))
            return False
        case "ExpandIsr":
            replica.counted = tuple(sorted({*replica.counted, fact.follower}))
            return False
        case "DeleteReplica":
            replica.cells, replica.high_watermark, replica.leader_epoch = [], 0, -1
            replica.leading, replica.counted = False, ()
        case "Append":
            replica.append(fact.batch)
        case "BeginReplica":
            for batch in fact.batches:
                replica.append(batch)
            replica.high_watermark = fact.high_watermark
        case "FallBehind":
            replica.truncate(0)
            replica.cells.append(Cell(0, fact.to, -1, 0))
            replica.high_watermark = fact.to
        case "AdvanceHighWatermark":
            replica.high_watermark, replica.counted = fact.to, tuple(sorted(fact.maximal_isr))
        case "Truncate":
            moved = bool(replica.log_end > fact.to or replica.high_watermark != fact.high_watermark)
            replica.truncate(fact.to)
            replica.high_watermark = fact.high_watermark
            return moved
        case "ReceiveFetch":
            copied = bool(fact.batches)
            moved = copied or replica.high_watermark != fact.high_watermark
            for batch in fact.batches:
                replica.append(batch)
            replica.high_watermark = fact.high_watermark
            return moved
        case "Restart":
            _restart(replica, fact)
        case _:
            return False
    return True


def _restart(replica: Replica, fact: Any) -> None:
    """The log becomes what recovery found: up to `tail_from` as known, then the recovered tail."""
    replica.leading, replica.counted = False, ()
    replica.high_watermark = fact.high_watermark
    replica.truncate(min([fact.tail_from, *(batch.base_offset for batch in fact.tail)]))
    for batch in fact.tail:
        replica.append(batch)
    replica.truncate(fact.log_end)
