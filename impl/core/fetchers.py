"""A broker's copying from others: for every leader it follows, one fetch and one probe in flight.

One rule: a fetch names every reconciled partition followed from that leader, a probe every other one. An answer
counts for a partition only if the partition has asked nothing else since (`Follower.asked`).
"""

from impl.core.calls import NEVER
from impl.core.events import Effect
from impl.core.facts import SendFetch
from impl.core.member import Member
from impl.core.messages import CONSUMER, Fetch, Fetched, Reply
from impl.core.partition import Partition
from impl.core.types import Millis, NodeId, TopicPartition

FETCH_RESPONSE_BYTES_MAX = 10_485_760
"""replica.fetch.response.max.bytes"""


class LeaderLink:
    """What is followed from one leader. A correlation of 0: nothing of the kind is in flight."""

    __slots__ = ("_fetch", "_fetchers", "_member", "_probe", "_turn", "followed", "node", "retry_at")

    def __init__(self, node: NodeId, member: Member, fetchers: "Fetchers") -> None:
        self.node = node
        self.followed: dict[TopicPartition, Partition] = {}
        self.retry_at = Millis(0)
        self._member = member
        self._fetchers = fetchers
        self._fetch = 0
        self._probe = 0
        self._turn = 0

    def pump(self, now: Millis, out: list[Effect]) -> None:
        """Send what can be sent."""
        if now < self.retry_at:
            self._fetchers.wake_at(self.retry_at)
            return
        to_fetch: list[Partition] = []
        to_probe: list[Partition] = []
        for partition in self.followed.values():
            if partition.retry_at > now:
                self._fetchers.wake_at(partition.retry_at)
            elif partition.reconciled:
                to_fetch.append(partition)
            else:
                to_probe.append(partition)
        if to_fetch and not self._fetch:
            self._send_fetch(to_fetch, now, out)
        if to_probe and not self._probe:
            self._send_probe(to_probe, now, out)

    def _send_fetch(self, partitions: list[Partition], now: Millis, out: list[Effect]) -> None:
        settings = self._member.settings
        if len(partitions) * settings.replica_fetch_bytes_max > FETCH_RESPONSE_BYTES_MAX:
            # More than one answer can hold: let another partition be the first each time (KIP-74).
            self._turn = (self._turn + 1) % len(partitions)
            partitions = partitions[self._turn :] + partitions[: self._turn]
        out.extend(
            [
                SendFetch(
                    partition=partition.label,
                    leader_epoch=partition.leader_epoch,
                    leader=self.node,
                    offset=partition.log_end,
                    broker_epoch=self._member.broker_epoch,
                )
                for partition in partitions
            ]
        )
        request = Fetch(
            replica_id=settings.node,
            replica_epoch=self._member.broker_epoch,
            max_wait_ms=settings.replica_fetch_wait_ms_max,
            min_bytes=1,
            max_bytes=FETCH_RESPONSE_BYTES_MAX,
            partitions=tuple([partition.position(settings.replica_fetch_bytes_max) for partition in partitions]),
        )
        self._fetch = self._member.calls.send(self.node, request, self._fetched, now, out, request.max_wait_ms)
        for partition in partitions:
            partition.asked = self._fetch

    def _send_probe(self, partitions: list[Partition], now: Millis, out: list[Effect]) -> None:
        request = Fetch(
            replica_id=CONSUMER,
            max_wait_ms=0,
            min_bytes=0,
            max_bytes=0,
            partitions=tuple([partition.position(0) for partition in partitions]),
        )
        self._probe = self._member.calls.send(self.node, request, self._probed, now, out)
        for partition in partitions:
            partition.asked = self._probe

    def _fetched(self, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        correlation, self._fetch = self._fetch, 0
        self._answered(correlation, reply, now, out)

    def _probed(self, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        correlation, self._probe = self._probe, 0
        self._answered(correlation, reply, now, out)

    def _answered(self, correlation: int, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        if isinstance(reply, Fetched):
            for part in reply.partitions:
                partition = self.followed.get(part.partition)
                if partition is not None and partition.asked == correlation:
                    partition.answered(part, now, out)
        else:
            self.retry_at = Millis(now + self._member.settings.replica_fetch_backoff_ms)
        self.pump(now, out)


class Fetchers:
    """All links. `due` is when a partition or a link that had to wait may go on."""

    __slots__ = ("_links", "_member", "due")

    def __init__(self, member: Member) -> None:
        self._member = member
        self._links: dict[NodeId, LeaderLink] = {}
        self.due = NEVER

    def wake_at(self, at: Millis) -> None:
        if at < self.due:
            self.due = at

    def follow(self, partition: Partition, leader: NodeId | None) -> None:
        """Fetch the partition from `leader` and from nobody else. `pump` sends."""
        for link in self._links.values():
            if link.node != leader:
                link.followed.pop(partition.name, None)
        if leader is not None:
            link = self._links.get(leader) or LeaderLink(leader, self._member, self)
            self._links[leader] = link
            link.followed[partition.name] = partition

    def pump(self, now: Millis, out: list[Effect]) -> None:
        self.due = NEVER
        for link in self._links.values():
            link.pump(now, out)
