"""Flawed registrations: what brokers that lost power, or were removed, may keep or do in designs that lose data."""

from model.language import LeaderEpoch, Offset, Replica, action, as_epoch, ghost, require
from model.survival.brokers import come_back, may_know, on_disk
from model.survival.controller import begin, change, left_eligible, note, remaining
from model.survival.state import State, leave


@action
def member_keeps_isr(
    s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset, enough: bool
) -> None:
    """Before KIP-966: a broker that lost power keeps its place in the in-sync set. (`enough` stays what it was.)"""
    require(on_disk(s, replica, kept, high_watermark) and enough == s.enough[s.newest_leader_epoch])
    require(may_know(s, replica, known, s.newest_leader_epoch))
    require(replica in s.isr[s.newest_leader_epoch])
    require(not s.has_leader[s.newest_leader_epoch] or s.leader[s.newest_leader_epoch] != replica)
    with ghost:
        leave(s, replica, known)
        s.survivors = s.survivors - {replica}
    come_back(s, replica, known, kept, high_watermark)


@action
def member_keeps_elr(
    s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset, enough: bool
) -> None:
    """A broker that lost power leaves the in-sync set only, and stays an eligible leader replica."""
    require(on_disk(s, replica, kept, high_watermark) and may_know(s, replica, known, s.newest_leader_epoch))
    require(replica in s.isr[s.newest_leader_epoch] or replica in s.elr[s.newest_leader_epoch])
    require(not s.has_leader[s.newest_leader_epoch] or s.leader[s.newest_leader_epoch] != replica)
    with ghost:
        leave(s, replica, known)
        s.survivors = s.survivors - {replica}
    change(
        s,
        s.isr[s.newest_leader_epoch] - {replica},
        left_eligible(s, s.isr[s.newest_leader_epoch] - {replica}, enough),
        enough,
    )
    come_back(s, replica, known, kept, high_watermark)
    with ghost:
        note(s)


@action
def last_replica_stands(
    s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset, enough: bool
) -> None:
    """Before KIP-966: the in-sync set never becomes empty, so its last member keeps its place though it lost power."""
    require(on_disk(s, replica, kept, high_watermark))
    require(may_know(s, replica, known, as_epoch(s.newest_leader_epoch + 1)))
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == replica)
    require(all(r == replica for r in Replica if r in s.isr[s.newest_leader_epoch]))
    with ghost:
        leave(s, replica, known)
        s.survivors = s.survivors - {replica}
    begin(s, False, replica, s.isr[s.newest_leader_epoch], remaining(s, replica, enough), enough)
    come_back(s, replica, known, kept, high_watermark)
    with ghost:
        note(s)


@action
def leads_before_registration(
    s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset, enough: bool
) -> None:
    """A leader that lost power finds itself the leader in the metadata it has and leads on, before it has registered or
    under a controller that leaves it the leadership. (What it would know and what would be enough once it registers
    means nothing yet.)"""
    require(on_disk(s, replica, kept, high_watermark) and enough == s.enough[s.newest_leader_epoch])
    require(s.leading[replica] and known == s.newest_leader_epoch + 1)
    s.log[replica] = s.log[replica][:kept]
    s.flushed[replica] = kept
    s.high_watermark[replica] = high_watermark


@action
def reassign_within_epoch(s: State, leader: Replica, removed: Replica, enough: bool) -> None:
    """A replica is taken out, deletes its log and is put in again, all within one leader epoch."""
    require(leader in s.isr[s.newest_leader_epoch] and leader != removed)
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == leader)
    with ghost:
        leave(s, removed, s.newest_leader_epoch)
        s.survivors = s.survivors - {removed}
    change(s, s.isr[s.newest_leader_epoch] - {removed}, remaining(s, removed, enough), enough)
    s.leader_epoch[removed] = s.newest_leader_epoch
    s.leading[removed] = False
    s.log[removed] = s.log[removed][:0]
    s.flushed[removed] = 0
    s.high_watermark[removed] = 0
    with ghost:
        note(s)
