"""The state of the leader-epoch cache: logs, and beside each the epochs it is known to hold and where they start.

Epoch 0 has no records and is in no cache: it stands for Kafka's empty cache.
"""

from model.language import (
    Cell,
    Ghost,
    LeaderEpoch,
    Log,
    ModelState,
    Offset,
    Replica,
    ReplicaSet,
    Table,
    definition,
    initial,
    require,
)


class State(ModelState):
    newest_leader_epoch: Cell[LeaderEpoch]
    leader: Table[LeaderEpoch, Replica]
    """Who leads an epoch; nobody leads an epoch that has not begun."""
    log: Table[Replica, Log]
    cached: Table[tuple[Replica, LeaderEpoch], bool]
    """The replica's cache has an entry of the epoch."""
    cached_start: Table[tuple[Replica, LeaderEpoch], Offset]
    """The start offset in that entry."""
    begin: Ghost[Table[LeaderEpoch, Offset]]
    """Where an epoch began: its leader's log end then."""


@initial
def created(s: State, members: ReplicaSet) -> None:
    """Empty logs, empty caches."""
    require(any(r in members for r in Replica))
    s.newest_leader_epoch = 0


@definition
def is_latest(s: State, r: Replica, epoch: LeaderEpoch) -> bool:
    """The epoch is the latest in the replica's cache: Kafka's `latestEpoch`, what it fetches with as last epoch."""
    return (epoch == 0 or s.cached[r, epoch]) and all(e <= epoch for e in LeaderEpoch if s.cached[r, e])


@definition
def assign(s: State, r: Replica, epoch: LeaderEpoch, start: Offset) -> None:
    """Kafka's `LeaderEpochFileCache.assign`: the entry goes in, and whatever is not before it in both epoch and start
    goes out."""
    s.cached = {
        (x, e): e == epoch or (s.cached[x, e] and e < epoch and s.cached_start[x, e] < start)
        if x == r
        else s.cached[x, e]
        for x in Replica
        for e in LeaderEpoch
    }
    s.cached_start[r, epoch] = start
