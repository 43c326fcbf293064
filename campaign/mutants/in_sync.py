"""Planted bugs of the in-sync set: who is let in, who is left out, and when that counts."""

from campaign.mutants.registry import mutant
from impl.core.controller import Controller
from impl.core.controller_messages import AlterIsr
from impl.core.events import Effect
from impl.core.image import PartitionImage
from impl.core.leader import Peer
from impl.core.partition import Partition
from impl.core.types import BrokerEpoch, Millis, NodeId, Offset


@mutant("expand-without-epoch-start", "no_committed_loss", "high_watermark_bound")
class ExpandsBelowEpochStart(Partition):
    """A new leader admits a follower that has not reached the start of its epoch.

    KAFKA-7128, until Kafka 2.0. A new leader's watermark lags; a follower at that watermark joins the in-sync set
    without the committed tail, and may be elected.
    """

    __slots__ = ()

    def may_join(self, peer: Peer) -> bool:
        alive = self.image.is_active(peer.node) and self.is_registered(peer)
        return peer.log_end >= self.high_watermark and alive


@mutant("eager-shrink", "no_committed_loss", "high_watermark_bound", "quorum_superset")
class ShrinksAtOnce(Partition):
    """A leader stops counting a follower before the controller has removed it from the in-sync set.

    What KIP-497 forbids (Partition.prepareIsrShrink keeps the maximal set). The watermark passes a member that the
    controller may still elect.
    """

    __slots__ = ()

    def propose_shrinking(self, isr: tuple[NodeId, ...], out: list[Effect]) -> None:
        super().propose_shrinking(isr, out)
        self.count_set(isr)
        self.advance(out)


@mutant("late-expand", "quorum_superset", "no_committed_loss")
class CountsAfterCommit(Partition):
    """A leader counts a follower only once it has learnt that the controller admitted it.

    The other half of KIP-497: between the controller's decision and the leader's learning of it, the watermark passes
    a replica that the controller may already elect.
    """

    __slots__ = ()

    def propose_expansion(self, peer: Peer, out: list[Effect]) -> None:
        super().propose_expansion(peer, out)
        self.count_set(self.isr)


@mutant("majority-watermark", "high_watermark_bound", "no_committed_loss")
class CommitsByMajority(Partition):
    """The watermark moves when most of the in-sync set has a record.

    Right for Raft, where a leader needs a majority's votes; wrong for Kafka, where any member of the in-sync set may
    be elected by itself.
    """

    __slots__ = ()

    def watermark_candidate(self) -> Offset:
        ends = sorted([self.log_end, *(peer.log_end for peer in self.counted)])
        return ends[(len(ends) - 1) // 2]


@mutant("alter-partition-without-cas", "quorum_superset", "no_committed_loss", "high_watermark_bound")
class AcceptsOutdatedProposals(Controller):
    """The controller accepts an in-sync set that was proposed in sight of an older version of the partition.

    KIP-497 gave AlterPartition its compare-and-set. Without it a proposal that was delayed overwrites a newer set, and
    puts back a replica that the leader has stopped counting.
    """

    def is_outdated(self, proposal: AlterIsr, partition: PartitionImage) -> bool:  # noqa: ARG002 - not looking is the bug
        return False


@mutant("no-broker-epoch", "no_committed_loss", "high_watermark_bound", "quorum_superset")
class TakesTheNewestRegistration(Partition):
    """A leader counts what a replica showed before it registered anew, and proposes it under its new registration.

    KIP-903, and KAFKA-15221: the broker epoch was taken from the metadata cache at the time of the proposal, not from
    the fetch that showed the position. A replica that lost its tail is in sync before anybody has seen its shorter log.
    """

    __slots__ = ()

    def is_registered(self, peer: Peer) -> bool:
        del peer
        return True

    def registration_of(self, node: NodeId) -> BrokerEpoch:
        return self.image.brokers[node].epoch


@mutant("waits-for-the-lagging", "heals")
class DropsOnlyTheDead(Partition):
    """A leader leaves it to the controller to take out of the in-sync set who is gone, and takes out nobody who lags.

    What replica.lag.time.max.ms is for (KIP-16, KAFKA-1546): a broker may live, and send heartbeats, and not copy any
    more. It stays in sync, and nothing is committed until it copies again.
    """

    __slots__ = ()

    def lags(self, peer: Peer, now: Millis) -> bool:
        return self.image.is_fenced(peer.node) and super().lags(peer, now)
