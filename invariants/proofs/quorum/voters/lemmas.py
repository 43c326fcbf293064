"""Lemmas where voters change: which majorities met, and that the winner therefore has all that was committed.

One rule: majorities are asked about only where their sets are near (`near.py`). That the winner has what each epoch has
committed is shown by induction over the epochs: what is told of one epoch is shown towards that.
"""

from invariants.proofs.argument import ByInduction, Towards
from invariants.proofs.quorum import lemmas as base
from invariants.proofs.quorum.voters.changes import CHANGES, in_after, voters_after
from invariants.proofs.quorum.voters.near import (
    change_is_there,
    has_commits,
    near_logs,
    near_older,
    near_same,
    own_changes_in_order,
    own_commit_is_known,
    starts_have_commits,
    within,
)
from model.design import syntax
from model.language import (
    LeaderEpoch,
    Offset,
    Replica,
    ReplicaSet,
    adjacent,
    as_epoch,
    conjunct,
    definition,
    implies,
    known,
)
from model.quorum.elections import word
from model.quorum.state import last_epoch
from model.quorum.voter_state import VotersState, change_before, in_force, last_change, last_change_in


# ------------------------------------------------------------ winning
@conjunct
def winner_has_older_commits(s: VotersState, candidate: Replica) -> bool:
    """The winner's log has all that the epochs before its last entry's have committed."""
    return all(
        has_commits(s, as_epoch(last_epoch(s.log[candidate])), len(s.log[candidate]), x)
        for x in LeaderEpoch
        if known(x) and x >= 0 and x < last_epoch(s.log[candidate])
    )


@conjunct
def winner_changes(s: VotersState, candidate: Replica) -> bool:
    """The winner's last record goes together with those before it as in the epoch log that it is of."""
    return all(
        (
            s.voters_at[s.log[candidate][p].epoch, p] == in_force(s, candidate)
            and s.changed_end[s.log[candidate][p].epoch, p] == last_change(s, candidate)
            and s.changed_in[s.log[candidate][p].epoch, p] == last_change_in(s, candidate)
            and s.changed_before[s.log[candidate][p].epoch, p] == change_before(s, candidate)
        )
        if last_change(s, candidate) <= p + 1
        else (
            s.changed_end[s.log[candidate][p].epoch, p] <= change_before(s, candidate)
            and (
                change_before(s, candidate) > p + 1
                or adjacent(s.voters_at[s.log[candidate][p].epoch, p], in_force(s, candidate))
            )
        )
        for p in Offset
        if p >= 0 and p < len(s.log[candidate])
    )


@conjunct(at=lambda s, e, o: (s.epoch_log[e][o],))
def winner_near_unchanged(s: VotersState, candidate: Replica) -> bool:
    """A winner with an empty log goes by the first voters, which are near those of any log whose latest change rests on
    nothing."""
    return all(
        adjacent(s.voters, voters_after(s, e, o))
        for e in LeaderEpoch
        for o in Offset
        if within(s, e, o) and len(s.log[candidate]) == 0 and s.committed[in_after(s, e, o)] <= 0
    )


@definition
def first_missed(s: VotersState, candidate: Replica, x: LeaderEpoch) -> int:
    """The first log end, past what an epoch began with, that the candidate's log does not show of it."""
    return len(s.log[candidate]) + 1 if x == last_epoch(s.log[candidate]) else s.start[x] + 1


@conjunct
def winner_near_committers(s: VotersState, candidate: Replica) -> bool:
    """Had the winner's last epoch committed past the winner's log, then first by voters near the winner's."""
    return implies(
        len(s.log[candidate]) > 0 and s.committed[last_epoch(s.log[candidate])] > len(s.log[candidate]),
        adjacent(
            in_force(s, candidate),
            s.voters_at[
                last_epoch(s.log[candidate]),
                s.committed_at[last_epoch(s.log[candidate]), len(s.log[candidate]) + 1] - 1,
            ],
        ),
    )


@definition
def came_later(s: VotersState, candidate: Replica, epoch: LeaderEpoch) -> bool:
    """An epoch between that of the candidate's last entry and its own has committed something."""
    return last_epoch(s.log[candidate]) < epoch and epoch < s.leader_epoch[candidate] and s.committed[epoch] > 0


@definition
def first_change_in(s: VotersState, e: LeaderEpoch) -> int:
    """The epoch of the latest change of voters in the log with which an epoch first committed."""
    return s.changed_in[e, s.committed_at[e, s.start[e] + 1] - 1]


