"""Proposals: what a leader has asked of the controller, and what it does until it is answered."""

from model.language import Replica, conjunct, implies
from model.replication.state import State, owner


@conjunct
def versions_known(s: State) -> bool:
    """A leader knows no version that is not there yet, and proposes on versions it knew, in epochs it led."""
    return all(
        0 <= s.partition_epoch[r] <= s.newest_partition_epoch
        and s.proposed_partition_epoch[r] <= s.newest_partition_epoch
        and s.proposed_leader_epoch[r] <= s.leader_epoch[r]
        and implies(
            owner(s, r) and s.proposed_leader_epoch[r] == s.leader_epoch[r],
            s.proposed_partition_epoch[r] <= s.partition_epoch[r],
        )
        and implies(s.proposed_leader_epoch[r] >= 1 and s.proposed_leader_epoch[r] == s.leader_epoch[r], owner(s, r))
        and s.proposed_leader_epoch[r] != 0
        for r in Replica
    )


@conjunct
def idle_leader_agrees(s: State) -> bool:
    """A leader that knows the newest version and asks for nothing counts exactly the in-sync set."""
    return all(
        (f in s.maximal_isr[leader]) == (f in s.isr[s.newest_leader_epoch])
        for leader in Replica
        for f in Replica
        if s.leading[leader]
        and s.leader_epoch[leader] == s.newest_leader_epoch
        and s.partition_epoch[leader] == s.newest_partition_epoch
        and not s.pending[leader]
    )


@conjunct
def live_proposal(s: State) -> bool:
    """A proposal that the controller would accept adds only who has reached the start of the epoch in it.

    Broken by expand-below-epoch-start and expand-unchecked.
    """
    return all(
        leader in s.proposed_isr[leader]
        and implies(
            f in s.proposed_isr[leader],
            f in s.maximal_isr[leader]
            and (
                f in s.isr[s.newest_leader_epoch]
                or (s.reconciled[f] == s.newest_leader_epoch and len(s.log[f]) >= s.start[s.newest_leader_epoch])
            ),
        )
        for leader in Replica
        for f in Replica
        if s.proposed_leader_epoch[leader] == s.newest_leader_epoch
        and s.proposed_partition_epoch[leader] == s.newest_partition_epoch
        and s.has_leader[s.newest_leader_epoch]
        and s.leader[s.newest_leader_epoch] == leader
    )


PROPOSALS = (versions_known, idle_leader_agrees, live_proposal)
