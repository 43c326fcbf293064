"""Epochs, roles and votes."""

from model.language import LeaderEpoch, Quorum, Replica, conjunct, implies, known
from model.quorum.state import FixedVoters, State, last_epoch


@conjunct
def named_epochs(s: State) -> bool:
    """No claim: names the epochs for which the completeness conjuncts are wanted."""
    return all(known(s.prefix_of[r]) and known(s.leader_epoch[r]) and known(s.committed_in[r]) for r in Replica)


@conjunct
def names_of(s: State, replica: Replica) -> bool:
    """No claim: names the epochs of a replica that takes part in a step."""
    return (
        known(s.prefix_of[replica])
        and known(s.leader_epoch[replica])
        and known(s.committed_in[replica])
        and known(last_epoch(s.log[replica]))
    )


@conjunct(at=lambda _, q, r: (r in q,))
def quorums_are_voters(s: State) -> bool:
    """Nobody but voters decides."""
    return all(r in s.voters for q in Quorum for r in Replica if r in q)


@conjunct
def epochs_in_order(s: State) -> bool:
    """A log is of an epoch that its replica has reached."""
    return all(0 <= s.prefix_of[r] <= s.leader_epoch[r] for r in Replica)


@conjunct
def leading_has_won(s: State) -> bool:
    """Whoever leads is the one leader of its epoch, and no candidate any more. Broken by vote-forgotten."""
    return all(
        s.prefix_of[r] == s.leader_epoch[r]
        and s.leader_epoch[r] >= 1
        and s.started[s.leader_epoch[r]]
        and s.leader[s.leader_epoch[r]] == r
        and not s.candidate[r]
        for r in Replica
        if s.leading[r]
    )


@conjunct
def prefix_has_started(s: State) -> bool:
    """A log is a prefix of the log of an epoch that somebody has led, or empty."""
    return s.started[0] and all(s.started[s.prefix_of[r]] for r in Replica)


@conjunct
def started_was_won(s: State) -> bool:
    """The leader of an epoch has reached it, and is no candidate in it any more: an epoch is won once."""
    return all(
        e >= 0
        and (
            e == 0
            or (
                s.leader_epoch[s.leader[e]] >= e and not (s.candidate[s.leader[e]] and s.leader_epoch[s.leader[e]] == e)
            )
        )
        for e in LeaderEpoch
        if s.started[e]
    )


@conjunct(at=lambda s, e, c, r: (r in s.granted[e, c],))
def granted_is_remembered(s: State) -> bool:
    """Who has voted in an epoch has not gone back behind it, and remembers whom while it is in it.

    Broken by vote-forgotten and vote-doubled.
    """
    return all(
        s.leader_epoch[r] >= e and s.asked[e, c] and implies(s.leader_epoch[r] == e, s.voted[r] and s.vote[r] == c)
        for e in LeaderEpoch
        for c in Replica
        for r in Replica
        if r in s.granted[e, c]
    )


@conjunct(at=lambda s, e, c, d, r: (r in s.granted[e, c], r in s.granted[e, d]))
def granted_once(s: State) -> bool:
    """One vote per epoch and replica."""
    return all(
        c == d
        for e in LeaderEpoch
        for c in Replica
        for d in Replica
        for r in Replica
        if r in s.granted[e, c] and r in s.granted[e, d]
    )


@conjunct(at=lambda s, e, r: (r in s.vote_quorum[e],))
def leader_was_granted(s: FixedVoters) -> bool:
    """A quorum has voted for the leader of every epoch that has started."""
    return all(
        r in s.granted[e, s.leader[e]]
        for e in LeaderEpoch
        for r in Replica
        if s.started[e] and e >= 1 and r in s.vote_quorum[e]
    )


@conjunct
def candidate_stands_by_log(s: State) -> bool:
    """A candidate's request tells of its log as it is, and its log is of an earlier epoch."""
    return all(
        s.prefix_of[c] < s.leader_epoch[c]
        and s.asked[s.leader_epoch[c], c]
        and s.asked_last_epoch[s.leader_epoch[c], c] == last_epoch(s.log[c])
        and s.asked_log_end[s.leader_epoch[c], c] == len(s.log[c])
        for c in Replica
        if s.candidate[c]
    )


@conjunct(at=lambda s, e, c: (s.asked[e, c],))
def asked_was_reached(s: State) -> bool:
    """Who has asked for votes in an epoch has reached it."""
    return all(s.leader_epoch[c] >= e for e in LeaderEpoch for c in Replica if s.asked[e, c])


NAMED = (named_epochs,)
VOTERS = (quorums_are_voters,)
EPOCHS = (epochs_in_order, leading_has_won, prefix_has_started, started_was_won)
VOTES = (granted_is_remembered, granted_once, leader_was_granted, candidate_stands_by_log, asked_was_reached)