@conjunct
def first_committers_have_both(s: VotersState, candidate: Replica, epoch: LeaderEpoch) -> bool:
    """The log with which a later epoch first committed has what its own latest change of voters rests on, and what the
    winner's does."""
    return implies(
        came_later(s, candidate, epoch),
        has_commits(s, epoch, s.start[epoch] + 1, last_change_in(s, candidate))
        and has_commits(s, epoch, s.start[epoch] + 1, first_change_in(s, epoch)),
    )


@conjunct
def winner_near_first_committers(s: VotersState, candidate: Replica, epoch: LeaderEpoch) -> bool:
    """Had a later epoch committed anything, then first by voters near the winner's, if the winner has all that the
    latest changes rest on: its own, and that of the epoch's leader then."""
    return implies(
        came_later(s, candidate, epoch)
        and has_commits(s, as_epoch(last_epoch(s.log[candidate])), len(s.log[candidate]), last_change_in(s, candidate))
        and has_commits(s, as_epoch(last_epoch(s.log[candidate])), len(s.log[candidate]), first_change_in(s, epoch)),
        adjacent(in_force(s, candidate), s.voters_at[epoch, s.committed_at[epoch, s.start[epoch] + 1] - 1]),
    )


@conjunct
def winner_meets_committers(s: VotersState, candidate: Replica, epoch: LeaderEpoch) -> bool:
    """Nobody has committed what the winner lacks by voters near the winner's: one of them voted for the winner."""
    return implies(
        last_epoch(s.log[candidate]) <= epoch
        and epoch < s.leader_epoch[candidate]
        and s.committed[epoch] > word(s, candidate, epoch),
        not adjacent(
            in_force(s, candidate),
            s.voters_at[epoch, s.committed_at[epoch, first_missed(s, candidate, epoch)] - 1],
        ),
    )


@conjunct
def winner_has_commits(s: VotersState, candidate: Replica, epoch: LeaderEpoch) -> bool:
    """What an epoch has committed, the winner has.

    The first epoch that had committed more would have done so by voters that differ from the winner's by one at most:
    one of those would have voted for the winner.
    """
    return implies(
        known(epoch) and epoch >= 0 and epoch < s.leader_epoch[candidate],
        has_commits(s, as_epoch(last_epoch(s.log[candidate])), len(s.log[candidate]), epoch)
        and implies(last_epoch(s.log[candidate]) <= epoch, s.committed[epoch] <= word(s, candidate, epoch)),
    )


@conjunct
def leader_has_both(s: VotersState, candidate: Replica) -> bool:
    """Had the epoch a leader, its log would have what its own latest change of voters rests on, and what the winner's
    does; and so would the winner's."""
    return implies(
        s.started[s.leader_epoch[candidate]],
        has_commits(s, s.leader_epoch[candidate], s.start[s.leader_epoch[candidate]] + 1, last_change_in(s, candidate))
        and has_commits(
            s,
            s.leader_epoch[candidate],
            s.start[s.leader_epoch[candidate]] + 1,
            s.changed_in[s.leader_epoch[candidate], s.start[s.leader_epoch[candidate]]],
        )
        and has_commits(s, as_epoch(last_epoch(s.log[candidate])), len(s.log[candidate]), last_change_in(s, candidate))
        and has_commits(
            s,
            as_epoch(last_epoch(s.log[candidate])),
            len(s.log[candidate]),
            s.changed_in[s.leader_epoch[candidate], s.start[s.leader_epoch[candidate]]],
        ),
    )


@conjunct
def winner_near_leader(s: VotersState, candidate: Replica) -> bool:
    """Had the epoch a leader, it would have been elected by voters near the winner's."""
    return implies(
        s.started[s.leader_epoch[candidate]],
        adjacent(in_force(s, candidate), s.voters_at[s.leader_epoch[candidate], s.start[s.leader_epoch[candidate]]]),
    )


@conjunct
def winner_shares_voter(s: VotersState, candidate: Replica) -> bool:
    """Had the epoch a leader, a voter would have voted for it and for the candidate."""
    return implies(s.started[s.leader_epoch[candidate]], s.leader[s.leader_epoch[candidate]] == candidate)


