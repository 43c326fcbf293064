"""The client that makes the topic, watches until the cluster is whole, and reads everything back in the end.

One rule: it judges by answers to ordinary requests, as any client could.
"""

from collections.abc import Collection

from impl.core.events import Send
from impl.core.messages import CreatedTopics, CreateTopics, DescribedPartition, DescribedTopics, NewTopic, Reply
from impl.core.types import (
    NO_ERROR,
    NO_LEADER,
    ErrorCode,
    NodeId,
    TopicPartition,
)
from impl.sim.client import BACKOFF_MS, Target
from impl.sim.consumer import Consumer
from impl.sim.ledger import Report

_CREATING, _WATCHING, _READING = range(3)


class Auditor(Consumer):
    """First it creates, then it watches until told to read."""

    def __init__(self, name: str, number: int, target: Target, replication: int, report: Report) -> None:
        super().__init__(name, number, target, report)
        self.whole = False
        """Every partition has a leader and all its replicas in sync, as far as the last answer said; while somebody is
        away, every partition that can do without him has just the others."""
        self._without: NodeId | None = None
        self._partitions: Collection[int] = ()
        self._replication = replication
        self._phase = _CREATING
        self._creating = False
        self.stale = False

    def watch(self, without: NodeId | None = None, partitions: Collection[int] = ()) -> None:
        """Ask again until the cluster is whole: without one node only these partitions, and without that node."""
        self._without, self._partitions = without, partitions
        self.whole = False
        self._phase = _WATCHING
        self.stale = True

    def labels(self) -> frozenset[str] | None:
        """What partitions are called of the topic as it is now; None: there has been one topic alone."""
        return frozenset(map(self.label, self.partitions)) if self.by_topic_id else None

    def read(self) -> None:
        """Read every partition from the start of its log."""
        self._phase = _READING
        self.stale = True

    def flow(self, now: int, sends: list[Send]) -> None:
        if self._phase == _CREATING:
            if not self._creating and now >= self._resume_at:
                self._creating = True
                new = NewTopic(
                    name=self._topic, partition_count=len(self.partitions), replication_factor=self._replication
                )
                self.request(self.next_contact(), CreateTopics((new,), 5_000, False), "topic", now, sends)
        elif self._phase == _READING:
            super().flow(now, sends)

    def answered(self, about: TopicPartition | str, reply: Reply, now: int) -> None:
        if isinstance(about, TopicPartition):
            super().answered(about, reply, now)
            return
        assert isinstance(reply, CreatedTopics)
        self._creating = False
        if reply.topics[0].error in (NO_ERROR, ErrorCode.TOPIC_ALREADY_EXISTS):
            self.watch()
        else:
            # Too few brokers are up yet.
            self._resume_at = now + BACKOFF_MS

    def unanswered(self, about: TopicPartition | str, now: int) -> None:
        if isinstance(about, TopicPartition):
            super().unanswered(about, now)
        else:
            self._creating = False
            self._resume_at = now + BACKOFF_MS

    def described(self, reply: DescribedTopics, now: int) -> None:
        super().described(reply, now)
        described = [partition for topic in reply.topics for partition in topic.partitions]
        self.whole = len(described) == len(self.partitions) and all(map(self._is_well, described))
        if self._phase == _WATCHING and not self.whole:
            self.refresh(now)

    def _is_well(self, partition: DescribedPartition) -> bool:
        if self._without is None:
            return partition.leader != NO_LEADER and len(partition.isr) == len(partition.replicas)
        others = sorted(node for node in partition.replicas if node != self._without)
        goes_on = partition.leader in others and sorted(partition.isr) == others
        return goes_on or partition.index not in self._partitions
