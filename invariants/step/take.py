"""How each fact moves the ghost.

One rule: a fact is taken as it stands; whether it was allowed is for the invariants, before and after. Facts that move
nothing are listed too, so that an unknown one is refused and never passed over.
"""

from collections.abc import Mapping
from typing import Any

from invariants.step import decisions
from invariants.step.ghost import NOBODY, Partition, Replica
from invariants.step.invariant import Judge
from traces.facts import (
    Acknowledge,
    AcknowledgeProduce,
    AdvanceHighWatermark,
    AllowUnclean,
    Append,
    BecomeFollower,
    BecomeLeader,
    BeginPartition,
    BeginReplica,
    Compact,
    CreatePartition,
    DeleteBelow,
    DeleteReplica,
    ElectUnclean,
    ExpandIsr,
    FallBehind,
    LearnIsr,
    ReceiveFetch,
    Reconcile,
    RecoverStart,
    Register,
    Restart,
    Resume,
    SendFetch,
    Truncate,
)


# ---------------------------------------------------------------- the controller
def _create(partition: Partition, _replica: Replica, fact: CreatePartition) -> None:
    partition.isr, partition.leader, partition.enough = fact.isr, fact.leader, fact.enough
    partition.leader_epoch = partition.partition_epoch = 0
    partition.leaders[0] = fact.leader
    for node in fact.replicas:
        partition.replica(node)


def _begin(partition: Partition, _replica: Replica, fact: BeginPartition) -> None:
    """Told again, it says where the partition is by now. Who has told of no log has not started yet."""
    for node, broker_epoch in zip(fact.replicas, fact.broker_epochs, strict=True):
        if node not in partition.replicas:
            partition.replica(node).counts = False
        partition.registered.setdefault(node, broker_epoch)
    partition.isr, partition.elr, partition.enough = fact.isr, fact.elr, fact.enough
    partition.leader, partition.leader_epoch = fact.leader, fact.leader_epoch
    partition.partition_epoch = fact.partition_epoch
    partition.leaders.setdefault(fact.leader_epoch, fact.leader)
    partition.begin()


def _begin_replica(partition: Partition, replica: Replica, fact: BeginReplica) -> None:
    partition.begin_replica(replica, fact)


def _decide(partition: Partition, _replica: Replica, fact: Any) -> None:
    """Any decision: the version of the partition that it leaves."""
    partition.isr, partition.elr, partition.enough = fact.isr, fact.elr, fact.enough
    partition.partition_epoch = fact.partition_epoch
    if fact.leader_epoch != partition.leader_epoch:
        partition.leader_epoch = fact.leader_epoch
        partition.leader = partition.leaders[fact.leader_epoch] = getattr(fact, "leader", NOBODY)


def _allow_unclean(partition: Partition, _replica: Replica, fact: AllowUnclean) -> None:
    known = partition.unclean.get(fact.everywhere)
    if known is None or fact.offset >= known[0]:
        partition.unclean[fact.everywhere] = (fact.offset, fact.value)


def _elect_unclean(partition: Partition, replica: Replica, fact: ElectUnclean) -> None:
    partition.gave_up = partition.gave_up or partition.unclean_allowed
    _decide(partition, replica, fact)
    partition.last_unclean = fact.leader_epoch
    partition.give_up(partition.replica(fact.leader))


def _register(partition: Partition, _replica: Replica, fact: Register) -> None:
    partition.registered[fact.replica] = fact.broker_epoch


def _lose_power(partition: Partition, _replica: Replica, fact: Any) -> None:
    partition.registered[fact.replica] = partition.lost[fact.replica] = fact.broker_epoch


def _member_loses_power(partition: Partition, replica: Replica, fact: Any) -> None:
    _lose_power(partition, replica, fact)
    _decide(partition, replica, fact)


# ---------------------------------------------------------------- any replica
def _lead(partition: Partition, replica: Replica, fact: BecomeLeader | Resume) -> None:
    replica.leading = replica.counts = True
    replica.leader_epoch = replica.reconciled = fact.leader_epoch
    replica.maximal_isr, replica.may_commit = fact.isr, fact.enough
    replica.counted_as.clear()
    replica.shown.clear()
    partition.leaders.setdefault(fact.leader_epoch, replica.node)
    if partition.gave_up and fact.leader_epoch >= partition.last_unclean:
        partition.finds_committed(replica)


def _follow(_partition: Partition, replica: Replica, fact: BecomeFollower) -> None:
    replica.leading = False
    replica.counts = True
    replica.leader_epoch = fact.leader_epoch


def _restart(partition: Partition, replica: Replica, fact: Restart) -> None:
    partition.restart(replica, fact)


def _delete(partition: Partition, replica: Replica, _fact: DeleteReplica) -> None:
    """The log is gone; should the node be a replica again, it begins as one that nobody has seen. What it had asked for
    may still be counted, in the epochs before it was taken out."""
    partition.replicas[replica.node] = Replica(
        replica.node, asked=replica.asked, counts=False, began_in=partition.leader_epoch
    )