# ------------------------------------------------------------ committing
@conjunct
def successor_has_both(s: VotersState, leader: Replica) -> bool:
    """The later leader that set the ceiling has what the latest changes rest on, its own and that of whoever commits
    late."""
    return all(
        has_commits(s, s.ceiling_by[e], s.start[s.ceiling_by[e]] + 1, last_change_in(s, leader))
        and has_commits(
            s, s.ceiling_by[e], s.start[s.ceiling_by[e]] + 1, s.changed_in[s.ceiling_by[e], s.start[s.ceiling_by[e]]]
        )
        for e in LeaderEpoch
        if known(e) and e == s.leader_epoch[leader] and s.capped[e]
    )


@conjunct
def latecomer_has_both(s: VotersState, leader: Replica) -> bool:
    """So has whoever commits late."""
    return all(
        has_commits(s, e, len(s.log[leader]), last_change_in(s, leader))
        and has_commits(s, e, len(s.log[leader]), s.changed_in[s.ceiling_by[e], s.start[s.ceiling_by[e]]])
        for e in LeaderEpoch
        if known(e) and e == s.leader_epoch[leader] and s.capped[e]
    )


@conjunct
def leader_near_successors(s: VotersState, leader: Replica) -> bool:
    """A leader that commits late goes by voters near those who elected the later leader that set the ceiling."""
    return implies(
        s.capped[s.leader_epoch[leader]],
        adjacent(
            in_force(s, leader),
            s.voters_at[s.ceiling_by[s.leader_epoch[leader]], s.start[s.ceiling_by[s.leader_epoch[leader]]]],
        ),
    )


@conjunct
def leader_change_is_there(s: VotersState, leader: Replica) -> bool:
    """The latest change in the log of whoever commits is a record of the epoch it is said to be of."""
    return change_is_there(s, s.leader_epoch[leader], len(s.log[leader]) - 1)


@conjunct
def commit_is_held(s: VotersState, leader: Replica, to: Offset, quorum: ReplicaSet) -> bool:
    """Who is counted holds what is committed."""
    return all(to <= s.held[s.leader_epoch[leader], r] for r in Replica if r in quorum)


@conjunct
def commit_below_ceiling(s: VotersState, leader: Replica, to: Offset) -> bool:
    """So what is committed late is below the ceiling: one of the counted elected the later leader."""
    return implies(s.capped[s.leader_epoch[leader]], to <= s.ceiling[s.leader_epoch[leader]])


NEAR = (
    Towards(("near_same",), own_changes_in_order),
    Towards(("near_logs",), near_older),
    Towards(("near_logs",), near_same),
    Towards(("winner_near_first_committers", "winner_near_leader", "leader_near_successors"), near_logs),
)
STARTS = Towards(
    ("first_committers_have_both", "leader_has_both", "successor_has_both", "latecomer_has_both"), starts_have_commits
)
STEP_LEMMAS = {
    **{step: base.STEP_LEMMAS[step] for step in ("grant_vote", "receive_fetch", "truncate")},
    "stand_as_voter": base.STEP_LEMMAS["stand"],
    "add_voter": (own_commit_is_known,),
    "remove_voter": (own_commit_is_known,),
    "win_by_majority": (
        base.winner_is_ahead,
        base.winner_last_epoch,
        base.winner_last_entry,
        base.winner_log,
        base.older_epochs_are_capped,
        STARTS,
        Towards(("winner_has_commits", "leader_has_both"), winner_has_older_commits),
        *NEAR,
        Towards(("winner_near_first_committers", "winner_near_leader"), winner_near_unchanged),
        Towards(("winner_has_commits",), winner_near_committers),
        Towards(("winner_near_first_committers",), first_committers_have_both, of_epoch=True),
        Towards(("winner_has_commits",), winner_near_first_committers, of_epoch=True),
        Towards(("winner_has_commits",), winner_meets_committers, of_epoch=True),
        ByInduction(winner_has_commits),
        Towards(("winner_near_leader",), leader_has_both),
        Towards(("winner_shares_voter",), winner_near_leader),
        Towards(("epoch_is_fresh",), winner_shares_voter),
        base.epoch_is_fresh,
        Towards(tuple(syntax(claim).name for claim in CHANGES), winner_changes),
    ),
    "advance_by_majority": (
        base.commit_is_own,
        commit_is_held,
        STARTS,
        *NEAR,
        Towards(("leader_near_successors",), successor_has_both),
        Towards(("leader_near_successors",), latecomer_has_both),
        Towards(("commit_below_ceiling",), leader_near_successors),
        commit_below_ceiling,
        Towards(("committed_by_majority",), leader_change_is_there),
    ),
}
