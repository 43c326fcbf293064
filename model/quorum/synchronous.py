"""The coarse grain of the quorum: an election, a fetch, a truncation, as one step each.

One rule: a coarse step is a sequence of the model's own actions, and no fetch outlives the step that sent it. What is
found at this grain is an execution of the model; elections are by the candidate and one voter, a majority of three.
"""

from model.language import LeaderEpoch, Offset, Quorum, Replica, as_epoch, as_offset, macro
from model.quorum.elections import grant_vote, stand, win
from model.quorum.follower import receive_fetch, send_fetch, truncate
from model.quorum.leader import acknowledge, answer_diverging, answer_fetch
from model.quorum.state import FixedVoters, State, last_epoch


@macro
def campaign(s: FixedVoters, candidate: Replica, voter: Replica, epoch: LeaderEpoch, quorum: Quorum) -> None:
    """A candidate stands, one other votes for it, and it wins."""
    stand(s, candidate, epoch)
    grant_vote(s, voter, candidate, epoch)
    win(s, candidate, quorum)


@macro
def fetch(s: State, follower: Replica, leader: Replica, log_end: Offset) -> None:
    """A follower fetches at its log end and receives the leader's log up to `log_end`, and its high watermark."""
    send_fetch(s, follower)
    acknowledge(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))
    answer_fetch(s, leader)
    receive_fetch(s, follower, log_end, min(s.high_watermark[leader], log_end))


@macro
def fetch_diverging(s: State, follower: Replica, leader: Replica, to: Offset) -> None:
    """A follower fetches, is told that it diverges, and truncates."""
    send_fetch(s, follower)
    answer_diverging(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))
    truncate(s, follower, to)
