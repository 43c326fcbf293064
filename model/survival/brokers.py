"""Brokers that lose power and come back: what is lost, and what the controller makes of their registration.

One rule: what a broker has lost shows only once it has registered, so it is lost there. While it is off it does
nothing; what it would have had is what counts of it until then. A broker that crashes, comes back without having lost
anything and says it did not stop cleanly is here too: it keeps all of its log, and still loses its place.

It may know any metadata since the epoch it had, and follow by it; but it opens its listeners, and so can lead, only
once it knows its registration (`become_leader`). What Kafka's broker does behind closed doors besides - lead, and
append - is in the variants `leads-before-registration` here and `leads-again` of the epoch cache.
"""

from model.language import LeaderEpoch, Offset, Replica, action, as_epoch, definition, ghost, require
from model.survival.controller import begin, change, note, remaining
from model.survival.state import State, leave


@definition
def on_disk(s: State, r: Replica, kept: Offset, high_watermark: Offset) -> bool:
    """The disk kept all that was flushed and any part of what was not; the checkpoint is any that was."""
    return (
        s.flushed[r] <= kept <= len(s.log[r]) and 0 <= high_watermark <= s.high_watermark[r] and high_watermark <= kept
    )


@definition
def may_know(s: State, r: Replica, known: LeaderEpoch, newest: LeaderEpoch) -> bool:
    """The epoch is one that the broker may know of when it registers: the newest, or an older one that it had not known
    before and does not lead."""
    return known == newest or (
        s.leader_epoch[r] < known and known < newest and not (s.has_leader[known] and s.leader[known] == r)
    )


@definition
def come_back(s: State, r: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset) -> None:
    """The broker registers, knows an epoch that may be older than its registration, and has what its disk kept."""
    s.leader_epoch[r] = known
    s.registered_in[r] = s.newest_leader_epoch
    s.leading[r] = False
    s.broker_epoch[r] += 1
    s.log[r] = s.log[r][:kept]
    s.flushed[r] = kept
    s.high_watermark[r] = high_watermark


@action
def lose_power(s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset) -> None:
    """A broker that is neither in sync nor eligible loses power and comes back: no record of the partition."""
    require(on_disk(s, replica, kept, high_watermark) and may_know(s, replica, known, s.newest_leader_epoch))
    require(replica not in s.isr[s.newest_leader_epoch] and replica not in s.elr[s.newest_leader_epoch])
    with ghost:
        leave(s, replica, known)
    come_back(s, replica, known, kept, high_watermark)


@action
def member_loses_power(
    s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset, enough: bool
) -> None:
    """A member of either set, not the leader, loses power and comes back: it leaves both sets (KIP-966)."""
    require(on_disk(s, replica, kept, high_watermark) and may_know(s, replica, known, s.newest_leader_epoch))
    require(replica in s.isr[s.newest_leader_epoch] or replica in s.elr[s.newest_leader_epoch])
    require(not s.has_leader[s.newest_leader_epoch] or s.leader[s.newest_leader_epoch] != replica)
    with ghost:
        leave(s, replica, known)
        s.survivors = s.survivors - {replica}
    change(
        s,
        s.isr[s.newest_leader_epoch] - {replica},
        remaining(s, replica, enough),
        enough,
    )
    come_back(s, replica, known, kept, high_watermark)
    with ghost:
        note(s)


@action
def leader_loses_power(
    s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset, enough: bool
) -> None:
    """The leader loses power and comes back: it leaves both sets, and an epoch without a leader begins (KIP-966)."""
    require(on_disk(s, replica, kept, high_watermark))
    require(may_know(s, replica, known, as_epoch(s.newest_leader_epoch + 1)))
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == replica)
    with ghost:
        leave(s, replica, known)
        s.survivors = s.survivors - {replica}
    begin(
        s,
        False,
        replica,
        s.isr[s.newest_leader_epoch] - {replica},
        remaining(s, replica, enough),
        enough,
    )
    come_back(s, replica, known, kept, high_watermark)
    with ghost:
        note(s)


@action
def restart(s: State, replica: Replica, high_watermark: Offset) -> None:
    """A process stops cleanly and comes back with its log, under a new registration, in its place in both sets: its
    high watermark falls back to a checkpoint."""
    require(0 <= high_watermark <= s.high_watermark[replica])
    s.leading[replica] = False
    s.broker_epoch[replica] += 1
    s.registered_at[replica] = s.newest_partition_epoch
    s.high_watermark[replica] = high_watermark


@action
def flush(s: State, replica: Replica) -> None:
    """All of a log is on disk."""
    s.flushed[replica] = len(s.log[replica])
