"""What users rely on when brokers lose power: each property says which loss it survives, and which variant breaks it.

One rule: nothing is claimed of what was committed before the last unclean election. Where there was none, nothing is
left out.
"""

from model.language import LeaderEpoch, Replica, known, safety
from model.replication.safety import high_watermark_in_log, one_leader_per_epoch
from model.survival.state import State


@safety
def committed_in_eligible(s: State) -> bool:
    """Whatever any replica believes committed is in the log of every member of the in-sync set and of every eligible
    leader replica, in its place, however many lost power and whatever they had not flushed.

    So whoever is elected has it. A replica that has not reconciled since an unclean election may believe what was given
    up. Broken by every variant that lets a replica keep its place, or come back to it, without the records.
    """
    return all(
        s.high_watermark[r] <= len(s.log[member])
        and all(s.log[r][o] == s.log[member][o] for o in range(s.high_watermark[r]))
        for r in Replica
        for member in Replica
        if (member in s.isr[s.newest_leader_epoch] or member in s.elr[s.newest_leader_epoch])
        and s.last_unclean <= s.reconciled[r]
    )


@safety
def agree_below_high_watermark(s: State) -> bool:
    """Two replicas hold the same record at every offset below both their high watermarks, once both have reconciled
    since the last unclean election: consumers of either agree."""
    return all(
        s.log[a][o] == s.log[b][o]
        for a in Replica
        for b in Replica
        if s.last_unclean <= s.reconciled[a] and s.last_unclean <= s.reconciled[b]
        for o in range(s.high_watermark[a])
        if o < s.high_watermark[b]
    )


@safety
def same_epoch_same_log(s: State) -> bool:
    """Two replicas that have a record of the same epoch at the same offset have the same records up to it, whatever was
    lost and whoever was elected (Raft's Log Matching)."""
    return all(
        s.log[a][p] == s.log[b][p]
        for a in Replica
        for b in Replica
        for o in range(len(s.log[a]))
        for p in range(o + 1)
        if o < len(s.log[b]) and s.log[a][o].epoch == s.log[b][o].epoch
    )


@safety
def durable(s: State) -> bool:
    """What was ever committed since the last unclean election, in any epoch, is in the log of everybody who is in sync
    or eligible. What the uncleanly elected leader had when it first led counts as committed."""
    return all(
        s.committed[e] <= len(s.log[member])
        and all(s.epoch_log[e][o] == s.log[member][o] for o in range(s.committed[e]))
        for e in LeaderEpoch
        for member in Replica
        if known(e) and s.last_unclean <= e <= s.newest_leader_epoch and member in s.eligible[s.newest_leader_epoch]
    )


@safety
def leader_complete(s: State) -> bool:
    """What was ever committed since the last unclean election is in the log of every leader of the same or a later
    epoch (Raft's Leader Completeness)."""
    return all(
        s.committed[e] <= len(s.log[r]) and all(s.epoch_log[e][o] == s.log[r][o] for o in range(s.committed[e]))
        for e in LeaderEpoch
        for r in Replica
        if known(e) and s.leading[r] and s.last_unclean <= e <= s.leader_epoch[r]
    )


@safety
def survivors_eligible(s: State) -> bool:
    """Of those who were in sync when that set last had min.insync.replicas members, whoever has not lost power (or
    been removed) since may still be elected and so, by `durable`, has everything: to lose fewer than the minimum is
    survived."""
    return all(
        r in s.isr[s.newest_leader_epoch] or r in s.elr[s.newest_leader_epoch] for r in Replica if r in s.survivors
    )


SAFETY = (
    committed_in_eligible,
    agree_below_high_watermark,
    high_watermark_in_log,
    one_leader_per_epoch,
    same_epoch_same_log,
    durable,
    leader_complete,
    survivors_eligible,
)
