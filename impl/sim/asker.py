"""An auditor who asks leaders for offsets while the weather lasts: the earliest, the latest, those of a time.

One rule: he asks whom he takes for the leader, once, and lets others judge what he is told.
"""

from typing import NamedTuple

from impl.core.events import Send
from impl.core.messages import EARLIEST, LATEST, MAX_TIMESTAMP, ListedOffsets, ListOffsets, OffsetQuery, Reply
from impl.core.types import NO_EPOCH, TopicPartition
from impl.sim.auditor import Auditor
from impl.sim.client import moved

SPECIAL = (LATEST, EARLIEST, MAX_TIMESTAMP)
AGO_MS = (0, 60, 200, 500, 1_000, 2_000, 5_000)
"""Of which times he asks: so long before now."""
QUESTIONS = len(SPECIAL) + len(AGO_MS)


class Question(NamedTuple):
    """One until it is answered."""

    partition: TopicPartition


class Asker(Auditor):
    """Every second question says no leader epoch, as those of old clients."""

    asked = 0

    @property
    def questions(self) -> int:
        """What `ask` may be asked to do."""
        return QUESTIONS * len(self.partitions)

    def ask(self, value: int, now: int) -> list[Send]:
        """`value` says about which partition, and for which offset."""
        sends: list[Send] = []
        partition, what = self.partitions[value // QUESTIONS], value % QUESTIONS
        if partition in self.leaders:
            leader, epoch = self.leaders[partition]
            self.asked += 1
            timestamp = SPECIAL[what] if what < len(SPECIAL) else max(0, now - AGO_MS[what - len(SPECIAL)])
            query = OffsetQuery(partition, epoch if self.asked % 2 else NO_EPOCH, timestamp)
            self.request(leader, ListOffsets((query,)), Question(partition), now, sends)
        return sends

    def answered(self, about: TopicPartition | Question | str, reply: Reply, now: int) -> None:
        if not isinstance(about, Question):
            super().answered(about, reply, now)
            return
        assert isinstance(reply, ListedOffsets)
        if moved(reply.offsets[0].error):
            self.refresh(now)

    def unanswered(self, about: TopicPartition | Question | str, now: int) -> None:
        if isinstance(about, Question):
            self.refresh(now)
        else:
            super().unanswered(about, now)
