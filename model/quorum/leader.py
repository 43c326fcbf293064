"""What a leader does: it appends, counts positions that fetches show, commits, and answers.

One rule: what is counted is on the disk of whoever is counted. Replication is pulled: a fetch is at once a heartbeat,
an acknowledgement and the question whether the logs agree. Left out: snapshots, fetch sizes (any prefix of an answer
may arrive), CheckQuorum (a cut-off leader may lead on; it commits nothing).
"""

from model.language import Entry, LeaderEpoch, Log, Offset, Quorum, Replica, Value, action, definition, ghost, require
from model.quorum.state import FixedVoters, State


@definition
def extend(s: State, leader: Replica, value: int) -> None:
    """Ghost: the leader's record goes into its epoch's log."""
    s.epoch_log[s.leader_epoch[leader]] = s.epoch_log[s.leader_epoch[leader]] + (Entry(s.leader_epoch[leader], value),)


@action
def append(s: State, leader: Replica, value: Value) -> None:
    """A leader writes one record; a batch of n is n of these."""
    require(s.leading[leader])
    with ghost:
        extend(s, leader, value)
    s.log[leader] = s.log[leader] + (Entry(s.leader_epoch[leader], value),)


@definition
def fits(log: Log, offset: Offset, epoch: LeaderEpoch) -> bool:
    """A log that ends at this offset with an entry of this epoch has all its entries in common with `log`."""
    return 0 <= offset <= len(log) and (offset == 0 or log[offset - 1].epoch == epoch)


@action
def acknowledge(s: State, leader: Replica, follower: Replica, offset: Offset, last_epoch: LeaderEpoch) -> None:
    """A leader counts the position of a fetch of its epoch that fits its log. Fetches come late, twice, out of order:
    the position is that of the one which came last."""
    require(s.leading[leader] and follower != leader)
    require(s.fetched[follower, s.leader_epoch[leader], offset, last_epoch])
    require(fits(s.log[leader], offset, last_epoch))
    s.acknowledged[leader, follower] = offset


@definition
def counted(s: State, leader: Replica, replica: Replica) -> int:
    """The log end that a leader counts for a replica: for itself, what it has on disk."""
    return s.flushed[leader] if replica == leader else s.acknowledged[leader, replica]


@action
def advance_high_watermark(s: FixedVoters, leader: Replica, to: Offset, quorum: Quorum) -> None:
    """A leader commits what a quorum has, once that includes a record of its own epoch (KAFKA-12619, Raft 5.4.2)."""
    require(s.leading[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    require(s.log[leader][to - 1].epoch == s.leader_epoch[leader])
    require(all(to <= counted(s, leader, r) for r in Replica if r in quorum))
    s.high_watermark[leader] = to
    with ghost:
        s.committed[s.leader_epoch[leader]] = to
        s.commit_quorum[s.leader_epoch[leader]] = quorum
        s.committed_in[leader] = s.leader_epoch[leader]


@action
def answer_fetch(s: State, leader: Replica) -> None:
    """A leader answers fetches with what its log holds now, and its high watermark; whom, the log's end will tell."""
    require(s.leading[leader])
    s.answered[s.leader_epoch[leader]] = True
    s.answered_log[s.leader_epoch[leader]] = s.log[leader]
    s.answered_high_watermark[s.leader_epoch[leader]] = s.high_watermark[leader]
    with ghost:
        s.answered_committed_in[s.leader_epoch[leader]] = s.committed_in[leader]


@action
def answer_diverging(s: State, leader: Replica, follower: Replica, offset: Offset, last_epoch: LeaderEpoch) -> None:
    """A leader tells a follower whose fetch does not fit its log that it diverges; the position is not counted."""
    require(s.leading[leader] and follower != leader)
    require(s.fetched[follower, s.leader_epoch[leader], offset, last_epoch])
    require(not fits(s.log[leader], offset, last_epoch))
    s.diverging[follower, s.leader_epoch[leader], offset, last_epoch] = True
    s.answered_log[s.leader_epoch[leader]] = s.log[leader]
