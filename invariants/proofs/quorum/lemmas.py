"""Lemmas: on the way to the safety properties, and about the state before a step.

One rule: a lemma is shown first, from the invariant, the guards of its step and the lemmas before it, and then used.
"""

from invariants.proofs.quorum.held import kept
from model.language import LeaderEpoch, Log, Offset, Quorum, Replica, conjunct, definition, known
from model.quorum.elections import word
from model.quorum.state import FixedVoters, State, last_epoch


# ------------------------------------------------------------ on the way to safety
@conjunct(at=lambda s, r, o: (s.log[r][o],))
def below_high_watermark_was_committed(s: State) -> bool:
    """Below its high watermark, a replica's log is that of the epoch which committed it."""
    return all(
        s.log[r][o] == s.epoch_log[s.committed_in[r]][o]
        for r in Replica
        for o in Offset
        if o >= 0 and o < s.high_watermark[r]
    )


@conjunct(at=lambda _, e, d: (known(e), known(d)))
def epochs_reach_commits(s: State) -> bool:
    """An epoch's log is as long as what every older epoch, and it itself, has committed."""
    return all(
        s.committed[e] <= len(s.epoch_log[d])
        for e in LeaderEpoch
        for d in LeaderEpoch
        if known(e) and known(d) and s.started[d] and e >= 0 and e <= d
    )


@conjunct(at=lambda s, e, d, o: (known(e), known(d), s.epoch_log[d][o]))
def epochs_hold_commits(s: State) -> bool:
    """An epoch's log holds the very records that every older epoch has committed."""
    return all(
        s.epoch_log[d][o] == s.epoch_log[e][o]
        for e in LeaderEpoch
        for d in LeaderEpoch
        for o in Offset
        if known(e) and known(d) and s.started[d] and e >= 0 and e <= d and o >= 0 and o < s.committed[e]
    )


LEMMAS = (below_high_watermark_was_committed, epochs_reach_commits, epochs_hold_commits)


# ------------------------------------------------------------ voting
@definition
def covers(s: State, epoch: LeaderEpoch, replica: Replica, log: Log) -> bool:
    """A log has all that a replica must keep of an epoch."""
    return (
        kept(s, epoch, replica) <= 0
        or epoch < last_epoch(log)
        or (epoch == last_epoch(log) and kept(s, epoch, replica) <= len(log))
    )


@conjunct
def candidate_covers_itself(s: State, candidate: Replica) -> bool:
    """Whoever stands has in its log what it must keep."""
    return all(covers(s, x, candidate, s.log[candidate]) for x in LeaderEpoch if known(x) and x >= 0)


@conjunct
def voter_covers_itself(s: State, voter: Replica) -> bool:
    """Whoever votes has in its log what it must keep."""
    return all(covers(s, x, voter, s.log[voter]) for x in LeaderEpoch if known(x) and x >= 0)


@conjunct
def candidate_covers_voter(s: State, voter: Replica, candidate: Replica, epoch: LeaderEpoch) -> bool:
    """A candidate that is voted for has in its log what the voter must keep, if it is a candidate still."""
    return all(
        covers(s, x, voter, s.log[candidate])
        for x in LeaderEpoch
        if known(x) and x >= 0 and s.candidate[candidate] and s.leader_epoch[candidate] == epoch
    )


# ------------------------------------------------------------ winning
@conjunct
def winner_is_ahead(s: State, candidate: Replica) -> bool:
    """A candidate's epoch is later than its log."""
    return s.leader_epoch[candidate] >= 1 and s.prefix_of[candidate] < s.leader_epoch[candidate]


@conjunct
def winner_shares_voter(s: FixedVoters, candidate: Replica, quorum: Quorum) -> bool:
    """Had the epoch a leader, a voter of both quorums would have voted for it and for the candidate."""
    return all(
        s.leader[s.leader_epoch[candidate]] == candidate
        for r in Replica
        if r in quorum and r in s.vote_quorum[s.leader_epoch[candidate]] and s.started[s.leader_epoch[candidate]]
    )


@conjunct
def winner_is_leader(s: State, candidate: Replica) -> bool:
    """Had the epoch a leader, it would be the candidate."""
    return not s.started[s.leader_epoch[candidate]] or s.leader[s.leader_epoch[candidate]] == candidate


@conjunct
def epoch_is_fresh(s: State, candidate: Replica) -> bool:
    """Nobody has led the candidate's epoch: the candidate would be no candidate any more."""
    return not s.started[s.leader_epoch[candidate]]


