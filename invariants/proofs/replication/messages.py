"""Messages: fetches, answers and probe answers in flight, however old."""

from model.language import LeaderEpoch, Offset, Replica, conjunct, known
from model.replication.state import State


@conjunct
def requested_when_reconciled(s: State) -> bool:
    """A follower fetches in an epoch only once its log is reconciled with that epoch."""
    return all(
        s.requested[f, e] >= -1 and (s.requested[f, e] == -1 or 0 <= e <= s.reconciled[f])
        for f in Replica
        for e in LeaderEpoch
    )


@conjunct
def requested_is_held(s: State) -> bool:
    """While it stays in the epoch, a follower's log is no shorter than its fetches have shown."""
    return all(s.requested[f, s.leader_epoch[f]] <= len(s.log[f]) for f in Replica)


@conjunct(at=lambda s, e: (s.ceiling_witness[e],))
def witness_requested(s: State) -> bool:
    """The witness of a ceiling has shown no position above it in the epoch, nor will it: it has left."""
    return all(s.requested[s.ceiling_witness[e], e] <= s.ceiling[e] for e in LeaderEpoch if e >= 0 and s.capped[e])


@conjunct
def answer_within_epoch_log(s: State) -> bool:
    """An answer was given by the leader of its epoch out of its log."""
    return all(
        e >= 0
        and s.started[e]
        and known(s.answered_committed_in[f, e])
        and 0 <= len(s.answered_log[f, e]) <= len(s.epoch_log[e])
        for f in Replica
        for e in LeaderEpoch
        if s.answered[f, e]
    )


@conjunct(at=lambda s, f, e, o: (s.answered_log[f, e][o],))
def answer_is_prefix(s: State) -> bool:
    """An answer is a prefix of its epoch's log, however late it arrives."""
    return all(
        s.answered_log[f, e][o] == s.epoch_log[e][o]
        for f in Replica
        for e in LeaderEpoch
        for o in Offset
        if s.answered[f, e] and 0 <= o < len(s.answered_log[f, e])
    )


@conjunct
def answered_high_watermark_was_committed(s: State) -> bool:
    """An answer's high watermark is within what some epoch, no later than the answer's, has committed."""
    return all(
        0 <= s.answered_committed_in[f, e] <= e
        and s.started[s.answered_committed_in[f, e]]
        and 0 <= s.answered_high_watermark[f, e] <= s.committed[s.answered_committed_in[f, e]]
        and s.answered_high_watermark[f, e] <= len(s.epoch_log[e])
        for f in Replica
        for e in LeaderEpoch
        if s.answered[f, e]
    )


@conjunct
def answered_high_watermark_matches(s: State) -> bool:
    """The last entry below an answer's high watermark is that epoch's."""
    return all(
        s.answered_high_watermark[f, e] == 0
        or s.epoch_log[e][s.answered_high_watermark[f, e] - 1].epoch
        == s.epoch_log[s.answered_committed_in[f, e]][s.answered_high_watermark[f, e] - 1].epoch
        for f in Replica
        for e in LeaderEpoch
        if s.answered[f, e]
    )


@conjunct
def probe_within_epoch_log(s: State) -> bool:
    """A probe is answered by the leader of its epoch, who has at least what the epoch started with."""
    return all(
        e >= 0 and s.started[e] and s.start[e] <= len(s.probe_log[e]) <= len(s.epoch_log[e])
        for e in LeaderEpoch
        if s.probe_answered[e]
    )


@conjunct(at=lambda s, e, o: (s.probe_log[e][o],))
def probe_is_prefix(s: State) -> bool:
    """A probe's answer speaks of a prefix of its epoch's log."""
    return all(
        s.probe_log[e][o] == s.epoch_log[e][o]
        for e in LeaderEpoch
        for o in Offset
        if s.probe_answered[e] and 0 <= o < len(s.probe_log[e])
    )


MESSAGES = (
    requested_when_reconciled,
    requested_is_held,
    witness_requested,
    answer_within_epoch_log,
    answer_is_prefix,
    answered_high_watermark_was_committed,
    answered_high_watermark_matches,
    probe_within_epoch_log,
    probe_is_prefix,
)
