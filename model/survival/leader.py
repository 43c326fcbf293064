"""What a leader does beyond `replication`: it counts positions by registration, commits only with enough in sync, may
be refused, and may lead its own epoch again after a clean restart.

Left out: acks and the refusal of produces below the minimum (they decide what a producer is told).
"""

from model.language import (
    BrokerEpoch,
    LeaderEpoch,
    Offset,
    PartitionEpoch,
    Replica,
    ReplicaSet,
    action,
    definition,
    ghost,
    require,
)
from model.replication.state import owner
from model.survival.state import State, leave


@definition
def lead(s: State, r: Replica, partition_epoch: PartitionEpoch) -> None:
    """The replica leads its epoch, with the in-sync set of a version of it, and has seen nobody's position."""
    s.leading[r] = True
    s.epoch_start[r] = len(s.log[r])
    s.acknowledged = {
        (leader, follower): -1 if leader == r else s.acknowledged[leader, follower]
        for leader in Replica
        for follower in Replica
    }
    s.maximal_isr[r] = s.isr_at[partition_epoch]
    s.may_commit[r] = s.enough_at[partition_epoch]
    s.partition_epoch[r] = partition_epoch
    s.pending[r] = False


@definition
def first_since_unclean(s: State, epoch: LeaderEpoch) -> bool:
    """Ghost: the epoch is the first that is led since the last unclean election."""
    return s.fresh and s.last_unclean <= epoch


@definition
def start_epoch(s: State, r: Replica, epoch: LeaderEpoch) -> None:
    """Ghost: an epoch starts with its leader's log. After an unclean election all of that log counts as committed."""
    s.started[epoch] = True
    s.start[epoch] = len(s.log[r])
    s.epoch_log[epoch] = s.log[r]
    s.committed[epoch] = len(s.log[r]) if first_since_unclean(s, epoch) else s.committed[epoch]
    s.committed_in[r] = epoch if first_since_unclean(s, epoch) else s.committed_in[r]
    s.base = epoch if first_since_unclean(s, epoch) else s.base
    s.fresh = s.fresh and epoch < s.last_unclean


@action
def become_leader(s: State, replica: Replica, epoch: LeaderEpoch, partition_epoch: PartitionEpoch) -> None:
    """The chosen replica takes the leadership, with the in-sync set of any version of its epoch: metadata may be stale.

    Nobody has shown a position yet, so the high watermark waits for the whole in-sync set. A broker that lost power
    serves, and so leads, no epoch older than its registration.
    """
    require(s.leader_epoch[replica] < epoch and epoch <= s.newest_leader_epoch)
    require(s.registered_in[replica] <= epoch)
    require(s.has_leader[epoch] and s.leader[epoch] == replica)
    require(0 <= partition_epoch <= s.newest_partition_epoch and s.leader_epoch_at[partition_epoch] == epoch)
    with ghost:
        leave(s, replica, epoch)
        start_epoch(s, replica, epoch)
    s.leader_epoch[replica] = epoch
    s.reconciled[replica] = epoch
    lead(s, replica, partition_epoch)


@action
def resume(s: State, replica: Replica, partition_epoch: PartitionEpoch) -> None:
    """A replica that restarted cleanly finds itself still the leader of its epoch in the metadata, and leads on.

    It leads by no version older than its registration: a proposal of its own may have been committed before that.
    """
    require(not s.leading[replica] and owner(s, replica))
    require(s.partition_epoch[replica] <= partition_epoch and s.registered_at[replica] <= partition_epoch)
    require(partition_epoch <= s.newest_partition_epoch)
    require(s.leader_epoch_at[partition_epoch] == s.leader_epoch[replica])
    lead(s, replica, partition_epoch)


