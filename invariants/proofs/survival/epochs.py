"""Epochs, roles, and the in-sync and eligible sets in the metadata log."""

from model.language import LeaderEpoch, PartitionEpoch, Replica, conjunct, known
from model.replication.state import owner
from model.survival.state import State


@conjunct
def named_regime(s: State) -> bool:
    """No claim: names the epochs of the last unclean election for the completeness conjuncts."""
    return known(s.last_unclean) and known(s.base)


@conjunct
def owner_has_started(s: State) -> bool:
    """Who has taken a leadership is reconciled with itself, and leads from where the epoch started or from further on.

    Further on, where it resumed its epoch.
    """
    return all(
        s.reconciled[r] == s.leader_epoch[r]
        and s.started[s.leader_epoch[r]]
        and s.start[s.leader_epoch[r]] <= s.epoch_start[r]
        for r in Replica
        if owner(s, r)
    )


@conjunct
def eligible_in_sync_or_elr(s: State) -> bool:
    """Eligible is who is in sync or an eligible leader replica."""
    return all(
        (r in s.eligible[e]) == (r in s.isr[e] or r in s.elr[e])
        for r in Replica
        for e in LeaderEpoch
        if e >= 0 and e <= s.newest_leader_epoch
    )


@conjunct
def elr_below_minimum(s: State) -> bool:
    """While enough are in sync nobody else is eligible: it would miss what they commit. Broken by elr-kept."""
    return all(
        r not in s.elr[e] for r in Replica for e in LeaderEpoch if e >= 0 and e <= s.newest_leader_epoch and s.enough[e]
    )


@conjunct
def registered_before(s: State) -> bool:
    """A broker registered in an epoch that was."""
    return all(0 <= s.registered_in[r] <= s.newest_leader_epoch for r in Replica)


@conjunct
def newest_minimum(s: State) -> bool:
    """Whether enough are in sync is the same in the newest version of the partition and in its newest epoch."""
    return s.enough_at[s.newest_partition_epoch] == s.enough[s.newest_leader_epoch]


@conjunct(at=lambda s, r, p: (r in s.isr_at[p],))
def versions_cover_eligible(s: State) -> bool:
    """A version with enough in sync that the epoch's leader may still adopt includes everybody eligible in it now."""
    return all(
        r in s.isr_at[p]
        for r in Replica
        for p in PartitionEpoch
        if 0 <= p <= s.newest_partition_epoch
        and s.enough_at[p]
        and r in s.eligible[s.leader_epoch_at[p]]
        and s.has_leader[s.leader_epoch_at[p]]
        and (
            s.leader_epoch[s.leader[s.leader_epoch_at[p]]] < s.leader_epoch_at[p]
            or (
                s.leader_epoch[s.leader[s.leader_epoch_at[p]]] == s.leader_epoch_at[p]
                and s.partition_epoch[s.leader[s.leader_epoch_at[p]]] < p
            )
        )
    )


@conjunct(at=lambda s, leader, r, p: (s.registered_at[leader], r in s.isr_at[p]))
def resumable_versions_cover(s: State) -> bool:
    """A version by which a restarted leader may lead on includes everybody in sync in its epoch and, with enough in
    sync, everybody eligible: what it had proposed before can be committed no more. Broken by resume-by-old-version."""
    return all(
        r in s.isr_at[p]
        for leader in Replica
        for r in Replica
        for p in PartitionEpoch
        if owner(s, leader)
        and not s.leading[leader]
        and s.registered_at[leader] <= p
        and p <= s.newest_partition_epoch
        and s.leader_epoch_at[p] == s.leader_epoch[leader]
        and (r in s.isr[s.leader_epoch[leader]] or (s.enough_at[p] and r in s.eligible[s.leader_epoch[leader]]))
    )


@conjunct(at=lambda s, r, e, d: (known(e), r in s.eligible[d]))
def eligible_stays(s: State) -> bool:
    """Who is eligible in an epoch without having reconciled since an earlier one, no older than the last unclean
    election, was eligible when that one ended."""
    return all(
        r in s.eligible[e]
        for r in Replica
        for e in LeaderEpoch
        for d in LeaderEpoch
        if known(e)
        and r in s.eligible[d]
        and s.last_unclean <= e
        and s.reconciled[r] <= e
        and e < d
        and d <= s.newest_leader_epoch
    )


@conjunct
def survivors_are_eligible(s: State) -> bool:
    """Who was in sync when there were last enough, and has not lost power since, is eligible."""
    return all(r in s.eligible[s.newest_leader_epoch] for r in Replica if r in s.survivors)


NAMED = (named_regime,)
EPOCHS = (
    owner_has_started,
    eligible_in_sync_or_elr,
    elr_below_minimum,
    registered_before,
    newest_minimum,
    versions_cover_eligible,
    resumable_versions_cover,
    eligible_stays,
    survivors_are_eligible,
)
