"""Lemmas: what follows from the invariant and shortens the way from it to the safety properties.

One rule: a lemma is shown once, from the invariant and the lemmas before it, and may then be used in what comes after.
"""

from model.language import LeaderEpoch, Offset, Replica, conjunct, known
from model.replication.state import State


@conjunct(at=lambda s, r, o: (s.log[r][o],))
def below_high_watermark_was_committed(s: State) -> bool:
    """Below its high watermark, a replica's log is that of the epoch which committed it."""
    return all(
        s.log[r][o] == s.epoch_log[s.committed_in[r]][o]
        for r in Replica
        for o in Offset
        if 0 <= o < s.high_watermark[r]
    )


@conjunct(at=lambda s, e, r: (known(e), s.leader_epoch[r]))
def isr_reaches_commits(s: State) -> bool:
    """A member of the in-sync set has as many records as any epoch has committed."""
    return all(
        s.committed[e] <= len(s.log[r])
        for e in LeaderEpoch
        for r in Replica
        if known(e) and 0 <= e <= s.newest_leader_epoch and r in s.isr[s.newest_leader_epoch]
    )


@conjunct(at=lambda s, e, r, o: (known(e), s.log[r][o]))
def isr_holds_commits(s: State) -> bool:
    """A member of the in-sync set has the very records that any epoch has committed."""
    return all(
        s.log[r][o] == s.epoch_log[e][o]
        for e in LeaderEpoch
        for r in Replica
        for o in Offset
        if known(e)
        and 0 <= e <= s.newest_leader_epoch
        and r in s.isr[s.newest_leader_epoch]
        and 0 <= o < s.committed[e]
    )


@conjunct(at=lambda _, e, d: (known(e), known(d)))
def leader_reaches_commits(s: State) -> bool:
    """An epoch starts above all that every older epoch has committed."""
    return all(
        s.committed[e] <= s.start[d]
        for e in LeaderEpoch
        for d in LeaderEpoch
        if known(e) and known(d) and e >= 0 and e < d and s.started[d]
    )


@conjunct(at=lambda s, e, d, o: (known(e), known(d), s.epoch_log[d][o]))
def leader_holds_commits(s: State) -> bool:
    """An epoch's log holds the very records that every older epoch has committed."""
    return all(
        s.epoch_log[d][o] == s.epoch_log[e][o]
        for e in LeaderEpoch
        for d in LeaderEpoch
        for o in Offset
        if known(e) and known(d) and e >= 0 and e < d and s.started[d] and 0 <= o < s.committed[e]
    )


LEMMAS = (
    below_high_watermark_was_committed,
    isr_reaches_commits,
    isr_holds_commits,
    leader_reaches_commits,
    leader_holds_commits,
)
