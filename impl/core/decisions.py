"""What the controller decides in one step, before it is known to anybody.

One rule: records are applied to the controller's own image as they are decided, so that a later decision of the same
step sees them, and leave as one AppendMetadata: durable all together or not at all, and before the facts that claim
them and the replies that promise them.

Each change of a partition is one action of the model `survival`, under its name there. Who is to lead is chosen in
`elections.py`.
"""

from typing import Any

from impl.core import decision_facts
from impl.core.decided_facts import RefusePartition
from impl.core.decision_facts import facts_of
from impl.core.events import AppendMetadata, Effect, RecoveredMetadata
from impl.core.image import CHANGING, MetadataImage, PartitionImage
from impl.core.labels import labels_of
from impl.core.metadata import MetadataRecord, PartitionChangeRecord
from impl.core.settings import Settings
from impl.core.topic_configs import number
from impl.core.types import NO_LEADER, LeaderEpoch, NodeId, Offset, PartitionEpoch

Nodes = tuple[NodeId, ...]


class Decisions:
    """`image` is what the metadata log says, and beyond it what was decided since.

    Methods that decide one thing are small, so that a broken decision can be planted in a subclass.
    """

    def __init__(self, settings: Settings, recovered: RecoveredMetadata) -> None:
        self.settings = settings
        self.image = recovered.image or MetadataImage()
        self._decided: list[MetadataRecord] = []
        """Since the last `flush`."""
        self._facts: list[Effect] = []
        self._say = labels_of(self.image, settings)
        for record in recovered.records:
            self.image.apply(record)

    def decide(self, record: MetadataRecord) -> None:
        """The record is decided; the facts of it follow when it is durable."""
        self._facts.extend(facts_of(record, self.image, self._say))
        self._decided.append(record)
        self.image.apply(record)

    def flush(self, out: list[Effect]) -> bool:
        """Emit what was decided since the last time; whether there was any record."""
        decided = tuple(self._decided)
        if decided:
            out.append(AppendMetadata(Offset(self.image.offset - len(decided)), decided))
            self._decided.clear()
        out.extend(self._facts)
        self._facts.clear()
        return bool(decided)

    # ------------------------------------------------------------ who is in sync, who is eligible
    def min_insync_replicas(self, topic: str) -> int:
        """min.insync.replicas of a topic: its own, else the cluster's, else as this node was configured."""
        name = "min.insync.replicas"
        own = self.image.topics[topic].configs.get(name) or self.image.cluster_config(name)
        return number(own, self.settings.min_insync_replicas)

    def enough(self, partition: PartitionImage, isr: Nodes, replicas: Nodes) -> bool:
        """min.insync.replicas of them, which a partition with fewer replicas than that cannot have."""
        return len(isr) >= min(self.min_insync_replicas(partition.name.topic), len(replicas))

    def left_eligible(self, partition: PartitionImage, isr: Nodes, enough: bool) -> Nodes:
        """The eligible leader replicas beside a new in-sync set: whoever leaves that set while it has too few members,
        and nobody once it has enough (KIP-966)."""
        return () if enough else tuple(sorted({*partition.elr, *partition.isr} - {*isr}))

    def remaining(self, partition: PartitionImage, removed: NodeId, isr: Nodes, replicas: Nodes) -> Nodes:
        """The eligible leader replicas without one that leaves both sets."""
        return () if self.enough(partition, isr, replicas) else _without(partition.elr, removed)

    # ------------------------------------------------------------ elections
    def elect(self, partition: PartitionImage, leader: NodeId) -> None:
        """Begin a new leader epoch, led by a member of the in-sync set; both sets stay."""
        self._change(partition, decision_facts.ELECT, leader, leader=leader, **_both_sets(partition))

    def elect_none(self, partition: PartitionImage) -> None:
        """Begin an epoch that nobody leads; both sets stay."""
        self._change(partition, decision_facts.ELECT_NONE, NO_LEADER, leader=NO_LEADER, **_both_sets(partition))

    def elect_eligible(self, partition: PartitionImage, leader: NodeId) -> None:
        """Begin an epoch led by an eligible leader replica, which alone is in sync then."""
        self._change(partition, decision_facts.ELECT_ELIGIBLE, leader, leader=leader, isr=(leader,))

    def elect_unclean(self, partition: PartitionImage, leader: NodeId) -> None:
        """Begin an epoch led by a replica that may lack what was committed. Nobody else is eligible then, for nobody
        need have what this one has; it counts as recovering until it proposes a set (KIP-704)."""
        isr = self.isr_after_unclean(partition, leader)
        self._change(partition, decision_facts.ELECT_UNCLEAN, leader, leader=leader, isr=isr, elr=(), recovering=True)

    def isr_after_unclean(self, partition: PartitionImage, leader: NodeId) -> Nodes:
        """Who is in sync after an unclean election: the elected one alone, whoever was before."""
        del partition
        return (leader,)

    def fail_over(self, partition: PartitionImage, leader: NodeId, removed: NodeId) -> None:
        """Begin a new leader epoch without `removed` in sync, in one change."""
        isr = _without(partition.isr, removed)
        self._change(partition, decision_facts.FAIL_OVER, removed, leader=leader, isr=isr)

    def take_offline(self, partition: PartitionImage, removed: NodeId) -> None:
        """The leader goes and nobody in sync takes over: it leaves the set, which may become empty (KIP-966)."""
        isr = _without(partition.isr, removed)
        self._change(partition, decision_facts.TAKE_OFFLINE, removed, leader=NO_LEADER, isr=isr)

    def leader_loses_power(self, partition: PartitionImage, leader: NodeId) -> None:
        """A leader registers that did not stop cleanly: it leaves both sets, and nobody leads."""
        isr = _without(partition.isr, leader)
        elr = self.remaining(partition, leader, isr, partition.replicas)
        self._change(partition, decision_facts.LEADER_LOSES_POWER, leader, leader=NO_LEADER, isr=isr, elr=elr)

    def reassign(self, partition: PartitionImage, leader: NodeId, removed: NodeId) -> None:
        """Take a replica out of the partition, now that all who were added are in sync. The new epoch keeps what it
        has shown apart from what another replica shows that comes under its name with nothing."""
        isr, replicas = _without(partition.isr, removed), _without(partition.replicas, removed)
        elr = self.remaining(partition, removed, isr, replicas)
        self._change(
            partition, decision_facts.REASSIGN, removed, leader=leader, isr=isr, elr=elr, replicas=replicas, adding=()
        )

    # ------------------------------------------------------------ changes within an epoch
    def fence(self, partition: PartitionImage, removed: NodeId) -> None:
        """Take a replica that does not lead out of the in-sync set; the leader goes on in its epoch (KAFKA-15021)."""
        self._change(partition, decision_facts.FENCE, removed, isr=_without(partition.isr, removed))

    def reconsider(self, partition: PartitionImage) -> None:
        """min.insync.replicas has changed: who is eligible is decided anew, and whether enough are in sync."""
        self._change(partition, decision_facts.FENCE, NO_LEADER)

    def reconsider_if_needed(self, partition: PartitionImage) -> None:
        """Whether enough are in sync must be said of every version of a partition, for the leader goes by it."""
        if self.enough(partition, partition.isr, partition.replicas) != partition.enough:
            self.reconsider(partition)

    def alter(self, partition: PartitionImage, isr: Nodes) -> None:
        """Commit what the leader proposed."""
        self._change(partition, decision_facts.ALTER_PARTITION, partition.leader, isr=isr, recovering=False)

    def member_loses_power(self, partition: PartitionImage, member: NodeId) -> None:
        """A member of either set registers that did not stop cleanly: it leaves both (KIP-966)."""
        isr = _without(partition.isr, member)
        elr = self.remaining(partition, member, isr, partition.replicas)
        self._change(partition, decision_facts.MEMBER_LOSES_POWER, member, isr=isr, elr=elr)

    def add_replicas(self, partition: PartitionImage, replicas: Nodes, adding: Nodes, removing: Nodes) -> None:
        """Begin or change a reassignment: `replicas` are all there were, and those that are added. Nobody's place
        changes; with more replicas, there may be too few in sync."""
        self._change(
            partition, decision_facts.ADD_REPLICAS, NO_LEADER, replicas=replicas, adding=adding, removing=removing
        )

    def refuse(self, partition: PartitionImage, member: NodeId) -> None:
        """The leader's proposal is refused for good: `member` has registered since. Nothing is written down."""
        self._facts.append(
            RefusePartition(
                partition=self._say(partition.name),
                leader=partition.leader,
                member=member,
                leader_epoch=partition.leader_epoch,
                partition_epoch=partition.partition_epoch,
            )
        )

    def _change(self, partition: PartitionImage, why: str, about: NodeId, **outcome: Any) -> None:
        """Write down a change: what is not said stays, but who is eligible is as `left_eligible` has it, and with a
        leader said a new leader epoch begins."""
        fields = {name: getattr(partition, name) for name in CHANGING}
        fields.update(outcome)
        isr, replicas = fields["isr"], fields["replicas"]
        if "enough" not in outcome:
            fields["enough"] = self.enough(partition, isr, replicas)
        if "elr" not in outcome:
            fields["elr"] = self.left_eligible(partition, isr, fields["enough"])
        if "leader" in outcome:
            fields["leader_epoch"] = LeaderEpoch(partition.leader_epoch + 1)
            fields["last_known_elr"] = _last_known(partition, outcome["leader"], isr)
        for moving in ("adding", "removing"):
            fields[moving] = tuple(node for node in fields[moving] if node in replicas)
        fields["partition_epoch"] = PartitionEpoch(partition.partition_epoch + 1)
        self.decide(PartitionChangeRecord(partition=partition.name, why=why, about=about, **fields))


def _without(nodes: Nodes, removed: NodeId) -> Nodes:
    return tuple(node for node in nodes if node != removed)


def _both_sets(partition: PartitionImage) -> dict[str, Any]:
    return {"isr": partition.isr, "elr": partition.elr, "enough": partition.enough}


def _last_known(partition: PartitionImage, leader: NodeId, isr: Nodes) -> Nodes:
    """The last leader, while there is none and nobody is in sync."""
    if leader != NO_LEADER or isr:
        return ()
    return partition.last_known_elr if partition.leader == NO_LEADER else (partition.leader,)
