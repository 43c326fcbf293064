"""Planted bugs of what a leader counts of its followers."""

from campaign.mutants.registry import mutant
from impl.core.events import Effect
from impl.core.image import PartitionImage
from impl.core.messages import FetchedPartition, FetchPartition
from impl.core.partition import Partition
from impl.core.types import NO_BROKER_EPOCH, BrokerEpoch, ErrorCode, LeaderEpoch, Millis, NodeId, Offset


@mutant("fetch-without-epoch-check", "epoch_fencing", "no_committed_loss", "high_watermark_bound", "log_matching")
class CountsAnyEpoch(Partition):
    """A leader counts the fetch of a follower that is in another epoch.

    KAFKA-6880, KIP-320, until Kafka 2.1. A follower that missed two elections still counts for the watermark and the
    in-sync set, although its log may differ below its position.
    """

    __slots__ = ()

    def epoch_error(self, current_leader_epoch: LeaderEpoch) -> ErrorCode:  # noqa: ARG002 - not looking is the bug
        return ErrorCode.NONE


@mutant("diverging-fetch-counted", "high_watermark_bound", "no_committed_loss", "log_matching", modelled=False)
class CountsDivergingFetch(Partition):
    """A leader counts the position of a log that it just found to differ from its own.

    KAFKA-13141, Kafka 2.7 to 3.0. With truncation on fetch a follower fetches at once, and the leader recorded the
    fetch offset before it looked whether the logs diverge. Here followers do not probe first, as in Kafka.
    """

    __slots__ = ()

    def become_follower(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        super().become_follower(version, now, out)
        self.reconciled = True

    def diverged(self, diverging: tuple[LeaderEpoch, Offset], out: list[Effect]) -> None:
        super().diverged(diverging, out)
        self.reconciled = True

    def admit(
        self,
        asked: FetchPartition,
        replica: NodeId,
        now: Millis,
        out: list[Effect],
        broker_epoch: BrokerEpoch = NO_BROKER_EPOCH,
    ) -> FetchedPartition | None:
        if replica >= 0 and self.refusal(asked) is ErrorCode.NONE and self.divergence(asked) is not None:
            self.count(asked.fetch_offset, replica, now, out, broker_epoch)
        return super().admit(asked, replica, now, out, broker_epoch)
