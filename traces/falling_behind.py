"""A follower whose leader has deleted what comes next in its log: it begins where the leader does, with nothing.

One rule: in the model, whose logs keep what was deleted, it has copied what comes before. So it must have been able to:
from its leader, or, where that leads no more, when it did.
"""

from typing import Any

from traces.abstraction import Abstraction, DivergedError, shared


def fall_behind(model: Abstraction, node: int, fact: Any) -> None:
    """What the leader has deleted, the follower would have copied: it asks, and is answered up to there."""
    model.same(fact, "leader", model.leader_of(fact.leader_epoch + 1))
    begin_at(model, node, fact.leader, fact.to)


def begin_at(model: Abstraction, node: int, leader: int, to: int) -> None:
    """The log of a follower begins at `to`, where its leader's does, and holds nothing."""
    state = model.state
    leads = leads_with(model, leader, node)
    if not leads and not _was_told(model, node, leader, to):
        told = f"n{leader}, whose log begins at {to}, leads no more"
        raise DivergedError("fall_behind", f"{told}, which is outside the model {model.model.name}", outside=True)
    if not model.confirmed(node):
        join(model, node, leader)
    if to < len(state.log[node]):
        if not getattr(state, "last_unclean", 0):
            told = f"it begins at {to}, where its leader does, and in the model it has the leader's log up to"
            raise DivergedError("fall_behind", f"{told} {len(state.log[node])}")
        # It had nothing of what an unclean election has left, and begins before where it had begun.
        state.log[node] = state.log[node][:to]
        state.flushed[node] = min(state.flushed[node], to)
        state.high_watermark[node] = min(state.high_watermark[node], to)
    if leads:
        copy(model, node, leader, to)
    elif to > len(state.log[node]):
        _copied_then(model, node, leader, to)
    begins(model, node, to)


def _was_told(model: Abstraction, node: int, leader: int, to: int) -> bool:
    """By a leader that leads no more, whose log begins there, or later by now: it had then what it has deleted since,
    unless an unclean election has come between."""
    state = model.state
    epoch = state.leader_epoch[node]
    if leader < 0 or state.leading[node] or model.starts.get(leader, 0) < to:
        return False
    log, own = state.log[leader], state.log[node]
    if not model.confirmed(node):
        if len(own) and not state.probe_answered[epoch]:
            return False
        own = own[: shared(own, state.probe_log[epoch])]
    if len(own) >= to:
        return len(own) == to
    if getattr(state, "last_unclean", 0) > epoch:
        return False
    return len(log) >= to and log[to - 1].epoch <= epoch and shared(own, log) == len(own)


def _copied_then(model: Abstraction, node: int, leader: int, to: int) -> None:
    """A follower has copied what comes before an offset while its leader led: a leader that was told of the fetch then
    would have answered so."""
    state = model.state
    asker = node, state.leader_epoch[node]
    model.step("send_fetch", follower=node)
    if not state.answered[asker] or len(state.answered_log[asker]) < to:
        state.answered[asker], state.answered_log[asker] = True, state.log[leader][:to]
    state.answered_high_watermark[asker] = max(state.answered_high_watermark[asker], to)
    model.step("receive_fetch", follower=node, log_end=to, high_watermark=to)


def leads_with(model: Abstraction, leader: int, node: int) -> bool:
    """The leader that a follower knows of leads, in the follower's epoch."""
    state = model.state
    return bool(leader >= 0 and state.leading[leader] and state.leader_epoch[leader] == state.leader_epoch[node])


def join(model: Abstraction, node: int, leader: int) -> None:
    """A follower finds out where its log leaves its leader's, cuts it there, and is confirmed. One that leads no more
    has answered before; if it told of no answer, the follower has nothing to cut."""
    state = model.state
    epoch = state.leader_epoch[node]
    if leads_with(model, leader, node):
        model.step("answer_probe", leader=leader)
    answered = state.probe_answered[epoch]
    common = shared(state.log[node], state.probe_log[epoch])
    if common < len(state.log[node]):
        model.step("truncate", follower=node, to=common)
    state.probe_answered[epoch] = True
    model.step("reconcile", follower=node)
    state.probe_answered[epoch] = answered


def copy(model: Abstraction, node: int, leader: int, to: int) -> None:
    """A follower has copied what comes before an offset."""
    watermark = min(to, model.state.high_watermark[leader])
    model.step("send_fetch", follower=node)
    model.step("answer_fetch", leader=leader, follower=node)
    model.step("receive_fetch", follower=node, log_end=to, high_watermark=watermark)


def begins_with(model: Abstraction, node: int, to: int) -> None:
    """The log is made anew from the base offset of the batch in which it began (UnexpectedAppendOffsetException): what
    its disk held of that batch it holds no more."""
    if hasattr(model.state, "flushed"):
        model.state.flushed[node] = min(model.state.flushed[node], to)


def begins(model: Abstraction, node: int, to: int) -> None:
    """The log begins, and ends, at this offset: all below is deleted, so it was committed."""
    model.state.high_watermark[node] = model.starts[node] = to
    model.believed[node] = max(model.believed[node], to)
    model.inside.add(node)
