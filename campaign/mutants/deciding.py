"""Planted bugs of what the controller decides: whom it believes, whom it elects, whom it calls eligible."""

from campaign.mutants.registry import mutant
from impl.core.controller import Controller
from impl.core.controller_messages import AlterIsr, RegisterBroker
from impl.core.decisions import Decisions, Nodes
from impl.core.elections import Elections
from impl.core.image import BrokerImage, PartitionImage
from impl.core.sessions import Sessions
from impl.core.types import NO_LEADER, ErrorCode, NodeId


@mutant("any-sender", "quorum_superset", "high_watermark_bound", "no_committed_loss", "epoch_fencing")
class BelievesAnySender(Controller):
    """The controller takes an in-sync set from a leader of an epoch that is over.

    What FENCED_LEADER_EPOCH is for: the deposed leader's set is not the new leader's, which goes on counting its own.
    """

    def alter_error(self, sender: NodeId, proposal: AlterIsr, partition: PartitionImage) -> ErrorCode:
        error = super().alter_error(sender, proposal, partition)
        if error in (ErrorCode.FENCED_LEADER_EPOCH, ErrorCode.INVALID_REQUEST) and sender in partition.isr:
            return ErrorCode.NONE
        return error


@mutant("unclean-passes-for-clean", "no_committed_loss", "quorum_superset", "high_watermark_bound")
class TrustsEveryRestart(Sessions):
    """A broker that lost power keeps its place in the in-sync set.

    KIP-966 before its clean-shutdown file was looked at (apache/kafka 376e9e20dbf). What the broker had not synced is
    gone, and it may be elected without it.
    """

    def stopped_cleanly(self, known: BrokerImage, request: RegisterBroker) -> bool:
        del known, request
        return True


@mutant("last-replica-stands", "no_committed_loss", "high_watermark_bound", "quorum_superset", "recovery")
class KeepsTheLastMember(Elections):
    """The only member of the in-sync set stays in it, whatever it lost.

    The last replica standing of KIP-966: an in-sync set was not allowed to be empty, so a leader that came back from a
    power loss with an empty log was elected again, and everybody copied its emptiness.
    """

    def take_out(self, partition: PartitionImage, node: NodeId) -> None:
        if partition.isr == (node,):
            self.decisions.elect_none(partition)
        else:
            super().take_out(partition, node)

    def lose_power(self, partition: PartitionImage, node: NodeId) -> None:
        if partition.isr != (node,):
            super().lose_power(partition, node)


@mutant("unclean-keeps-elr", "no_committed_loss", "quorum_superset")
class KeepsWhoLostPower(Decisions):
    """A replica that registers after a power loss stays an eligible leader replica.

    The other half of KIP-966's unclean registration: it leaves the in-sync set and is elected from the second one.
    """

    def remaining(self, partition: PartitionImage, removed: NodeId, isr: Nodes, replicas: Nodes) -> Nodes:
        return () if self.enough(partition, isr, replicas) else tuple(sorted({*partition.elr, removed}))


@mutant("elr-kept", "quorum_superset", "no_committed_loss")
class KeepsTheEligible(Decisions):
    """Whoever left the in-sync set stays eligible when the set has enough members again.

    While enough are in sync the leader commits without the ones that left. Elected later, they lack it.
    """

    def left_eligible(self, partition: PartitionImage, isr: Nodes, enough: bool) -> Nodes:
        del enough
        return tuple(sorted({*partition.elr, *partition.isr} - {*isr}))


@mutant("elects-out-of-sync", "epoch_fencing", "no_committed_loss", "log_matching", "high_watermark_bound")
class ElectsTheFirstAlive(Elections):
    """The controller elects the first replica that is alive, in sync or not.

    unclean.leader.election.enable=true as it was until Kafka 0.11, and as any failover script does it by hand.
    """

    def in_sync(self, partition: PartitionImage, excluded: NodeId = NO_LEADER) -> NodeId:
        return self.anybody(partition, excluded)


@mutant("unclean-election-keeps-isr", "no_committed_loss", "high_watermark_bound", "quorum_superset", "log_matching")
class KeepsTheOldMembers(Decisions):
    """After an unclean election the replicas count as in sync that counted before.

    KIP-704 (apache/kafka 52621613fd3): the elected replica may lack what the others have. Here everybody had left the
    set by then, so the old members are all replicas: whoever is elected next may have another log.
    """

    def isr_after_unclean(self, partition: PartitionImage, leader: NodeId) -> Nodes:
        del leader
        return tuple(sorted(partition.replicas))


@mutant("unclean-by-default", "last_resort")
class ElectsUncleanlyUnlessForbidden(Elections):
    """Where nobody who has everything is there, anybody is elected, unless somebody has forbidden it.

    unclean.leader.election.enable was true by default until Kafka 0.11 (KIP-106). A partition whose in-sync replicas
    were only away for a while lost what they alone had.
    """

    def unclean_allowed(self, topic: str) -> bool:
        own = self.image.topics[topic].configs.get("unclean.leader.election.enable")
        return own is None or own.strip().lower() == "true"


@mutant("elects-the-fenced", "counted_on", "heals")
class ElectsTheLastLeaderDeadOrAlive(Elections):
    """Where nobody is left, the last known leader is elected, alive or not.

    KAFKA-19522: the guard of the last known leader was inverted, and did not return. The partition has a leader that
    is not there, and waits.
    """

    def last_leader(self, partition: PartitionImage, excluded: NodeId = NO_LEADER) -> NodeId:
        if partition.isr or partition.elr:
            return NO_LEADER
        return next((node for node in partition.last_known_elr if node != excluded), NO_LEADER)


@mutant("adds-the-fenced", "counted_on", "heals")
class AddsTheFenced(Controller):
    """The controller adds a broker to an in-sync set that it has just fenced.

    KIP-841 (apache/kafka f83d95d9a28): a leader with an older view proposed who had been taken out, and a broker that
    was stopping was in sync again, holding up the watermark until it was dropped for its lag.
    """

    def is_eligible(self, isr: tuple[NodeId, ...]) -> bool:
        del isr
        return True


@mutant("asks-the-first-eligible", "election_due", "heals")
class AsksTheFirstEligible(Elections):
    """Where nobody is in sync the first eligible leader replica is waited for, be others there that may lead as well.

    KIP-966 has any of them lead, for each has all that was committed. A partition stays without a leader while one
    broker is away, as where an election looks at the head of a list.
    """

    def eligible(self, partition: PartitionImage) -> NodeId:
        found = super().eligible(partition)
        return found if found in partition.elr[:1] else NO_LEADER


@mutant("raised-and-still-enough", "enough_as_set", "quorum_superset")
class StillEnough(Decisions):
    """A higher min.insync.replicas holds of a partition from its next change on, and a lower one at once.

    The leader goes by what it was told when there were enough (KIP-966), and commits what fewer replicas have than an
    operator was told that it takes.
    """

    def reconsider_if_needed(self, partition: PartitionImage) -> None:
        if not partition.enough:
            super().reconsider_if_needed(partition)
