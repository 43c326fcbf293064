"""Logs in a directory that has failed: this broker plays no role in their partitions until it starts again (KIP-112).

One rule: a lost replica answers KAFKA_STORAGE_ERROR and nothing else, and the controller is told until it has heard:
it takes the replica out of the in-sync set and of the eligible leader replicas, and lets another lead (KIP-858).
"""

from impl.core.calls import NEVER
from impl.core.controller_messages import LoseReplicas, LostReplicas
from impl.core.events import Effect
from impl.core.fetchers import Fetchers
from impl.core.member import Member
from impl.core.messages import Reply
from impl.core.types import CONTROLLER, NO_ERROR, Millis, TopicPartition


class LostLogs:
    """`due` is when to tell the controller next."""

    __slots__ = ("_fetchers", "_member", "_untold", "due")

    def __init__(self, member: Member, fetchers: Fetchers) -> None:
        self._member = member
        self._fetchers = fetchers
        self._untold: list[TopicPartition] = []
        self.due = NEVER

    def lose(self, names: tuple[TopicPartition, ...], now: Millis, out: list[Effect]) -> None:
        """The directory with these logs has failed."""
        for name in names:
            partition = self._member.partitions.pop(name, None)
            self._member.lost.add(name)
            self._untold.append(name)
            if partition is not None:
                self._fetchers.follow(partition, None)
                partition.lose(out)
        self.tell(now, out)

    def tell(self, now: Millis, out: list[Effect]) -> None:
        self.due = NEVER
        if not self._untold:
            return
        member = self._member
        if not member.registered:
            self.due = Millis(now + member.controller_backoff_ms)
            return
        told = tuple(sorted(self._untold))

        def heard(reply: Reply | None, now: Millis, _out: list[Effect]) -> None:
            if isinstance(reply, LostReplicas) and reply.error is NO_ERROR:
                self._untold = [name for name in self._untold if name not in told]
            if self._untold:
                self.due = Millis(now + member.controller_backoff_ms)

        request = LoseReplicas(broker=member.settings.node, broker_epoch=member.broker_epoch, partitions=told)
        member.calls.send(CONTROLLER, request, heard, now, out)
