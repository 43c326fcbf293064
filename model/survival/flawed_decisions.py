"""Flawed decisions: elections, accepted and refused proposals, and leaders' steps in designs that lose data."""

from model.language import (
    BrokerEpoch,
    LeaderEpoch,
    Offset,
    PartitionEpoch,
    Replica,
    action,
    definition,
    ghost,
    require,
)
from model.replication.state import owner
from model.survival.controller import as_registered, begin, change, current, left_eligible, note
from model.survival.leader import lead, propose, start_epoch
from model.survival.state import State, leave


# ------------------------------------------------------------ the controller
@action
def elect_unclean_keeping_isr(s: State, leader: Replica, enough: bool) -> None:
    """An unclean election leaves the old members in sync beside the elected one, though their logs may be longer."""
    begin(
        s,
        True,
        leader,
        s.isr[s.newest_leader_epoch] | {leader},
        s.elr[s.newest_leader_epoch] - s.elr[s.newest_leader_epoch],
        enough,
    )
    s.last_unclean = s.newest_leader_epoch
    with ghost:
        note(s)
        s.survivors = {leader}
        s.fresh = True
        s.chosen = leader


@action
def elect_anybody(s: State, leader: Replica, enough: bool) -> None:
    """An unclean election passes for a clean one: what was committed before still counts."""
    begin(s, True, leader, {leader}, s.elr[s.newest_leader_epoch] - s.elr[s.newest_leader_epoch], enough)
    with ghost:
        note(s)
        s.survivors = {leader}


@action
def alter_without_registrations(s: State, leader: Replica, enough: bool) -> None:
    """Before KIP-903: the controller does not ask under which registration a new member showed its position."""
    require(current(s, leader))
    change(s, s.proposed_isr[leader], left_eligible(s, s.proposed_isr[leader], enough), enough)
    with ghost:
        note(s)


@definition
def as_registered_or_before(s: State, leader: Replica, member: Replica) -> bool:
    """As `as_registered`; a position that was shown before the broker had registered at all passes too."""
    return as_registered(s, leader, member) or s.proposed_broker_epoch[leader, member] == 0


@action
def alter_with_wildcard(s: State, leader: Replica, enough: bool) -> None:
    """A broker that has not registered yet fetches under the broker epoch -1, which the controller compares with
    nothing. (Registration 0 stands for that here.)"""
    require(current(s, leader))
    require(all(as_registered_or_before(s, leader, r) for r in Replica if r in s.proposed_isr[leader]))
    change(s, s.proposed_isr[leader], left_eligible(s, s.proposed_isr[leader], enough), enough)
    with ghost:
        note(s)


@action
def alter_for_any_sender(s: State, leader: Replica, enough: bool) -> None:
    """The controller takes a proposal that the leader sent before it restarted, and no longer counts on."""
    require(s.proposed_leader_epoch[leader] == s.newest_leader_epoch)
    require(s.proposed_partition_epoch[leader] == s.newest_partition_epoch)
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == leader)
    require(all(as_registered(s, leader, r) for r in Replica if r in s.proposed_isr[leader]))
    change(s, s.proposed_isr[leader], left_eligible(s, s.proposed_isr[leader], enough), enough)
    with ghost:
        note(s)


@action
def alter_keeping_elr(s: State, leader: Replica, enough: bool) -> None:
    """Whoever is an eligible leader replica stays one, though enough are in sync to commit without it."""
    require(current(s, leader))
    require(all(as_registered(s, leader, r) for r in Replica if r in s.proposed_isr[leader]))
    change(
        s,
        s.proposed_isr[leader],
        (s.elr[s.newest_leader_epoch] | s.isr[s.newest_leader_epoch]) - s.proposed_isr[leader],
        enough,
    )
    with ghost:
        note(s)


@action
def refuse_for_now(s: State, leader: Replica, member: Replica) -> None:
    """The controller refuses a proposal for a reason that passes (the broker is fenced); a second copy of the request
    that arrives later is accepted."""
    require(current(s, leader) and member in s.proposed_isr[leader] and member not in s.isr[s.newest_leader_epoch])
    s.refused[leader] = True
    with ghost:
        s.refused_for[leader] = member


# ------------------------------------------------------------ the leader
@action
def lead_behind(s: State, replica: Replica, epoch: LeaderEpoch, partition_epoch: PartitionEpoch) -> None:
    """A broker that lost power leads and serves by metadata older than its registration."""
    require(s.leader_epoch[replica] < epoch and epoch <= s.newest_leader_epoch)
    require(s.has_leader[epoch] and s.leader[epoch] == replica)
    require(0 <= partition_epoch <= s.newest_partition_epoch and s.leader_epoch_at[partition_epoch] == epoch)
    with ghost:
        leave(s, replica, epoch)
        start_epoch(s, replica, epoch)
    s.leader_epoch[replica] = epoch
    s.reconciled[replica] = epoch
    lead(s, replica, partition_epoch)


@action
def expand_untagged(s: State, leader: Replica, follower: Replica) -> None:
    """A leader proposes a follower under the registration it finds in the metadata, not the one that showed the
    position."""
    require(s.leading[leader] and not s.pending[leader] and follower not in s.maximal_isr[leader])
    require(s.acknowledged[leader, follower] >= s.high_watermark[leader])
    require(s.acknowledged[leader, follower] >= s.epoch_start[leader])
    propose(s, leader, s.maximal_isr[leader] | {follower})
    s.proposed_broker_epoch[leader, follower] = s.broker_epoch[follower]
    s.maximal_isr[leader] = s.maximal_isr[leader] | {follower}


@action
def acknowledge_highest(
    s: State, leader: Replica, follower: Replica, offset: Offset, broker_epoch: BrokerEpoch
) -> None:
    """A newer registration does not start over: the highest position that was ever shown in the epoch counts."""
    require(s.leading[leader] and follower != leader)
    require(s.acknowledged_by[leader, follower] <= broker_epoch)
    require(0 <= offset <= s.requested_by[follower, s.leader_epoch[leader], broker_epoch])
    s.acknowledged[leader, follower] = max(s.acknowledged[leader, follower], offset)
    s.acknowledged_by[leader, follower] = broker_epoch


@action
def advance_below_minimum(s: State, leader: Replica, to: Offset) -> None:
    """A leader commits with fewer in sync than the controller's minimum: by its own, lower idea of it, or by none."""
    require(s.leading[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    require(all(f == leader or to <= s.acknowledged[leader, f] for f in Replica if f in s.maximal_isr[leader]))
    s.high_watermark[leader] = to
    with ghost:
        s.committed[s.leader_epoch[leader]] = max(s.committed[s.leader_epoch[leader]], to)
        s.committed_in[leader] = s.leader_epoch[leader]


@action
def resume_by_old_version(s: State, replica: Replica, partition_epoch: PartitionEpoch) -> None:
    """A restarted leader leads on by the version it knew, though a proposal of its own was committed since."""
    require(not s.leading[replica] and owner(s, replica))
    require(s.partition_epoch[replica] <= partition_epoch <= s.newest_partition_epoch)
    require(s.leader_epoch_at[partition_epoch] == s.leader_epoch[replica])
    lead(s, replica, partition_epoch)
