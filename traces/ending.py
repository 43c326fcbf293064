"""The model's safety properties where an execution has led, in time that grows with the logs and not with their square.

One rule: a property is evaluated as the model writes it, unless that costs more than its logs are long; then by what it
amounts to, which a test holds to the model's own text.

Logs that share a buffer are the same as far as both go (`model.shared_log`); others are compared entry by entry.
"""

from collections.abc import Callable, Mapping
from itertools import combinations, combinations_with_replacement
from typing import Any

from model.machine import Machine
from model.quorum import safety as quorum
from model.survival import safety as survival


def broken(machine: Machine) -> str | None:
    """The first safety property that does not hold now."""
    reading = machine.reading
    for function in reading.model.safety_of(ghosts=reading.ghosts):
        amounts_to = AMOUNTS_TO.get(function.python)
        holds = reading.holds(function, machine.state) if amounts_to is None else amounts_to(machine.state)
        if not holds:
            return function.name
    return None


def matching(one: Any, other: Any) -> bool:
    """Of two logs: behind the first offset at which they differ they have no epoch in common at any offset."""
    if one.buffer is other.buffer:
        return True
    differ = False
    for mine, theirs in zip(one, other, strict=False):
        if not differ and mine != theirs:
            differ = True
        if differ and mine.epoch == theirs.epoch:
            return False
    return True


def alike(one: Any, other: Any, to: int) -> bool:
    """Both logs reach `to`, and are the same up to there."""
    if to > one.length or to > other.length:
        return False
    return one.buffer is other.buffer or bool(one.buffer[:to] == other.buffer[:to])


def logs_match(state: Any) -> bool:
    return all(matching(one, other) for one, other in combinations(state.log.values(), 2))


def committed_in_eligible(state: Any) -> bool:
    log, newest = state.log, state.newest_leader_epoch
    eligible = state.isr[newest] | state.elr[newest]
    return all(
        alike(log[replica], log[member], high_watermark)
        for replica, high_watermark in state.high_watermark.items()
        if state.last_unclean <= state.reconciled[replica]
        for member in sorted(eligible)
    )


def agree_below_high_watermark(state: Any) -> bool:
    return _agree(state, list(state.log))


def agree_since_unclean(state: Any) -> bool:
    return _agree(state, [replica for replica in state.log if state.last_unclean <= state.reconciled[replica]])


def _agree(state: Any, replicas: list[int]) -> bool:
    log, high_watermark = state.log, state.high_watermark
    return all(
        alike(log[one], log[other], min(high_watermark[one], high_watermark[other]))
        for one, other in combinations_with_replacement(replicas, 2)
    )


def leader_has_committed(state: Any) -> bool:
    log, epochs = state.log, state.leader_epoch
    return all(
        alike(log[replica], log[leader], high_watermark)
        for leader, leads in state.leading.items()
        if leads
        for replica, high_watermark in state.high_watermark.items()
        if epochs[replica] <= epochs[leader]
    )


AMOUNTS_TO: Mapping[Callable[..., Any], Callable[[Any], bool]] = {
    survival.same_epoch_same_log: logs_match,
    survival.committed_in_eligible: committed_in_eligible,
    survival.agree_below_high_watermark: agree_since_unclean,
    quorum.logs_match: logs_match,
    quorum.agree_below_high_watermark: agree_below_high_watermark,
    quorum.leader_has_committed: leader_has_committed,
}
"""By the property as the model writes it: the same in linear time."""
