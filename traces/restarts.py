"""A process that comes back: what its disk holds, explained by the model.

One rule: a crash may cut a step short between its writes and its facts, so a disk may hold what no fact has told. Such
a step is replayed before the restart, if it is one the model allows: a leader's append, a follower's receiving of what
its leader had sent, a follower's truncation, a follower's dropping of its log to begin where its leader's does.

A disk that holds less than the model's log for any other reason has lost a tail that was not flushed: `survival` has
steps for that; `replication` does not speak of it, and so neither does the verdict.

A high watermark that an old checkpoint brings back is believed again where the replica had believed it of the very
records that it has: it was only put back because a new leader's lagged. Of other records nobody had said that they are
committed; what a broker does with such a checkpoint the model does not say.
"""

from typing import Any

from traces.abstraction import Abstraction, DivergedError, shared
from traces.epochs_in_gaps import cut_in_a_gap
from traces.falling_behind import begin_at


def restart(model: Abstraction, node: int, fact: Any) -> None:
    """`replication`: a process comes back with all of its log."""
    end = len(model.state.log[node])
    _explained(model, node, fact)
    if fact.log_end < end and not _cut_short_truncating(model, node, fact):
        told = f"n{node} comes back with {fact.log_end} of its {end} records: an unflushed tail was lost"
        raise DivergedError("restart", f"{told}, which is outside the model {model.model.name}", outside=True)
    model.step("restart", replica=node, high_watermark=fact.high_watermark)


def returned(model: Abstraction, node: int, fact: Any) -> None:
    """`survival`: a process comes back, with all of its log or with what was left of it; what is missing and was not
    cut off is lost at its registration."""
    start = _explained(model, node, fact)
    less = fact.log_end < len(model.state.log[node]) and not _cut_short_truncating(model, node, fact)
    if less and _was_dropping(model, node, start):
        # What was dropped had perhaps been flushed, so it may be missing. As long as nobody has registered it counts.
        state = model.state
        state.flushed[node] = min(state.flushed[node], fact.log_end)


def _explained(model: Abstraction, node: int, fact: Any) -> int:
    """What the disk holds is in the model's log, after the step that may have been cut short in writing. Returns where
    the log begins."""
    end = len(model.state.log[node])
    start = model.found_at.pop(node, 0)
    if start == fact.log_end > 0:
        model.inside.add(node)
    if fact.log_end > end and not _cut_short_falling_behind(model, node, fact, start):
        _cut_short_writing(model, node, fact, end)
    told_to = fact.tail[-1].base_offset + fact.tail[-1].record_count if fact.tail else fact.tail_from
    if told_to != fact.log_end:
        raise DivergedError("restart", f"its log ends at {fact.log_end}, and it tells of batches up to {told_to} only")
    for batch in fact.tail:
        model.holds(node, batch, "restart")
    if start > model.state.high_watermark[node]:
        _cut_short_deleting(model, node, start)
    if start > model.state.high_watermark[node] and fact.log_end == end:
        _cut_short_falling_behind(model, node, fact, start)
    last = model.state.high_watermark[node]
    if last < fact.high_watermark and model.has_believed(node, fact.high_watermark):
        model.state.high_watermark[node] = fact.high_watermark
    elif last < fact.high_watermark <= model.believed[node]:
        told = (
            f"n{node} comes back with high watermark {fact.high_watermark} from an old checkpoint, its last was {last}"
        )
        raise DivergedError("restart", f"{told}, which is outside the model {model.model.name}", outside=True)
    return int(start)


def _cut_short_writing(model: Abstraction, node: int, fact: Any, end: int) -> None:
    """A leader had appended, or a follower had received, more than it lived to tell."""
    extra = [batch for batch in fact.tail if batch.base_offset >= end]
    if node in model.inside:
        # The batch in which the log begins comes whole.
        extra = [batch for batch in fact.tail if batch.base_offset + batch.record_count > end]
        end = min(end, *(batch.base_offset for batch in extra)) if extra else end
        model.inside.discard(node)
    if sum(batch.record_count for batch in extra) != fact.log_end - end:
        told = f"its log ends at {fact.log_end}, in the model at {end}, and the tail does not tell what is between"
        raise DivergedError("restart", told, outside=True)
    if model.state.leading[node]:
        for batch in extra:
            if batch.leader_epoch + 1 != model.state.leader_epoch[node]:
                own = model.state.leader_epoch[node] - 1
                told = f"it comes back with a batch of epoch {batch.leader_epoch} at {batch.base_offset}"
                raise DivergedError("restart", f"{told}, in the model it could only have appended in its epoch {own}")
            for index in range(batch.record_count):
                model.step("append", leader=node, value=(batch.crc, index))
        return
    heard = model.state.answered_high_watermark[node, model.state.leader_epoch[node]]
    before = model.state.high_watermark[node]
    model.step("receive_fetch", follower=node, log_end=fact.log_end, high_watermark=min(before, heard))
    if heard < before:
        model.put_back(node, before)


def _cut_short_falling_behind(model: Abstraction, node: int, fact: Any, start: int) -> bool:
    """A follower had dropped its log, as its leader's begins later, and did not live to tell."""
    state = model.state
    leader = model.leader_of(state.leader_epoch[node])
    if start != fact.log_end or state.leading[node] or leader < 0 or model.starts.get(leader, 0) < start:
        return False
    begin_at(model, node, leader, start)
    return True


def _was_dropping(model: Abstraction, node: int, start: int) -> bool:
    """A follower was dropping its log, newest segments first, as its leader's begins later and shares nothing of it
    from there on; the new beginning was not made any more."""
    state = model.state
    leader = model.leader_of(state.leader_epoch[node])
    begins = model.starts.get(leader, 0)
    if state.leading[node] or leader < 0 or begins <= start:
        return False
    return shared(state.log[node], state.log[leader]) <= begins


def _cut_short_deleting(model: Abstraction, node: int, start: int) -> None:
    """A follower had heard of a watermark and deleted up to there, and did not live to tell."""
    state = model.state
    if model.confirmed(node) and state.answered_high_watermark[node, state.leader_epoch[node]] >= start:
        model.step("receive_fetch", follower=node, log_end=len(state.log[node]), high_watermark=start)


def _cut_short_truncating(model: Abstraction, node: int, fact: Any) -> bool:
    """A follower had truncated, and did not live to tell."""
    try:
        cut_in_a_gap(model, node, fact.log_end)
    except DivergedError:
        return False
    return True
