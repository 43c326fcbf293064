"""What the controller decides in one step, before it is known to anybody.

One rule: records are applied to the controller's own image as they are decided, so that a later decision of the same
step sees them, and leave as one AppendMetadata: durable all together or not at all, and before the facts that claim
them and the replies that promise them.
"""

from impl.core.events import AppendMetadata, Effect
from impl.core.facts import AlterPartition, CreatePartition, Elect, FailOver, Fence
from impl.core.image import MetadataImage, PartitionImage
from impl.core.metadata import MetadataRecord, PartitionChangeRecord, PartitionRecord
from impl.core.types import NO_LEADER, LeaderEpoch, NodeId, Offset, PartitionEpoch


class Decisions:
    """`log` is the whole metadata log; `image` what it says."""

    __slots__ = ("_facts", "_first", "image", "log")

    def __init__(self, records: tuple[MetadataRecord, ...]) -> None:
        self.log: list[MetadataRecord] = []
        self.image = MetadataImage()
        self._facts: list[Effect] = []
        for record in records:
            self.decide(record)
        self._first = len(self.log)

    def decide(self, record: MetadataRecord) -> None:
        self.log.append(record)
        self.image.apply(record)

    def flush(self, out: list[Effect]) -> bool:
        """Emit what was decided since the last time; whether there was anything."""
        if self._first == len(self.log):
            return False
        out.append(AppendMetadata(Offset(self._first), tuple(self.log[self._first :])))
        self._first = len(self.log)
        out.extend(self._facts)
        self._facts.clear()
        return True

    # ------------------------------------------------------------ partitions
    def create(self, record: PartitionRecord) -> None:
        self.decide(record)
        self._facts.append(
            CreatePartition(
                partition=str(record.partition), replicas=record.replicas, isr=record.isr, leader=record.leader
            )
        )

    def elect(self, partition: PartitionImage, leader: NodeId) -> None:
        """Begin a new leader epoch; the in-sync set stays. `leader` -1: nobody can lead now."""
        self._change(partition, leader, partition.isr, new_epoch=True)
        self._facts.append(
            Elect(
                partition=str(partition.name),
                leader=leader,
                leader_epoch=partition.leader_epoch,
                partition_epoch=partition.partition_epoch,
                isr=partition.isr,
            )
        )

    def fail_over(self, partition: PartitionImage, leader: NodeId, removed: NodeId) -> None:
        """Begin a new leader epoch without `removed`, in one change."""
        self._change(partition, leader, _without(partition.isr, removed), new_epoch=True)
        self._facts.append(
            FailOver(
                partition=str(partition.name),
                leader=leader,
                removed=removed,
                leader_epoch=partition.leader_epoch,
                partition_epoch=partition.partition_epoch,
                isr=partition.isr,
            )
        )

    def fence(self, partition: PartitionImage, removed: NodeId) -> None:
        """Take a replica that does not lead out of the in-sync set; the leader goes on in its epoch (KAFKA-15021)."""
        self._change(partition, partition.leader, _without(partition.isr, removed), new_epoch=False)
        self._facts.append(
            Fence(
                partition=str(partition.name),
                removed=removed,
                leader_epoch=partition.leader_epoch,
                partition_epoch=partition.partition_epoch,
                isr=partition.isr,
            )
        )

    def alter(self, partition: PartitionImage, isr: tuple[NodeId, ...]) -> None:
        """Commit what the leader proposed."""
        self._change(partition, partition.leader, isr, new_epoch=False)
        self._facts.append(
            AlterPartition(
                partition=str(partition.name),
                leader=partition.leader,
                leader_epoch=partition.leader_epoch,
                partition_epoch=partition.partition_epoch,
                isr=isr,
            )
        )

    def candidate(self, partition: PartitionImage, excluded: NodeId = NO_LEADER) -> NodeId:
        """Who would lead: the first replica in assignment order that is in sync and alive; -1 if none is."""
        for node in partition.replicas:
            if node != excluded and node in partition.isr and self.image.is_active(node):
                return node
        return NO_LEADER

    def _change(self, partition: PartitionImage, leader: NodeId, isr: tuple[NodeId, ...], *, new_epoch: bool) -> None:
        self.decide(
            PartitionChangeRecord(
                partition=partition.name,
                isr=isr,
                leader=leader,
                leader_epoch=LeaderEpoch(partition.leader_epoch + new_epoch),
                partition_epoch=PartitionEpoch(partition.partition_epoch + 1),
            )
        )


def _without(isr: tuple[NodeId, ...], removed: NodeId) -> tuple[NodeId, ...]:
    return tuple(node for node in isr if node != removed)
