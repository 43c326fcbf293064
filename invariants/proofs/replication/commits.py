"""Commits: what an epoch has committed, what it can ever commit, and who holds it."""

from model.language import LeaderEpoch, Replica, conjunct, implies, known
from model.replication.state import State, owner


@conjunct
def committed_below_ceiling(s: State) -> bool:
    """An epoch commits nothing before it starts, and nothing above its ceiling."""
    return all(
        s.committed[e] >= 0
        and (s.committed[e] == 0 or s.started[e])
        and implies(s.capped[e], s.committed[e] <= s.ceiling[e])
        for e in LeaderEpoch
        if e >= 0
    )


@conjunct
def ceiling_in_log(s: State) -> bool:
    """A ceiling is within the epoch's log, or zero when the epoch never starts."""
    return all(
        s.ceiling[e] <= len(s.epoch_log[e]) if s.started[e] else s.ceiling[e] <= 0
        for e in LeaderEpoch
        if s.capped[e] and e >= 0
    )


@conjunct
def committed_in_isr_members(s: State) -> bool:
    """Who is in sync in an epoch it has not left holds all the epoch has committed. Broken by commit-before-isr."""
    return all(
        s.committed[e] <= (len(s.log[r]) if s.reconciled[r] == e else 0)
        for r in Replica
        for e in LeaderEpoch
        if e >= 0 and e <= s.newest_leader_epoch and r in s.isr[e] and s.leader_epoch[r] <= e
    )


@conjunct(at=lambda s, r, e, d: (known(e), r in s.isr[d]))
def isr_complete(s: State) -> bool:
    """Who is in sync in an epoch holds all that every older epoch it has left can ever commit.

    Stated by its last entry, which is enough because logs match. Broken by kip-101: truncation cuts it off.
    """
    return all(
        s.capped[e]
        and s.ceiling[e] <= len(s.log[r])
        and (s.ceiling[e] <= 0 or s.log[r][s.ceiling[e] - 1].epoch == s.epoch_log[e][s.ceiling[e] - 1].epoch)
        for r in Replica
        for e in LeaderEpoch
        for d in LeaderEpoch
        if known(e)
        and e >= 0
        and e < d
        and d <= s.newest_leader_epoch
        and r in s.isr[d]
        and s.reconciled[r] <= d
        and e < s.leader_epoch[r]
    )


@conjunct(at=lambda _, e, d: (known(e), known(d)))
def leader_complete_below_start(s: State) -> bool:
    """When an epoch starts, its leader's log holds all that every older epoch can ever commit."""
    return all(
        s.capped[e]
        and s.ceiling[e] <= s.start[d]
        and (s.ceiling[e] <= 0 or s.epoch_log[d][s.ceiling[e] - 1].epoch == s.epoch_log[e][s.ceiling[e] - 1].epoch)
        for e in LeaderEpoch
        for d in LeaderEpoch
        if known(e) and known(d) and e >= 0 and e < d and s.started[d]
    )


@conjunct
def acknowledged_is_held(s: State) -> bool:
    """A position that a leader counts is of a reconciled log that reaches it, until the follower leaves the epoch.

    Broken by fetch-unfenced.
    """
    return all(
        s.acknowledged[leader, f] >= -1
        and implies(
            s.acknowledged[leader, f] >= 0 and s.leader_epoch[f] <= s.leader_epoch[leader],
            s.reconciled[f] == s.leader_epoch[leader] and s.acknowledged[leader, f] <= len(s.log[f]),
        )
        for leader in Replica
        for f in Replica
        if owner(s, leader)
    )


@conjunct
def ceiling_has_witness(s: State) -> bool:
    """A ceiling is set by a member of the in-sync set that has left the epoch."""
    return all(
        s.ceiling_witness[e] in s.isr[e] and s.leader_epoch[s.ceiling_witness[e]] > e and s.ceiling[e] >= 0
        for e in LeaderEpoch
        if e >= 0 and s.capped[e]
    )


@conjunct
def witness_acknowledged(s: State) -> bool:
    """The leader has counted no more of the witness than the ceiling, so it can commit no more."""
    return all(
        s.acknowledged[leader, s.ceiling_witness[s.leader_epoch[leader]]] <= s.ceiling[s.leader_epoch[leader]]
        for leader in Replica
        if owner(s, leader) and s.capped[s.leader_epoch[leader]]
    )


@conjunct
def maximal_isr_covers(s: State) -> bool:
    """A leader counts everybody who is in sync in its epoch (KIP-497). Broken by expand-uncounted."""
    return all(
        r in s.maximal_isr[leader]
        for leader in Replica
        for r in Replica
        if owner(s, leader) and r in s.isr[s.leader_epoch[leader]]
    )


@conjunct
def committed_was_acknowledged(s: State) -> bool:
    """All a leader counts have acknowledged what it committed, also those it has asked to add since."""
    return all(
        s.committed[s.leader_epoch[leader]] == 0
        or f == leader
        or f not in s.maximal_isr[leader]
        or s.committed[s.leader_epoch[leader]] <= s.acknowledged[leader, f]
        for leader in Replica
        for f in Replica
        if owner(s, leader)
    )


@conjunct
def leader_knows_committed(s: State) -> bool:
    """While it leads, a leader's high watermark is no lower than what it has committed."""
    return all(s.committed[s.leader_epoch[r]] <= s.high_watermark[r] for r in Replica if s.leading[r])


@conjunct
def high_watermark_was_committed(s: State) -> bool:
    """A high watermark is within its log, and within what some epoch, no later than the log's, has committed."""
    return all(
        0 <= s.committed_in[r] <= s.reconciled[r]
        and s.started[s.committed_in[r]]
        and 0 <= s.high_watermark[r] <= s.committed[s.committed_in[r]]
        and s.high_watermark[r] <= len(s.log[r])
        for r in Replica
    )


@conjunct
def high_watermark_matches(s: State) -> bool:
    """The last entry below a high watermark is that epoch's, so all below it are."""
    return all(
        s.high_watermark[r] == 0
        or s.log[r][s.high_watermark[r] - 1].epoch == s.epoch_log[s.committed_in[r]][s.high_watermark[r] - 1].epoch
        for r in Replica
    )


COMMITS = (
    committed_below_ceiling,
    ceiling_in_log,
    committed_in_isr_members,
    isr_complete,
    leader_complete_below_start,
    acknowledged_is_held,
    ceiling_has_witness,
    witness_acknowledged,
    maximal_isr_covers,
    committed_was_acknowledged,
    leader_knows_committed,
    high_watermark_was_committed,
    high_watermark_matches,
)
