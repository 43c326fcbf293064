"""Elections: replicas stand, vote, learn of later epochs, and win.

One rule: the epoch and the vote are on disk before anybody hears of them. Left out: timeouts (anybody may stand at any
time, which covers every timeout), leader resignation, BeginQuorumEpoch and EndQuorumEpoch (all they tell: `observe`).
"""

from model.language import Entry, LeaderEpoch, Log, Quorum, Replica, action, definition, ghost, require
from model.quorum.state import FixedVoters, State, last_epoch


@definition
def ask_for_votes(s: State, candidate: Replica, epoch: LeaderEpoch) -> None:
    """The candidate enters the epoch, votes for itself there, and tells all others how far its log goes."""
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
def stand(s: State, candidate: Replica, epoch: LeaderEpoch) -> None:
    """A voter becomes a candidate in any later epoch, votes for itself, and asks the others."""
    require(candidate in s.voters and s.leader_epoch[candidate] < epoch)
    ask_for_votes(s, candidate, epoch)


@definition
def free_to_vote(s: State, voter: Replica, candidate: Replica, epoch: LeaderEpoch) -> bool:
    """One vote per epoch: the epoch is later than the voter's, or it has not voted in it, or voted for this one."""
    return s.leader_epoch[voter] < epoch or (
        s.leader_epoch[voter] == epoch and (not s.voted[voter] or s.vote[voter] == candidate)
    )


@definition
def up_to_date(s: State, candidate: Replica, epoch: LeaderEpoch, log: Log) -> bool:
    """The candidate's log, as its request told, ends in a later epoch than this one, or in the same and no earlier."""
    return s.asked_last_epoch[epoch, candidate] > last_epoch(log) or (
        s.asked_last_epoch[epoch, candidate] == last_epoch(log) and s.asked_log_end[epoch, candidate] >= len(log)
    )


@definition
def vote_for(s: State, voter: Replica, candidate: Replica, epoch: LeaderEpoch) -> None:
    """The voter enters the epoch, if it was not there, and votes for the candidate in it."""
    s.leading[voter] = s.leading[voter] and s.leader_epoch[voter] == epoch
    s.candidate[voter] = s.candidate[voter] and s.leader_epoch[voter] == epoch
    s.leader_epoch[voter] = epoch
    s.voted[voter] = True
    s.vote[voter] = candidate
    s.granted[epoch, candidate] = s.granted[epoch, candidate] | {voter}


@action
def grant_vote(s: State, voter: Replica, candidate: Replica, epoch: LeaderEpoch) -> None:
    """A replica votes for a candidate whose log is at least as up to date as its own, once in an epoch."""
    require(voter != candidate and s.asked[epoch, candidate])
    require(free_to_vote(s, voter, candidate, epoch))
    require(up_to_date(s, candidate, epoch, s.log[voter]))
    vote_for(s, voter, candidate, epoch)


@action
def observe(s: State, replica: Replica, epoch: LeaderEpoch) -> None:
    """A voter or an observer learns of a later epoch from any message, without voting; a deposed leader resigns."""
    require(s.leader_epoch[replica] < epoch)
    s.leader_epoch[replica] = epoch
    s.voted[replica] = False
    s.candidate[replica] = False
    s.leading[replica] = False


@definition
def word(s: State, winner: Replica, epoch: LeaderEpoch) -> int:
    """Ghost: how much of an earlier epoch the winner's log shows can have been committed."""
    return len(s.log[winner]) if epoch == last_epoch(s.log[winner]) else 0


@definition
def lowers(s: State, winner: Replica, epoch: LeaderEpoch) -> bool:
    """Ghost: the election lowers the ceiling of an earlier epoch."""
    return last_epoch(s.log[winner]) <= epoch < s.leader_epoch[winner] and (
        not s.capped[epoch] or word(s, winner, epoch) < s.ceiling[epoch]
    )


@definition
def begin(s: State, winner: Replica) -> None:
    """Ghost: the winner's epoch starts, and what the epochs since its last entry can ever commit is bounded."""
    s.ceiling = {e: word(s, winner, e) if lowers(s, winner, e) else s.ceiling[e] for e in LeaderEpoch}
    s.capped = {e: s.capped[e] or (last_epoch(s.log[winner]) <= e < s.leader_epoch[winner]) for e in LeaderEpoch}
    s.started[s.leader_epoch[winner]] = True
    s.leader[s.leader_epoch[winner]] = winner
    s.start[s.leader_epoch[winner]] = len(s.log[winner])
    s.epoch_log[s.leader_epoch[winner]] = s.log[winner] + (Entry(s.leader_epoch[winner], 0),)
    s.prefix_of[winner] = s.leader_epoch[winner]


@definition
def elected_by(s: FixedVoters, winner: Replica, quorum: Quorum) -> None:
    """Ghost: who elected the winner, and so set the ceilings that this election lowers."""
    s.ceiling_quorum = {e: quorum if lowers(s, winner, e) else s.ceiling_quorum[e] for e in LeaderEpoch}
    s.vote_quorum[s.leader_epoch[winner]] = quorum


@definition
def take_the_lead(s: State, candidate: Replica) -> None:
    """The candidate leads, and has yet to hear from every follower."""
    s.candidate[candidate] = False
    s.leading[candidate] = True
    s.acknowledged = {
        (leader, follower): 0 if leader == candidate else s.acknowledged[leader, follower]
        for leader in Replica
        for follower in Replica
    }


@action
def win(s: FixedVoters, candidate: Replica, quorum: Quorum) -> None:
    """A candidate whom a quorum has granted its votes leads, and appends the leader-change record.

    Until that record is committed, the leader does not know how far the log is: only then does the high watermark move.
    """
    require(s.candidate[candidate])
    require(all(r in s.granted[s.leader_epoch[candidate], candidate] for r in Replica if r in quorum))
    with ghost:
        elected_by(s, candidate, quorum)
        begin(s, candidate)
    take_the_lead(s, candidate)
    s.log[candidate] = s.log[candidate] + (Entry(s.leader_epoch[candidate], 0),)
