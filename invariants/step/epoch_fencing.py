"""Epoch fencing (I7): one leader for each epoch, epochs never fall, and nothing counts across them.

Judged before a fact is taken into the ghost: what a node does must fit the epoch it is in. A leader counts a follower's
position only from a fetch that the follower sent, as a replica, in that leader's epoch (KAFKA-6880, KIP-320), and none
of an older registration once it has counted one of a newer (KIP-903).
"""

from typing import Any

from invariants.step import decisions
from invariants.step.ghost import NOBODY, Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.words import node_words, set_words
from invariants.verdict import Violated
from traces.facts import Acknowledge, AlterPartition, BecomeFollower, BecomeLeader, SendFetch

ID = "epoch_fencing"


# ---------------------------------------------------------------- the controller
def _new_epoch(partition: Partition, _replica: Replica, fact: Any) -> None:
    """An election opens a leader epoch, with a leader out of the in-sync set or nobody."""
    leader = getattr(fact, "leader", NOBODY)
    _opens(partition, fact.leader_epoch, leader)
    if leader != NOBODY and leader not in partition.isr:
        raise Violated(
            ID,
            f"the controller elects n{leader} in epoch {fact.leader_epoch}, "
            f"which is not in the in-sync set {set_words(partition.isr)}",
        )
    _new_version(partition, fact.partition_epoch)


def _new_epoch_of_eligible(partition: Partition, _replica: Replica, fact: Any) -> None:
    """An eligible leader replica is elected."""
    _opens(partition, fact.leader_epoch, fact.leader)
    if fact.leader not in partition.elr:
        raise Violated(
            ID,
            f"the controller elects n{fact.leader} in epoch {fact.leader_epoch}, "
            f"which is not an eligible leader replica: these are {set_words(partition.elr)}",
        )
    _new_version(partition, fact.partition_epoch)


def _new_epoch_of_any(partition: Partition, _replica: Replica, fact: Any) -> None:
    """An unclean election: any replica is elected."""
    _opens(partition, fact.leader_epoch, fact.leader)
    _new_version(partition, fact.partition_epoch)


def _opens(partition: Partition, leader_epoch: int, leader: int) -> None:
    if leader_epoch <= partition.leader_epoch:
        raise Violated(
            ID,
            f"the controller elects {node_words(leader)} in epoch {leader_epoch}, after epoch {partition.leader_epoch}",
        )


def _registers(partition: Partition, _replica: Replica, fact: Any) -> None:
    """Each registration of a broker has a higher broker epoch than the ones before it (KIP-903)."""
    last = partition.registered.get(fact.replica, -1)
    if fact.broker_epoch <= last:
        raise Violated(
            ID, f"the controller registers n{fact.replica} with broker epoch {fact.broker_epoch}, after {last}"
        )


def _loses_as_member(partition: Partition, replica: Replica, fact: Any) -> None:
    _registers(partition, replica, fact)
    _same_epoch(partition, replica, fact)


def _loses_as_leader(partition: Partition, replica: Replica, fact: Any) -> None:
    _registers(partition, replica, fact)
    _new_epoch(partition, replica, fact)


def _same_epoch(partition: Partition, _replica: Replica, fact: Any) -> None:
    """A change of the in-sync set happens in the current leader epoch."""
    if fact.leader_epoch != partition.leader_epoch:
        raise Violated(
            ID,
            f"the controller changes the in-sync set to {set_words(fact.isr)} for leader epoch {fact.leader_epoch} "
            f"in epoch {partition.leader_epoch}",
        )
    _new_version(partition, fact.partition_epoch)


def _by_the_leader(partition: Partition, replica: Replica, fact: AlterPartition) -> None:
    _same_epoch(partition, replica, fact)
    if fact.leader != partition.leader:
        raise Violated(
            ID,
            f"the controller commits an in-sync set that n{fact.leader} proposed; "
            f"{node_words(partition.leader)} leads epoch {partition.leader_epoch}",
        )


def _new_version(partition: Partition, partition_epoch: int) -> None:
    if partition_epoch <= partition.partition_epoch:
        raise Violated(
            ID,
            f"the controller writes partition epoch {partition_epoch} after partition epoch "
            f"{partition.partition_epoch}",
        )


# ---------------------------------------------------------------- the replicas
def _leads_alone(partition: Partition, replica: Replica, fact: BecomeLeader) -> None:
    epoch = fact.leader_epoch
    other = partition.leaders.get(epoch)
    if other is not None and other != replica.node:
        raise Violated(ID, f"n{replica.node} leads epoch {epoch}, whose leader is {node_words(other)}")
    if epoch <= replica.leader_epoch:
        raise Violated(
            ID, f"n{replica.node} begins to lead epoch {epoch}, and has been in epoch {replica.leader_epoch}"
        )


def _follows_newer(_partition: Partition, replica: Replica, fact: BecomeFollower) -> None:
    """A process that is new may follow in the epoch its predecessor was in; an older epoch never comes back."""
    epoch = fact.leader_epoch
    if epoch < replica.leader_epoch or (epoch == replica.leader_epoch and replica.counts):
        raise Violated(
            ID, f"n{replica.node} begins to follow in epoch {epoch}, and has been in epoch {replica.leader_epoch}"
        )


def _as_leader(_partition: Partition, replica: Replica, fact: Any) -> None:
    """What only the leader of the epoch may do."""
    if not replica.leading or fact.leader_epoch != replica.leader_epoch:
        raise Violated(
            ID, f"n{replica.node} acts as leader of epoch {fact.leader_epoch} ({_deed(fact)}), and {_place(replica)}"
        )


