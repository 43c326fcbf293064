"""Commits: what an epoch has committed, what it can ever commit, and who has it."""

from model.language import LeaderEpoch, Replica, conjunct, known
from model.quorum.state import FixedVoters, State


@conjunct
def committed_in_log(s: State) -> bool:
    """An epoch commits only together with a record of its own. Broken by commit-older-epoch, commit-at-epoch-start."""
    return all(
        s.committed[e] >= 0
        and (s.committed[e] == 0 or (s.started[e] and s.start[e] < s.committed[e] <= len(s.epoch_log[e])))
        for e in LeaderEpoch
        if e >= 0
    )


@conjunct
def committed_below_ceiling(s: State) -> bool:
    """No epoch commits above its ceiling."""
    return all(s.committed[e] <= s.ceiling[e] for e in LeaderEpoch if known(e) and e >= 0 and s.capped[e])


@conjunct
def ceiling_in_log(s: State) -> bool:
    """A ceiling is zero, or within what the epoch's leader wrote."""
    return all(
        s.ceiling[e] >= 0 and (s.ceiling[e] == 0 or (s.started[e] and s.start[e] < s.ceiling[e] <= len(s.epoch_log[e])))
        for e in LeaderEpoch
        if s.capped[e] and e >= 0
    )


@conjunct(at=lambda s, e, r: (r in s.commit_quorum[e],))
def commit_quorum_holds(s: FixedVoters) -> bool:
    """The quorum that an epoch committed with holds what it committed. Broken by fetch-unflushed, commit-unflushed."""
    return all(
        s.committed[e] <= s.held[e, r]
        for e in LeaderEpoch
        for r in Replica
        if e >= 0 and s.committed[e] > 0 and r in s.commit_quorum[e]
    )


@conjunct(at=lambda s, e, r: (r in s.ceiling_quorum[e],))
def ceiling_quorum_has_left(s: FixedVoters) -> bool:
    """The quorum that set a ceiling has left the epoch, and holds no more of it."""
    return all(
        s.leader_epoch[r] > e and s.held[e, r] <= s.ceiling[e]
        for e in LeaderEpoch
        for r in Replica
        if known(e) and e >= 0 and s.capped[e] and r in s.ceiling_quorum[e]
    )


@conjunct(at=lambda _, e, d: (known(e), known(d)))
def leader_complete_below_start(s: State) -> bool:
    """When an epoch starts, its leader's log holds all that every older epoch can ever commit.

    Stated by its last entry, which is enough because logs match.
    """
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
    """A position that a leader counts is held by the voter, as far as it goes past the epoch's start.

    Broken by fetch-unfenced, fetch-unflushed and diverging-counted.
    """
    return all(
        s.acknowledged[leader, f] >= 0
        and (
            s.acknowledged[leader, f] <= s.start[s.leader_epoch[leader]]
            or s.acknowledged[leader, f] <= s.held[s.leader_epoch[leader], f]
        )
        for leader in Replica
        for f in Replica
        if s.leading[leader] and f != leader and f in s.voters
    )


@conjunct
def leader_knows_committed(s: State) -> bool:
    """While it leads, a leader's high watermark is no lower than what it has committed."""
    return all(s.committed[s.leader_epoch[r]] <= s.high_watermark[r] for r in Replica if s.leading[r])


@conjunct
def high_watermark_was_committed(s: State) -> bool:
    """A high watermark is within its log, and within what some epoch, no later than the log's, has committed."""
    return all(
        0 <= s.committed_in[r] <= s.prefix_of[r]
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
    committed_in_log,
    committed_below_ceiling,
    ceiling_in_log,
    commit_quorum_holds,
    ceiling_quorum_has_left,
    leader_complete_below_start,
    acknowledged_is_held,
    leader_knows_committed,
    high_watermark_was_committed,
    high_watermark_matches,
)
