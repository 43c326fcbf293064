"""Messages: fetches in flight, of every registration, however old."""

from model.language import BrokerEpoch, LeaderEpoch, Replica, conjunct
from model.survival.state import State


@conjunct
def requested_when_reconciled(s: State) -> bool:
    """A follower fetches in an epoch only once its log is reconciled with that epoch, under a registration it had."""
    return all(
        s.requested_by[f, e, b] >= -1
        and (s.requested_by[f, e, b] == -1 or (0 <= e <= s.reconciled[f] and 0 <= b <= s.broker_epoch[f]))
        for f in Replica
        for e in LeaderEpoch
        for b in BrokerEpoch
    )


@conjunct
def requested_is_held(s: State) -> bool:
    """While a follower stays in an epoch its log is no shorter than its fetches have shown under its registration."""
    return all(s.requested_by[f, s.leader_epoch[f], s.broker_epoch[f]] <= len(s.log[f]) for f in Replica)


@conjunct
def requested_by_eligible(s: State) -> bool:
    """Nor than those under older registrations show, while it is eligible and they would still count: it has only
    restarted cleanly since."""
    return all(
        s.requested_by[f, s.leader_epoch[f], b] <= len(s.log[f])
        for f in Replica
        for b in BrokerEpoch
        if f in s.eligible[s.leader_epoch[f]]
        and s.has_leader[s.leader_epoch[f]]
        and s.acknowledged_by[s.leader[s.leader_epoch[f]], f] <= b
    )


@conjunct(at=lambda s, e, b: (s.requested_by[s.ceiling_witness[e], e, b],))
def witness_requested(s: State) -> bool:
    """The witness of a ceiling has shown no position above it in the epoch that would still count, nor will it."""
    return all(
        s.requested_by[s.ceiling_witness[e], e, b] <= s.ceiling[e]
        for e in LeaderEpoch
        for b in BrokerEpoch
        if e >= 0 and s.capped[e] and s.has_leader[e] and s.acknowledged_by[s.leader[e], s.ceiling_witness[e]] <= b
    )


MESSAGES = (
    requested_when_reconciled,
    requested_is_held,
    requested_by_eligible,
    witness_requested,
)
