"""Messages: fetches and answers in flight, however old."""

from model.language import LeaderEpoch, Offset, Replica, conjunct, implies, known
from model.quorum.state import State


@conjunct(at=lambda s, f, e, o, k: (s.fetched[f, e, o, k],))
def fetched_is_held(s: State) -> bool:
    """A fetch that names its own epoch as the last is from past the epoch's start, and a voter's from what it holds.

    Broken by fetch-unflushed.
    """
    return all(
        o >= 0
        and 0 <= k <= e
        and e <= s.leader_epoch[f]
        and implies(k == e and e >= 1, s.started[e] and s.start[e] < o <= len(s.epoch_log[e]))
        and implies(k == e and e >= 1 and f in s.voters, o <= s.held[e, f])
        for f in Replica
        for e in LeaderEpoch
        for o in Offset
        for k in LeaderEpoch
        if s.fetched[f, e, o, k]
    )


@conjunct(at=lambda s, f, e, o, k: (s.diverging[f, e, o, k],))
def diverging_differs(s: State) -> bool:
    """A fetch that was answered as diverging never fits the epoch's log, however long that grows."""
    return all(
        e >= 1
        and s.started[e]
        and o > 0
        and k >= 0
        and s.start[e] < len(s.answered_log[e])
        and (o > len(s.epoch_log[e]) or s.epoch_log[e][o - 1].epoch != k)
        and k < e
        for f in Replica
        for e in LeaderEpoch
        for o in Offset
        for k in LeaderEpoch
        if s.diverging[f, e, o, k]
    )


@conjunct
def answer_within_epoch_log(s: State) -> bool:
    """An answer was given by the leader of its epoch out of its log."""
    return all(
        0 <= len(s.answered_log[e]) <= len(s.epoch_log[e]) and (s.started[e] or len(s.answered_log[e]) == 0)
        for e in LeaderEpoch
        if e >= 0
    )


@conjunct(at=lambda s, e, o: (s.answered_log[e][o],))
def answer_is_prefix(s: State) -> bool:
    """An answer is a prefix of its epoch's log, however late it arrives."""
    return all(
        s.answered_log[e][o] == s.epoch_log[e][o]
        for e in LeaderEpoch
        for o in Offset
        if e >= 0 and o >= 0 and o < len(s.answered_log[e])
    )


@conjunct
def answered_high_watermark_was_committed(s: State) -> bool:
    """An answer's high watermark is within what some epoch, no later than the answer's, has committed."""
    return all(
        e >= 1
        and s.started[e]
        and known(s.answered_committed_in[e])
        and 0 <= s.answered_committed_in[e] <= e
        and s.started[s.answered_committed_in[e]]
        and 0 <= s.answered_high_watermark[e] <= s.committed[s.answered_committed_in[e]]
        and s.answered_high_watermark[e] <= len(s.epoch_log[e])
        for e in LeaderEpoch
        if s.answered[e]
    )


MESSAGES = (
    fetched_is_held,
    diverging_differs,
    answer_within_epoch_log,
    answer_is_prefix,
    answered_high_watermark_was_committed,
)
