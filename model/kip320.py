"""Replication as Kafka's own authors once specified it: the grain of `Kip320.tla`, for agreement with the outside.

One rule: nothing here is ours to improve. Each action is one of the action formulas of `Kip320.tla` in
github.com/hachikuji/kafka-specification (the work behind KIP-101, 279 and 320), so that a search of this model within
the same bounds visits the same number of states as TLC does there. What Kafka does today is `model/replication`.

At that grain a follower learns an epoch and truncates in one step, a fetch takes one record and no time, leaders change
the in-sync set in place, and a record has an identity. Epochs are shifted by one: 0 is the specification's `Nil`.
`MaxLeaderEpoch` e is `leader_epochs` e + 1, `LogSize` is `log`, `MaxRecords` is `values`.
"""

from model.design import Model
from model.language import (
    Cell,
    Entry,
    LeaderEpoch,
    Log,
    ModelState,
    Offset,
    Replica,
    ReplicaSet,
    Table,
    Value,
    action,
    definition,
    initial,
    require,
    safety,
)


class State(ModelState):
    # The quorum (`quorumState`): its epoch is the newest one, its leader that epoch's.
    newest_leader_epoch: Cell[LeaderEpoch]
    quorum_isr: Cell[ReplicaSet]
    written: Table[Value, bool]
    """The records written so far, by anybody; they are numbered in that order (`nextRecordId`)."""

    # What the controller has announced (`leaderAndIsrRequests`), one for each epoch.
    has_leader: Table[LeaderEpoch, bool]
    leader: Table[LeaderEpoch, Replica]
    announced_isr: Table[LeaderEpoch, ReplicaSet]

    # Every replica (`replicaState`, `replicaLog`): its leader is that of its epoch.
    leader_epoch: Table[Replica, LeaderEpoch]
    isr: Table[Replica, ReplicaSet]
    high_watermark: Table[Replica, Offset]
    log: Table[Replica, Log]


@initial
def created(s: State, members: ReplicaSet) -> None:
    """Every replica in sync, no leader."""
    s.quorum_isr = members


@definition
def leads(s: State, r: Replica) -> bool:
    """`ReplicaPresumesLeadership`."""
    return s.has_leader[s.leader_epoch[r]] and s.leader[s.leader_epoch[r]] == r


@definition
def true_leader(s: State, r: Replica) -> bool:
    """`IsTrueLeader`: the quorum knows it as the leader, too."""
    return leads(s, r) and s.leader_epoch[r] == s.newest_leader_epoch


@definition
def follows(s: State, follower: Replica, leader: Replica) -> bool:
    """`IsFollowingLeaderEpoch`: in the leader's own epoch; a leader follows itself."""
    return leads(s, leader) and s.leader_epoch[follower] == s.leader_epoch[leader]


@action
def elect(s: State, leader: Replica) -> None:
    """`ControllerElectLeader`: any other member of the in-sync set."""
    require(leader in s.quorum_isr)
    require(not s.has_leader[s.newest_leader_epoch] or s.leader[s.newest_leader_epoch] != leader)
    s.has_leader[s.newest_leader_epoch + 1] = True
    s.leader[s.newest_leader_epoch + 1] = leader
    s.announced_isr[s.newest_leader_epoch + 1] = s.quorum_isr
    s.newest_leader_epoch += 1


@action
def shrink_by_controller(s: State, removed: Replica) -> None:
    """`ControllerShrinkIsr` of a replica that does not lead: even the last one, if nobody leads."""
    require(removed in s.quorum_isr)
    require(not s.has_leader[s.newest_leader_epoch] or s.leader[s.newest_leader_epoch] != removed)
    s.has_leader[s.newest_leader_epoch + 1] = s.has_leader[s.newest_leader_epoch]
    s.leader[s.newest_leader_epoch + 1] = s.leader[s.newest_leader_epoch]
    s.announced_isr[s.newest_leader_epoch + 1] = s.quorum_isr - {removed}
    s.quorum_isr = s.quorum_isr - {removed}
    s.newest_leader_epoch += 1


@action
def leader_fails(s: State, removed: Replica) -> None:
    """`ControllerShrinkIsr` of the leader: nobody leads then; it stays in the in-sync set if it is the only member."""
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == removed)
    s.announced_isr[s.newest_leader_epoch + 1] = (
        s.quorum_isr - {removed} if any(r in s.quorum_isr for r in Replica if r != removed) else s.quorum_isr
    )
    s.quorum_isr = s.announced_isr[s.newest_leader_epoch + 1]
    s.newest_leader_epoch += 1


@action
def become_leader(s: State, replica: Replica, epoch: LeaderEpoch) -> None:
    """`BecomeLeader`: the leader of an announced epoch newer than its own takes it."""
    require(s.leader_epoch[replica] < epoch and epoch <= s.newest_leader_epoch)
    require(s.has_leader[epoch] and s.leader[epoch] == replica)
    s.leader_epoch[replica] = epoch
    s.isr[replica] = s.announced_isr[epoch]


