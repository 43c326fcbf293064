"""How each fact moves the ghost.

One rule: a fact is taken as it stands; whether it was allowed is for the invariants, before and after. Facts that move
nothing are listed too, so that an unknown one is refused and never passed over.
"""

from collections.abc import Mapping
from typing import Any

from invariants.step.ghost import NOBODY, Partition, Replica
from invariants.step.invariant import Judge
from traces.facts import (
    AcknowledgeProduce,
    AdvanceHighWatermark,
    Append,
    BecomeFollower,
    BecomeLeader,
    CreatePartition,
    ElectNone,
    ExpandIsr,
    LeaderLosesPower,
    LearnIsr,
    ReceiveFetch,
    Restart,
    Resume,
    SendFetch,
    TakeOffline,
    Truncate,
)


def _create(partition: Partition, _replica: Replica, fact: CreatePartition) -> None:
    partition.isr, partition.leader = fact.isr, fact.leader
    partition.leader_epoch = partition.partition_epoch = 0
    partition.leaders[0] = fact.leader
    for node in fact.replicas:
        partition.replica(node)


def _decide(partition: Partition, _replica: Replica, fact: Any) -> None:
    partition.isr, partition.leader = fact.isr, fact.leader
    partition.leader_epoch, partition.partition_epoch = fact.leader_epoch, fact.partition_epoch
    partition.leaders[fact.leader_epoch] = fact.leader


def _end_epoch(partition: Partition, _replica: Replica, fact: ElectNone | TakeOffline | LeaderLosesPower) -> None:
    partition.isr, partition.leader = fact.isr, NOBODY
    partition.leader_epoch, partition.partition_epoch = fact.leader_epoch, fact.partition_epoch
    partition.leaders[fact.leader_epoch] = NOBODY


def _change_isr(partition: Partition, _replica: Replica, fact: Any) -> None:
    partition.isr, partition.partition_epoch = fact.isr, fact.partition_epoch


def _lead(partition: Partition, replica: Replica, fact: BecomeLeader | Resume) -> None:
    replica.leading = replica.counts = True
    replica.leader_epoch = fact.leader_epoch
    replica.maximal_isr = fact.isr
    partition.leaders.setdefault(fact.leader_epoch, replica.node)


def _follow(_partition: Partition, replica: Replica, fact: BecomeFollower) -> None:
    replica.leading = False
    replica.counts = True
    replica.leader_epoch = fact.leader_epoch


def _restart(partition: Partition, replica: Replica, fact: Restart) -> None:
    partition.restart(replica, fact)


def _append(partition: Partition, replica: Replica, fact: Append) -> None:
    partition.append(replica, fact.batch)


def _promise(partition: Partition, _replica: Replica, fact: AcknowledgeProduce) -> None:
    if fact.acks == -1:
        partition.promises[fact.base_offset] = fact
        if fact.base_offset >= partition.committed.end:
            partition.unsettled[fact.base_offset] = fact


def _advance(partition: Partition, replica: Replica, fact: AdvanceHighWatermark) -> None:
    replica.high_watermark = fact.to
    replica.maximal_isr = fact.maximal_isr
    if fact.to > partition.committed.end:
        partition.commit(replica, fact.to)


def _count(_partition: Partition, replica: Replica, fact: ExpandIsr | LearnIsr) -> None:
    replica.maximal_isr = fact.isr


def _send_fetch(_partition: Partition, replica: Replica, fact: SendFetch) -> None:
    if fact.offset > replica.asked.get(fact.leader_epoch, -1):
        replica.asked[fact.leader_epoch] = fact.offset


def _receive_fetch(partition: Partition, replica: Replica, fact: ReceiveFetch) -> None:
    for batch in fact.batches:
        partition.append(replica, batch)
    replica.high_watermark = fact.high_watermark


def _truncate(_partition: Partition, replica: Replica, fact: Truncate) -> None:
    replica.log.cut(fact.to)
    replica.high_watermark = fact.high_watermark


def _nothing(_partition: Partition, _replica: Replica, _fact: Any) -> None:
    """Decisions and answers: they are judged, and what comes of them has facts of its own."""


TAKE: Mapping[str, Judge] = {
    "CreatePartition": _create,
    "DeletePartition": _nothing,
    "Elect": _decide,
    "ElectNone": _end_epoch,
    "ElectEligible": _decide,
    "ElectUnclean": _decide,
    "FailOver": _decide,
    "TakeOffline": _end_epoch,
    "Fence": _change_isr,
    "AddReplicas": _change_isr,
    "Reassign": _decide,
    "AlterPartition": _change_isr,
    "RefusePartition": _nothing,
    "Register": _nothing,
    "LosePower": _nothing,
    "MemberLosesPower": _change_isr,
    "LeaderLosesPower": _end_epoch,
    "BecomeLeader": _lead,
    "Resume": _lead,
    "DeleteReplica": _nothing,
    "BecomeFollower": _follow,
    "Restart": _restart,
    "Append": _append,
    "AcknowledgeProduce": _promise,
    "AdvanceHighWatermark": _advance,
    "ExpandIsr": _count,
    "ShrinkIsr": _nothing,
    "LearnIsr": _count,
    "Acknowledge": _nothing,
    "AnswerFetch": _nothing,
    "AnswerProbe": _nothing,
    "Truncate": _truncate,
    "Reconcile": _nothing,
    "SendFetch": _send_fetch,
    "ReceiveFetch": _receive_fetch,
}
