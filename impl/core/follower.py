"""A partition replica that follows: it finds out where its log leaves its leader's, cuts it, and copies.

One rule: only a log that the leader of this very epoch has confirmed as a prefix of its own is extended, and only
such a log's end is reported. Until then the follower *probes*: it fetches without naming itself, and learns where the
logs diverge (KIP-595's truncation on fetch, in the rounds KIP-279 asks for).
"""

from impl.core.events import Effect
from impl.core.facts import BecomeFollower, Content, FallBehind, ReceiveFetch, Reconcile
from impl.core.image import PartitionImage
from impl.core.messages import FetchedPartition, FetchPartition
from impl.core.replica import Replica, content
from impl.core.types import (
    NO_EPOCH,
    NO_ERROR,
    Batch,
    ErrorCode,
    LeaderEpoch,
    Millis,
    Offset,
)


class Follower(Replica):
    """`asked` is the correlation of the fetch or probe whose answer counts; an answer to any other is stale."""

    __slots__ = ("asked", "reconciled", "retry_at")

    asked: int
    reconciled: bool
    retry_at: Millis

    def become_follower(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        """Follow `version.leader`, or nobody where there is none."""
        self.asked = 0
        self.retry_at = now
        # Nothing is cut before the new leader was asked where the logs differ (KIP-101).
        self.reconciled = False
        out.append(BecomeFollower(partition=self.label, leader_epoch=self.leader_epoch, leader=version.leader))
        # An epoch led without writing anything is none of this log's: its last epoch is that of its last record.
        if self.epochs.truncate_from_end(self.log_end):
            self.write_epochs(out)

    def position(self, max_bytes: int) -> FetchPartition:
        """What to ask the leader for: everything from the end of this log on. A probe asks for no bytes."""
        return FetchPartition(
            partition=self.name,
            current_leader_epoch=self.leader_epoch,
            fetch_offset=self.log_end,
            last_fetched_epoch=self.epochs.last_known,
            max_bytes=max_bytes,
            log_start=self.log_start,
        )

    def answered(self, part: FetchedPartition, now: Millis, out: list[Effect]) -> None:
        """The leader answered the fetch or the probe that is `asked`."""
        self.asked = 0
        if part.error == ErrorCode.OFFSET_OUT_OF_RANGE and self.is_nowhere_in(part):
            self.fall_behind(part.log_start, out)
        elif part.error != NO_ERROR:
            self.retry_at = Millis(now + self.settings.replica_fetch_backoff_ms)
        elif part.diverging is not None:
            shared = self.shared_end(part.diverging)
            if shared < self.log_start or self.log_start < part.log_start >= shared:
                # An unclean election has given up what is deleted here, so that there is nothing to cut (Kafka's
                # truncateTo below a log's start); or what would be left the leader has deleted, and its log may begin
                # inside a batch.
                self.fall_behind(part.log_start, out)
            else:
                self.diverged(part.diverging, out)
        elif self.reconciled:
            self.receive(part, now, out)
        elif self.log_start < part.log_start == self.log_end:
            # The leader has deleted all that this log has: nobody can tell whether it was the same.
            self.fall_behind(part.log_start, out)
        else:
            self.reconcile(out)

    def is_nowhere_in(self, part: FetchedPartition) -> bool:
        """The leader's log begins past the end of this one; or it ends before this one, which is empty, does: an
        unclean election has given up what was deleted (Kafka's truncateTo below a log's start), or what stood for all
        that was compacted away here. A log that has a record is told where it diverges instead."""
        is_empty = self.log_start == self.log_end or self.epochs.last_known == NO_EPOCH
        return part.log_start > self.log_end or (is_empty and part.log_start > -1)

    def fall_behind(self, leader_start: Offset, out: list[Effect]) -> None:
        """The leader has deleted what comes next here: this log shares nothing with it, and begins where that does."""
        self.reconciled = False
        self.reset(leader_start, out)
        out.append(
            FallBehind(
                partition=self.label,
                leader_epoch=self.leader_epoch,
                leader=self.leader,
                to=leader_start,
                high_watermark=self.high_watermark,
            )
        )

    def diverged(self, diverging: tuple[LeaderEpoch, Offset], out: list[Effect]) -> None:
        """Cut the log where the leader says it differs, and probe again: one round finds one epoch (KIP-279)."""
        self.reconciled = False
        to = self.truncation_point(diverging)
        if to < self.log_end:
            self.truncate(to, out)

    def truncation_point(self, diverging: tuple[LeaderEpoch, Offset]) -> Offset:
        """Where to cut the log: what can be shared of it stays."""
        return Offset(max(self.shared_end(diverging), self.log_start))

    def shared_end(self, diverging: tuple[LeaderEpoch, Offset]) -> Offset:
        """The last offset that can still be shared, given the leader's epoch and its end.

        Where this log does not know the leader's epoch, the end of its own next lower one bounds what is shared, and
        the leader is asked about that epoch next (AbstractFetcherThread.getOffsetTruncationState).
        """
        leader_epoch, leader_end = diverging
        own_epoch, own_end = self.epochs.end_offset_for(leader_epoch, self.log_end)
        if own_epoch != leader_epoch:
            return Offset(max(min(own_end, self.log_end), 0))
        return Offset(max(min(leader_end, own_end, self.log_end), 0))

    def reconcile(self, out: list[Effect]) -> None:
        """The leader found no divergence: this log is a prefix of its own."""
        self.reconciled = True
        out.append(
            Reconcile(partition=self.label, leader_epoch=self.leader_epoch, leader=self.leader, log_end=self.log_end)
        )

    def receive(self, part: FetchedPartition, now: Millis, out: list[Effect]) -> None:
        """Copy the leader's batches and adopt its high watermark as far as this log reaches."""
        contents: list[Content] = []
        epochs_changed = False
        assert isinstance(part.records, tuple), "the shell parses a replica's records before the core sees them"
        if part.records and self._begins_inside(part.records[0]):
            self.reset(part.records[0].base_offset, out)
        for batch in part.records:
            if not self._continues(batch):
                self.retry_at = Millis(now + self.settings.replica_fetch_backoff_ms)
                break
            # An epoch that begins in a gap may have begun anywhere in it. Were it said to begin later than it did, a
            # follower of this replica would keep records of an older epoch there, which nobody else has.
            epochs_changed |= self.epochs.assign(batch.leader_epoch, self.log_end)
            contents.append(content(batch, batch.base_offset, batch.leader_epoch))
            self.append(batch, batch.leader_epoch, out, batch.base_offset)
        if epochs_changed:
            self.write_epochs(out)
        # Assigned, not raised: a new leader's watermark may lag the old one's; what was committed stays so.
        high_watermark = Offset(max(min(part.high_watermark, self.log_end), self.log_start))
        if not contents and high_watermark == self.high_watermark:
            self.advance_log_start(part.log_start, out)
            return
        self.high_watermark = high_watermark
        out.append(
            ReceiveFetch(
                partition=self.label,
                leader_epoch=self.leader_epoch,
                leader=self.leader,
                log_end=self.log_end,
                high_watermark=self.high_watermark,
                batches=tuple(contents),
            )
        )
        self.advance_log_start(part.log_start, out)

    def _begins_inside(self, batch: Batch) -> bool:
        """This log is empty and begins where the leader's does, at a record inside this batch: records are deleted one
        by one, and batches are copied whole (Kafka's UnexpectedAppendOffsetException)."""
        return (
            self.log_start == self.log_end and batch.base_offset < self.log_end < batch.base_offset + batch.record_count
        )

    def _continues(self, batch: Batch) -> bool:
        """Whether the batch comes next: no step back in offsets or epochs, none from the future.

        Compaction leaves gaps in offsets: the leader, asked for what is at this log's end, sends what comes after it.
        """
        return (
            batch.base_offset >= self.log_end
            and batch.record_count > 0
            and self.epochs.latest <= batch.leader_epoch <= self.leader_epoch
        )
