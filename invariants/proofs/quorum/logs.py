"""Logs: every replica's log is a prefix of an epoch's log, and epoch logs match."""

from model.language import LeaderEpoch, Offset, Replica, conjunct
from model.quorum.state import State


@conjunct
def start_in_log(s: State) -> bool:
    """An epoch's log goes on past its start: the leader-change record is there at once. Epoch 0 has nothing."""
    return len(s.epoch_log[0]) == 0 and all(
        0 <= s.start[e] <= len(s.epoch_log[e]) and (e == 0 or s.start[e] < len(s.epoch_log[e]))
        for e in LeaderEpoch
        if s.started[e]
    )


@conjunct
def log_within_epoch_log(s: State) -> bool:
    """A replica's log is no longer than the epoch log it is of, and its disk holds no more than its log."""
    return all(0 <= s.flushed[r] <= len(s.log[r]) <= len(s.epoch_log[s.prefix_of[r]]) for r in Replica)


@conjunct(at=lambda s, r, o: (s.log[r][o],))
def log_is_prefix(s: State) -> bool:
    """A replica's log is a prefix of an epoch's log. Broken by fetch-unfenced."""
    return all(
        s.log[r][o] == s.epoch_log[s.prefix_of[r]][o] for r in Replica for o in Offset if o >= 0 and o < len(s.log[r])
    )


@conjunct
def leader_has_epoch_log(s: State) -> bool:
    """A leader has all of its epoch's log; it goes on leading only while it runs."""
    return all(len(s.log[r]) == len(s.epoch_log[s.leader_epoch[r]]) for r in Replica if s.leading[r])


@conjunct(at=lambda s, e, o: (s.epoch_log[e][o],))
def entry_epochs(s: State) -> bool:
    """An entry's epoch is no later than the log's, and the entry stands in its own epoch's log too, past its start."""
    return all(
        1 <= s.epoch_log[e][o].epoch <= e
        and s.started[s.epoch_log[e][o].epoch]
        and s.start[s.epoch_log[e][o].epoch] <= o < len(s.epoch_log[s.epoch_log[e][o].epoch])
        for e in LeaderEpoch
        for o in Offset
        if s.started[e] and o >= 0 and o < len(s.epoch_log[e])
    )


@conjunct(at=lambda s, e, o: (s.epoch_log[e][o],))
def own_suffix(s: State) -> bool:
    """What a leader wrote in its epoch is exactly what stands past the epoch's start."""
    return all(
        (s.epoch_log[e][o].epoch == e) == (o >= s.start[e])
        for e in LeaderEpoch
        for o in Offset
        if s.started[e] and o >= 0 and o < len(s.epoch_log[e])
    )


@conjunct(at=lambda s, e, o, p: (s.epoch_log[e][o], s.epoch_log[e][p]))
def epochs_ascend(s: State) -> bool:
    """Along a log, epochs never fall."""
    return all(
        s.epoch_log[e][p].epoch <= s.epoch_log[e][o].epoch
        for e in LeaderEpoch
        for o in Offset
        for p in Offset
        if s.started[e] and p >= 0 and p <= o and o < len(s.epoch_log[e])
    )


@conjunct(at=lambda s, e, d, o, p: (s.epoch_log[e][o], s.epoch_log[d][o], s.epoch_log[e][p]))
def epoch_logs_match(s: State) -> bool:
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


LOGS = (
    start_in_log,
    log_within_epoch_log,
    log_is_prefix,
    leader_has_epoch_log,
    entry_epochs,
    own_suffix,
    epochs_ascend,
    epoch_logs_match,
)
