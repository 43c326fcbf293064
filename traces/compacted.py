"""Facts of logs that are compacted, as they would be if they were not.

One rule: a batch that compaction has changed, or taken out before a follower or a start of its broker read the log, is
put back as its leader wrote it. Whoever judges logs or follows them by a model then sees what was ever written; what
compaction may take away is judged by itself (`invariants.step.compaction`).

Theory of operation. A leader writes an epoch, and one batch at an offset in it, so that (epoch, base offset) names a
batch; and behind one batch only. From any batch that is told of, the chain of batches before it is therefore known. A
fact of which the chain leads elsewhere is left as it is: somebody will say what is wrong with it.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from traces.facts import Content

Name = tuple[int, int]
"""Leader epoch and base offset."""


class _Partition:
    """What was written to one partition."""

    __slots__ = ("asked", "before", "compacted", "cut_inside", "logs", "unclean", "written")

    def __init__(self) -> None:
        self.written: dict[Name, Content] = {}
        self.before: dict[Name, Name | None] = {}
        self.logs: dict[str, list[Content]] = {}
        """By node: its whole log."""
        self.asked: dict[str, int] = {}
        """By node: from where it has fetched last."""
        self.cut_inside: dict[str, int] = {}
        """By node: where its log was cut last, if inside a batch of which compaction had left nothing."""
        self.compacted = self.unclean = False
        """Somebody has compacted its log; an unclean election has been held."""

    def cut(self, node: str, to: int) -> list[Content]:
        """A node's log, cut to where it ends at or before `to`."""
        log = self.logs.setdefault(node, [])
        del log[bisect_right(log, to, key=_end) :]
        return log

    def truncate(self, node: str, to: int) -> None:
        """Where its leader lacks the beginning of an epoch, compacted away, a follower cuts its log later than that."""
        self.cut_inside.pop(node, None)
        if any(batch.base_offset < to < _end(batch) for batch in self.logs.get(node, ())):
            self.cut_inside[node] = to
        self.cut(node, to)

    def asked_from(self, node: str) -> int:
        """Past what of its log a node has fetched last, as far as it was written."""
        asked, log = self.asked.get(node, 0), self.logs.get(node)
        if asked != self.cut_inside.pop(node, -1):
            return asked
        return _end(log[-1]) if log else 0

    def append(self, node: str, batch: Content) -> None:
        log = self.cut(node, batch.base_offset)
        self._write(batch, log)
        log.append(batch)

    def _write(self, batch: Content, log: list[Content]) -> None:
        self.written[_name(batch)] = batch
        self.before[_name(batch)] = _name(log[-1]) if log else None

    def whole(self, node: str, batches: Iterable[Content], end: int) -> list[Content]:
        """These batches, behind what the node's log has up to `end`, as they were written, and what was written between
        `end` and the first, and between them."""
        log = [batch for batch in self.logs.get(node, []) if _end(batch) <= end]
        had = len(log)
        for batch in batches:
            written = self.written.get(_name(batch))
            if written is None:
                # Its leader lost power before it could tell of it.
                self._write(batch, log)
            if written is not None and _alike(written, batch):
                log += self._chain(written, end)
            else:
                log.append(batch)
            end = _end(batch)
        return log[had:]

    def _chain(self, batch: Content, end: int) -> list[Content]:
        """The batches past `end`, this one the last."""
        chain = [batch]
        before = self.before[_name(batch)]
        while before is not None and _end(self.written[before]) > end:
            chain.append(self.written[before])
            before = self.before[before]
        return chain[::-1]


class Restored:
    """Takes the facts of one execution in order, and gives them back."""

    def __init__(self) -> None:
        self._partitions: dict[str, _Partition] = {}

    @property
    def given_up(self) -> bool:
        """An unclean election has given up what may have stood for what was compacted away."""
        return any(partition.compacted and partition.unclean for partition in self._partitions.values())

    def facts(self, node: str, facts: Iterable[Any]) -> list[Any]:
        """What one step of a node did."""
        return [self._fact(node, fact) for fact in facts]

    def _fact(self, node: str, fact: Any) -> Any:
        kind = type(fact).__name__
        partition = self._partitions.get(fact.partition)
        if partition is None:
            partition = self._partitions[fact.partition] = _Partition()
        if kind == "SendFetch":
            partition.asked[node] = fact.offset
        elif kind == "Append":
            partition.append(node, fact.batch)
        elif kind == "ReceiveFetch" and fact.batches:
            whole = partition.whole(node, fact.batches, partition.asked_from(node))
            partition.cut(node, whole[0].base_offset).extend(whole)
            return (
                fact
                if len(whole) == len(fact.batches) and whole == [*fact.batches]
                else replace(fact, batches=(*whole,))
            )
        elif kind == "Truncate":
            partition.truncate(node, fact.to)
        elif kind == "FallBehind":
            leader = partition.logs.get(f"n{fact.leader}", [])
            partition.logs[node] = [batch for batch in leader if _end(batch) <= fact.to]
        elif kind == "DeleteReplica":
            partition.logs.pop(node, None)
            partition.cut_inside.pop(node, None)
        elif kind == "Compact":
            partition.compacted = True
        elif kind == "ElectUnclean":
            partition.unclean = True
        elif kind == "Restart":
            whole = partition.whole(node, fact.tail, fact.tail_from)
            log = partition.cut(node, fact.tail_from)
            log += [batch for batch in whole if not log or batch.base_offset >= _end(log[-1])]
            return replace(fact, tail=(*whole,))
        return fact


def _end(batch: Content) -> int:
    return batch.base_offset + batch.record_count


def _name(batch: Content) -> Name:
    return batch.leader_epoch, batch.base_offset


def _alike(written: Content, batch: Content) -> bool:
    """All but the bytes of its records is the same."""
    return written == batch or replace(batch, crc=written.crc) == written
