"""Voters added and removed, one at a time, by records of the log (KIP-853).

One rule: a replica goes by the latest set of voters in its log, committed or not. A leader appends a change only when
the one before it is committed, and so is a record of its own epoch: without the latter, two leaders can each change the
set by one and be left with majorities that do not meet (Ongaro, raft-dev 2015).

Majorities of sets that differ by one voter share a voter, which is counting: this model is searched within bounds and
not proved. So that a log's set is found without looking back, every record names the set in force after it. Left out:
that a new voter catches up first, that a removed leader steps down, directory ids, observers that join by themselves.
"""

from model.design import Model, Variant, syntax
from model.language import (
    Entry,
    LeaderEpoch,
    Offset,
    Replica,
    ReplicaSet,
    Table,
    Value,
    action,
    as_epoch,
    as_offset,
    definition,
    ghost,
    initial,
    macro,
    majority,
    require,
)
from model.quorum import elections, follower, leader
from model.quorum.elections import grant_vote
from model.quorum.follower import flush, receive_fetch, truncate
from model.quorum.leader import acknowledge, answer_diverging, answer_fetch, counted
from model.quorum.safety import SAFETY
from model.quorum.state import State, last_epoch


class VotersState(State):
    voters_at: Table[tuple[LeaderEpoch, Offset], ReplicaSet]
    """The set of voters in force after the record of this epoch at this offset."""


@definition
def in_force(s: VotersState, r: Replica) -> ReplicaSet:
    """The set of voters that a replica goes by: that of its last record, at first the one the quorum began with."""
    return s.voters if len(s.log[r]) == 0 else s.voters_at[last_epoch(s.log[r]), len(s.log[r]) - 1]


@initial
def beginning(s: VotersState, voters: ReplicaSet) -> None:
    """Empty logs, nobody leads; any set of voters, others to be added."""
    require(any(r in voters for r in Replica))
    s.voters = voters
    with ghost:
        s.started[0] = True


@action
def stand_as_voter(s: VotersState, candidate: Replica, epoch: LeaderEpoch) -> None:
    """A replica that is a voter by its own log becomes a candidate in any later epoch."""
    require(candidate in in_force(s, candidate) and s.leader_epoch[candidate] < epoch)
    s.leader_epoch[candidate] = epoch
    s.voted[candidate] = True
    s.vote[candidate] = candidate
    s.candidate[candidate] = True
    s.leading[candidate] = False
    s.asked[epoch, candidate] = True
    s.asked_last_epoch[epoch, candidate] = last_epoch(s.log[candidate])
    s.asked_log_end[epoch, candidate] = len(s.log[candidate])
    s.granted[epoch, candidate] = s.granted[epoch, candidate] | {candidate}


@action
def win_by_majority(s: VotersState, candidate: Replica) -> None:
    """A candidate whom most of the voters by its own log have granted their votes leads."""
    require(s.candidate[candidate])
    require(majority(s.granted[s.leader_epoch[candidate], candidate], in_force(s, candidate)))
    s.candidate[candidate] = False
    s.leading[candidate] = True
    s.acknowledged = {
        (leader, follower): 0 if leader == candidate else s.acknowledged[leader, follower]
        for leader in Replica
        for follower in Replica
    }
    s.voters_at[s.leader_epoch[candidate], len(s.log[candidate])] = in_force(s, candidate)
    s.log[candidate] = s.log[candidate] + (Entry(s.leader_epoch[candidate], 0),)


@action
def append_in_force(s: VotersState, leader: Replica, value: Value) -> None:
    """A leader writes one record; the voters stay."""
    require(s.leading[leader])
    s.voters_at[s.leader_epoch[leader], len(s.log[leader])] = in_force(s, leader)
    s.log[leader] = s.log[leader] + (Entry(s.leader_epoch[leader], value),)


@definition
def has_own_commit(s: VotersState, leader: Replica) -> bool:
    """The leader has committed a record of its own epoch: it knows how far its log is committed."""
    return s.high_watermark[leader] > 0 and s.log[leader][s.high_watermark[leader] - 1].epoch == s.leader_epoch[leader]


