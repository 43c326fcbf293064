"""Logs whose voters are near: which sets of voters differ by one at most, so that their majorities meet.

One rule: two logs that each have what the latest change of either rests on go by near sets. `change_was_due` says what
that is: the commits of the epoch which made the change.
"""

from invariants.proofs.quorum.voters.changes import end_after, in_after, voters_after
from model.language import LeaderEpoch, Offset, Replica, adjacent, conjunct, definition, known
from model.quorum.voter_state import VotersState


@definition
def has_commits(s: VotersState, e: LeaderEpoch, end: int, x: int) -> bool:
    """An epoch's log up to an end has all that epoch x has committed; stated by the last entry, for logs match."""
    return s.committed[x] <= end and (
        s.committed[x] <= 0 or s.epoch_log[e][s.committed[x] - 1].epoch == s.epoch_log[x][s.committed[x] - 1].epoch
    )


@definition
def within(s: VotersState, e: LeaderEpoch, o: int) -> bool:
    """There is a record at this offset of an epoch's log."""
    return s.started[e] and o >= 0 and o < len(s.epoch_log[e])


@definition
def change_is_there(s: VotersState, e: LeaderEpoch, o: int) -> bool:
    """The record of the latest change is of its epoch."""
    return end_after(s, e, o) <= 0 or s.epoch_log[e][end_after(s, e, o) - 1].epoch == in_after(s, e, o)


@definition
def has_both(s: VotersState, d: LeaderEpoch, p: int, e: LeaderEpoch, o: int) -> bool:
    """One log, up to a record, has what its own latest change rests on, and what that of another log does."""
    return has_commits(s, d, p + 1, in_after(s, d, p)) and has_commits(s, d, p + 1, in_after(s, e, o))


@conjunct(at=lambda _, e, d: (known(e), known(d)))
def starts_have_commits(s: VotersState) -> bool:
    """An epoch's log has at its start what older epochs have committed."""
    return all(
        has_commits(s, d, s.start[d], e)
        for e in LeaderEpoch
        for d in LeaderEpoch
        if known(e) and known(d) and e >= 0 and e < d and s.started[d]
    )


# ------------------------------------------------------------ changing
@conjunct
def own_commit_is_known(s: VotersState, leader: Replica) -> bool:
    """Who has committed a record of its own epoch has so in its epoch, as far as its high watermark."""
    return (
        s.start[s.leader_epoch[leader]] < s.high_watermark[leader]
        and s.high_watermark[leader] <= s.committed[s.leader_epoch[leader]]
    )


@conjunct(at=lambda s, e, o, p: (s.changed_end[e, o], s.changed_end[e, p]))
def own_changes_in_order(s: VotersState) -> bool:
    """`changes_in_order`, of an epoch's own records."""
    return all(
        s.changed_end[e, o] <= p + 1 or s.changed_end[e, p] <= s.changed_before[e, o]
        for e in LeaderEpoch
        for o in Offset
        for p in Offset
        if s.started[e]
        and p >= 0
        and p <= o
        and o < len(s.epoch_log[e])
        and s.epoch_log[e][p].epoch == e
        and s.epoch_log[e][o].epoch == e
    )


# ------------------------------------------------------------ logs whose voters are near
@conjunct(at=lambda s, d, p, e, o: (s.epoch_log[d][p], s.epoch_log[e][o]))
def near_older(s: VotersState) -> bool:
    """`near_logs`, where one latest change is of an earlier epoch: the other log has that one too."""
    return all(
        adjacent(voters_after(s, d, p), voters_after(s, e, o))
        for d in LeaderEpoch
        for p in Offset
        for e in LeaderEpoch
        for o in Offset
        if within(s, d, p)
        and within(s, e, o)
        and in_after(s, d, p) < in_after(s, e, o)
        and change_is_there(s, d, p)
        and has_both(s, d, p, e, o)
        and has_both(s, e, o, d, p)
    )


@conjunct(at=lambda s, d, p, e, o: (s.epoch_log[d][p], s.epoch_log[e][o]))
def near_same(s: VotersState) -> bool:
    """`near_logs`, where both latest changes are of the same epoch: one is the change before the other."""
    return all(
        adjacent(voters_after(s, d, p), voters_after(s, e, o))
        for d in LeaderEpoch
        for p in Offset
        for e in LeaderEpoch
        for o in Offset
        if within(s, d, p)
        and within(s, e, o)
        and in_after(s, d, p) == in_after(s, e, o)
        and change_is_there(s, d, p)
        and change_is_there(s, e, o)
        and has_both(s, d, p, e, o)
        and has_both(s, e, o, d, p)
    )


@conjunct(at=lambda s, d, p, e, o: (adjacent(voters_after(s, d, p), voters_after(s, e, o)),))
def near_logs(s: VotersState) -> bool:
    """The voters by two logs, each up to a record, differ by one at most where each log has what either's latest change
    rests on."""
    return all(
        adjacent(voters_after(s, d, p), voters_after(s, e, o))
        for d in LeaderEpoch
        for p in Offset
        for e in LeaderEpoch
        for o in Offset
        if within(s, d, p) and within(s, e, o) and has_both(s, d, p, e, o) and has_both(s, e, o, d, p)
    )
