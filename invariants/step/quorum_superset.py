"""Quorum superset (I6): the newest leader counts everybody whom the controller has in the in-sync set.

A supporting invariant: where it breaks, the high watermark can pass a replica that may be elected next. It is what the
maximal in-sync set (KIP-497) and the compare-and-set of AlterPartition are for.
"""

from typing import Any

from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.words import set_words
from invariants.verdict import Violated

ID = "quorum_superset"


def _leader(partition: Partition, replica: Replica, _fact: Any) -> None:
    if replica.leading and replica.leader_epoch == partition.leader_epoch:
        for node in partition.isr:
            if node not in replica.maximal_isr:
                raise Violated(
                    ID,
                    f"n{replica.node}, leader of epoch {replica.leader_epoch}, counts "
                    f"{set_words(replica.maximal_isr)}, "
                    f"and the controller has {set_words(partition.isr)} in the in-sync set",
                )


def _committed_set(partition: Partition, _replica: Replica, fact: Any) -> None:
    leader = partition.replicas.get(partition.leader)
    if leader is not None:
        _leader(partition, leader, fact)


def _everywhere(partition: Partition) -> None:
    for replica in partition.replicas.values():
        if replica.leading and replica.leader_epoch == partition.leader_epoch:
            missing = sorted(set(partition.isr) - set(replica.maximal_isr))
            if missing:
                raise Violated(ID, f"n{replica.node} does not count {missing}")


INVARIANT = StepInvariant(
    id=ID,
    names=("I6",),
    statement="The leader of the newest epoch counts every member of the in-sync set that the controller has "
    "committed.",
    argument=(
        "Only the leader's own proposals and removals by the controller change the set within an epoch: the "
        "leader counts "
        "whom it proposes from the moment it does, and whom it drops until it learns that they are dropped."
    ),
    breaks="alter-partition-without-cas",
    after={
        "BecomeLeader": _leader,
        "LearnIsr": _leader,
        "AdvanceHighWatermark": _leader,
        "AlterPartition": _committed_set,
    },
    everywhere=_everywhere,
)
