"""What users rely on: the safety properties of one replicated partition.

One rule: each is a statement about a single state, in the words of the protocol, and says which variant breaks it. The
proof shows each from the inductive invariant; searches evaluate them as written.
"""

from model.language import LeaderEpoch, Replica, known, safety
from model.replication.state import State


@safety
def committed_in_isr(s: State) -> bool:
    """Whatever any replica believes committed is in the log of every member of the in-sync set, in its place.

    So whoever is elected has it. Broken by kip-101 (a member cuts committed records off) and by every variant that
    lets a replica count, or join the set, without the records.
    """
    return all(
        s.high_watermark[r] <= len(s.log[member])
        and all(s.log[r][o] == s.log[member][o] for o in range(s.high_watermark[r]))
        for r in Replica
        for member in Replica
        if member in s.isr[s.newest_leader_epoch]
    )


@safety
def agree_below_high_watermark(s: State) -> bool:
    """Two replicas hold the same record at every offset below both their high watermarks: consumers of either agree.

    Broken by kip-279: a foreign record of the right length survives the truncation.
    """
    return all(
        s.log[a][o] == s.log[b][o]
        for a in Replica
        for b in Replica
        for o in range(s.high_watermark[a])
        if o < s.high_watermark[b]
    )


@safety
def high_watermark_in_log(s: State) -> bool:
    """No replica believes committed what it does not have itself."""
    return all(0 <= s.high_watermark[r] <= len(s.log[r]) for r in Replica)


@safety
def one_leader_per_epoch(s: State) -> bool:
    """Two replicas that lead at the same time lead different epochs, so a deposed leader can be told from the next."""
    return all(
        a == b
        for a in Replica
        for b in Replica
        if s.leading[a] and s.leading[b] and s.leader_epoch[a] == s.leader_epoch[b]
    )


@safety
def durable(s: State) -> bool:
    """What was ever committed, in any epoch, is in the log of every member of the in-sync set."""
    return all(
        s.committed[e] <= len(s.log[member])
        and all(s.epoch_log[e][o] == s.log[member][o] for o in range(s.committed[e]))
        for e in LeaderEpoch
        for member in Replica
        if known(e) and 0 <= e <= s.newest_leader_epoch and member in s.isr[s.newest_leader_epoch]
    )


@safety
def leader_complete(s: State) -> bool:
    """What was ever committed is in the log of every leader of the same or a later epoch (Raft's Leader Completeness).

    So what a deposed leader commits late is already in its successor's log.
    """
    return all(
        s.committed[e] <= len(s.log[r]) and all(s.epoch_log[e][o] == s.log[r][o] for o in range(s.committed[e]))
        for e in LeaderEpoch
        for r in Replica
        if known(e) and s.leading[r] and 0 <= e <= s.leader_epoch[r]
    )


SAFETY = (
    committed_in_isr,
    agree_below_high_watermark,
    high_watermark_in_log,
    one_leader_per_epoch,
    durable,
    leader_complete,
)
