"""One replicated partition as exhaustive searches are compared on: small, whole, and known to several tools.

One rule: it is a yardstick, not a claim about Kafka. Its log may truncate to the high watermark and its leaders may be
stale; what counts is that every tool finds the same 2,068,336 states at three replicas, three records and three epochs,
in 36 levels.
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
    action,
    initial,
    require,
    safety,
)


class State(ModelState):
    epoch: Cell[LeaderEpoch]
    """At the controller; 0 before the first election, when nobody leads."""
    leader: Cell[Replica]
    in_sync: Table[Replica, bool]
    known_epoch: Table[Replica, LeaderEpoch]
    leading: Table[Replica, bool]
    log: Table[Replica, Log]
    high_watermark: Table[Replica, Offset]
    position: Table[tuple[Replica, Replica], Offset]
    """By leader and replica: the log end that the leader knows."""


@initial
def created(s: State, members: ReplicaSet) -> None:
    """Everybody is in sync, and nobody leads."""
    s.in_sync = {r: r in members for r in Replica}


@action
def append(s: State, leader: Replica) -> None:
    """A leader writes one record."""
    require(s.leading[leader])
    s.log[leader] = s.log[leader] + (Entry(s.known_epoch[leader], 0),)
    s.position[leader, leader] = len(s.log[leader])


@action
def fetch(s: State, follower: Replica, leader: Replica) -> None:
    """A follower of the same epoch copies one record; the leader learns the position it fetched from."""
    require(follower != leader and s.leading[leader] and not s.leading[follower])
    require(s.known_epoch[leader] == s.known_epoch[follower] and len(s.log[follower]) < len(s.log[leader]))
    s.position[leader, follower] = len(s.log[follower])
    s.log[follower] = s.log[follower] + (
        Entry(s.log[leader][len(s.log[follower])].epoch, s.log[leader][len(s.log[follower])].value),
    )
    s.high_watermark[follower] = min(s.high_watermark[leader], len(s.log[follower]))


@action
def acknowledge(s: State, follower: Replica, leader: Replica) -> None:
    """A follower of the same epoch shows its log end, and learns the high watermark."""
    require(follower != leader and s.leading[leader] and not s.leading[follower])
    require(s.known_epoch[leader] == s.known_epoch[follower])
    s.position[leader, follower] = len(s.log[follower])
    s.high_watermark[follower] = min(s.high_watermark[leader], len(s.log[follower]))


@action
def advance(s: State, leader: Replica, to: Offset) -> None:
    """The newest leader commits all that it and the in-sync replicas have."""
    require(s.leading[leader] and s.known_epoch[leader] == s.epoch and s.high_watermark[leader] < to)
    require(all(to <= s.position[leader, r] for r in Replica if r == leader or s.in_sync[r]))
    require(any(to == s.position[leader, r] for r in Replica if r == leader or s.in_sync[r]))
    s.high_watermark[leader] = to


@action
def shrink(s: State, leader: Replica, follower: Replica) -> None:
    """The newest leader drops a follower from the in-sync set."""
    require(follower != leader and s.leading[leader] and s.known_epoch[leader] == s.epoch and s.in_sync[follower])
    s.in_sync[follower] = False


@action
def expand(s: State, leader: Replica, follower: Replica) -> None:
    """The newest leader takes back a follower that has all that is committed."""
    require(follower != leader and s.leading[leader] and s.known_epoch[leader] == s.epoch)
    require(not s.in_sync[follower] and s.position[leader, follower] >= s.high_watermark[leader])
    s.in_sync[follower] = True


@action
def elect(s: State, replica: Replica) -> None:
    """Another in-sync replica becomes the leader at the controller."""
    require(s.in_sync[replica] and (s.epoch == 0 or s.leader != replica))
    s.leader = replica
    s.epoch += 1


@action
def become_leader(s: State, replica: Replica) -> None:
    """The leader learns that it is one, and knows nobody's position but its own."""
    require(s.known_epoch[replica] < s.epoch and s.leader == replica)
    s.known_epoch[replica] = s.epoch
    s.leading[replica] = True
    s.position = {
        (leader, r): s.position[leader, r] if leader != replica else len(s.log[replica]) if r == replica else 0
        for leader in Replica
        for r in Replica
    }


@action
def become_follower(s: State, replica: Replica) -> None:
    """Another replica learns the newest epoch, and truncates to its high watermark."""
    require(s.known_epoch[replica] < s.epoch and s.leader != replica)
    s.known_epoch[replica] = s.epoch
    s.leading[replica] = False
    s.log[replica] = s.log[replica][: s.high_watermark[replica]]
    s.position = {(leader, r): s.position[leader, r] if leader != replica else 0 for leader in Replica for r in Replica}


@safety
def high_watermark_in_log(s: State) -> bool:
    """No replica believes committed what it does not have itself."""
    return all(s.high_watermark[r] <= len(s.log[r]) for r in Replica)


REFERENCE_PARTITION = Model(
    name="reference-partition",
    state=State,
    initial=created,
    actions=(
        append,
        fetch,
        acknowledge,
        advance,
        shrink,
        expand,
        elect,
        become_leader,
        become_follower,
    ),
    macros=(),
    safety=(high_watermark_in_log,),
    variants=(),
)