@action
def learn_isr(s: State, leader: Replica, partition_epoch: PartitionEpoch) -> None:
    """A leader adopts a newer version of the partition within its own epoch; that answers what it had asked for."""
    require(s.leading[leader] and s.partition_epoch[leader] < partition_epoch <= s.newest_partition_epoch)
    require(s.leader_epoch_at[partition_epoch] == s.leader_epoch[leader])
    s.maximal_isr[leader] = s.isr_at[partition_epoch]
    s.may_commit[leader] = s.enough_at[partition_epoch]
    s.partition_epoch[leader] = partition_epoch
    s.pending[leader] = False


@action
def acknowledge(s: State, leader: Replica, follower: Replica, offset: Offset, broker_epoch: BrokerEpoch) -> None:
    """A leader counts a position that a fetch shows, of any fetch the follower has sent in this epoch under any of its
    registrations: they may be delayed, repeated and reordered.

    Within a registration an older position never lowers a newer one; a newer registration starts over, and once one has
    been seen no older one counts (KIP-903).
    """
    require(s.leading[leader] and follower != leader)
    require(s.acknowledged_by[leader, follower] <= broker_epoch)
    require(0 <= offset <= s.requested_by[follower, s.leader_epoch[leader], broker_epoch])
    s.acknowledged[leader, follower] = (
        max(s.acknowledged[leader, follower], offset) if s.acknowledged_by[leader, follower] == broker_epoch else offset
    )
    s.acknowledged_by[leader, follower] = broker_epoch


@action
def advance_high_watermark(s: State, leader: Replica, to: Offset) -> None:
    """A leader commits what its whole maximal in-sync set has acknowledged, or a part of it; enough must be in sync."""
    require(s.leading[leader] and s.may_commit[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    require(all(f == leader or to <= s.acknowledged[leader, f] for f in Replica if f in s.maximal_isr[leader]))
    s.high_watermark[leader] = to
    with ghost:
        s.committed[s.leader_epoch[leader]] = max(s.committed[s.leader_epoch[leader]], to)
        s.committed_in[leader] = s.leader_epoch[leader]


@definition
def propose(s: State, leader: Replica, members: ReplicaSet) -> None:
    """The leader asks the controller for another in-sync set, and waits."""
    s.proposed_isr[leader] = members
    s.proposed_leader_epoch[leader] = s.leader_epoch[leader]
    s.proposed_partition_epoch[leader] = s.partition_epoch[leader]
    s.proposed_by[leader] = s.broker_epoch[leader]
    s.refused[leader] = False
    s.pending[leader] = True


@action
def expand_isr(s: State, leader: Replica, follower: Replica) -> None:
    """A leader asks to add a follower that has all that was committed, under the registration by which it showed that,
    and counts it at once (KIP-497, KIP-903)."""
    require(s.leading[leader] and not s.pending[leader] and follower not in s.maximal_isr[leader])
    require(s.acknowledged[leader, follower] >= s.high_watermark[leader])
    require(s.acknowledged[leader, follower] >= s.epoch_start[leader])
    propose(s, leader, s.maximal_isr[leader] | {follower})
    s.proposed_broker_epoch[leader, follower] = s.acknowledged_by[leader, follower]
    s.maximal_isr[leader] = s.maximal_isr[leader] | {follower}


@action
def shrink_isr(s: State, leader: Replica, kept: ReplicaSet) -> None:
    """A leader asks to keep only some, itself among them, and goes on counting all until that is committed."""
    require(s.leading[leader] and not s.pending[leader] and leader in kept)
    require(all(f in s.maximal_isr[leader] for f in Replica if f in kept))
    require(any(f not in kept for f in Replica if f in s.maximal_isr[leader]))
    propose(s, leader, kept)


@action
def roll_back(s: State, leader: Replica) -> None:
    """A leader hears that its proposal was refused, and counts again the in-sync set it knows. The answer to a proposal
    that it no longer waits for, as it has learnt a newer version meanwhile, is ignored."""
    require(s.leading[leader] and s.pending[leader] and s.refused[leader])
    s.maximal_isr[leader] = s.isr_at[s.partition_epoch[leader]]
    s.pending[leader] = False
