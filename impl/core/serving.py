"""What a partition replica gives to those who fetch from it: followers, consumers, and who only asks for offsets.

One rule: every answer is checked against the role and the leader epoch of the moment it is given, not of the moment it
was asked for. Followers get all there is, consumers what lies below this replica's own high watermark, read once.
"""

from impl.core.events import Effect
from impl.core.facts import Acknowledge, AnswerFetch, AnswerProbe
from impl.core.fetch_sessions import Entry
from impl.core.leader import Leader
from impl.core.messages import (
    EARLIEST,
    LATEST,
    EpochEnd,
    EpochQuery,
    FetchedPartition,
    FetchPartition,
    ListedOffset,
    OffsetQuery,
    TimestampLookup,
)
from impl.core.read_replicas import Candidate, preferred
from impl.core.replication_quotas import ReplicationQuotas
from impl.core.types import (
    NO_BROKER_EPOCH,
    NO_EPOCH,
    NO_ERROR,
    NO_LEADER,
    BrokerEpoch,
    ErrorCode,
    LeaderEpoch,
    LogSlice,
    Millis,
    NodeId,
    Offset,
)

NO_OFFSET = Offset(-1)


class Serving(Leader):
    """`lost`: the disk with its log has failed. `deleted`: it is no replica any more, and whoever still waits must look
    elsewhere. `quotas` are its broker's, and set by that."""

    __slots__ = ("deleted", "lost", "quotas", "throttled_following", "throttled_leading")

    deleted: bool
    lost: bool
    quotas: ReplicationQuotas | None
    throttled_leading: bool
    throttled_following: bool

    # ------------------------------------------------------------ fetch
    def admit(
        self,
        asked: FetchPartition,
        replica: NodeId,
        now: Millis,
        out: list[Effect],
        broker_epoch: BrokerEpoch = NO_BROKER_EPOCH,
    ) -> FetchedPartition | None:
        """Check a fetch that arrives and, where a reconciled follower sent it, count its position.

        None: admitted, to be answered by `answer`. Else the answer, which needs no waiting.
        """
        error = self.refusal(asked)
        if error is NO_ERROR and replica >= 0 and not self.knows(replica, broker_epoch):
            error = ErrorCode.NOT_LEADER_OR_FOLLOWER
        if error is not NO_ERROR:
            return self._refused(asked, error)
        if asked.fetch_offset < self.log_start:
            return self._refused(asked, ErrorCode.OFFSET_OUT_OF_RANGE)
        diverging = self.divergence(asked)
        if replica < 0 and asked.max_bytes <= 0 <= asked.current_leader_epoch:
            self._note_probe(asked, diverging, out)
        if diverging is not None and diverging[0] != NO_EPOCH:
            return FetchedPartition(
                partition=self.name,
                error=NO_ERROR,
                high_watermark=self.high_watermark,
                log_start=self.log_start,
                diverging=diverging,
            )
        if diverging is not None or not self.log_start <= asked.fetch_offset <= self.log_end:
            return self._refused(asked, ErrorCode.OFFSET_OUT_OF_RANGE)
        if replica >= 0:
            self.peers[replica].log_start = asked.log_start
            self.count(asked.fetch_offset, replica, now, out, broker_epoch)
        elif self.leading and self.settings.replica_selector_by_rack:
            return self._directed(asked)
        return None

    def _directed(self, asked: FetchPartition) -> FetchedPartition | None:
        """Send a consumer to a replica in its rack, if there is one."""
        in_sync = (
            Candidate(peer.log_end, peer.caught_up_at, node) for node, peer in self.peers.items() if node in self.isr
        )
        preferred_replica = preferred(asked.rack, self.node, asked.fetch_offset, in_sync, self.image)
        if preferred_replica == NO_LEADER:
            return None
        return FetchedPartition(
            partition=self.name,
            error=NO_ERROR,
            high_watermark=self.high_watermark,
            log_start=self.log_start,
            preferred_replica=preferred_replica,
        )

    def knows(self, replica: NodeId, broker_epoch: BrokerEpoch) -> bool:
        """A replica of the partition, and no fetch from before a registration under which it has been heard since."""
        peer = self.peers.get(replica)
        return peer is not None and broker_epoch >= peer.broker_epoch

    def divergence(self, asked: FetchPartition) -> tuple[LeaderEpoch, Offset] | None:
        """Where the asker's log leaves this one, if it does: epochs up to its last one end earlier here (KIP-595).

        (-1, -1) where its last epoch is unheard of.
        """
        last = asked.last_fetched_epoch
        if last < 0:
            return None
        epoch, end = self.epochs.end_offset_for(last, self.log_end)
        if epoch < last or end < asked.fetch_offset:
            return epoch, end
        return None

    def count(
        self,
        offset: Offset,
        replica: NodeId,
        now: Millis,
        out: list[Effect],
        broker_epoch: BrokerEpoch = NO_BROKER_EPOCH,
    ) -> None:
        """A follower whose log is a prefix of this one shows how far it has come."""
        peer = self.peers[replica]
        peer.count(offset, broker_epoch, self.log_end, now)
        out.append(
            Acknowledge(
                partition=self.label,
                leader_epoch=self.leader_epoch,
                follower=replica,
                offset=offset,
                broker_epoch=broker_epoch,
            )
        )
        self.consider_expanding(peer, out)
        self.advance(out)

    def refusal(self, asked: FetchPartition) -> ErrorCode:
        """Asked of every fetch when it comes, whenever something happens while it waits, and when it is answered."""
        if asked.current_leader_epoch == self.leader_epoch and self.leading:
            return NO_ERROR
        if self.lost:
            return ErrorCode.KAFKA_STORAGE_ERROR
        if self.deleted:
            return ErrorCode.NOT_LEADER_OR_FOLLOWER
        error = self.epoch_error(asked.current_leader_epoch)
        if error is NO_ERROR and not self.leading and not self.may_serve(asked):
            return ErrorCode.NOT_LEADER_OR_FOLLOWER
        return error

    def may_serve(self, asked: FetchPartition) -> bool:
        """A follower serves consumers that know they may ask one, below its own high watermark (KIP-392)."""
        return asked.rack is not None and self.leader_epoch != NO_EPOCH

    def receive(self, part: FetchedPartition, now: Millis, out: list[Effect]) -> None:
        if self.throttled_following and self.quotas is not None and isinstance(part.records, tuple):
            self.quotas.follower.record(sum(batch.size for batch in part.records))
        super().receive(part, now, out)
        self.wake_fetches(out)

    def is_news(self, replica: NodeId) -> bool:
        """A follower whose watermark is behind is told at once (KIP-392)."""
        return replica >= 0 and self.peers[replica].watermark_sent < self.high_watermark

    def has_news(self, asked: FetchPartition, replica: NodeId, told: Entry) -> bool:
        """Of an admitted fetch: there is something to say that its session has not been told."""
        return (
            told.is_behind(self.high_watermark, self.log_start)
            or self.available(asked, replica) > 0
            or self.is_news(replica)
        )

    def available(self, asked: FetchPartition, replica: NodeId) -> int:
        """Bytes there are to send."""
        if self.throttled_leading and self.holds_back(replica):
            return 0
        return self.sizes.between(asked.fetch_offset, self.log_end if replica >= 0 else self.high_watermark)

    def holds_back(self, replica: NodeId) -> bool:
        """A follower that lags has had its share of the leader's quota for now (KIP-73)."""
        return (
            self.throttled_leading
            and replica >= 0
            and replica not in self.isr
            and self.quotas is not None
            and self.quotas.leader.exceeded()
        )

    def pauses(self) -> bool:
        """The same on the other side: this replica lags, and has had its share of its own broker's quota."""
        return (
            self.throttled_following
            and self.node not in self.isr
            and self.quotas is not None
            and self.quotas.follower.exceeded()
        )

    def answer(self, asked: FetchPartition, replica: NodeId, max_bytes: int, out: list[Effect]) -> FetchedPartition:
        """Answer an admitted fetch with what there is: to followers all of it, to consumers what is committed."""
        error = self.refusal(asked)
        if error is NO_ERROR and asked.fetch_offset < self.log_start:
            error = ErrorCode.OFFSET_OUT_OF_RANGE
        if error is not NO_ERROR:
            return self._refused(asked, error)
        limit = self.high_watermark
        if replica >= 0:
            limit = self.log_end
            self.peers[replica].watermark_sent = self.high_watermark
            out.append(
                AnswerFetch(
                    partition=self.label,
                    leader_epoch=self.leader_epoch,
                    follower=replica,
                    offset=asked.fetch_offset,
                    log_end=self.log_end,
                    high_watermark=self.high_watermark,
                )
            )
            if self.throttled_leading:
                max_bytes = self._rationed(asked, replica, max_bytes)
        start = asked.fetch_offset
        return FetchedPartition(
            partition=self.name,
            error=NO_ERROR,
            high_watermark=self.high_watermark,
            log_start=self.log_start,
            records=LogSlice(partition=self.name, start=start, limit=limit, max_bytes=max_bytes)
            if start < limit and max_bytes > 0
            else (),
        )

    def _rationed(self, asked: FetchPartition, replica: NodeId, max_bytes: int) -> int:
        """How many bytes the follower gets of a throttled partition, counted."""
        if self.holds_back(replica):
            return 0
        if self.quotas is not None:
            self.quotas.leader.record(min(max(max_bytes, 0), self.available(asked, replica)))
        return max_bytes

    def _refused(self, asked: FetchPartition, error: ErrorCode) -> FetchedPartition:
        # A follower whose next record is deleted learns where to go on (Kafka's asks ListOffsets for it).
        start = self.log_start if error is ErrorCode.OFFSET_OUT_OF_RANGE else NO_OFFSET
        return FetchedPartition(partition=asked.partition, error=error, high_watermark=NO_OFFSET, log_start=start)

    def _note_probe(
        self, asked: FetchPartition, diverging: tuple[LeaderEpoch, Offset] | None, out: list[Effect]
    ) -> None:
        epoch, end = (NO_EPOCH, NO_OFFSET) if diverging is None else diverging
        out.append(
            AnswerProbe(
                partition=self.label,
                leader_epoch=self.leader_epoch,
                offset=asked.fetch_offset,
                last_fetched_epoch=asked.last_fetched_epoch,
                diverging_epoch=epoch,
                diverging_end=end,
                log_end=self.log_end,
            )
        )

    # ------------------------------------------------------------ offsets
    def list_offset(self, query: OffsetQuery) -> ListedOffset:
        """Earliest, latest, or by timestamp (which the host looks up below the watermark)."""
        error = self.epoch_error(query.current_leader_epoch)
        if error is NO_ERROR and not self.leading:
            error = ErrorCode.NOT_LEADER_OR_FOLLOWER
        # A new leader's watermark may lag what was committed before it: not to be taken for the end (KIP-207).
        if error is NO_ERROR and query.timestamp != EARLIEST and self.high_watermark < self.start_offset:
            error = ErrorCode.OFFSET_NOT_AVAILABLE
        if error is not NO_ERROR:
            return ListedOffset(query.partition, error, NO_OFFSET, -1, NO_EPOCH)
        offset: Offset | TimestampLookup
        if query.timestamp == LATEST:
            offset = self.high_watermark
        elif query.timestamp == EARLIEST:
            offset = self.log_start
        else:
            offset = TimestampLookup(self.name, query.timestamp, self.high_watermark)
        return ListedOffset(query.partition, NO_ERROR, offset, -1, self.leader_epoch)

    def epoch_end(self, query: EpochQuery) -> EpochEnd:
        """Where an epoch ends in this leader's log; consumers ask it to notice a truncation (KIP-320)."""
        error = self.epoch_error(query.current_leader_epoch)
        if error is NO_ERROR and not self.leading:
            error = ErrorCode.NOT_LEADER_OR_FOLLOWER
        if error is not NO_ERROR:
            return EpochEnd(query.partition, error, NO_EPOCH, NO_OFFSET)
        return EpochEnd(query.partition, NO_ERROR, *self.epochs.end_offset_for(query.leader_epoch, self.log_end))
