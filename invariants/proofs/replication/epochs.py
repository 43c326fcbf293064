"""Epochs, roles, and the in-sync sets in the metadata log."""

from model.language import LeaderEpoch, PartitionEpoch, Replica, conjunct, known
from model.replication.state import State, owner


@conjunct
def named_epochs(s: State) -> bool:
    """No claim: names the epochs for which the completeness conjuncts are wanted."""
    return (
        known(s.newest_leader_epoch)
        and known(s.newest_leader_epoch + 1)
        and all(known(s.reconciled[r]) and known(s.leader_epoch[r]) and known(s.committed_in[r]) for r in Replica)
    )


@conjunct
def epochs_in_order(s: State) -> bool:
    """A replica's epoch is one that was, and its log was reconciled in that epoch or an older one."""
    return (
        s.newest_leader_epoch >= 0
        and s.newest_partition_epoch >= 0
        and all(0 <= s.reconciled[r] <= s.leader_epoch[r] <= s.newest_leader_epoch for r in Replica)
    )


@conjunct
def versions_in_order(s: State) -> bool:
    """Every version of the partition belongs to an epoch that was."""
    return all(
        0 <= s.leader_epoch_at[p] <= s.newest_leader_epoch for p in PartitionEpoch if 0 <= p <= s.newest_partition_epoch
    )


@conjunct
def newest_version(s: State) -> bool:
    """The newest version of the partition is the state of its newest epoch."""
    return s.leader_epoch_at[s.newest_partition_epoch] == s.newest_leader_epoch and all(
        (r in s.isr_at[s.newest_partition_epoch]) == (r in s.isr[s.newest_leader_epoch]) for r in Replica
    )


@conjunct(at=lambda s, r, p: (r in s.isr_at[p],))
def versions_cover(s: State) -> bool:
    """A version that the epoch's leader may still adopt includes everybody who is in sync in that epoch now.

    Within an epoch the set grows only by the leader's own proposal, made on the version it then knows, so every version
    it has not yet seen was only shrunk since. Broken by alter-without-comparing.
    """
    return all(
        r in s.isr_at[p]
        for r in Replica
        for p in PartitionEpoch
        if 0 <= p <= s.newest_partition_epoch
        and r in s.isr[s.leader_epoch_at[p]]
        and s.has_leader[s.leader_epoch_at[p]]
        and (
            s.leader_epoch[s.leader[s.leader_epoch_at[p]]] < s.leader_epoch_at[p]
            or (
                s.leader_epoch[s.leader[s.leader_epoch_at[p]]] == s.leader_epoch_at[p]
                and s.partition_epoch[s.leader[s.leader_epoch_at[p]]] < p
            )
        )
    )


@conjunct(at=lambda s, r, p, q: (r in s.isr_at[p], r in s.isr_at[q]))
def versions_shrink(s: State) -> bool:
    """Of two versions of an epoch that its leader may still adopt, the later is no larger, for the same reason."""
    return all(
        r in s.isr_at[p]
        for r in Replica
        for p in PartitionEpoch
        for q in PartitionEpoch
        if p >= 0
        and p < q
        and q <= s.newest_partition_epoch
        and s.leader_epoch_at[p] == s.leader_epoch_at[q]
        and r in s.isr_at[q]
        and s.has_leader[s.leader_epoch_at[p]]
        and (
            s.leader_epoch[s.leader[s.leader_epoch_at[p]]] < s.leader_epoch_at[p]
            or (
                s.leader_epoch[s.leader[s.leader_epoch_at[p]]] == s.leader_epoch_at[p]
                and s.partition_epoch[s.leader[s.leader_epoch_at[p]]] < p
            )
        )
    )


@conjunct(at=lambda s, leader, r, p: (s.leader_epoch[leader], r in s.isr_at[p]))
def versions_counted(s: State) -> bool:
    """A leader already counts everybody in the versions of its epoch that it has yet to learn."""
    return all(
        r in s.maximal_isr[leader]
        for leader in Replica
        for r in Replica
        for p in PartitionEpoch
        if owner(s, leader)
        and s.partition_epoch[leader] < p
        and p <= s.newest_partition_epoch
        and s.leader_epoch_at[p] == s.leader_epoch[leader]
        and r in s.isr_at[p]
    )


@conjunct
def leading_is_owned(s: State) -> bool:
    """Whoever leads was elected in the epoch it leads, so one replica leads an epoch."""
    return all(owner(s, r) for r in Replica if s.leading[r])


@conjunct
def owner_has_started(s: State) -> bool:
    """Who has taken a leadership is reconciled with itself and knows where the epoch started."""
    return all(
        s.reconciled[r] == s.leader_epoch[r]
        and s.started[s.leader_epoch[r]]
        and s.epoch_start[r] == s.start[s.leader_epoch[r]]
        for r in Replica
        if owner(s, r)
    )


@conjunct
def reconciled_has_started(s: State) -> bool:
    """A log is reconciled only with an epoch that somebody leads, or with the empty log of epoch 0."""
    return s.started[0] and all(s.started[s.reconciled[r]] for r in Replica)


@conjunct
def started_was_led(s: State) -> bool:
    """An epoch starts when its leader reaches it. Broken by restart-forgetful: a leader is back before its epoch."""
    return all(
        0 <= e <= s.newest_leader_epoch and (e == 0 or (s.has_leader[e] and s.leader_epoch[s.leader[e]] >= e))
        for e in LeaderEpoch
        if s.started[e]
    )


@conjunct
def leader_in_isr(s: State) -> bool:
    """The elected leader is in sync, in its whole epoch."""
    return all(s.leader[e] in s.isr[e] for e in LeaderEpoch if 1 <= e <= s.newest_leader_epoch and s.has_leader[e])


@conjunct(at=lambda s, r, e, d: (known(e), r in s.isr[d]))
def isr_stays(s: State) -> bool:
    """Who is in sync in an epoch without having reconciled since an earlier one was in sync when that one ended.

    The in-sync set takes in only who has fetched in the epoch. Broken by alter-without-comparing.
    """
    return all(
        r in s.isr[e]
        for r in Replica
        for e in LeaderEpoch
        for d in LeaderEpoch
        if known(e) and r in s.isr[d] and e >= 0 and s.reconciled[r] <= e and e < d and d <= s.newest_leader_epoch
    )


NAMED = (named_epochs,)
EPOCHS = (
    epochs_in_order,
    versions_in_order,
    newest_version,
    versions_cover,
    versions_shrink,
    versions_counted,
    leading_is_owned,
    owner_has_started,
    reconciled_has_started,
    started_was_led,
    leader_in_isr,
    isr_stays,
)
