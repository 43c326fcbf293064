"""Commits: what an epoch has committed, what it can ever commit, and who holds it."""

from model.language import LeaderEpoch, Replica, conjunct, implies, known
from model.replication.state import owner
from model.survival.state import State


@conjunct
def committed_in_log(s: State) -> bool:
    """An epoch has committed no more than is in its log."""
    return all(s.committed[e] <= len(s.epoch_log[e]) for e in LeaderEpoch if s.started[e])


@conjunct
def committed_in_eligible_members(s: State) -> bool:
    """Who is eligible in an epoch it has not left holds all the epoch has committed."""
    return all(
        s.committed[e] <= (len(s.log[r]) if s.reconciled[r] == e else 0)
        for r in Replica
        for e in LeaderEpoch
        if e >= 0 and e <= s.newest_leader_epoch and r in s.eligible[e] and s.leader_epoch[r] <= e
    )


@conjunct(at=lambda s, r, e, d: (known(e), r in s.eligible[d]))
def eligible_complete(s: State) -> bool:
    """Who is eligible in an epoch holds all that every older epoch it has left, back to the last unclean election, can
    ever commit. Of epochs after `d` it owes nothing, nor in epochs before its registration: it may have lost power."""
    return all(
        s.capped[e]
        and s.ceiling[e] <= len(s.log[r])
        and (s.ceiling[e] <= 0 or s.log[r][s.ceiling[e] - 1].epoch == s.epoch_log[e][s.ceiling[e] - 1].epoch)
        for r in Replica
        for e in LeaderEpoch
        for d in LeaderEpoch
        if known(e)
        and s.last_unclean <= e
        and e < d
        and d <= s.newest_leader_epoch
        and r in s.eligible[d]
        and s.registered_in[r] <= d
        and s.leader_epoch[r] <= d
        and e < s.leader_epoch[r]
    )


@conjunct(at=lambda _, e, d: (known(e), known(d)))
def leader_complete_below_start(s: State) -> bool:
    """When an epoch starts, its leader's log holds all that every older epoch, back to the last unclean election, can
    ever commit."""
    return all(
        s.capped[e]
        and s.ceiling[e] <= s.start[d]
        and (s.ceiling[e] <= 0 or s.epoch_log[d][s.ceiling[e] - 1].epoch == s.epoch_log[e][s.ceiling[e] - 1].epoch)
        for e in LeaderEpoch
        for d in LeaderEpoch
        if known(e) and known(d) and s.last_unclean <= e and e < d and s.started[d]
    )


@conjunct
def acknowledged_is_held(s: State) -> bool:
    """A position that a leader counts is of a reconciled log that reaches it, until the follower leaves the epoch or
    loses power. If it lost power, it has registered anew and is eligible no more: broken by unclean-keeps-isr."""
    return all(
        s.acknowledged[leader, f] >= -1
        and implies(
            s.acknowledged[leader, f] >= 0
            and s.leader_epoch[f] <= s.leader_epoch[leader]
            and (s.acknowledged_by[leader, f] == s.broker_epoch[f] or f in s.eligible[s.leader_epoch[leader]]),
            s.reconciled[f] == s.leader_epoch[leader] and s.acknowledged[leader, f] <= len(s.log[f]),
        )
        for leader in Replica
        for f in Replica
        if owner(s, leader)
    )


@conjunct
def ceiling_has_witness(s: State) -> bool:
    """A ceiling is set by an eligible member that has left the epoch."""
    return all(
        s.ceiling_witness[e] in s.eligible[e] and s.leader_epoch[s.ceiling_witness[e]] > e and s.ceiling[e] >= 0
        for e in LeaderEpoch
        if e >= 0 and s.capped[e]
    )


@conjunct
def maximal_isr_covers(s: State) -> bool:
    """A leader counts everybody who is in sync in its epoch (KIP-497) and, while it may commit, everybody eligible."""
    return all(
        r in s.maximal_isr[leader]
        for leader in Replica
        for r in Replica
        if owner(s, leader)
        and (r in s.isr[s.leader_epoch[leader]] or (s.may_commit[leader] and r in s.eligible[s.leader_epoch[leader]]))
    )


@conjunct
def leader_knows_committed(s: State) -> bool:
    """While it leads, a leader has committed no more than its high watermark and the start of its leadership say."""
    return all(
        s.committed[s.leader_epoch[r]] <= s.high_watermark[r] or s.committed[s.leader_epoch[r]] <= s.epoch_start[r]
        for r in Replica
        if s.leading[r]
    )


COMMITS = (
    committed_in_log,
    committed_in_eligible_members,
    eligible_complete,
    leader_complete_below_start,
    acknowledged_is_held,
    ceiling_has_witness,
    maximal_isr_covers,
    leader_knows_committed,
)
