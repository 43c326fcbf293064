"""Quorum superset (I6): the newest leader counts everybody whom the controller may elect while records are committed.

A supporting invariant: where it breaks, the high watermark can pass a replica that may be elected next. It is what the
maximal in-sync set (KIP-497) and the compare-and-set of AlterPartition are for. Eligible leader replicas need not be
counted because nothing is committed while there are any: the in-sync set is below min.insync.replicas then (KIP-966).
"""

from typing import Any

from invariants.step import decisions
from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.words import set_words
from invariants.verdict import Violated

ID = "quorum_superset"


def _leader(partition: Partition, replica: Replica, _fact: Any) -> None:
    """The newest leader counts all who are in sync."""
    if _newest(partition, replica):
        _counts(replica, partition.isr, "in the in-sync set")


def _may_commit(_partition: Partition, replica: Replica, fact: Any) -> None:
    """What a leader commits, it commits with enough in sync, as far as it knows."""
    if not replica.may_commit:
        raise Violated(
            ID,
            f"n{replica.node}, leader of epoch {replica.leader_epoch}, sets its high watermark to {fact.to}, and the "
            f"in-sync set it knows, {set_words(replica.maximal_isr)}, is below min.insync.replicas",
        )


def _commits(partition: Partition, replica: Replica, _fact: Any) -> None:
    """And with everybody who may be elected."""
    if _newest(partition, replica):
        _counts(replica, partition.isr, "in the in-sync set")
        _counts(replica, partition.elr, "eligible to lead")


def _counts(replica: Replica, members: tuple[int, ...], place: str) -> None:
    for node in members:
        if node not in replica.maximal_isr:
            raise Violated(
                ID,
                f"n{replica.node}, leader of epoch {replica.leader_epoch}, counts {set_words(replica.maximal_isr)}, "
                f"and the controller has {set_words(members)} {place}",
            )


def _newest(partition: Partition, replica: Replica) -> bool:
    return replica.leading and replica.leader_epoch == partition.leader_epoch


def _decided(_partition: Partition, _replica: Replica, fact: Any) -> None:
    """Nobody is eligible beside an in-sync set that may commit."""
    if fact.elr and fact.enough:
        raise Violated(
            ID,
            f"the controller keeps {set_words(fact.elr)} eligible to lead beside the in-sync set "
            f"{set_words(fact.isr)}, which has min.insync.replicas members and commits without them",
        )


def _committed_set(partition: Partition, replica: Replica, fact: Any) -> None:
    _decided(partition, replica, fact)
    leader = partition.replicas.get(partition.leader)
    if leader is not None:
        _leader(partition, leader, fact)


def _everywhere(partition: Partition) -> None:
    if partition.enough and partition.elr:
        raise Violated(ID, f"{set_words(partition.elr)} are eligible while enough are in sync")
    for replica in partition.replicas.values():
        if _newest(partition, replica):
            missing = sorted(set(partition.isr) - set(replica.maximal_isr))
            if missing:
                raise Violated(ID, f"n{replica.node} does not count {missing}")


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("I6",),
    statement=(
        "The leader of the newest epoch counts every member of the in-sync set that the controller has committed; it "
        "commits only while min.insync.replicas of them are in sync, and then nobody else is eligible to lead."
    ),
    argument=(
        "Only the leader's own proposals and removals by the controller change the set within an epoch: the "
        "leader counts "
        "whom it proposes from the moment it does, and whom it drops until it learns that they are dropped."
    ),
    breaks="alter-partition-without-cas",
    before={"AdvanceHighWatermark": _may_commit},
    after={
        **dict.fromkeys(decisions.ALL, _decided),
        "BecomeLeader": _leader,
        "Resume": _leader,
        "LearnIsr": _leader,
        "AdvanceHighWatermark": _commits,
        "AlterPartition": _committed_set,
    },
    everywhere=_everywhere,
)
