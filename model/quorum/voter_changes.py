"""Voters added and removed, one at a time, by records of the log (KIP-853).

One rule: a replica goes by the latest set of voters in its log, committed or not. A leader appends a change only when
the one before it is committed, and so is a record of its own epoch: without the latter, two leaders can each change the
set by one and be left with majorities that do not meet (Ongaro, raft-dev 2015).

Majorities of sets that differ by one voter share a voter: that is counting, proved apart for any number of replicas
(`invariants/proofs/majorities.py`), and all that the proof of this model knows of majorities. Left out: that a new
voter catches up first, that a removed leader steps down, directory ids, observers that join by themselves.
"""

from model.design import Model
from model.language import LeaderEpoch, Offset, Replica, ReplicaSet, action, as_epoch, as_offset, macro, require
from model.quorum import elections, follower, leader
from model.quorum.broken_voters import VARIANTS
from model.quorum.elections import ask_for_votes, grant_vote
from model.quorum.follower import flush, receive_fetch, truncate
from model.quorum.leader import acknowledge, answer_diverging, answer_fetch
from model.quorum.safety import VOTERS_SAFETY
from model.quorum.state import last_epoch
from model.quorum.voter_leader import (
    add_voter,
    advance_by_majority,
    append_in_force,
    remove_voter,
    win_by_majority,
)
from model.quorum.voter_state import VotersState, beginning, in_force


@action
def stand_as_voter(s: VotersState, candidate: Replica, epoch: LeaderEpoch) -> None:
    """A replica that is a voter by its own log becomes a candidate in any later epoch."""
    require(candidate in in_force(s, candidate) and s.leader_epoch[candidate] < epoch)
    ask_for_votes(s, candidate, epoch)


@action
def send_fetch_flushed(s: VotersState, follower: Replica) -> None:
    """As `send_fetch`; whoever may be a voter, which is everybody, has flushed its log before."""
    require(not s.leading[follower] and s.flushed[follower] == len(s.log[follower]))
    s.candidate[follower] = False
    s.fetched[follower, s.leader_epoch[follower], len(s.log[follower]), last_epoch(s.log[follower])] = True


# ------------------------------------------------------------ the coarse grain
@macro
def campaign(s: VotersState, candidate: Replica, voter: Replica, other: Replica, epoch: LeaderEpoch) -> None:
    """A candidate stands, two others vote for it (or one, named twice), and it wins."""
    stand_as_voter(s, candidate, epoch)
    grant_vote(s, voter, candidate, epoch)
    grant_vote(s, other, candidate, epoch)
    win_by_majority(s, candidate)


@macro
def replicate(s: VotersState, follower: Replica, leader: Replica) -> None:
    """A follower fetches, receives all of the leader's log, flushes it, and fetches again: it is counted with all."""
    send_fetch_flushed(s, follower)
    acknowledge(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))
    answer_fetch(s, leader)
    receive_fetch(s, follower, as_offset(len(s.log[leader])), s.high_watermark[leader])
    flush(s, follower, as_offset(len(s.log[follower])))
    send_fetch_flushed(s, follower)
    acknowledge(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))


@macro
def commit(s: VotersState, leader: Replica, to: Offset, quorum: ReplicaSet) -> None:
    """A leader flushes its log and commits."""
    flush(s, leader, as_offset(len(s.log[leader])))
    advance_by_majority(s, leader, to, quorum)


@macro
def diverge(s: VotersState, follower: Replica, leader: Replica, to: Offset) -> None:
    """A follower fetches, is told that it diverges, and truncates."""
    send_fetch_flushed(s, follower)
    answer_diverging(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))
    truncate(s, follower, to)


VOTER_CHANGES = Model(
    name="quorum-voters",
    state=VotersState,
    initial=beginning,
    actions=(
        stand_as_voter,
        elections.grant_vote,
        elections.observe,
        win_by_majority,
        append_in_force,
        add_voter,
        remove_voter,
        leader.acknowledge,
        advance_by_majority,
        leader.answer_fetch,
        leader.answer_diverging,
        follower.flush,
        send_fetch_flushed,
        follower.receive_fetch,
        follower.truncate,
        follower.restart,
    ),
    macros=(campaign, replicate, commit, diverge),
    safety=VOTERS_SAFETY,
    variants=VARIANTS,
)
