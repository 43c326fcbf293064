"""Logs: every replica's log is a prefix of an epoch's log, and epoch logs match."""

from model.language import LeaderEpoch, Offset, Replica, conjunct
from model.replication.state import State, owner


@conjunct
def start_in_log(s: State) -> bool:
    """An epoch starts where its leader's log ended then; nothing is ever removed from an epoch's log."""
    return all(0 <= s.start[e] <= len(s.epoch_log[e]) for e in LeaderEpoch if s.started[e])


@conjunct
def log_within_epoch_log(s: State) -> bool:
    """A replica's log is no longer than the log of the epoch it is reconciled with."""
    return all(0 <= len(s.log[r]) <= len(s.epoch_log[s.reconciled[r]]) for r in Replica)


@conjunct(at=lambda s, r, o: (s.log[r][o],))
def log_is_prefix(s: State) -> bool:
    """A replica's log is a prefix of the log of the epoch it is reconciled with. Broken by kip-279."""
    return all(
        s.log[r][o] == s.epoch_log[s.reconciled[r]][o] for r in Replica for o in Offset if 0 <= o < len(s.log[r])
    )


@conjunct
def owner_has_epoch_log(s: State) -> bool:
    """Who has taken an epoch's leadership has all of its log while it stays in the epoch."""
    return all(len(s.log[r]) == len(s.epoch_log[s.leader_epoch[r]]) for r in Replica if owner(s, r))


@conjunct(at=lambda s, e, o: (s.epoch_log[e][o],))
def entry_epochs(s: State) -> bool:
    """An entry's epoch is no later than the log's, and the entry stands in its own epoch's log too, past its start."""
    return all(
        0 <= s.epoch_log[e][o].epoch <= e
        and s.started[s.epoch_log[e][o].epoch]
        and s.start[s.epoch_log[e][o].epoch] <= o < len(s.epoch_log[s.epoch_log[e][o].epoch])
        for e in LeaderEpoch
        for o in Offset
        if s.started[e] and 0 <= o < len(s.epoch_log[e])
    )


@conjunct(at=lambda s, e, d, o, p: (s.epoch_log[e][o], s.epoch_log[d][o], s.epoch_log[e][p]))
def logs_match(s: State) -> bool:
    """Two logs that have entries of the same epoch at the same offset are equal up to it (Raft's Log Matching)."""
    return all(
        s.epoch_log[e][p] == s.epoch_log[d][p]
        for e in LeaderEpoch
        for d in LeaderEpoch
        for o in Offset
        for p in Offset
        if s.started[e]
        and s.started[d]
        and p >= 0
        and p <= o
        and o < len(s.epoch_log[e])
        and o < len(s.epoch_log[d])
        and s.epoch_log[e][o].epoch == s.epoch_log[d][o].epoch
    )


LOGS = (start_in_log, log_within_epoch_log, log_is_prefix, owner_has_epoch_log, entry_epochs, logs_match)
