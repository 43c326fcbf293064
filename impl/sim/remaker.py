"""An auditor who has the topic deleted, and another one of its name made, while the weather lasts.

One rule: he asks as any operator does (DeleteTopics, CreateTopics), whichever broker is next, and again until he is
answered: a topic that he has deleted he makes again.
"""

from impl.core.admin_messages import DeletedTopics, DeleteTopics
from impl.core.events import Send
from impl.core.messages import CreatedTopics, CreateTopics, DescribedTopics, NewTopic, Reply
from impl.core.types import NO_ERROR, ErrorCode, TopicPartition
from impl.sim.asker import Asker, Question
from impl.sim.client import BACKOFF_MS, Target
from impl.sim.ledger import Report

PAUSES_MS = (0, 150, 600, 1_500)
"""How long after the deletion the next topic is asked for."""
TIMEOUT_MS = 500
_DELETE, _MAKE = "delete the topic", "make it again"


class Remaker(Asker):
    """He does one at a time."""

    def __init__(self, name: str, number: int, target: Target, replication: int, report: Report) -> None:
        super().__init__(name, number, target, replication, report)
        self.remade = 0
        """How often he has begun."""
        self._doing = ""
        self._pause_ms = 0
        self._under_way = False
        self._ask_at = 0

    @property
    def remaking(self) -> bool:
        """The topic may not be there, or is about to go."""
        return bool(self._doing)

    def remake(self, value: int, now: int) -> list[Send]:
        """Delete the topic; `value` says how long after that the next one is made."""
        sends: list[Send] = []
        if not self._doing:
            self.remade += 1
            self._doing, self._pause_ms, self._ask_at = _DELETE, PAUSES_MS[value], now
            self._operate(now, sends)
        return sends

    def proceed(self, now: int, sends: list[Send]) -> None:
        self._operate(now, sends)
        super().proceed(now, sends)

    def flow(self, now: int, sends: list[Send]) -> None:
        self._operate(now, sends)
        super().flow(now, sends)

    def _operate(self, now: int, sends: list[Send]) -> None:
        if not self._doing or self._under_way or now < self._ask_at:
            return
        self._under_way = True
        if self._doing == _DELETE:
            self.request(self.next_contact(), DeleteTopics((self._topic,), TIMEOUT_MS), _DELETE, now, sends)
        else:
            new = NewTopic(name=self._topic, partition_count=len(self.partitions), replication_factor=self._replication)
            self.request(self.next_contact(), CreateTopics((new,), TIMEOUT_MS, False), _MAKE, now, sends)

    def answered(self, about: TopicPartition | Question | str, reply: Reply, now: int) -> None:
        if about == _DELETE:
            assert isinstance(reply, DeletedTopics)
            self._under_way = False
            if reply.topics[0].error in (NO_ERROR, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION):
                self._doing, self._ask_at = _MAKE, now + self._pause_ms
            else:
                self._ask_at = now + BACKOFF_MS
        elif about == _MAKE:
            assert isinstance(reply, CreatedTopics)
            self._under_way = False
            if reply.topics[0].error in (NO_ERROR, ErrorCode.TOPIC_ALREADY_EXISTS):
                self._doing = ""
                self.whole = False
                self.stale = True
            else:
                self._ask_at = now + BACKOFF_MS
        else:
            super().answered(about, reply, now)

    def described(self, reply: DescribedTopics, now: int) -> None:
        super().described(reply, now)
        if not self._doing and not any(topic.partitions for topic in reply.topics):
            # He has asked for one deletion more than once, and the last has met the next topic.
            self._doing, self._ask_at = _MAKE, now

    def unanswered(self, about: TopicPartition | Question | str, now: int) -> None:
        if about in (_DELETE, _MAKE):
            self._under_way = False
            self._ask_at = now + BACKOFF_MS
        else:
            super().unanswered(about, now)
