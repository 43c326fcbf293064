"""A consumer that has what it has read deleted, as whoever keeps a log for a queue does (KIP-107).

One rule: it asks the leader once and asks nothing again: what it was answered, or was not, is for others to judge.
"""

from typing import NamedTuple

from impl.core.events import Send
from impl.core.messages import DeletedRecords, DeletePartition, DeleteRecords, Reply
from impl.core.types import NO_ERROR, ErrorCode, Offset, TopicPartition
from impl.sim.client import moved
from impl.sim.consumer import Consumer
from impl.sim.ledger import Phase

DELETE_TIMEOUT_MS = 500
"""How long a leader may wait for the others to follow."""
WAYS = 3
"""All that it has read; half of that; and what is yet to come, which the leader must refuse where it is."""
AHEAD = 4


class _Deletion(NamedTuple):
    """One request until it is answered."""

    partition: TopicPartition
    identity: int
    upto: Offset


class Trimmer(Consumer):
    """It has one deletion under way at a time."""

    deleting = False
    deletions = 0

    @property
    def values(self) -> int:
        """What `delete` may be asked to do."""
        return WAYS * len(self.partitions)

    def delete(self, value: int, now: int) -> list[Send]:
        """Ask for a deletion: `value` says in which partition, and of how much."""
        partition, way = self.partitions[value // WAYS], value % WAYS
        if self.deleting or self.stale:
            return []
        position = self.positions[partition]
        upto = Offset((position, position // 2, position + AHEAD)[way])
        self.deleting = True
        self.deletions += 1
        deletion = _Deletion(partition, self.deletions, upto)
        self._tell(deletion, "invoke", now, upto)
        sends: list[Send] = []
        request = DeleteRecords((DeletePartition(partition, upto),), DELETE_TIMEOUT_MS)
        self.request(self.leaders[partition][0], request, deletion, now, sends)
        return sends

    def answered(self, about: TopicPartition | _Deletion, reply: Reply, now: int) -> None:
        if not isinstance(about, _Deletion):
            super().answered(about, reply, now)
            return
        assert isinstance(reply, DeletedRecords)
        self.deleting = False
        answer = reply.partitions[0]
        if answer.error is NO_ERROR:
            self._tell(about, "ok", now, answer.low_watermark)
        else:
            # A leader may have deleted what it asks its followers in vain to delete too.
            refused = answer.error is ErrorCode.OFFSET_OUT_OF_RANGE
            self._tell(about, "fail" if refused else "unknown", now, about.upto, answer.error.name)
            if moved(answer.error):
                self.refresh(now)

    def unanswered(self, about: TopicPartition | _Deletion, now: int) -> None:
        if not isinstance(about, _Deletion):
            super().unanswered(about, now)
            return
        self.deleting = False
        self._tell(about, "unknown", now, about.upto)
        self.refresh(now)

    def _tell(self, deletion: _Deletion, phase: Phase, now: int, offset: Offset, error: str = "") -> None:
        self._report(
            {
                "at": now,
                "client": self.name,
                "process": self._number * 16 + 1,
                "id": deletion.identity,
                "operation": "delete",
                "phase": phase,
                "partition": str(deletion.partition),
                "offset": offset,
                "error": error,
            }
        )