@conjunct
def winner_last_epoch(s: State, candidate: Replica) -> bool:
    """The last epoch of the winner's log was led, and the log reaches into it."""
    return (
        0 <= last_epoch(s.log[candidate]) <= s.prefix_of[candidate]
        and s.started[last_epoch(s.log[candidate])]
        and len(s.log[candidate]) <= len(s.epoch_log[last_epoch(s.log[candidate])])
        and (
            len(s.log[candidate]) == 0
            or (s.start[last_epoch(s.log[candidate])] < len(s.log[candidate]) and last_epoch(s.log[candidate]) >= 1)
        )
    )


@conjunct
def winner_last_entry(s: State, candidate: Replica) -> bool:
    """The winner's last entry stands in the log of the entry's own epoch."""
    return (
        len(s.log[candidate]) == 0
        or s.epoch_log[s.log[candidate][len(s.log[candidate]) - 1].epoch][len(s.log[candidate]) - 1].epoch
        == s.log[candidate][len(s.log[candidate]) - 1].epoch
    )


@conjunct
def winner_log(s: State, candidate: Replica) -> bool:
    """The winner's log is a prefix of the log of its last epoch."""
    return all(
        s.log[candidate][o] == s.epoch_log[last_epoch(s.log[candidate])][o]
        for o in Offset
        if o >= 0 and o < len(s.log[candidate])
    )


@conjunct
def winner_has_commits(s: State, candidate: Replica) -> bool:
    """A voter of the winner's quorum was in every quorum that committed, and keeps that: so the winner has it."""
    return all(
        s.committed[x] <= word(s, candidate, x)
        for x in LeaderEpoch
        if known(x) and last_epoch(s.log[candidate]) <= x and x < s.leader_epoch[candidate]
    )


@conjunct
def older_epochs_are_capped(s: State, candidate: Replica) -> bool:
    """What epochs before the winner's last entry can commit was bounded when that entry's epoch started."""
    return all(s.capped[x] for x in LeaderEpoch if known(x) and x >= 0 and x < last_epoch(s.log[candidate]))


# ------------------------------------------------------------ committing, receiving, truncating
@conjunct
def commit_is_own(s: State, leader: Replica, to: Offset) -> bool:
    """What is committed ends with an entry of the leader's own epoch. Fails for commit-older-epoch."""
    return (
        s.start[s.leader_epoch[leader]] < to <= len(s.epoch_log[s.leader_epoch[leader]])
        and s.epoch_log[s.leader_epoch[leader]][to - 1].epoch == s.leader_epoch[leader]
    )


@conjunct
def commit_is_held(s: State, leader: Replica, to: Offset, quorum: Quorum) -> bool:
    """The quorum holds what is committed. Fails for commit-unflushed."""
    return all(to <= s.held[s.leader_epoch[leader], r] for r in Replica if r in quorum)


@conjunct
def received_prefix(s: State, follower: Replica) -> bool:
    """A log that ends inside the answer is a prefix of its epoch's log."""
    return all(
        s.log[follower][o] == s.epoch_log[s.leader_epoch[follower]][o]
        for o in Offset
        if o >= 0 and o < len(s.log[follower])
    )


@conjunct
def diverging_is_behind(s: State, follower: Replica) -> bool:
    """A log that diverges is not yet of its replica's epoch."""
    return s.prefix_of[follower] < s.leader_epoch[follower] and s.leader_epoch[follower] >= 1


@conjunct
def diverging_holds_nothing(s: State, follower: Replica) -> bool:
    """So nothing of that epoch is held."""
    return s.held[s.leader_epoch[follower], follower] == 0


@conjunct
def cut_above_high_watermark(s: State, follower: Replica, to: Offset) -> bool:
    """A truncation never cuts below the high watermark (KAFKA-12460). Fails for truncate-below-high-watermark."""
    return s.high_watermark[follower] <= to


@conjunct
def cut_above_kept(s: State, follower: Replica, to: Offset) -> bool:
    """A truncation never cuts what its replica must keep."""
    return all(kept(s, e, follower) <= to for e in LeaderEpoch if known(e) and e >= 0)


STEP_LEMMAS = {
    "stand": (candidate_covers_itself,),
    "grant_vote": (voter_covers_itself, candidate_covers_voter),
    "win": (
        winner_is_ahead,
        winner_shares_voter,
        winner_is_leader,
        epoch_is_fresh,
        winner_last_epoch,
        winner_last_entry,
        winner_log,
        winner_has_commits,
        older_epochs_are_capped,
    ),
    "advance_high_watermark": (commit_is_own, commit_is_held),
    "receive_fetch": (received_prefix,),
    "truncate": (diverging_is_behind, diverging_holds_nothing, cut_above_high_watermark, cut_above_kept),
}
