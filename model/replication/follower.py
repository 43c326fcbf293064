"""What a follower does: it learns an epoch, reconciles its log with that epoch's leader, then fetches.

Left out: the dialogue that finds the divergence point (any number of rounds, each truncating some, is any number of
`truncate` steps), fetch sizes (any prefix of an answer may arrive), fetch sessions.
"""

from model.language import LeaderEpoch, Log, Offset, Replica, action, definition, ghost, require
from model.replication.leader import leave
from model.replication.state import State


@action
def become_follower(s: State, replica: Replica, epoch: LeaderEpoch) -> None:
    """A replica learns a newer epoch, any one, that it does not lead. Its log is not reconciled with that epoch yet."""
    require(s.leader_epoch[replica] < epoch and epoch <= s.newest_leader_epoch)
    require(not s.has_leader[epoch] or s.leader[epoch] != replica)
    with ghost:
        leave(s, replica, epoch)
    s.leader_epoch[replica] = epoch
    s.leading[replica] = False


@definition
def keeps_all_common(own: Log, other: Log, to: Offset) -> bool:
    """Truncating to `to` removes no entry that both logs have in common: there is none at or past it."""
    return 0 <= to <= len(own) and all(own[o].epoch != other[o].epoch for o in range(to, len(own)) if o < len(other))


@definition
def ends_inside(own: Log, other: Log) -> bool:
    """The other log holds this one's last entry in its place; by log matching, all before it too."""
    return len(own) <= len(other) and (len(own) == 0 or own[len(own) - 1].epoch == other[len(own) - 1].epoch)


@action
def truncate(s: State, follower: Replica, to: Offset) -> None:
    """A follower removes some of what its epoch's leader does not have, never what both have (KIP-279, KIP-595)."""
    require(s.reconciled[follower] < s.leader_epoch[follower] and s.probe_answered[s.leader_epoch[follower]])
    require(keeps_all_common(s.log[follower], s.probe_log[s.leader_epoch[follower]], to))
    s.log[follower] = s.log[follower][:to]
    s.high_watermark[follower] = min(s.high_watermark[follower], to)


@action
def reconcile(s: State, follower: Replica) -> None:
    """A follower's log is a prefix of what the leader of its epoch answered: its fetches count from here."""
    require(not s.leading[follower] and s.probe_answered[s.leader_epoch[follower]])
    require(ends_inside(s.log[follower], s.probe_log[s.leader_epoch[follower]]))
    s.reconciled[follower] = s.leader_epoch[follower]


@action
def send_fetch(s: State, follower: Replica) -> None:
    """A reconciled follower asks for what comes after its log end, in its epoch (KIP-320)."""
    require(not s.leading[follower] and s.reconciled[follower] == s.leader_epoch[follower])
    s.requested[follower, s.leader_epoch[follower]] = len(s.log[follower])


@action
def receive_fetch(s: State, follower: Replica, log_end: Offset, high_watermark: Offset) -> None:
    """A follower appends a part of what the leader of its epoch answered, and adopts a high watermark no higher than
    the answer's or its own log end: of several answers in flight any may be the one that arrives."""
    require(not s.leading[follower] and s.reconciled[follower] == s.leader_epoch[follower])
    require(s.answered[follower, s.leader_epoch[follower]])
    require(len(s.log[follower]) <= log_end <= len(s.answered_log[follower, s.leader_epoch[follower]]))
    require(0 <= high_watermark <= s.answered_high_watermark[follower, s.leader_epoch[follower]])
    require(high_watermark <= log_end)
    s.log[follower] = (
        s.log[follower] + s.answered_log[follower, s.leader_epoch[follower]][len(s.log[follower]) : log_end]
    )
    s.high_watermark[follower] = high_watermark
    with ghost:
        s.committed_in[follower] = s.answered_committed_in[follower, s.leader_epoch[follower]]


@action
def restart(s: State, replica: Replica, high_watermark: Offset) -> None:
    """A process stops and comes back with its log: its high watermark falls back to a checkpoint.

    It leads nothing until it is elected anew: it never resumes an epoch it led. What it had proposed may still arrive.
    """
    require(0 <= high_watermark <= s.high_watermark[replica])
    s.leading[replica] = False
    s.high_watermark[replica] = high_watermark
