"""Lemmas: what follows from the invariant and shortens the way from it to the safety properties."""

from model.language import LeaderEpoch, Offset, Replica, conjunct, known
from model.survival.state import State


@conjunct(at=lambda s, e, r: (known(e), s.leader_epoch[r]))
def eligible_reaches_commits(s: State) -> bool:
    """Who is eligible has as many records as any epoch since the last unclean election has committed."""
    return all(
        s.committed[e] <= len(s.log[r])
        for e in LeaderEpoch
        for r in Replica
        if known(e) and s.last_unclean <= e <= s.newest_leader_epoch and r in s.eligible[s.newest_leader_epoch]
    )


@conjunct(at=lambda s, e, r, o: (known(e), s.log[r][o]))
def eligible_holds_commits(s: State) -> bool:
    """Who is eligible has the very records that any epoch since the last unclean election has committed."""
    return all(
        s.log[r][o] == s.epoch_log[e][o]
        for e in LeaderEpoch
        for r in Replica
        for o in Offset
        if known(e)
        and s.last_unclean <= e <= s.newest_leader_epoch
        and r in s.eligible[s.newest_leader_epoch]
        and 0 <= o < s.committed[e]
    )


@conjunct(at=lambda _, e, d: (known(e), known(d)))
def leader_reaches_commits(s: State) -> bool:
    """An epoch starts above all that every older epoch, back to the last unclean election, has committed."""
    return all(
        s.committed[e] <= s.start[d]
        for e in LeaderEpoch
        for d in LeaderEpoch
        if known(e) and known(d) and s.last_unclean <= e and e < d and s.started[d]
    )


@conjunct(at=lambda s, e, d, o: (known(e), known(d), s.epoch_log[d][o]))
def leader_holds_commits(s: State) -> bool:
    """An epoch's log holds the very records that every older one, back to the last unclean election, has committed."""
    return all(
        s.epoch_log[d][o] == s.epoch_log[e][o]
        for e in LeaderEpoch
        for d in LeaderEpoch
        for o in Offset
        if known(e) and known(d) and s.last_unclean <= e and e < d and s.started[d] and 0 <= o < s.committed[e]
    )


LEMMAS = (eligible_reaches_commits, eligible_holds_commits, leader_reaches_commits, leader_holds_commits)
