"""The state of a KRaft quorum: what each replica keeps, what is in flight, and ghosts.

One rule: a variable belongs to one replica or to the network, and an action reads only what its owner knows. Epoch 0 is
the time before the first election: an empty log that everybody shares.

A replica is a voter or an observer. A quorum is a set of voters; all that is said of quorums is that two of them share
a voter, so majorities are one instance. Votes are kept as histories, what was asked and what was granted in each epoch,
and so are fetches: a message may arrive late, twice, out of order or never.

The ghosts make the argument local, as in `model/replication/state.py`. `epoch_log[e]` is the append-only log that the
leader of e has written; every log is a prefix of one of them. `held[e, r]` is how much of epoch e's log r has on disk,
`ceiling[e]` bounds what e can ever commit, as soon as a later leader has been elected without more of it.
"""

from model.language import (
    Cell,
    Ghost,
    LeaderEpoch,
    Log,
    Message,
    ModelState,
    Offset,
    Quorum,
    Replica,
    ReplicaSet,
    Table,
    definition,
    ghost,
    initial,
    require,
)


class State(ModelState):
    voters: Cell[ReplicaSet]
    """Who may vote; where voters change (KIP-853, `model/quorum/voter_changes.py`), who might at first."""

    # On the disk of a replica. The epoch and the vote are written through; of the log, what lies below `flushed`.
    leader_epoch: Table[Replica, LeaderEpoch]
    voted: Table[Replica, bool]
    """It has given its vote in its epoch, to `vote`."""
    vote: Table[Replica, Replica]
    log: Table[Replica, Log]
    flushed: Table[Replica, Offset]

    # In the memory of a replica.
    candidate: Table[Replica, bool]
    leading: Table[Replica, bool]
    high_watermark: Table[Replica, Offset]
    acknowledged: Table[tuple[Replica, Replica], Offset]
    """By leader and follower: the log end that the follower's latest accepted fetch showed."""

    # Votes ever asked for, by epoch and candidate: with the last epoch and the end of the candidate's log; and granted.
    asked: Table[tuple[LeaderEpoch, Replica], bool]
    asked_last_epoch: Table[tuple[LeaderEpoch, Replica], LeaderEpoch]
    asked_log_end: Table[tuple[LeaderEpoch, Replica], Offset]
    granted: Table[tuple[LeaderEpoch, Replica], ReplicaSet]

    # Fetches ever sent, and answered as diverging: by follower, epoch, log end and last epoch.
    fetched: Message[Table[tuple[Replica, LeaderEpoch, Offset, LeaderEpoch], bool]]
    diverging: Message[Table[tuple[Replica, LeaderEpoch, Offset, LeaderEpoch], bool]]
    # Answers, by epoch: the leader's log and high watermark when it last answered. Logs of an epoch only grow.
    answered: Message[Table[LeaderEpoch, bool]]
    answered_log: Message[Table[LeaderEpoch, Log]]
    answered_high_watermark: Message[Table[LeaderEpoch, Offset]]

    # Ghosts.
    prefix_of: Ghost[Table[Replica, LeaderEpoch]]
    """The epoch of whose log a replica's log is a prefix."""
    started: Ghost[Table[LeaderEpoch, bool]]
    start: Ghost[Table[LeaderEpoch, Offset]]
    epoch_log: Ghost[Table[LeaderEpoch, Log]]
    leader: Ghost[Table[LeaderEpoch, Replica]]
    held: Ghost[Table[tuple[LeaderEpoch, Replica], Offset]]
    """How much of an epoch's log, past its start, a replica had on disk while it was in the epoch; 0: nothing."""
    committed: Ghost[Table[LeaderEpoch, Offset]]
    """The highest high watermark that the leader of this epoch has set in it."""
    capped: Ghost[Table[LeaderEpoch, bool]]
    ceiling: Ghost[Table[LeaderEpoch, Offset]]
    committed_in: Ghost[Table[Replica, LeaderEpoch]]
    """The epoch whose commit a replica's high watermark came from."""
    answered_committed_in: Ghost[Table[LeaderEpoch, LeaderEpoch]]


class FixedVoters(State):
    # Ghosts: the quorums that decided, of voters that never change.
    vote_quorum: Ghost[Table[LeaderEpoch, Quorum]]
    """Who elected the leader."""
    commit_quorum: Ghost[Table[LeaderEpoch, Quorum]]
    ceiling_quorum: Ghost[Table[LeaderEpoch, Quorum]]
    """The voters who elected the later leader that set the ceiling."""


@initial
def formatted(s: FixedVoters, voters: ReplicaSet) -> None:
    """Empty logs, nobody leads, nothing is in flight. Every quorum is made of voters; who else there is, observes."""
    require(all(r in voters for q in Quorum for r in Replica if r in q))
    s.voters = voters
    with ghost:
        s.started[0] = True


@definition
def last_epoch(log: Log) -> int:
    """The epoch of a log's last entry, 0 of an empty log."""
    return 0 if len(log) == 0 else log[len(log) - 1].epoch


@definition
def ends_inside(own: Log, other: Log) -> bool:
    """The other log holds this one's last entry in its place; by log matching, all before it too."""
    return len(own) <= len(other) and (len(own) == 0 or own[len(own) - 1].epoch == other[len(own) - 1].epoch)
