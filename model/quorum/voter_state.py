"""What voter changes (KIP-853) add to the state of a quorum: the voters as the log tells them.

One rule: a replica goes by the latest set of voters in its log, committed or not. So that it is found without looking
back, every record names the set in force after it, and where the log ended right after the latest change: Kafka keeps
the same two beside the log, as the history of voter sets (`VoterSetHistory`).

The ghosts say of a record in which epoch the latest change was made, and where the change before that one ended; and
of each epoch who elected its leader, and who committed how much of it when the leader's log was how long: majorities
of sets that need not be today's.
"""

from model.language import (
    Ghost,
    LeaderEpoch,
    Offset,
    Replica,
    ReplicaSet,
    Table,
    definition,
    ghost,
    initial,
    require,
)
from model.quorum.state import State, last_epoch


class VotersState(State):
    voters_at: Table[tuple[LeaderEpoch, Offset], ReplicaSet]
    """The set of voters in force after the record of this epoch at this offset."""
    changed_end: Table[tuple[LeaderEpoch, Offset], Offset]
    """Where the log ended right after the latest change of voters as of that record; 0 before the first."""

    # Ghosts.
    changed_in: Ghost[Table[tuple[LeaderEpoch, Offset], LeaderEpoch]]
    """The epoch of that change; 0 before the first."""
    changed_before: Ghost[Table[tuple[LeaderEpoch, Offset], Offset]]
    """The end of the change before it; 0 where that was the first."""
    elected_by: Ghost[Table[LeaderEpoch, ReplicaSet]]
    """Who had voted for the leader of this epoch when it won."""
    committed_by: Ghost[Table[tuple[LeaderEpoch, Offset], ReplicaSet]]
    """Who the leader of this epoch counted when it first committed as far as this log end."""
    committed_at: Ghost[Table[tuple[LeaderEpoch, Offset], Offset]]
    """How long its log was then."""
    ceiling_by: Ghost[Table[LeaderEpoch, LeaderEpoch]]
    """The later epoch whose election set the ceiling."""


@definition
def in_force(s: VotersState, r: Replica) -> ReplicaSet:
    """The set of voters that a replica goes by: that of its last record, at first the one the quorum began with."""
    return s.voters if len(s.log[r]) == 0 else s.voters_at[last_epoch(s.log[r]), len(s.log[r]) - 1]


@definition
def last_change(s: VotersState, r: Replica) -> int:
    """Where the latest change of voters in a replica's log ends; 0 where there is none."""
    return 0 if len(s.log[r]) == 0 else s.changed_end[last_epoch(s.log[r]), len(s.log[r]) - 1]


@definition
def last_change_in(s: VotersState, r: Replica) -> int:
    """Ghost: the epoch of the latest change in a replica's log."""
    return 0 if len(s.log[r]) == 0 else s.changed_in[last_epoch(s.log[r]), len(s.log[r]) - 1]


@definition
def change_before(s: VotersState, r: Replica) -> int:
    """Ghost: where the change before the latest in a replica's log ends."""
    return 0 if len(s.log[r]) == 0 else s.changed_before[last_epoch(s.log[r]), len(s.log[r]) - 1]


@definition
def keep_voters(s: VotersState, leader: Replica) -> None:
    """The record that the leader appends leaves the voters as they are."""
    s.voters_at[s.leader_epoch[leader], len(s.log[leader])] = in_force(s, leader)
    s.changed_end[s.leader_epoch[leader], len(s.log[leader])] = last_change(s, leader)


@definition
def keep_change(s: VotersState, leader: Replica) -> None:
    """Ghost: as `keep_voters`."""
    s.changed_before[s.leader_epoch[leader], len(s.log[leader])] = change_before(s, leader)
    s.changed_in[s.leader_epoch[leader], len(s.log[leader])] = last_change_in(s, leader)


@initial
def beginning(s: VotersState, voters: ReplicaSet) -> None:
    """Empty logs, nobody leads; any set of voters, others to be added."""
    require(any(r in voters for r in Replica))
    s.voters = voters
    with ghost:
        s.started[0] = True
