"""Pre-votes (KIP-996): a replica asks whether it would be voted for before it raises its epoch.

One rule: a pre-vote binds nobody. It is neither written down nor counted as a vote, so that all that is shown of the
base holds here: standing only asks for more. What it is for, that a replica cut off does not disturb the others, is
progress, and outside the model. Left out: that a voter that hears from a leader refuses (fewer pre-votes, no more).
"""

from model.design import Model, Variant
from model.language import (
    Entry,
    LeaderEpoch,
    Offset,
    Quorum,
    Replica,
    ReplicaSet,
    Table,
    action,
    ghost,
    macro,
    require,
)
from model.quorum import ACTIONS, MACROS, elections, state, synchronous
from model.quorum.elections import ask_for_votes, begin, elected_by, grant_vote, take_the_lead, win
from model.quorum.safety import SAFETY
from model.quorum.state import FixedVoters, last_epoch


class PreVoteState(FixedVoters):
    # Pre-votes ever asked for, by the asker's epoch and itself, with its log; and granted.
    pre_asked: Table[tuple[LeaderEpoch, Replica], bool]
    pre_asked_last_epoch: Table[tuple[LeaderEpoch, Replica], LeaderEpoch]
    pre_asked_log_end: Table[tuple[LeaderEpoch, Replica], Offset]
    pre_granted: Table[tuple[LeaderEpoch, Replica], ReplicaSet]


@action
def ask_pre_vote(s: PreVoteState, candidate: Replica) -> None:
    """A voter asks for pre-votes, in the epoch it is in; its own it has."""
    require(candidate in s.voters and not s.leading[candidate])
    s.pre_asked[s.leader_epoch[candidate], candidate] = True
    s.pre_asked_last_epoch[s.leader_epoch[candidate], candidate] = last_epoch(s.log[candidate])
    s.pre_asked_log_end[s.leader_epoch[candidate], candidate] = len(s.log[candidate])
    s.pre_granted[s.leader_epoch[candidate], candidate] = s.pre_granted[s.leader_epoch[candidate], candidate] | {
        candidate
    }


@action
def grant_pre_vote(s: PreVoteState, voter: Replica, candidate: Replica, epoch: LeaderEpoch) -> None:
    """A replica says that it would vote: it is in no later epoch, and the asker's log is at least as up to date."""
    require(voter != candidate and s.pre_asked[epoch, candidate] and s.leader_epoch[voter] <= epoch)
    require(
        s.pre_asked_last_epoch[epoch, candidate] > last_epoch(s.log[voter])
        or (
            s.pre_asked_last_epoch[epoch, candidate] == last_epoch(s.log[voter])
            and s.pre_asked_log_end[epoch, candidate] >= len(s.log[voter])
        )
    )
    s.pre_granted[epoch, candidate] = s.pre_granted[epoch, candidate] | {voter}


@action
def stand_after_pre_vote(s: PreVoteState, candidate: Replica, epoch: LeaderEpoch, quorum: Quorum) -> None:
    """A voter to whom a quorum has granted pre-votes in its epoch becomes a candidate in the next."""
    require(candidate in s.voters and epoch == s.leader_epoch[candidate] + 1)
    require(all(r in s.pre_granted[s.leader_epoch[candidate], candidate] for r in Replica if r in quorum))
    ask_for_votes(s, candidate, epoch)


@macro
def campaign_with_pre_vote(
    s: PreVoteState, candidate: Replica, voter: Replica, epoch: LeaderEpoch, quorum: Quorum
) -> None:
    """A voter asks, one other would vote for it; it stands, that one votes for it, and it wins."""
    ask_pre_vote(s, candidate)
    grant_pre_vote(s, voter, candidate, s.leader_epoch[candidate])
    stand_after_pre_vote(s, candidate, epoch, quorum)
    grant_vote(s, voter, candidate, epoch)
    win(s, candidate, quorum)


@action
def win_by_pre_votes(s: PreVoteState, candidate: Replica, quorum: Quorum) -> None:
    """Pre-votes of the epoch before count as votes: they were given without promising anything."""
    require(s.candidate[candidate])
    require(all(r in s.pre_granted[s.leader_epoch[candidate] - 1, candidate] for r in Replica if r in quorum))
    with ghost:
        elected_by(s, candidate, quorum)
        begin(s, candidate)
    take_the_lead(s, candidate)
    s.log[candidate] = s.log[candidate] + (Entry(s.leader_epoch[candidate], 0),)


@macro
def campaign_by_pre_votes(
    s: PreVoteState, candidate: Replica, voter: Replica, epoch: LeaderEpoch, quorum: Quorum
) -> None:
    """A voter asks, one other would vote for it; it stands, and leads at once."""
    ask_pre_vote(s, candidate)
    grant_pre_vote(s, voter, candidate, s.leader_epoch[candidate])
    stand_after_pre_vote(s, candidate, epoch, quorum)
    win_by_pre_votes(s, candidate, quorum)


PRE_VOTE = Model(
    name="quorum-pre-vote",
    state=PreVoteState,
    initial=state.formatted,
    actions=(
        ask_pre_vote,
        grant_pre_vote,
        stand_after_pre_vote,
        *(action for action in ACTIONS if action is not elections.stand),
    ),
    macros=(campaign_with_pre_vote, *(macro for macro in MACROS if macro is not synchronous.campaign)),
    safety=SAFETY,
    variants=(
        Variant(
            id="pre-votes-counted",
            sentence="Pre-votes are counted as votes.",
            replaces={"win": win_by_pre_votes},
            macros={"campaign_with_pre_vote": campaign_by_pre_votes},
        ),
    ),
)
