"""A small model that uses every construct of the language once, for the tests of the TLA+ printing."""

from model.design import Model, Variant
from model.language import (
    Cell,
    Entry,
    Ghost,
    LeaderEpoch,
    Log,
    Message,
    ModelState,
    Offset,
    Replica,
    ReplicaSet,
    Table,
    Value,
    action,
    as_offset,
    definition,
    ghost,
    implies,
    initial,
    macro,
    require,
    safety,
)

FIRST = 1


class State(ModelState):
    newest: Cell[LeaderEpoch]
    members: Cell[ReplicaSet]
    leader: Table[LeaderEpoch, Replica]
    """Who leads an epoch; anybody before the first."""
    epoch: Table[Replica, LeaderEpoch]
    log: Table[Replica, Log]
    seen: Table[tuple[Replica, Replica], Offset]
    sent: Message[Table[Replica, bool]]
    sent_log: Message[Table[Replica, Log]]
    longest: Ghost[Cell[Offset]]


@initial
def created(s: State, members: ReplicaSet) -> None:
    """Nobody leads."""
    require(any(r in members for r in Replica))
    s.members = members
    s.seen = {(a, b): -1 for a in Replica for b in Replica}


@definition
def leads(s: State, r: Replica) -> bool:
    """It leads the epoch it knows."""
    return s.epoch[r] >= FIRST and s.leader[s.epoch[r]] == r


@definition
def ends_alike(own: Log, other: Log) -> bool:
    """The last entries, where there are any, are of one epoch."""
    return len(own) == 0 or len(other) == 0 or own[len(own) - 1].epoch == other[len(other) - 1].epoch


@definition
def others(s: State, chosen: frozenset[Replica]) -> frozenset[Replica]:
    """The members that are not chosen."""
    return s.members - chosen


@definition
def move(s: State, r: Replica, epoch: LeaderEpoch) -> None:
    """It goes to an epoch."""
    s.epoch[r] = epoch


@action
def elect(s: State, leader: Replica) -> None:
    """A member leads the next epoch, and knows it."""
    require(leader in s.members)
    s.newest += 1
    s.leader[s.newest] = leader
    move(s, leader, s.newest)


@action
def append(s: State, leader: Replica, value: Value) -> None:
    """A leader writes two records at once."""
    require(leads(s, leader))
    s.log[leader] = s.log[leader] + (Entry(s.epoch[leader], value),)
    s.log[leader] = s.log[leader] + (Entry(s.epoch[leader], value),)
    with ghost:
        s.longest = max(s.longest, len(s.log[leader]))


@action
def send(s: State, leader: Replica) -> None:
    """A leader shows its log."""
    require(leads(s, leader))
    s.sent[leader] = True
    s.sent_log[leader] = s.log[leader]


@action
def receive(s: State, follower: Replica, leader: Replica, log_end: Offset) -> None:
    """A follower takes a part of what was shown."""
    require(s.sent[leader] and not leads(s, follower) and ends_alike(s.log[follower], s.sent_log[leader]))
    require(len(s.log[follower]) <= log_end <= len(s.sent_log[leader]))
    s.log[follower] = s.log[follower] + s.sent_log[leader][len(s.log[follower]) : log_end]
    s.seen[leader, follower] = max(s.seen[leader, follower], as_offset(len(s.log[follower])))


@action
def receive_anything(s: State, follower: Replica, leader: Replica, log_end: Offset) -> None:
    """A follower cuts off what it likes first."""
    require(s.sent[leader] and leader != follower and log_end <= len(s.sent_log[leader]))
    s.log[follower] = s.sent_log[leader][:log_end]


@action
def remove(s: State, kept: ReplicaSet) -> None:
    """Only some members stay, and those are no longer counted as having anything."""
    require(all(implies(r in kept, r in s.members) for r in Replica) and others(s, kept) != kept - kept)
    s.members = s.members & kept
    s.seen = {(a, b): s.seen[a, b] if a in kept else min(s.seen[a, b], 0) for a in Replica for b in Replica}


@macro
def copy(s: State, follower: Replica, leader: Replica, log_end: Offset) -> None:
    """A follower is shown a log, and takes a part of it."""
    send(s, leader)
    receive(s, follower, leader, log_end)


@macro
def copy_anything(s: State, follower: Replica, leader: Replica, log_end: Offset) -> None:
    """A follower is shown a log, and takes a part of it in place of its own."""
    send(s, leader)
    receive_anything(s, follower, leader, log_end)


@safety
def prefixes(s: State) -> bool:
    """Logs agree wherever both have an entry."""
    return all(
        s.log[a][o] == s.log[b][o] for a in Replica for b in Replica for o in range(len(s.log[a])) if o < len(s.log[b])
    )


@safety
def some_member(s: State) -> bool:
    """There is somebody left."""
    return any(r in s.members for r in Replica)


@safety
def longest_known(s: State) -> bool:
    """Speaks of a ghost, so it is not printed."""
    return all(len(s.log[r]) <= s.longest for r in Replica)


EXAMPLE = Model(
    name="example",
    state=State,
    initial=created,
    actions=(elect, append, send, receive, remove),
    macros=(copy,),
    safety=(prefixes, some_member, longest_known),
    variants=(
        Variant(
            id="take-anything",
            sentence="A follower takes what it is shown, whatever it has.",
            replaces={"receive": receive_anything},
            macros={"copy": copy_anything},
        ),
    ),
)
