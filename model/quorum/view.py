"""What of a state of the quorum nobody will ever read again.

One rule: a cell is forgotten only where every step that reads it is excluded for ever; the argument is beside the line
and the proof in `invariants/proofs/views.py`. Epochs only grow, and a replica stands in an epoch once.
"""

from model.design import syntax
from model.language import LeaderEpoch, Offset, Replica, definition
from model.quorum.state import FixedVoters, State
from model.view import View


@definition
def runs(s: State, candidate: Replica, epoch: LeaderEpoch) -> bool:
    """The replica is a candidate in this epoch: votes for it still count."""
    return s.candidate[candidate] and s.leader_epoch[candidate] == epoch


@definition
def heard(s: State, candidate: Replica, epoch: LeaderEpoch) -> bool:
    """The candidate's request may still be granted by somebody who has not voted in that epoch."""
    return any(
        r != candidate and (s.leader_epoch[r] < epoch or (s.leader_epoch[r] == epoch and not s.voted[r]))
        for r in Replica
    )


@definition
def led(s: State, epoch: LeaderEpoch) -> bool:
    """The epoch has a leader, or may come to have one: a candidate, or somebody who may still stand in it."""
    return any(
        s.leader_epoch[r] < epoch or (s.leader_epoch[r] == epoch and (s.leading[r] or s.candidate[r])) for r in Replica
    )


@definition
def forget_votes(s: State) -> None:
    """For whom a replica voted, and what was granted to whom gave up: a vote repeated changes nothing."""
    s.granted = {
        (e, c): s.granted[e, c] if runs(s, c, e) else s.granted[e, c] - s.granted[e, c]
        for e in LeaderEpoch
        for c in Replica
    }
    s.asked = {(e, c): s.asked[e, c] and heard(s, c, e) for e in LeaderEpoch for c in Replica}
    s.asked_last_epoch = {
        (e, c): s.asked_last_epoch[e, c] if s.asked[e, c] else 0 for e in LeaderEpoch for c in Replica
    }
    s.asked_log_end = {(e, c): s.asked_log_end[e, c] if s.asked[e, c] else 0 for e in LeaderEpoch for c in Replica}
    s.vote = {r: r for r in Replica}


@definition
def forget_positions(s: State) -> None:
    """What only a leader counts: winning assigns all of it."""
    s.acknowledged = {
        (leader, follower): s.acknowledged[leader, follower] if s.leading[leader] else 0
        for leader in Replica
        for follower in Replica
    }


@definition
def forget_messages(s: State) -> None:
    """Fetches that nobody leads to read, and answers in epochs that their readers have left."""
    s.fetched = {
        (f, e, o, last): s.fetched[f, e, o, last] and led(s, e)
        for f in Replica
        for e in LeaderEpoch
        for o in Offset
        for last in LeaderEpoch
    }
    s.diverging = {
        (f, e, o, last): s.diverging[f, e, o, last] and s.leader_epoch[f] <= e
        for f in Replica
        for e in LeaderEpoch
        for o in Offset
        for last in LeaderEpoch
    }


@definition
def live(s: FixedVoters) -> None:
    """All of it."""
    forget_votes(s)
    forget_positions(s)
    forget_messages(s)


@definition
def live_but_votes(s: FixedVoters) -> None:
    """For designs that vote in other ways."""
    forget_positions(s)
    forget_messages(s)


@definition
def live_positions(s: FixedVoters) -> None:
    """For designs that take fetches and answers of any epoch."""
    forget_votes(s)
    forget_positions(s)


@definition
def asked_in(s: FixedVoters, epoch: LeaderEpoch, candidate: Replica) -> bool:
    """The replica has asked for votes in this epoch, or was granted one."""
    return s.asked[epoch, candidate] or any(r in s.granted[epoch, candidate] for r in Replica)


@definition
def grounded(s: FixedVoters) -> bool:
    """Nobody has asked in an epoch that it has not reached, nor has anybody voted for it there; who has voted for a
    running candidate is among those who granted it; a candidate has voted."""
    return (
        all(e <= s.leader_epoch[c] for e in LeaderEpoch for c in Replica if asked_in(s, e, c))
        and all(
            s.leader_epoch[r] <= s.leader_epoch[s.vote[r]]
            and (not runs(s, s.vote[r], s.leader_epoch[r]) or r in s.granted[s.leader_epoch[r], s.vote[r]])
            for r in Replica
            if s.voted[r] and s.vote[r] != r
        )
        and all(s.voted[r] or not s.candidate[r] for r in Replica)
    )


LIVE = View(
    function=syntax(live),
    given=syntax(grounded),
    instead={
        "vote-forgotten": syntax(live_but_votes),
        "vote-doubled": syntax(live_but_votes),
        "vote-unchecked": syntax(live_but_votes),
        "fetch-unfenced": syntax(live_positions),
    },
)
