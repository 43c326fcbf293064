"""How the controller moves partitions to other replicas (KIP-455, Kafka's ReplicationControlManager).

One rule: replicas are added at once and removed one by one when all that were added are in sync, each with a new leader
epoch: what a removed replica has shown must not count for one that comes under its name later with nothing.
"""

from impl.core import topic_creation
from impl.core.admin_messages import PartitionOutcome, Reassignment
from impl.core.decisions import Decisions, Nodes
from impl.core.image import PartitionImage
from impl.core.topic_creation import Refusal
from impl.core.topic_deletion import UNKNOWN
from impl.core.types import NO_ERROR, NO_LEADER, ErrorCode, NodeId


class Reassignments:
    """Methods that decide one thing are small, so that a broken decision can be planted in a subclass."""

    def __init__(self, decisions: Decisions) -> None:
        self.decisions = decisions
        self.image = decisions.image

    def alter(self, wanted: Reassignment, *, factor_may_change: bool) -> PartitionOutcome:
        """Begin, change or give up one reassignment."""
        partition = self.image.partition(wanted.partition)
        if partition is None:
            return PartitionOutcome(wanted.partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN)
        if wanted.replicas is None:
            refusal = self._give_up(partition)
        else:
            refusal = self._begin(partition, wanted.replicas, factor_may_change=factor_may_change)
        if refusal is not None:
            return PartitionOutcome(wanted.partition, refusal.error, refusal.message)
        return PartitionOutcome(wanted.partition, NO_ERROR, None)

    def _begin(self, partition: PartitionImage, target: Nodes, *, factor_may_change: bool) -> Refusal | None:
        wrong = topic_creation.wrong_assignment(target, len(target), self.image)
        if wrong:
            return Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, wrong)
        former = self.former(partition)
        if not factor_may_change and len(target) != len(former):
            message = f"The replication factor is changed from {len(former)} to {len(target)}"
            return Refusal(ErrorCode.INVALID_REPLICATION_FACTOR, message)
        if target == partition.replicas and not partition.adding and not partition.removing:
            return None
        adding = tuple(node for node in target if node not in former)
        removing = tuple(node for node in partition.replicas if node not in target)
        self.decisions.add_replicas(partition, target + removing, adding, removing)
        self.complete(partition)
        return None

    def _give_up(self, partition: PartitionImage) -> Refusal | None:
        """Back to who was there before: whoever is being added goes."""
        if not partition.adding and not partition.removing:
            return Refusal(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, "No partition reassignment is in progress.")
        added = self.given_up(partition)
        former = tuple(node for node in partition.replicas if node not in added)
        if not any(node in former for node in (*partition.isr, *partition.elr)):
            message = (
                f"Unable to revert partition assignment for {partition.name.topic}:{partition.name.index} because it "
                "would require an unclean leader election."
            )
            return Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
        self.decisions.add_replicas(partition, former + added, (), added)
        self.complete(partition)
        return None

    def former(self, partition: PartitionImage) -> Nodes:
        """Who need not be waited for: whoever was being added on the way to another target must be in sync as well."""
        return tuple(node for node in partition.replicas if node not in partition.adding)

    def given_up(self, partition: PartitionImage) -> Nodes:
        """Who goes again."""
        return partition.adding

    # ------------------------------------------------------------ the end of it
    def complete(self, partition: PartitionImage) -> None:
        """Remove who is to go, if all who were added are in sync and somebody in sync stays."""
        if not self.may_complete(partition):
            return
        if not partition.removing and partition.adding:
            self.decisions.add_replicas(partition, partition.replicas, (), ())
        for node in partition.removing:
            self.decisions.reassign(partition, self.successor(partition, node), node)

    def may_complete(self, partition: PartitionImage) -> bool:
        """What the removed ones alone have in sync would be lost."""
        stays = [node for node in partition.isr if node not in partition.removing]
        return bool(stays) and all(node in partition.isr for node in partition.adding)

    def successor(self, partition: PartitionImage, removed: NodeId) -> NodeId:
        """Who leads without `removed`: the leader, unless it is to go; else the first that stays in sync."""
        if partition.leader not in (NO_LEADER, removed) and partition.leader not in partition.removing:
            return partition.leader
        for node in partition.replicas:
            if node in partition.isr and node not in partition.removing:
                return node
        return NO_LEADER
