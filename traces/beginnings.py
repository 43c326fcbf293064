"""Logs that were there when a trace began, from offset 0 on.

One rule: what retention had deleted by then is not guessed at. It stands as one batch of the epoch before all epochs,
which every replica has; and where a replica begins later than another, what lies between is the other's, for what is
deleted was committed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from traces.facts import Content

DELETED_EPOCH = -1


class Unfit(ValueError):
    """Where one log begins, no other tells of what was before."""


def deleted(count: int) -> Content:
    """What was before the first offset that anybody still has."""
    return Content(
        base_offset=0,
        record_count=count,
        leader_epoch=DELETED_EPOCH,
        crc=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
    )


def joins(told: Mapping[int, Any], late: Any) -> None:
    """Whether a log told of later, when others had begun, is one of theirs. Raises Unfit."""
    starts = [fact.start for fact in told.values()]
    if starts and late.start < min(starts):
        raise Unfit(f"a log begins at {late.start}, and what it has was taken for deleted by then")


def whole(told: Mapping[int, Any]) -> dict[int, tuple[Content, ...]]:
    """By node, its `begin_replica`: by node, its whole log. Raises Unfit."""
    nodes = sorted(told, key=lambda node: (told[node].start, -_end(told[node].batches), node))
    logs: dict[int, tuple[Content, ...]] = {}
    for node in nodes:
        fact = told[node]
        before: tuple[Content, ...] = ()
        if fact.start and not logs:
            before = (deleted(fact.start),)
        elif fact.start:
            before = _before(fact.start, list(logs.values()))
        logs[node] = (*before, *fact.batches)
    return logs


def _before(start: int, logs: Sequence[tuple[Content, ...]]) -> tuple[Content, ...]:
    """What lies below `start`, in a log that has it and in which a batch begins there."""
    for log in logs:
        before = tuple(batch for batch in log if batch.base_offset < start)
        if _end(before) == start:
            return before
    raise Unfit(f"a log begins at {start}, and no other tells of what was before")


def _end(batches: Sequence[Content]) -> int:
    return batches[-1].base_offset + batches[-1].record_count if batches else 0
