"""The state of one replicated partition: the metadata log, the replicas, what is in flight, and ghosts.

One rule: a variable belongs to one owner (the controller, one replica, the network), and an action reads only what its
owner knows. Leader epoch 0 and partition epoch 0 are the state before the first election: an empty log that everybody
shares; Kafka's leader epoch k and partition epoch k are k + 1 here.

The ghosts make the argument local. `epoch_log[e]` is the append-only log that the leader of e has written; every
replica's log is a prefix of one of them, so that reasoning about any number of replicas becomes reasoning about logs
indexed by epoch. `ceiling[e]` bounds what e can ever commit, as soon as one member of its in-sync set has left e.
"""

from model.language import (
    Cell,
    Ghost,
    LeaderEpoch,
    Log,
    Message,
    ModelState,
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


class State(ModelState):
    # The controller: its metadata log, by leader epoch and by partition epoch.
    newest_leader_epoch: Cell[LeaderEpoch]
    newest_partition_epoch: Cell[PartitionEpoch]
    has_leader: Table[LeaderEpoch, bool]
    leader: Table[LeaderEpoch, Replica]
    isr: Table[LeaderEpoch, ReplicaSet]
    """The in-sync set of an epoch, as last changed in it; final once the epoch is over."""
    isr_at: Table[PartitionEpoch, ReplicaSet]
    leader_epoch_at: Table[PartitionEpoch, LeaderEpoch]

    # Every replica.
    leader_epoch: Table[Replica, LeaderEpoch]
    """The newest leader epoch it has learnt."""
    leading: Table[Replica, bool]
    reconciled: Table[Replica, LeaderEpoch]
    """The last epoch whose leader has confirmed that this log is a prefix of its own; a leader confirms itself."""
    log: Table[Replica, Log]
    high_watermark: Table[Replica, Offset]

    # A leader.
    epoch_start: Table[Replica, Offset]
    """Where its log ended when it became leader."""
    acknowledged: Table[tuple[Replica, Replica], Offset]
    """By leader and follower: the position the follower's fetches have shown in this epoch; -1 before the first."""
    maximal_isr: Table[Replica, ReplicaSet]
    """The in-sync set it counts: the one it knows, and what it has asked to add (KIP-497)."""
    partition_epoch: Table[Replica, PartitionEpoch]
    """The version of the partition it knows."""
    pending: Table[Replica, bool]
    """It waits for an answer to its AlterPartition."""

    # In flight. A proposal outlives the leader's waiting for it; of a follower's fetches in one epoch, any may arrive.
    proposed_isr: Table[Replica, ReplicaSet]
    proposed_leader_epoch: Table[Replica, LeaderEpoch]
    proposed_partition_epoch: Table[Replica, PartitionEpoch]
    requested: Message[Table[tuple[Replica, LeaderEpoch], Offset]]
    """By follower and epoch: the position of its latest fetch; -1: none was sent."""
    answered: Message[Table[tuple[Replica, LeaderEpoch], bool]]
    answered_log: Message[Table[tuple[Replica, LeaderEpoch], Log]]
    answered_high_watermark: Message[Table[tuple[Replica, LeaderEpoch], Offset]]
    probe_answered: Message[Table[LeaderEpoch, bool]]
    probe_log: Message[Table[LeaderEpoch, Log]]

    # Ghosts.
    started: Ghost[Table[LeaderEpoch, bool]]
    """Its leader has taken the leadership."""
    start: Ghost[Table[LeaderEpoch, Offset]]
    epoch_log: Ghost[Table[LeaderEpoch, Log]]
    committed: Ghost[Table[LeaderEpoch, Offset]]
    """The highest high watermark that the leader of this epoch has set in it."""
    capped: Ghost[Table[LeaderEpoch, bool]]
    ceiling: Ghost[Table[LeaderEpoch, Offset]]
    ceiling_witness: Ghost[Table[LeaderEpoch, Replica]]
    committed_in: Ghost[Table[Replica, LeaderEpoch]]
    """The epoch whose commit a replica's high watermark came from."""
    answered_committed_in: Ghost[Table[tuple[Replica, LeaderEpoch], LeaderEpoch]]


@initial
def created(s: State, members: ReplicaSet) -> None:
    """A partition with an arbitrary, non-empty in-sync set, which nobody leads yet and where nothing is in flight."""
    require(any(r in members for r in Replica))
    s.isr[0] = members
    s.isr_at[0] = members
    s.acknowledged = {(leader, follower): -1 for leader in Replica for follower in Replica}
    s.proposed_leader_epoch = {r: -1 for r in Replica}  # noqa: C420 - the language has comprehensions
    s.proposed_partition_epoch = {r: -1 for r in Replica}  # noqa: C420 - the language has comprehensions
    s.requested = {(follower, epoch): -1 for follower in Replica for epoch in LeaderEpoch}
    with ghost:
        s.started[0] = True


@definition
def owner(s: State, r: Replica) -> bool:
    """The replica has taken the leadership of the epoch it knows; it may have restarted since, and lead no more."""
    return s.leader_epoch[r] >= 1 and s.has_leader[s.leader_epoch[r]] and s.leader[s.leader_epoch[r]] == r