def _counts(partition: Partition, replica: Replica, fact: Acknowledge) -> None:
    if not replica.leading or fact.leader_epoch != replica.leader_epoch:
        _as_leader(partition, replica, fact)
    follower = partition.replicas.get(fact.follower)
    asked = None if follower is None else follower.asked.get(fact.leader_epoch)
    if asked is None:
        epochs = [] if follower is None else sorted(follower.asked)
        last = f"it last fetched in epoch {epochs[-1]}" if epochs else "it has sent none"
        raise Violated(
            ID,
            f"n{replica.node}, leader of epoch {fact.leader_epoch}, counts position {fact.offset} of n{fact.follower}, "
            f"which sent no fetch in that epoch: {last}",
        )
    if fact.offset > asked:
        raise Violated(
            ID,
            f"n{replica.node}, leader of epoch {fact.leader_epoch}, counts position {fact.offset} of n{fact.follower}, "
            f"which fetched from {asked} at most in that epoch",
        )

    newest = replica.counted_as.get(fact.follower, -1)
    if fact.broker_epoch < newest:
        raise Violated(
            ID,
            f"n{replica.node}, leader of epoch {fact.leader_epoch}, counts position {fact.offset} of n{fact.follower} "
            f"under its registration {fact.broker_epoch}, and has counted one under registration {newest}",
        )


def _asks(partition: Partition, replica: Replica, fact: SendFetch) -> None:
    if replica.leading or partition.leaders.get(fact.leader_epoch) != fact.leader:
        _of_its_leader(partition, replica, fact)
    elif fact.leader_epoch != replica.leader_epoch:
        _as_follower(partition, replica, fact)
    if fact.broker_epoch < replica.sends_as:
        raise Violated(
            ID,
            f"n{replica.node} fetches under its registration {fact.broker_epoch}, and has fetched under "
            f"{replica.sends_as}",
        )


def _as_follower(_partition: Partition, replica: Replica, fact: Any) -> None:
    """What only a follower does, in the epoch it follows in."""
    if replica.leading or fact.leader_epoch != replica.leader_epoch:
        raise Violated(
            ID, f"n{replica.node} acts as follower in epoch {fact.leader_epoch} ({_deed(fact)}), and {_place(replica)}"
        )


def _of_its_leader(partition: Partition, replica: Replica, fact: Any) -> None:
    if replica.leading or fact.leader_epoch != replica.leader_epoch:
        _as_follower(partition, replica, fact)
    leader = partition.leaders.get(fact.leader_epoch)
    if leader is not None and leader != fact.leader:
        raise Violated(
            ID,
            f"n{replica.node} follows {node_words(fact.leader)} in epoch {fact.leader_epoch} ({_deed(fact)}), "
            f"whose leader is {node_words(leader)}",
        )


_DEEDS = {
    "Append": "append",
    "AcknowledgeProduce": "acknowledge a produce",
    "AdvanceHighWatermark": "advance the high watermark",
    "ExpandIsr": "expand the in-sync set",
    "ShrinkIsr": "shrink the in-sync set",
    "LearnIsr": "learn the in-sync set",
    "Acknowledge": "count a position",
    "AnswerFetch": "answer a fetch",
    "AnswerProbe": "answer a probe",
    "Truncate": "truncate",
    "Reconcile": "reconcile",
    "SendFetch": "fetch",
    "ReceiveFetch": "copy",
}


def _deed(fact: Any) -> str:
    return _DEEDS[type(fact).__name__]


def _place(replica: Replica) -> str:
    if not replica.counts:
        return "has neither led nor followed since it started"
    return f"{'leads' if replica.leading else 'follows in'} epoch {replica.leader_epoch}"


def _everywhere(partition: Partition) -> None:
    """No two replicas lead one epoch, and each leads an epoch that the controller gave it."""
    leading: dict[int, int] = {}
    for replica in partition.replicas.values():
        if replica.leading:
            other = leading.setdefault(replica.leader_epoch, replica.node)
            if other != replica.node or partition.leaders.get(replica.leader_epoch) != replica.node:
                raise Violated(ID, f"n{replica.node} leads epoch {replica.leader_epoch}, which is not its own")


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("I7",),
    statement=(
        "Each leader epoch has one leader; leader epochs, partition epochs and broker epochs never fall; only the "
        "leader of an epoch writes and decides in it, and a position counts only in the epoch in which it was sent."
    ),
    argument=(
        "The controller gives each epoch to one node and writes it down before anyone learns it; every request "
        "names the "
        "epoch it was sent in, and who receives it compares."
    ),
    breaks="fetch-without-epoch-check",
    before={
        **dict.fromkeys(sorted(decisions.BEGIN_AN_EPOCH), _new_epoch),
        **dict.fromkeys(sorted(decisions.CHANGE_A_SET), _same_epoch),
        "ElectEligible": _new_epoch_of_eligible,
        "ElectUnclean": _new_epoch_of_any,
        "AlterPartition": _by_the_leader,
        "Register": _registers,
        "LosePower": _registers,
        "MemberLosesPower": _loses_as_member,
        "LeaderLosesPower": _loses_as_leader,
        "BecomeLeader": _leads_alone,
        "BecomeFollower": _follows_newer,
        "Append": _as_leader,
        "AcknowledgeProduce": _as_leader,
        "AdvanceHighWatermark": _as_leader,
        "ExpandIsr": _as_leader,
        "ShrinkIsr": _as_leader,
        "LearnIsr": _as_leader,
        "Acknowledge": _counts,
        "AnswerFetch": _as_leader,
        "AnswerProbe": _as_leader,
        "Truncate": _as_follower,
        "Reconcile": _of_its_leader,
        "SendFetch": _asks,
        "ReceiveFetch": _of_its_leader,
    },
    everywhere=_everywhere,
)
