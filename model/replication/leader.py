"""What a leader does: it appends, counts positions, commits, and asks for changes of the in-sync set.

Left out: min.insync.replicas and acks (they decide what a producer is told, not what is committed), producers,
retention. A deposed leader goes on leading its old epoch until it learns of a newer one.
"""

from model.language import (
    Entry,
    LeaderEpoch,
    Offset,
    PartitionEpoch,
    Replica,
    ReplicaSet,
    Value,
    action,
    definition,
    ghost,
    require,
)
from model.replication.state import State


@definition
def last_word(s: State, r: Replica, epoch: LeaderEpoch) -> int:
    """Ghost: how much of an epoch's log a replica that moves on may have acknowledged in it."""
    return len(s.log[r]) if s.reconciled[r] == epoch else 0


@definition
def lowers(s: State, r: Replica, until: LeaderEpoch, epoch: LeaderEpoch) -> bool:
    """Ghost: the replica's leaving, up to `until`, lowers the ceiling of `epoch`."""
    return (
        s.leader_epoch[r] <= epoch < until
        and r in s.isr[epoch]
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
        epoch: s.capped[epoch] or (s.leader_epoch[r] <= epoch < until and r in s.isr[epoch]) for epoch in LeaderEpoch
    }


@action
def become_leader(s: State, replica: Replica, epoch: LeaderEpoch, partition_epoch: PartitionEpoch) -> None:
    """The chosen replica takes the leadership, with the in-sync set of any version of its epoch: metadata may be stale.

    Nobody has shown a position yet, so the high watermark waits for the whole in-sync set.
    """
    require(s.leader_epoch[replica] < epoch and epoch <= s.newest_leader_epoch)
    require(s.has_leader[epoch] and s.leader[epoch] == replica)
    require(0 <= partition_epoch <= s.newest_partition_epoch and s.leader_epoch_at[partition_epoch] == epoch)
    with ghost:
        leave(s, replica, epoch)
        s.started[epoch] = True
        s.start[epoch] = len(s.log[replica])
        s.epoch_log[epoch] = s.log[replica]
    s.leader_epoch[replica] = epoch
    s.reconciled[replica] = epoch
    s.leading[replica] = True
    s.epoch_start[replica] = len(s.log[replica])
    s.acknowledged = {
        (leader, follower): -1 if leader == replica else s.acknowledged[leader, follower]
        for leader in Replica
        for follower in Replica
    }
    s.maximal_isr[replica] = s.isr_at[partition_epoch]
    s.partition_epoch[replica] = partition_epoch
    s.pending[replica] = False


@action
def learn_isr(s: State, leader: Replica, partition_epoch: PartitionEpoch) -> None:
    """A leader adopts a newer version of the partition within its own epoch; that answers what it had asked for."""
    require(s.leading[leader] and s.partition_epoch[leader] < partition_epoch <= s.newest_partition_epoch)
    require(s.leader_epoch_at[partition_epoch] == s.leader_epoch[leader])
    s.maximal_isr[leader] = s.isr_at[partition_epoch]
    s.partition_epoch[leader] = partition_epoch
    s.pending[leader] = False


@action
def append(s: State, leader: Replica, value: Value) -> None:
    """A leader writes one record; a batch of n is n of these."""
    require(s.leading[leader])
    s.log[leader] = s.log[leader] + (Entry(s.leader_epoch[leader], value),)
    with ghost:
        s.epoch_log[s.leader_epoch[leader]] = s.epoch_log[s.leader_epoch[leader]] + (
            Entry(s.leader_epoch[leader], value),
        )


@action
def acknowledge(s: State, leader: Replica, follower: Replica, offset: Offset) -> None:
    """A leader counts a position that a fetch shows, of any fetch the follower has sent in this epoch: they may be
    delayed, repeated and reordered, so an older position never lowers a newer one."""
    require(s.leading[leader] and follower != leader)
    require(0 <= offset <= s.requested[follower, s.leader_epoch[leader]])
    s.acknowledged[leader, follower] = max(s.acknowledged[leader, follower], offset)


@action
def advance_high_watermark(s: State, leader: Replica, to: Offset) -> None:
    """A leader commits what its whole maximal in-sync set has acknowledged, or any part of it."""
    require(s.leading[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    require(all(f == leader or to <= s.acknowledged[leader, f] for f in Replica if f in s.maximal_isr[leader]))
    s.high_watermark[leader] = to
    with ghost:
        s.committed[s.leader_epoch[leader]] = to
        s.committed_in[leader] = s.leader_epoch[leader]


@action
def expand_isr(s: State, leader: Replica, follower: Replica) -> None:
    """A leader asks to add a follower that has all that was committed, and counts it at once (KIP-497).

    The follower must also have reached the start of the epoch: the leader's own high watermark may lag (KAFKA-7128).
    """
    require(s.leading[leader] and not s.pending[leader] and follower not in s.maximal_isr[leader])
    require(s.acknowledged[leader, follower] >= s.high_watermark[leader])
    require(s.acknowledged[leader, follower] >= s.epoch_start[leader])
    s.proposed_isr[leader] = s.maximal_isr[leader] | {follower}
    s.proposed_leader_epoch[leader] = s.leader_epoch[leader]
    s.proposed_partition_epoch[leader] = s.partition_epoch[leader]
    s.maximal_isr[leader] = s.maximal_isr[leader] | {follower}
    s.pending[leader] = True


@action
def shrink_isr(s: State, leader: Replica, kept: ReplicaSet) -> None:
    """A leader asks to keep only some, itself among them, and goes on counting all until that is committed."""
    require(s.leading[leader] and not s.pending[leader] and leader in kept)
    require(all(f in s.maximal_isr[leader] for f in Replica if f in kept))
    require(any(f not in kept for f in Replica if f in s.maximal_isr[leader]))
    s.proposed_isr[leader] = kept
    s.proposed_leader_epoch[leader] = s.leader_epoch[leader]
    s.proposed_partition_epoch[leader] = s.partition_epoch[leader]
    s.pending[leader] = True


@action
def answer_probe(s: State, leader: Replica) -> None:
    """A leader tells where logs leave its own. Whoever has asked in this epoch may use the answer, any number of times;
    the whole log stands for what it says."""
    require(s.leading[leader])
    s.probe_answered[s.leader_epoch[leader]] = True
    s.probe_log[s.leader_epoch[leader]] = s.log[leader]


@action
def answer_fetch(s: State, leader: Replica, follower: Replica) -> None:
    """A leader answers a fetch of its epoch with its log and high watermark; the follower uses as much as it likes."""
    require(s.leading[leader] and follower != leader)
    require(s.requested[follower, s.leader_epoch[leader]] >= 0)
    s.answered[follower, s.leader_epoch[leader]] = True
    s.answered_log[follower, s.leader_epoch[leader]] = s.log[leader]
    s.answered_high_watermark[follower, s.leader_epoch[leader]] = s.high_watermark[leader]
    with ghost:
        s.answered_committed_in[follower, s.leader_epoch[leader]] = s.committed_in[leader]
