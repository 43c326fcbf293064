"""Proposals and registrations: what a leader has asked of the controller, and under which broker epochs."""

from model.language import Replica, conjunct, implies
from model.replication.state import owner
from model.survival.controller import current
from model.survival.state import State


@conjunct
def registrations_in_order(s: State) -> bool:
    """Nobody has heard of a registration that is not there yet."""
    return all(
        s.acknowledged_by[leader, f] <= s.broker_epoch[f] and s.proposed_broker_epoch[leader, f] <= s.broker_epoch[f]
        for leader in Replica
        for f in Replica
    )


@conjunct
def proposed_by_itself(s: State) -> bool:
    """A proposal was sent under a registration that its leader has or had."""
    return all(s.broker_epoch[r] >= 0 and s.proposed_by[r] <= s.broker_epoch[r] for r in Replica)


@conjunct
def restarted_proposal_is_old(s: State) -> bool:
    """A leader that restarted in its epoch has registered since it proposed: the controller will not accept that
    proposal. Broken by any-sender."""
    return all(
        s.proposed_by[r] < s.broker_epoch[r]
        for r in Replica
        if owner(s, r) and not s.leading[r] and s.proposed_leader_epoch[r] == s.leader_epoch[r]
    )


@conjunct
def minimum_known(s: State) -> bool:
    """A leader that knows the newest version knows whether enough are in sync."""
    return all(
        s.may_commit[r] == s.enough[s.newest_leader_epoch]
        for r in Replica
        if s.leading[r]
        and s.leader_epoch[r] == s.newest_leader_epoch
        and s.partition_epoch[r] == s.newest_partition_epoch
    )


@conjunct
def live_proposal(s: State) -> bool:
    """A proposal that the controller would accept adds only who has shown, under its newest registration, that it has
    reached the start of the epoch and all the epoch has committed. Broken by no-broker-epoch and untagged-proposal."""
    return all(
        leader in s.proposed_isr[leader]
        and implies(
            f in s.proposed_isr[leader],
            f in s.isr[s.newest_leader_epoch]
            or implies(
                s.proposed_broker_epoch[leader, f] == s.broker_epoch[f],
                f in s.maximal_isr[leader]
                and s.acknowledged_by[leader, f] == s.broker_epoch[f]
                and s.acknowledged[leader, f] >= s.start[s.newest_leader_epoch]
                and s.acknowledged[leader, f] >= s.committed[s.newest_leader_epoch],
            ),
        )
        for leader in Replica
        for f in Replica
        if current(s, leader) and not s.refused[leader]
    )


@conjunct
def refused_for_good(s: State) -> bool:
    """A refused proposal will never be accepted: the broker for which it was refused does not register backwards."""
    return all(
        s.refused_for[leader] in s.proposed_isr[leader]
        and s.refused_for[leader] not in s.isr[s.newest_leader_epoch]
        and s.proposed_broker_epoch[leader, s.refused_for[leader]] < s.broker_epoch[s.refused_for[leader]]
        for leader in Replica
        if s.refused[leader] and current(s, leader)
    )


@conjunct
def refused_version_covers(s: State) -> bool:
    """A leader whose proposal was refused may fall back to the version it knows: the sets have only shrunk since."""
    return all(
        r in s.isr_at[s.partition_epoch[leader]]
        for leader in Replica
        for r in Replica
        if s.leading[leader]
        and s.pending[leader]
        and s.refused[leader]
        and (r in s.isr[s.leader_epoch[leader]] or (s.may_commit[leader] and r in s.eligible[s.leader_epoch[leader]]))
    )


PROPOSALS = (
    registrations_in_order,
    proposed_by_itself,
    restarted_proposal_is_old,
    minimum_known,
    live_proposal,
    refused_for_good,
    refused_version_covers,
)