@action
def expand_isr(s: State, leader: Replica, follower: Replica) -> None:
    """`FencedLeaderExpandIsr`: the follower has the high watermark, and that has reached the leader's epoch."""
    require(true_leader(s, leader) and follower not in s.isr[leader] and follows(s, follower, leader))
    require(s.high_watermark[leader] <= len(s.log[follower]))
    require(
        s.high_watermark[leader] == len(s.log[leader])
        or s.log[leader][s.high_watermark[leader]].epoch == s.leader_epoch[leader]
    )
    s.quorum_isr = s.isr[leader] | {follower}
    s.isr[leader] = s.isr[leader] | {follower}


@action
def shrink_isr(s: State, leader: Replica, follower: Replica) -> None:
    """`FencedLeaderShrinkIsr`: a member that is behind, or not in the leader's epoch."""
    require(true_leader(s, leader) and follower in s.isr[leader] and follower != leader)
    require(not follows(s, follower, leader) or len(s.log[follower]) < len(s.log[leader]))
    s.quorum_isr = s.isr[leader] - {follower}
    s.isr[leader] = s.isr[leader] - {follower}


@action
def append(s: State, leader: Replica, value: Value) -> None:
    """`LeaderWrite`: the next record of those there are."""
    require(leads(s, leader) and not s.written[value])
    require(all(s.written[earlier] for earlier in Value if earlier < value))
    s.log[leader] = s.log[leader] + (Entry(s.leader_epoch[leader], value),)
    s.written[value] = True


@action
def advance_high_watermark(s: State, leader: Replica) -> None:
    """`FencedLeaderIncHighWatermark`: by one, when the whole in-sync set that the leader knows has that record."""
    require(leads(s, leader) and s.high_watermark[leader] < len(s.log[leader]))
    require(
        all(follows(s, f, leader) and s.high_watermark[leader] < len(s.log[f]) for f in Replica if f in s.isr[leader])
    )
    s.high_watermark[leader] += 1


@definition
def after_last_common(own: Log, other: Log, to: Offset) -> bool:
    """`FirstNonMatchingOffsetFromTail`: `to` is just past the last record that both logs have in the same place."""
    return (
        to <= len(own)
        and to <= len(other)
        and (to == 0 or own[to - 1] == other[to - 1])
        and all(own[o] != other[o] for o in range(to, len(own)) if o < len(other))
    )


@action
def become_follower_and_truncate(s: State, replica: Replica, epoch: LeaderEpoch, to: Offset) -> None:
    """`FencedBecomeFollowerAndTruncate`: the leader is in the epoch, and tells how far the two logs agree.

    The specification also has a case for an epoch that nobody leads, which can never be taken: its `leader` is chosen
    out of `Replicas`, and `None` is none of them.
    """
    require(s.leader_epoch[replica] < epoch and epoch <= s.newest_leader_epoch)
    require(s.has_leader[epoch] and s.leader[epoch] != replica and s.leader_epoch[s.leader[epoch]] == epoch)
    require(after_last_common(s.log[replica], s.log[s.leader[epoch]], to))
    s.leader_epoch[replica] = epoch
    s.isr[replica] = s.announced_isr[epoch]
    s.high_watermark[replica] = min(to, s.high_watermark[replica])
    s.log[replica] = s.log[replica][:to]


@action
def fetch(s: State, follower: Replica, leader: Replica) -> None:
    """`FencedFollowerFetch`: the leader's next record, and its high watermark as far as that goes."""
    require(follows(s, follower, leader) and len(s.log[follower]) < len(s.log[leader]))
    s.high_watermark[follower] = min(s.high_watermark[leader], len(s.log[follower]) + 1)
    s.log[follower] = s.log[follower] + s.log[leader][len(s.log[follower]) : len(s.log[follower]) + 1]


@safety
def weak_isr(s: State) -> bool:
    """`WeakIsr`: what a leader believes committed is in every log of the in-sync set it knows."""
    return all(
        s.high_watermark[r] <= len(s.log[r])
        and s.high_watermark[r] <= len(s.log[member])
        and all(s.log[r][o] == s.log[member][o] for o in range(s.high_watermark[r]))
        for r in Replica
        for member in Replica
        if leads(s, r) and member in s.isr[r]
    )


@safety
def strong_isr(s: State) -> bool:
    """`StrongIsr`: what a leader believes committed is in every log of the true in-sync set."""
    return all(
        s.high_watermark[r] <= len(s.log[r])
        and s.high_watermark[r] <= len(s.log[member])
        and all(s.log[r][o] == s.log[member][o] for o in range(s.high_watermark[r]))
        for r in Replica
        for member in Replica
        if leads(s, r) and member in s.quorum_isr
    )


KIP320 = Model(
    name="kip320",
    state=State,
    initial=created,
    actions=(
        elect,
        shrink_by_controller,
        leader_fails,
        become_leader,
        expand_isr,
        shrink_isr,
        append,
        advance_high_watermark,
        become_follower_and_truncate,
        fetch,
    ),
    macros=(),
    safety=(weak_isr, strong_isr),
    variants=(),
)
