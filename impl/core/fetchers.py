"""A broker's copying from others: for every leader it follows, one fetch and one probe in flight.

One rule: a fetch asks for every reconciled partition followed from that leader, a probe for every other one. An answer
counts for a partition only if the partition has asked nothing else since (`Follower.asked`).

Fetches go in a session of the leader's (KIP-227): only a position that the leader was not told last is named.
"""

from typing import ClassVar

from impl.core.calls import NEVER
from impl.core.events import Effect
from impl.core.facts import SendFetch
from impl.core.fetch_sessions import FULL, NO_SESSION, epoch_after
from impl.core.member import Member
from impl.core.messages import CONSUMER, Fetch, Fetched, FetchPartition, Reply
from impl.core.partition import Partition
from impl.core.types import NO_BROKER_EPOCH, NO_ERROR, ErrorCode, Millis, NodeId, TopicPartition

FETCH_RESPONSE_BYTES_MAX = 10_485_760
"""replica.fetch.response.max.bytes"""
SESSION_ERRORS = (
    ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
    ErrorCode.INVALID_FETCH_SESSION_EPOCH,
    ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
)


class LeaderLink:
    """What is followed from one leader. A correlation of 0: nothing of the kind is in flight.

    `_told` is what the leader's session holds, by the last fetch; `_moved` are partitions whose position may be another
    by now.
    """

    __slots__ = (
        "_anew",
        "_fetch",
        "_fetchers",
        "_member",
        "_moved",
        "_probe",
        "_registered",
        "_session_epoch",
        "_session_id",
        "_told",
        "_told_of",
        "_turn",
        "followed",
        "node",
        "retry_at",
    )

    def __init__(self, node: NodeId, member: Member, fetchers: "Fetchers") -> None:
        self.node = node
        self.followed: dict[TopicPartition, Partition] = {}
        self.retry_at = Millis(0)
        self._member = member
        self._fetchers = fetchers
        self._fetch = 0
        self._probe = 0
        self._turn = 0
        self._registered = NO_BROKER_EPOCH
        self._anew = False
        """A topic that the leader's session may hold is gone, and with it the id by which to say that it is."""
        self._session_id = NO_SESSION
        self._session_epoch = FULL
        self._told: dict[TopicPartition, FetchPartition] = {}
        self._told_of: dict[TopicPartition, bytes] = {}
        """The topic ids of those, and of some that the session holds no more."""
        self._moved: set[TopicPartition] = set()

    def follow(self, partition: Partition) -> None:
        """From now on, or in a new epoch."""
        if self._told_of.get(partition.name, partition.topic_id) != partition.topic_id:
            # The session may still hold the partition of that name that was followed once.
            self._anew = True
        self.followed[partition.name] = partition
        self._moved.add(partition.name)

    def unfollow(self, partition: Partition) -> None:
        """No longer. Where its topic is gone, another one may have its name by now."""
        image = self._member.image
        if self.followed.pop(partition.name, None) is None:
            return
        if image.partition(partition.name) is None or image.topics[partition.name.topic].topic_id != partition.topic_id:
            self._anew = True

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
            elif not partition.reconciled:
                to_probe.append(partition)
            elif partition.throttled_following and partition.pauses():
                self._fetchers.wake_at(Millis(now + self._member.settings.replica_fetch_backoff_ms))
            else:
                to_fetch.append(partition)
        if to_fetch and not self._fetch:
            if self._member.registered:
                self._send_fetch(to_fetch, now, out)
            else:
                # A position counts under the registration that its fetch names, and there is none now (KIP-903).
                self._fetchers.wake_at(Millis(now + self._member.settings.replica_fetch_backoff_ms))
        if to_probe and not self._probe:
            self._send_probe(to_probe, now, out)

    def _send_fetch(self, partitions: list[Partition], now: Millis, out: list[Effect]) -> None:
        settings = self._member.settings
        if self._registered != self._member.broker_epoch:
            # A position counts under the registration that its fetch names (KIP-903): all are named anew.
            self._registered = self._member.broker_epoch
            self._anew = True
        if self._anew:
            self._anew = False
            self._session_epoch = FULL
        if self._session_epoch == FULL:
            self._told.clear()
            self._told_of.clear()
            if len(partitions) * settings.replica_fetch_bytes_max > FETCH_RESPONSE_BYTES_MAX:
                # More than one answer can hold: let another partition be the first each time (KIP-74).
                self._turn = (self._turn + 1) % len(partitions)
                partitions = partitions[self._turn :] + partitions[: self._turn]
        asked = self._news(partitions)
        for position in asked:
            partition = self.followed[position.partition]
            out.append(
                SendFetch(
                    partition=partition.label,
                    leader_epoch=position.current_leader_epoch,
                    leader=self.node,
                    offset=position.fetch_offset,
                    broker_epoch=self._member.broker_epoch,
                )
            )
        request = Fetch(
            replica_id=settings.node,
            replica_epoch=self._member.broker_epoch,
            max_wait_ms=settings.replica_fetch_wait_ms_max,
            min_bytes=1,
            max_bytes=FETCH_RESPONSE_BYTES_MAX,
            partitions=tuple(asked),
            session_id=self._session_id,
            session_epoch=self._session_epoch,
            forgotten=self._forgotten(partitions),
        )
        self._fetch = self._member.calls.send(self.node, request, self._fetched, now, out, request.max_wait_ms)
        for partition in partitions:
            partition.asked = self._fetch

    def _news(self, partitions: list[Partition]) -> list[FetchPartition]:
        """The positions that the leader's session does not have; it does from now on."""
        told, moved = self._told, self._moved
        bytes_max = self._member.settings.replica_fetch_bytes_max
        news: list[FetchPartition] = []
        for partition in partitions:
            name = partition.name
            if name in moved or name not in told:
                position = partition.position(bytes_max)
                if told.get(name) != position:
                    told[name] = position
                    self._told_of[name] = partition.topic_id
                    news.append(position)
                moved.discard(name)
        return news

    def _forgotten(self, partitions: list[Partition]) -> tuple[TopicPartition, ...]:
        """What the leader's session has and this fetch no longer asks for."""
        if len(self._told) == len(partitions):
            return ()
        asked = {partition.name for partition in partitions}
        gone = [name for name in self._told if name not in asked]
        for name in gone:
            del self._told[name]
        return tuple(sorted(gone))

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
        if isinstance(reply, Fetched) and reply.error is NO_ERROR and reply.session_id != NO_SESSION:
            self._session_id = reply.session_id
            self._session_epoch = epoch_after(self._session_epoch)
        else:
            # Begin anew, and end what the leader may still hold: the next fetch asks for everything.
            self._session_epoch = FULL
            if isinstance(reply, Fetched):
                self._session_id = NO_SESSION
        self._answered(correlation, reply, now, out)

    def _probed(self, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        correlation, self._probe = self._probe, 0
        self._answered(correlation, reply, now, out)

    def _answered(self, correlation: int, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        if isinstance(reply, Fetched) and (reply.error is NO_ERROR or reply.error in SESSION_ERRORS):
            for part in reply.partitions:
                partition = self.followed.get(part.partition)
                if partition is not None and partition.asked == correlation:
                    watermark = partition.high_watermark
                    partition.answered(part, now, out)
                    if partition.high_watermark < watermark:
                        self._member.watermark_fell = True
                    self._moved.add(part.partition)
        else:
            self.retry_at = Millis(now + self._member.settings.replica_fetch_backoff_ms)
        self.pump(now, out)


class Fetchers:
    """All links. `due` is when a partition or a link that had to wait may go on. `link_class` is where a different
    behaviour can be planted."""

    link_class: ClassVar[type[LeaderLink]] = LeaderLink

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
                link.unfollow(partition)
        if leader is not None:
            link = self._links.get(leader) or self.link_class(leader, self._member, self)
            self._links[leader] = link
            link.follow(partition)

    def pump(self, now: Millis, out: list[Effect]) -> None:
        self.due = NEVER
        for link in self._links.values():
            link.pump(now, out)
