"""Planted bugs of a follower that meets a new leader: what it cuts off, and what it believes before it has asked."""

from campaign.mutants.registry import mutant
from impl.core.events import Effect
from impl.core.image import PartitionImage
from impl.core.messages import FetchPartition
from impl.core.partition import Partition
from impl.core.types import NO_EPOCH, ErrorCode, LeaderEpoch, Millis, Offset


class _AsksNobody(Partition):
    """A follower as it was before truncation on fetch: what it sends does not say which epoch its log ends in."""

    __slots__ = ()

    def position(self, max_bytes: int) -> FetchPartition:
        asked = super().position(max_bytes)
        return FetchPartition(
            partition=asked.partition,
            current_leader_epoch=asked.current_leader_epoch,
            fetch_offset=asked.fetch_offset,
            last_fetched_epoch=NO_EPOCH if self.reconciled else asked.last_fetched_epoch,
            max_bytes=max_bytes,
        )


@mutant("kip-101", "no_committed_loss", "log_matching", "high_watermark_bound", modelled=False)
class TruncatesToHighWatermark(_AsksNobody):
    """A new follower cuts its log to its own high watermark.

    KIP-101 (KAFKA-1211), until Kafka 0.11. A follower's watermark lags its leader's by one fetch, so what it cuts may
    be committed; when it is elected next, the record is gone. The fix asks the new leader where the logs differ.
    """

    __slots__ = ()

    def become_follower(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        super().become_follower(version, now, out)
        if self.high_watermark < self.log_end:
            self.truncate(self.high_watermark, out)
        self.reconcile(out)


@mutant("kip-279", "log_matching", "high_watermark_bound", "no_committed_loss", modelled=False)
class TruncatesInOneRound(_AsksNobody):
    """A follower takes the leader's first answer for the last.

    KIP-279 (KAFKA-6361), until Kafka 2.0. After two elections in a row the leader may not have the follower's last
    epoch at all, and answers with where the next one begins: foreign records of the same length survive below it.
    """

    __slots__ = ()

    def truncation_point(self, diverging: tuple[LeaderEpoch, Offset]) -> Offset:
        return Offset(min(diverging[1], self.log_end))

    def diverged(self, diverging: tuple[LeaderEpoch, Offset], out: list[Effect]) -> None:
        super().diverged(diverging, out)
        self.reconcile(out)


@mutant(
    "truncates-on-error-only",
    *("epoch_fencing", "no_committed_loss", "log_matching", "high_watermark_bound"),
    modelled=False,
)
class TruncatesOnErrorOnly(Partition):
    """A follower copies at once, cuts only when its leader objects, and its leader counts it in whatever epoch it is.

    The first try at KIP-320 (hachikuji/kafka-specification, Kip320FirstTry): a fetch is checked by offset and last
    epoch alone. A follower of an older epoch is counted, the watermark moves, and then it truncates against the leader
    of the epoch that it had still to learn of.
    """

    __slots__ = ()

    def become_follower(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        super().become_follower(version, now, out)
        self.reconcile(out)

    def epoch_error(self, current_leader_epoch: LeaderEpoch) -> ErrorCode:
        del current_leader_epoch
        return ErrorCode.NONE
