"""Decisions: who elected each leader and committed each record, of the voters there were then."""

from model.language import LeaderEpoch, Offset, Replica, conjunct, implies, known, majority
from model.quorum.state import last_epoch
from model.quorum.voter_state import VotersState, last_change_in


@conjunct
def names_of(s: VotersState, replica: Replica) -> bool:
    """No claim: names the epochs of a replica that takes part in a step, and that of its latest change of voters."""
    return (
        known(s.prefix_of[replica])
        and known(s.leader_epoch[replica])
        and known(s.committed_in[replica])
        and known(last_epoch(s.log[replica]))
        and known(last_change_in(s, replica))
    )


@conjunct(at=lambda s, e, r: (r in s.elected_by[e],))
def leader_was_elected(s: VotersState) -> bool:
    """Who is said to have elected a leader has voted for it."""
    return all(
        r in s.granted[e, s.leader[e]]
        for e in LeaderEpoch
        for r in Replica
        if s.started[e] and e >= 1 and r in s.elected_by[e]
    )


@conjunct
def elected_by_majority(s: VotersState) -> bool:
    """Those are most of the voters by the leader's log, whose latest change was then of an earlier epoch."""
    return all(
        majority(s.elected_by[e], s.voters_at[e, s.start[e]])
        and s.epoch_log[e][s.start[e]].epoch == e
        and known(s.changed_in[e, s.start[e]])
        and s.changed_in[e, s.start[e]] < e
        for e in LeaderEpoch
        if known(e) and s.started[e] and e >= 1
    )


@conjunct(at=lambda s, e, o: (s.committed_at[e, o],))
def committed_by_majority(s: VotersState) -> bool:
    """What an epoch has committed, most of the voters by the leader's log, as it was then, had. At most one change of
    these was not committed then, and none of the leader's own before its first record was."""
    return all(
        o <= s.committed_at[e, o] <= len(s.epoch_log[e])
        and s.epoch_log[e][s.committed_at[e, o] - 1].epoch == e
        and majority(s.committed_by[e, o], s.voters_at[e, s.committed_at[e, o] - 1])
        and known(s.changed_in[e, s.committed_at[e, o] - 1])
        and s.changed_before[e, s.committed_at[e, o] - 1] < o
        and (s.changed_in[e, s.committed_at[e, o] - 1] < e or s.start[e] + 1 < o)
        for e in LeaderEpoch
        for o in Offset
        if e >= 0 and s.start[e] < o and o <= s.committed[e]
    )


@conjunct(at=lambda s, e, o, r: (r in s.committed_by[e, o],))
def committers_hold(s: VotersState) -> bool:
    """Who was counted holds what was committed."""
    return all(
        o <= s.held[e, r]
        for e in LeaderEpoch
        for o in Offset
        for r in Replica
        if e >= 0 and s.start[e] < o and o <= s.committed[e] and r in s.committed_by[e, o]
    )


@conjunct
def ceiling_was_set(s: VotersState) -> bool:
    """A ceiling was set by a later leader, whose log has no later change of voters than of this epoch."""
    return all(
        e < s.ceiling_by[e]
        and s.started[s.ceiling_by[e]]
        and known(s.ceiling_by[e])
        and s.changed_in[s.ceiling_by[e], s.start[s.ceiling_by[e]]] <= e
        for e in LeaderEpoch
        if known(e) and e >= 0 and s.capped[e]
    )


@conjunct(at=lambda s, e, r: (r in s.elected_by[s.ceiling_by[e]],))
def ceiling_setters_have_left(s: VotersState) -> bool:
    """Who elected that leader has left the epoch, and holds no more of it than the ceiling."""
    return all(
        s.leader_epoch[r] > e and s.held[e, r] <= s.ceiling[e]
        for e in LeaderEpoch
        for r in Replica
        if known(e) and e >= 0 and s.capped[e] and r in s.elected_by[s.ceiling_by[e]]
    )


@conjunct
def acknowledged_is_held_by_all(s: VotersState) -> bool:
    """A position that a leader counts is held, as far as it goes past the epoch's start: anybody may be a voter."""
    return all(
        s.acknowledged[leader, f] >= 0
        and (
            s.acknowledged[leader, f] <= s.start[s.leader_epoch[leader]]
            or s.acknowledged[leader, f] <= s.held[s.leader_epoch[leader], f]
        )
        for leader in Replica
        for f in Replica
        if s.leading[leader] and f != leader
    )


@conjunct(at=lambda s, f, e, o, k: (s.fetched[f, e, o, k],))
def fetched_is_held_by_all(s: VotersState) -> bool:
    """A fetch that names its own epoch as the last is from past the epoch's start, and from what is held of it."""
    return all(
        o >= 0
        and 0 <= k <= e
        and e <= s.leader_epoch[f]
        and implies(k == e and e >= 1, s.started[e] and s.start[e] < o <= len(s.epoch_log[e]) and o <= s.held[e, f])
        for f in Replica
        for e in LeaderEpoch
        for o in Offset
        for k in LeaderEpoch
        if s.fetched[f, e, o, k]
    )


ELECTED = (leader_was_elected, elected_by_majority)
COMMITTED = (
    committed_by_majority,
    committers_hold,
    ceiling_was_set,
    ceiling_setters_have_left,
    acknowledged_is_held_by_all,
)
