"""The state of one replicated partition whose brokers lose power: what `replication` has, and what KIP-903 and 966 add.

One rule: the controller counts nobody alive. Whom it removes, elects or registers is free, so every cause is covered,
and so is every min.insync.replicas: whether an in-sync set has enough members is a flag of the record that changes it.

A broker that is off takes no step, and so is one that takes none for a while: the state does not tell them apart.
Losing power shows where the broker comes back and registers, with a new broker epoch and with what its disk kept.
"""

from model.language import (
    BrokerEpoch,
    Cell,
    Ghost,
    LeaderEpoch,
    Message,
    Offset,
    PartitionEpoch,
    Replica,
    ReplicaSet,
    Table,
    definition,
    ghost,
    initial,
    require,
)
from model.replication import state as replication


class State(replication.State):
    # The controller.
    elr: Table[LeaderEpoch, ReplicaSet]
    """The eligible leader replicas of an epoch, as last changed in it: not in sync, yet with all that was committed."""
    enough: Table[LeaderEpoch, bool]
    """The in-sync set of the epoch, as last changed in it, has min.insync.replicas members."""
    enough_at: Table[PartitionEpoch, bool]
    broker_epoch: Table[Replica, BrokerEpoch]
    """The newest registration of each broker."""
    registered_at: Table[Replica, PartitionEpoch]
    """The version of the partition when a broker last registered after a clean stop."""
    last_unclean: Cell[LeaderEpoch]
    """The epoch of the last unclean election; 0: there was none."""

    # Every replica.
    registered_in: Table[Replica, LeaderEpoch]
    """The newest epoch when it last registered after it had lost power: it serves nobody before it has learnt that."""
    flushed: Table[Replica, Offset]
    """How much of its log is certain to be on disk."""

    # A leader.
    may_commit: Table[Replica, bool]
    """The in-sync set it knows has min.insync.replicas members."""
    acknowledged_by: Table[tuple[Replica, Replica], BrokerEpoch]
    """By leader and follower: the registration under which the follower showed the position that counts; -1: none."""

    # In flight.
    proposed_by: Table[Replica, BrokerEpoch]
    """The leader's own registration when it proposed."""
    proposed_broker_epoch: Table[tuple[Replica, Replica], BrokerEpoch]
    """By leader and follower: the registration of the follower that the proposal adds."""
    refused: Message[Table[Replica, bool]]
    """The controller has refused the leader's latest proposal, for good; the leader may not know yet."""
    requested_by: Message[Table[tuple[Replica, LeaderEpoch, BrokerEpoch], Offset]]
    """By follower, epoch and registration: the highest position that its fetches showed; -1: none was sent."""

    # Ghosts.
    eligible: Ghost[Table[LeaderEpoch, ReplicaSet]]
    """In sync or an eligible leader replica."""
    survivors: Ghost[Cell[ReplicaSet]]
    """Who was in sync when that set last had min.insync.replicas members, and has neither lost power nor been
    taken out of the partition since.

    After an unclean election, and until there are enough again: the elected one, unless it lost power since.
    """
    refused_for: Ghost[Table[Replica, Replica]]
    """The member for which a leader's latest proposal was refused."""
    fresh: Ghost[Cell[bool]]
    """Nobody has led since the last unclean election."""
    base: Ghost[Cell[LeaderEpoch]]
    """The first epoch that was led since the last unclean election."""
    chosen: Ghost[Cell[Replica]]
    """Who was elected then."""


@initial
def created(s: State, members: ReplicaSet) -> None:
    """A partition with an arbitrary, non-empty in-sync set, which nobody leads yet and where nothing is in flight."""
    require(any(r in members for r in Replica))
    s.isr[0] = members
    s.isr_at[0] = members
    s.enough[0] = True
    s.enough_at[0] = True
    s.acknowledged = {(leader, follower): -1 for leader in Replica for follower in Replica}
    s.acknowledged_by = {(leader, follower): -1 for leader in Replica for follower in Replica}
    s.proposed_leader_epoch = {r: -1 for r in Replica}  # noqa: C420 - the language has comprehensions
    s.proposed_partition_epoch = {r: -1 for r in Replica}  # noqa: C420 - the language has comprehensions
    s.requested = {(follower, epoch): -1 for follower in Replica for epoch in LeaderEpoch}
    s.requested_by = {
        (follower, epoch, broker_epoch): -1
        for follower in Replica
        for epoch in LeaderEpoch
        for broker_epoch in BrokerEpoch
    }
    with ghost:
        s.started[0] = True
        s.eligible[0] = members
        s.survivors = members


@definition
def last_word(s: State, r: Replica, epoch: LeaderEpoch) -> int:
    """Ghost: how much of an epoch's log a replica that moves on may have acknowledged in it."""
    return len(s.log[r]) if s.reconciled[r] == epoch else 0


@definition
def lowers(s: State, r: Replica, until: LeaderEpoch, epoch: LeaderEpoch) -> bool:
    """Ghost: the replica's leaving, up to `until`, lowers the ceiling of `epoch`."""
    return (
        s.leader_epoch[r] <= epoch < until
        and r in s.eligible[epoch]
        and (not s.capped[epoch] or last_word(s, r, epoch) < s.ceiling[epoch])
    )


@definition
def leave(s: State, r: Replica, until: LeaderEpoch) -> None:
    """Ghost: the replica acknowledges nothing more in the epochs from its own up to, not including, `until`."""
    s.ceiling_witness = {epoch: r if lowers(s, r, until, epoch) else s.ceiling_witness[epoch] for epoch in LeaderEpoch}
    s.ceiling = {
        epoch: last_word(s, r, epoch) if lowers(s, r, until, epoch) else s.ceiling[epoch] for epoch in LeaderEpoch
    }
    s.capped = {
        epoch: s.capped[epoch] or (s.leader_epoch[r] <= epoch < until and r in s.eligible[epoch])
        for epoch in LeaderEpoch
    }
