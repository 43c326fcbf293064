"""What users of the quorum rely on: the safety properties of KRaft's metadata log.

One rule: each is a statement about a single state, in the words of the protocol, and says which variant breaks it.
"""

from model.language import LeaderEpoch, Offset, Replica, known, safety
from model.quorum.state import FixedVoters, State
from model.quorum.voter_state import VotersState


@safety
def one_leader_per_epoch(s: State) -> bool:
    """Two replicas that lead at the same time lead different epochs (Election Safety). Broken by vote-forgotten."""
    return all(
        a == b
        for a in Replica
        for b in Replica
        if s.leading[a] and s.leading[b] and s.leader_epoch[a] == s.leader_epoch[b]
    )


@safety
def logs_match(s: State) -> bool:
    """Two logs that have entries of the same epoch at the same offset are equal up to it (Log Matching).

    Broken by fetch-unfenced.
    """
    return all(
        s.log[a][p] == s.log[b][p]
        for a in Replica
        for b in Replica
        for o in Offset
        for p in Offset
        if p >= 0 and p <= o and o < len(s.log[a]) and o < len(s.log[b]) and s.log[a][o].epoch == s.log[b][o].epoch
    )


@safety
def high_watermark_in_log(s: State) -> bool:
    """No replica believes committed what it does not have. Broken by truncate-below-high-watermark."""
    return all(0 <= s.high_watermark[r] <= len(s.log[r]) for r in Replica)


@safety
def agree_below_high_watermark(s: State) -> bool:
    """Two replicas have the same record at every offset below both their high watermarks: they apply the same."""
    return all(
        s.log[a][o] == s.log[b][o]
        for a in Replica
        for b in Replica
        for o in range(s.high_watermark[a])
        if o < s.high_watermark[b]
    )


@safety
def leader_has_committed(s: State) -> bool:
    """Whatever a replica believes committed is in the log of every leader of its epoch or a later one.

    Broken by commit-older-epoch: what a quorum has may still be overwritten by a leader of a later epoch.
    """
    return all(
        s.high_watermark[r] <= len(s.log[leader])
        and all(s.log[r][o] == s.log[leader][o] for o in range(s.high_watermark[r]))
        for r in Replica
        for leader in Replica
        if s.leading[leader] and s.leader_epoch[r] <= s.leader_epoch[leader]
    )


@safety
def leader_complete(s: State) -> bool:
    """What was ever committed is in the log of every leader of the same or a later epoch (Leader Completeness)."""
    return all(
        s.committed[e] <= len(s.log[r]) and all(s.epoch_log[e][o] == s.log[r][o] for o in range(s.committed[e]))
        for e in LeaderEpoch
        for r in Replica
        if known(e) and s.leading[r] and 0 <= e <= s.leader_epoch[r]
    )


@safety
def committed_is_flushed(s: FixedVoters) -> bool:
    """What an epoch has committed is on the disks of the whole quorum that it was committed with, whoever restarts."""
    return all(
        s.committed[e] <= s.flushed[r] and all(s.epoch_log[e][o] == s.log[r][o] for o in range(s.committed[e]))
        for e in LeaderEpoch
        for r in Replica
        if known(e) and e >= 0 and s.committed[e] > 0 and r in s.commit_quorum[e]
    )


@safety
def commits_are_flushed(s: VotersState) -> bool:
    """What an epoch has committed is on the disks of all whom its leader counted at the time, whoever the voters are
    now and whoever restarts."""
    return all(
        o <= s.flushed[r] and all(s.epoch_log[e][p] == s.log[r][p] for p in range(o))
        for e in LeaderEpoch
        for o in Offset
        for r in Replica
        if known(e) and e >= 0 and s.start[e] < o and o <= s.committed[e] and r in s.committed_by[e, o]
    )


AGREEMENT = (
    one_leader_per_epoch,
    logs_match,
    high_watermark_in_log,
    agree_below_high_watermark,
    leader_has_committed,
    leader_complete,
)
"""Of any quorum, however it comes to decide."""

SAFETY = (*AGREEMENT, committed_is_flushed)
VOTERS_SAFETY = (*AGREEMENT, commits_are_flushed)
