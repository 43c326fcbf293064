"""Planted bugs of the leader-epoch cache, and of what is asked of it and answered from it."""

from campaign.mutants.registry import mutant
from impl.core.epochs import LeaderEpochCache
from impl.core.events import Effect
from impl.core.image import PartitionImage
from impl.core.messages import FetchedPartition, FetchPartition
from impl.core.partition import Partition
from impl.core.types import Batch, ErrorCode, LeaderEpoch, Millis, Offset


@mutant("epoch-cache-not-cut", "heals", "log_matching", "no_committed_loss")
class KeepsEmptyEpochs(Partition):
    """A follower keeps cache entries of epochs that it led without writing anything.

    KAFKA-10706, until Kafka 2.7: truncating to the end of the log cut no record, and so no entry. The follower says it
    ends in an epoch of which it has no record.
    """

    __slots__ = ()

    def become_follower(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        entries = self.epochs.entries
        super().become_follower(version, now, out)
        if self.epochs.entries != entries:
            self.epochs = LeaderEpochCache(entries)
            self.write_epochs(out)


@mutant("epoch-start-not-cached", "log_matching", "no_committed_loss", "high_watermark_bound", "heals")
class CachesEpochsWithRecords(Partition):
    """A leader enters its epoch into the cache with its first record, and not when it is elected.

    KAFKA-7415, until Kafka 2.1. A leader that has written nothing cannot say where the epoch before its own ends: a
    follower with records of that epoch asks, is told that it is unknown, and falls back to its high watermark, as
    followers did then.
    """

    __slots__ = ()

    def assign_own_epoch(self) -> bool:
        return False

    def append(
        self, batch: Batch, leader_epoch: LeaderEpoch, out: list[Effect], base_offset: Offset | None = None
    ) -> None:
        if self.leading and self.epochs.assign(leader_epoch, self.log_end):
            self.write_epochs(out)
        super().append(batch, leader_epoch, out, base_offset)

    def answered(self, part: FetchedPartition, now: Millis, out: list[Effect]) -> None:
        if part.error == ErrorCode.OFFSET_OUT_OF_RANGE and not self.reconciled and part.log_start <= self.log_end:
            self.asked = 0
            self.truncate(self.high_watermark, out)
            self.reconcile(out)
        else:
            super().answered(part, now, out)


@mutant("probe-unfenced", "log_matching", "high_watermark_bound", "no_committed_loss")
class AnswersAnyProbe(Partition):
    """A leader tells a follower of another epoch where their logs part.

    The comment in hachikuji/kafka-specification's Kip320: a truncation point from a leader in another epoch is worth
    nothing, because that leader may itself truncate later.
    """

    __slots__ = ()

    def refusal(self, asked: FetchPartition) -> ErrorCode:
        if self.leading and asked.max_bytes <= 0:
            return ErrorCode.NONE
        return super().refusal(asked)


@mutant("divergence-by-offset", "log_matching", "no_committed_loss", "high_watermark_bound")
class ComparesOffsetsOnly(Partition):
    """A leader finds that a log leaves its own only where that log is longer.

    What offsets alone can tell, as before KIP-101: two logs of one length may hold different records.
    """

    __slots__ = ()

    def divergence(self, asked: FetchPartition) -> tuple[LeaderEpoch, Offset] | None:
        found = super().divergence(asked)
        return found if asked.fetch_offset > self.log_end else None


@mutant("divergence-by-epoch", "log_matching", "no_committed_loss", "high_watermark_bound", "heals")
class ComparesEpochsOnly(Partition):
    """A leader finds that a log leaves its own only where it does not know that log's last epoch.

    Records that a deposed leader wrote after its successor was elected are of an epoch that the successor knows. A log
    that is not cut and is longer than its leader's asks beyond the leader's end for ever.
    """

    __slots__ = ()

    def divergence(self, asked: FetchPartition) -> tuple[LeaderEpoch, Offset] | None:
        found = super().divergence(asked)
        return found if found is not None and found[0] != asked.last_fetched_epoch else None


@mutant("truncates-one-late", "log_matching", "no_committed_loss", "high_watermark_bound")
class KeepsOneRecordMore(Partition):
    """A follower keeps the first record that its leader said was different.

    An end offset taken for the last offset: off by one, in the one place where nothing after it would notice.
    """

    __slots__ = ()

    def truncation_point(self, diverging: tuple[LeaderEpoch, Offset]) -> Offset:
        return Offset(min(super().truncation_point(diverging) + 1, self.log_end))

    def diverged(self, diverging: tuple[LeaderEpoch, Offset], out: list[Effect]) -> None:
        super().diverged(diverging, out)
        self.reconcile(out)
