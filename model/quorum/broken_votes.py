"""Ways of voting that do not hold: a vote forgotten, doubled, or given to whoever asks.

One rule: each differs from the model's own action in the guard or the assignment that it leaves out.
"""

from model.language import LeaderEpoch, Offset, Quorum, Replica, action, macro, require
from model.quorum.elections import free_to_vote, stand, up_to_date, vote_for, win
from model.quorum.state import FixedVoters, State


@action
def restart_forgetting_vote(s: State, replica: Replica, log_end: Offset) -> None:
    """The vote is not on disk when the process stops: it comes back in its epoch as if it had not voted in it."""
    require(s.flushed[replica] <= log_end <= len(s.log[replica]))
    s.log[replica] = s.log[replica][:log_end]
    s.leading[replica] = False
    s.candidate[replica] = False
    s.high_watermark[replica] = 0
    s.voted[replica] = False


@action
def grant_twice(s: State, voter: Replica, candidate: Replica, epoch: LeaderEpoch) -> None:
    """A replica that has voted in an epoch votes again, for another."""
    require(voter != candidate and s.asked[epoch, candidate] and s.leader_epoch[voter] <= epoch)
    require(up_to_date(s, candidate, epoch, s.log[voter]))
    vote_for(s, voter, candidate, epoch)


@macro
def campaign_twice(s: FixedVoters, candidate: Replica, voter: Replica, epoch: LeaderEpoch, quorum: Quorum) -> None:
    """A candidate stands, one other votes for it, again perhaps, and it wins."""
    stand(s, candidate, epoch)
    grant_twice(s, voter, candidate, epoch)
    win(s, candidate, quorum)


@action
def grant_unchecked(s: State, voter: Replica, candidate: Replica, epoch: LeaderEpoch) -> None:
    """A replica votes for a candidate whatever the candidate's log lacks."""
    require(voter != candidate and s.asked[epoch, candidate])
    require(free_to_vote(s, voter, candidate, epoch))
    vote_for(s, voter, candidate, epoch)


@macro
def campaign_unchecked(s: FixedVoters, candidate: Replica, voter: Replica, epoch: LeaderEpoch, quorum: Quorum) -> None:
    """A candidate stands, one other votes for it whatever it lacks, and it wins."""
    stand(s, candidate, epoch)
    grant_unchecked(s, voter, candidate, epoch)
    win(s, candidate, quorum)


@action
def grant_by_length(s: State, voter: Replica, candidate: Replica, epoch: LeaderEpoch) -> None:
    """A replica compares the lengths of logs only, not the epochs they end in."""
    require(voter != candidate and s.asked[epoch, candidate])
    require(free_to_vote(s, voter, candidate, epoch))
    require(s.asked_log_end[epoch, candidate] >= len(s.log[voter]))
    vote_for(s, voter, candidate, epoch)


@macro
def campaign_by_length(s: FixedVoters, candidate: Replica, voter: Replica, epoch: LeaderEpoch, quorum: Quorum) -> None:
    """A candidate stands, one other with no longer log votes for it, and it wins."""
    stand(s, candidate, epoch)
    grant_by_length(s, voter, candidate, epoch)
    win(s, candidate, quorum)
