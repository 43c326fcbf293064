"""Who is to lead: the controller's choice among those who may (Kafka's PartitionChangeBuilder.Election).

One rule: first whoever loses nothing. A member of the in-sync set, else an eligible leader replica where that set is
empty; only where neither exists the last leader there was, and anybody at all only where
unclean.leader.election.enable or an operator says so. Whoever leads is alive.

The last leader is elected without being allowed, as Kafka does: it has everything, unless it lost what its disk had not
synced; and a partition of one replica would else stay without a leader after its process was killed (KIP-966).
"""

from collections.abc import Callable

from impl.core.admin_messages import PartitionOutcome
from impl.core.decisions import Decisions
from impl.core.image import PartitionImage
from impl.core.types import NO_ERROR, NO_LEADER, ErrorCode, NodeId, TopicPartition


class Elections:
    """Methods that decide one thing are small, so that a broken decision can be planted in a subclass."""

    def __init__(self, decisions: Decisions) -> None:
        self.decisions = decisions
        self.image = decisions.image

    # ------------------------------------------------------------ who may
    def in_sync(self, partition: PartitionImage, excluded: NodeId = NO_LEADER) -> NodeId:
        """The first replica in assignment order that is in sync and alive; -1 if none is."""
        return self._first(partition, lambda node: node != excluded and node in partition.isr)

    def eligible(self, partition: PartitionImage) -> NodeId:
        """The first eligible leader replica that is alive, while nobody is in sync; -1 if there is none."""
        return NO_LEADER if partition.isr else self._first(partition, lambda node: node in partition.elr)

    def last_leader(self, partition: PartitionImage, excluded: NodeId = NO_LEADER) -> NodeId:
        """The last leader, where it is alive and nobody who would lose nothing exists, dead or alive; else -1."""
        if partition.isr or partition.elr:
            return NO_LEADER
        return self._first(partition, lambda node: node != excluded and node in partition.last_known_elr)

    def anybody(self, partition: PartitionImage, excluded: NodeId = NO_LEADER) -> NodeId:
        """The first replica that is alive, whatever it has; -1 if none is."""
        return self._first(partition, lambda node: node != excluded)

    def unclean_allowed(self, topic: str) -> bool:
        """unclean.leader.election.enable: the topic's own, else the cluster's, else as this node was configured."""
        name = "unclean.leader.election.enable"
        own = self.image.topics[topic].configs.get(name) or self.image.cluster_config(name)
        if own is None:
            return self.decisions.settings.unclean_leader_election_enable
        return own.strip().lower() == "true"

    def is_alive(self, node: NodeId) -> bool:
        return self.image.is_active(node)

    def _first(self, partition: PartitionImage, suits: Callable[[NodeId], bool]) -> NodeId:
        for node in partition.replicas:
            if suits(node) and self.is_alive(node):
                return node
        return NO_LEADER

    # ------------------------------------------------------------ elections
    def find_leader(self, partition: PartitionImage, *, uncleanly: bool = False, excluded: NodeId = NO_LEADER) -> bool:
        """Elect somebody for a partition that nobody leads, if there is anybody. `uncleanly`: an operator allows it.
        `excluded` has just lost what it had."""
        decisions = self.decisions
        node = self.in_sync(partition)
        if node != NO_LEADER:
            decisions.elect(partition, node)
            return True
        node = self.eligible(partition)
        if node != NO_LEADER:
            decisions.elect_eligible(partition, node)
            return True
        node = self.last_leader(partition, excluded)
        if node == NO_LEADER and (uncleanly or self.unclean_allowed(partition.name.topic)):
            node = self.anybody(partition, excluded)
        if node == NO_LEADER:
            return False
        decisions.elect_unclean(partition, node)
        return True

    def on_request(self, name: TopicPartition, *, uncleanly: bool) -> PartitionOutcome:
        """An operator asks for a leader where there is none, or for the preferred one (KIP-460)."""
        partition = self.image.partition(name)
        message: str | None
        if partition is None:
            error, message = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"No such partition as {name}"
        elif uncleanly:
            error, message = self._without_leader(partition)
        else:
            error, message = self._preferred(partition)
        return PartitionOutcome(name, error, message)

    def _without_leader(self, partition: PartitionImage) -> tuple[ErrorCode, str | None]:
        if partition.leader != NO_LEADER:
            return ErrorCode.ELECTION_NOT_NEEDED, f"{partition.name} has a leader"
        if self.find_leader(partition, uncleanly=True):
            return NO_ERROR, None
        return ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE, f"No replica of {partition.name} is alive"

    def _preferred(self, partition: PartitionImage) -> tuple[ErrorCode, str | None]:
        preferred = partition.replicas[0]
        if partition.leader == preferred:
            return ErrorCode.ELECTION_NOT_NEEDED, f"n{preferred} leads {partition.name} already"
        if self.prefer(partition):
            return NO_ERROR, None
        return ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE, f"n{preferred} is not in sync"

    def prefer(self, partition: PartitionImage) -> bool:
        """Elect the first replica of the assignment, if it may lead; whether it may."""
        preferred = partition.replicas[0]
        if preferred not in partition.isr or not self.is_alive(preferred):
            return False
        self.decisions.elect(partition, preferred)
        return True

    def take_out(self, partition: PartitionImage, node: NodeId) -> None:
        """A broker is counted on no longer: it leaves the in-sync set, and somebody else leads if it did."""
        decisions = self.decisions
        if partition.leader != node:
            decisions.fence(partition, node)
            return
        successor = self.in_sync(partition, excluded=node)
        if successor != NO_LEADER:
            decisions.fail_over(partition, successor, node)
            return
        decisions.take_offline(partition, node)
        self.find_leader(partition)

    def lose_power(self, partition: PartitionImage, node: NodeId) -> None:
        """A member of either set has registered and may have lost some of its log: it leaves both (KIP-966)."""
        if partition.leader != node:
            self.decisions.member_loses_power(partition, node)
            return
        self.decisions.leader_loses_power(partition, node)
        self.find_leader(partition, excluded=node)
