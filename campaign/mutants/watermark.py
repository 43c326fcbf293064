"""Planted bugs of the high watermark: what a replica takes for committed."""

from campaign.mutants.registry import mutant
from impl.core.events import Effect, RecoveredLog
from impl.core.image import PartitionImage
from impl.core.leader import UNKNOWN
from impl.core.partition import Partition
from impl.core.types import Millis, Offset


@mutant("leader-trusts-its-log", "high_watermark_bound", "no_committed_loss", "stable_read")
class TakesItsLogForCommitted(Partition):
    """A new leader takes all it has for committed.

    It was in sync, so it has everything that is committed; that what it has is committed does not follow.
    """

    __slots__ = ()

    def become_leader(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        self.high_watermark = self.log_end
        super().become_leader(version, now, out)


@mutant("restart-trusts-its-log", "high_watermark_bound", "no_committed_loss", "recovery", "stable_read")
class TakesItsDiskForCommitted(Partition):
    """A broker that comes back takes all that its disk holds for committed.

    A missing or unreadable high-watermark checkpoint, read as the end of the log instead of as its beginning.
    """

    __slots__ = ()

    def restore(self, log: RecoveredLog, *, clean: bool, out: list[Effect]) -> None:
        super().restore(log, clean=clean, out=out)
        self.high_watermark = self.log_end


@mutant("unheard-not-counted", "high_watermark_bound", "no_committed_loss")
class CountsOnlyWhoFetched(Partition):
    """A new leader counts only those members of its in-sync set that it has heard of.

    Nothing is known of the others yet, which is not the same as that they have everything.
    """

    __slots__ = ()

    def watermark_candidate(self) -> Offset:
        return min([self.log_end, *(peer.log_end for peer in self.counted if peer.log_end != UNKNOWN)])


@mutant("positions-outlive-the-epoch", "high_watermark_bound", "no_committed_loss", "epoch_fencing")
class RemembersPositions(Partition):
    """A leader that leads again counts the positions which followers had shown when it led before.

    In between they may have truncated. Kafka resets them at every new leadership (Partition.makeLeader).
    """

    __slots__ = ()

    def become_leader(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        known = {node: peer.log_end for node, peer in self.peers.items()}
        super().become_leader(version, now, out)
        for node, peer in self.peers.items():
            peer.log_end = min(known.get(node, UNKNOWN), self.log_end)
        self.advance(out)


@mutant("commits-below-minimum", "quorum_superset", "no_committed_loss")
class CommitsWithTooFew(Partition):
    """A leader commits although fewer than min.insync.replicas are in sync.

    Kafka before KIP-966: the produce was refused, and yet what was appended before it became committed with the leader
    alone, while the eligible leader replicas lack it.
    """

    __slots__ = ()

    def may_commit(self) -> bool:
        return True
