"""What a leader does where voters change: it wins, appends, adds and removes voters, and commits.

One rule: it counts by the latest set of voters in its log, a change not yet committed included, and changes that set by
one voter at a time: only when the change before is committed, and so is a record of its own epoch (KIP-853; Kafka's
`AddVoterHandler` and `RemoveVoterHandler`).
"""

from model.language import (
    Entry,
    LeaderEpoch,
    Offset,
    Replica,
    ReplicaSet,
    Value,
    action,
    definition,
    ghost,
    majority,
    require,
)
from model.quorum.elections import begin, lowers, take_the_lead
from model.quorum.leader import counted, extend
from model.quorum.voter_state import (
    VotersState,
    in_force,
    keep_change,
    keep_voters,
    last_change,
)


@action
def win_by_majority(s: VotersState, candidate: Replica) -> None:
    """A candidate whom most of the voters by its own log have granted their votes leads."""
    require(s.candidate[candidate])
    require(majority(s.granted[s.leader_epoch[candidate], candidate], in_force(s, candidate)))
    with ghost:
        s.ceiling_by = {
            e: s.leader_epoch[candidate] if lowers(s, candidate, e) else s.ceiling_by[e] for e in LeaderEpoch
        }
        s.elected_by[s.leader_epoch[candidate]] = s.granted[s.leader_epoch[candidate], candidate]
        begin(s, candidate)
        keep_change(s, candidate)
    take_the_lead(s, candidate)
    keep_voters(s, candidate)
    s.log[candidate] = s.log[candidate] + (Entry(s.leader_epoch[candidate], 0),)


@action
def append_in_force(s: VotersState, leader: Replica, value: Value) -> None:
    """A leader writes one record; the voters stay."""
    require(s.leading[leader])
    with ghost:
        keep_change(s, leader)
        extend(s, leader, value)
    keep_voters(s, leader)
    s.log[leader] = s.log[leader] + (Entry(s.leader_epoch[leader], value),)


@definition
def has_own_commit(s: VotersState, leader: Replica) -> bool:
    """The leader has committed a record of its own epoch: it knows how far its log is committed."""
    return s.high_watermark[leader] > 0 and s.log[leader][s.high_watermark[leader] - 1].epoch == s.leader_epoch[leader]


@definition
def no_change_pending(s: VotersState, leader: Replica) -> bool:
    """The latest change in the leader's log is committed."""
    return last_change(s, leader) <= s.high_watermark[leader]


@definition
def change(s: VotersState, leader: Replica) -> None:
    """Ghost: the record that the leader appends changes the voters."""
    s.changed_before[s.leader_epoch[leader], len(s.log[leader])] = last_change(s, leader)
    s.changed_in[s.leader_epoch[leader], len(s.log[leader])] = s.leader_epoch[leader]
    extend(s, leader, 0)


@definition
def write(s: VotersState, leader: Replica, voters: ReplicaSet) -> None:
    """The leader appends a record after which these are the voters."""
    s.voters_at[s.leader_epoch[leader], len(s.log[leader])] = voters
    s.changed_end[s.leader_epoch[leader], len(s.log[leader])] = len(s.log[leader]) + 1
    s.log[leader] = s.log[leader] + (Entry(s.leader_epoch[leader], 0),)


@action
def add_voter(s: VotersState, leader: Replica, voter: Replica) -> None:
    """A leader adds one voter."""
    require(s.leading[leader] and voter not in in_force(s, leader))
    require(has_own_commit(s, leader) and no_change_pending(s, leader))
    with ghost:
        change(s, leader)
    write(s, leader, in_force(s, leader) | {voter})


@action
def remove_voter(s: VotersState, leader: Replica, voter: Replica) -> None:
    """A leader removes one voter, itself perhaps, never the last one."""
    require(s.leading[leader] and voter in in_force(s, leader))
    require(any(r != voter and r in in_force(s, leader) for r in Replica))
    require(has_own_commit(s, leader) and no_change_pending(s, leader))
    with ghost:
        change(s, leader)
    write(s, leader, in_force(s, leader) - {voter})


@definition
def decide(s: VotersState, leader: Replica, to: Offset, quorum: ReplicaSet) -> None:
    """Ghost: the leader commits, up to `to`, what it had not committed in its epoch before."""
    s.committed_by = {
        (e, o): quorum if e == s.leader_epoch[leader] and s.committed[e] < o <= to else s.committed_by[e, o]
        for e in LeaderEpoch
        for o in Offset
    }
    s.committed_at = {
        (e, o): len(s.log[leader]) if e == s.leader_epoch[leader] and s.committed[e] < o <= to else s.committed_at[e, o]
        for e in LeaderEpoch
        for o in Offset
    }
    s.committed[s.leader_epoch[leader]] = to
    s.committed_in[leader] = s.leader_epoch[leader]


@action
def advance_by_majority(s: VotersState, leader: Replica, to: Offset, quorum: ReplicaSet) -> None:
    """A leader commits what most of the voters by its own log have, a change not yet committed included."""
    require(s.leading[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    require(s.log[leader][to - 1].epoch == s.leader_epoch[leader])
    require(majority(quorum, in_force(s, leader)))
    require(all(r in in_force(s, leader) and to <= counted(s, leader, r) for r in Replica if r in quorum))
    with ghost:
        decide(s, leader, to, quorum)
    s.high_watermark[leader] = to