@definition
def no_change_pending(s: VotersState, leader: Replica) -> bool:
    """Every record past the high watermark leaves the voters as they were."""
    return all(
        (r in s.voters_at[s.log[leader][o].epoch, o]) == (r in in_force(s, leader))
        for r in Replica
        for o in Offset
        if o < len(s.log[leader]) and o + 1 >= s.high_watermark[leader]
    )


@definition
def write(s: VotersState, leader: Replica, voters: ReplicaSet) -> None:
    """The leader appends a record after which these are the voters."""
    s.voters_at[s.leader_epoch[leader], len(s.log[leader])] = voters
    s.log[leader] = s.log[leader] + (Entry(s.leader_epoch[leader], 0),)


@action
def add_voter(s: VotersState, leader: Replica, voter: Replica) -> None:
    """A leader adds one voter."""
    require(s.leading[leader] and voter not in in_force(s, leader))
    require(has_own_commit(s, leader) and no_change_pending(s, leader))
    write(s, leader, in_force(s, leader) | {voter})


@action
def remove_voter(s: VotersState, leader: Replica, voter: Replica) -> None:
    """A leader removes one voter, itself perhaps, never the last one."""
    require(s.leading[leader] and voter in in_force(s, leader))
    require(any(r != voter and r in in_force(s, leader) for r in Replica))
    require(has_own_commit(s, leader) and no_change_pending(s, leader))
    write(s, leader, in_force(s, leader) - {voter})


@action
def advance_by_majority(s: VotersState, leader: Replica, to: Offset, quorum: ReplicaSet) -> None:
    """A leader commits what most of the voters by its own log have, a change not yet committed included."""
    require(s.leading[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    require(s.log[leader][to - 1].epoch == s.leader_epoch[leader])
    require(majority(quorum, in_force(s, leader)))
    require(all(r in in_force(s, leader) and to <= counted(s, leader, r) for r in Replica if r in quorum))
    s.high_watermark[leader] = to


@action
def send_fetch_flushed(s: VotersState, follower: Replica) -> None:
    """As `send_fetch`; whoever may be a voter, which is everybody, has flushed its log before."""
    require(not s.leading[follower] and s.flushed[follower] == len(s.log[follower]))
    s.candidate[follower] = False
    s.fetched[follower, s.leader_epoch[follower], len(s.log[follower]), last_epoch(s.log[follower])] = True


# ------------------------------------------------------------ designs that do not hold
@action
def add_before_own_commit(s: VotersState, leader: Replica, voter: Replica) -> None:
    """A new leader adds a voter at once."""
    require(s.leading[leader] and voter not in in_force(s, leader))
    require(no_change_pending(s, leader))
    write(s, leader, in_force(s, leader) | {voter})


@action
def remove_before_own_commit(s: VotersState, leader: Replica, voter: Replica) -> None:
    """A new leader removes a voter at once."""
    require(s.leading[leader] and voter in in_force(s, leader))
    require(any(r != voter and r in in_force(s, leader) for r in Replica))
    require(no_change_pending(s, leader))
    write(s, leader, in_force(s, leader) - {voter})


@action
def remove_before_last_change(s: VotersState, leader: Replica, voter: Replica) -> None:
    """A leader removes a voter while its last change is not committed."""
    require(s.leading[leader] and voter in in_force(s, leader))
    require(any(r != voter and r in in_force(s, leader) for r in Replica))
    require(has_own_commit(s, leader))
    write(s, leader, in_force(s, leader) - {voter})


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
    safety=tuple(claim for claim in SAFETY if not syntax(claim).uses_ghosts),
    variants=(
        Variant(
            id="change-before-own-commit",
            sentence="A leader changes the voters before it has committed a record of its own epoch.",
            replaces={"add_voter": add_before_own_commit, "remove_voter": remove_before_own_commit},
        ),
        Variant(
            id="two-changes-at-once",
            sentence="A leader changes the voters while its last change is not committed.",
            replaces={"remove_voter": remove_before_last_change},
        ),
    ),
)