# ---------------------------------------------------------------- the leader
def _append(partition: Partition, replica: Replica, fact: Append) -> None:
    partition.append(replica, fact.batch)


def _promise(partition: Partition, _replica: Replica, fact: AcknowledgeProduce) -> None:
    if fact.acks == -1 and fact.leader_epoch >= partition.last_unclean:
        partition.promises[fact.base_offset] = fact
        if fact.base_offset >= partition.committed.end:
            partition.unsettled[fact.base_offset] = fact


def _advance(partition: Partition, replica: Replica, fact: AdvanceHighWatermark) -> None:
    replica.high_watermark = fact.to
    replica.maximal_isr = fact.maximal_isr
    if fact.to > partition.committed.end and fact.leader_epoch >= partition.last_unclean:
        partition.commit(replica, fact.to)


def _expand(_partition: Partition, replica: Replica, fact: ExpandIsr) -> None:
    replica.maximal_isr = fact.isr


def _learn(_partition: Partition, replica: Replica, fact: LearnIsr) -> None:
    replica.maximal_isr, replica.may_commit = fact.isr, fact.enough


def _acknowledge(_partition: Partition, replica: Replica, fact: Acknowledge) -> None:
    replica.counted_as[fact.follower] = fact.broker_epoch
    replica.shown[fact.follower] = fact.offset


# ---------------------------------------------------------------- the follower
def _reconcile(partition: Partition, replica: Replica, fact: Reconcile) -> None:
    replica.reconciled = fact.leader_epoch
    if replica.start and replica.start == fact.log_end and partition.last_unclean >= 0:
        # It has nothing; an unclean election may have given up what it had deleted, and its leader has other records.
        partition.begin_like(replica, partition.replica(fact.leader).log, fact.log_end)


def _send_fetch(_partition: Partition, replica: Replica, fact: SendFetch) -> None:
    replica.sends_as = fact.broker_epoch
    if fact.offset > replica.asked.get(fact.leader_epoch, -1):
        replica.asked[fact.leader_epoch] = fact.offset


def _receive_fetch(partition: Partition, replica: Replica, fact: ReceiveFetch) -> None:
    for batch in fact.batches:
        partition.append(replica, batch)
    replica.high_watermark = fact.high_watermark


def _fall_behind(partition: Partition, replica: Replica, fact: FallBehind) -> None:
    partition.fall_behind(replica, fact.to)


def _begin_later(_partition: Partition, replica: Replica, fact: DeleteBelow) -> None:
    replica.begins_at(fact.to)


def _compact(partition: Partition, _replica: Replica, _fact: Compact) -> None:
    partition.compacted = True


def _recover_start(_partition: Partition, replica: Replica, fact: RecoverStart) -> None:
    replica.found_at = fact.to


def _truncate(partition: Partition, replica: Replica, fact: Truncate) -> None:
    has_more = replica.log.end > fact.to
    replica.log.cut(fact.to)
    if has_more and partition.compacted:
        # Where compaction has left nothing of a batch, a log ends where it was cut, and what was written there may
        # come whole.
        replica.log.end = fact.to
    replica.high_watermark = fact.high_watermark


def nothing(_partition: Partition, _replica: Replica, _fact: Any) -> None:
    """Decisions and answers: they are judged, and what comes of them has facts of its own."""


TAKE: Mapping[str, Judge] = {
    "CreatePartition": _create,
    "DeletePartition": nothing,
    "BeginPartition": _begin,
    "BeginReplica": _begin_replica,
    **dict.fromkeys(decisions.ALL, _decide),
    "ElectUnclean": _elect_unclean,
    "MemberLosesPower": _member_loses_power,
    "LeaderLosesPower": _member_loses_power,
    "RefusePartition": nothing,
    "CountOnAbsent": nothing,
    "AllowUnclean": _allow_unclean,
    "Register": _register,
    "LosePower": _lose_power,
    "BecomeLeader": _lead,
    "Resume": _lead,
    "BecomeFollower": _follow,
    "DeleteReplica": _delete,
    "Restart": _restart,
    "Append": _append,
    "AcknowledgeProduce": _promise,
    "AdvanceHighWatermark": _advance,
    "ExpandIsr": _expand,
    "ShrinkIsr": nothing,
    "LearnIsr": _learn,
    "Acknowledge": _acknowledge,
    "AnswerFetch": nothing,
    "AnswerProbe": nothing,
    "FallBehind": _fall_behind,
    "DeleteBelow": _begin_later,
    "Compact": _compact,
    "RecoverStart": _recover_start,
    "AcknowledgeDeletion": nothing,
    "Truncate": _truncate,
    "Reconcile": _reconcile,
    "SendFetch": _send_fetch,
    "ReceiveFetch": _receive_fetch,
}
