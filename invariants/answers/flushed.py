"""`Flushes`: what flush.ms promises of each log, looked at whenever a node looks at its clock.

One rule: what was there at some tick is synced flush.ms later, and as long after that as the node may take to look:
once until it sees that there is something, and once until it sees that its time has come. What is cut off in between is
not there any more, even if as much stands there again when the node looks.

Times are in ms, the node's own. A clock that is set forward makes them long at once, and the node may see what there is
only then: it has as many ticks as so much time takes besides.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from invariants.answers.invariant import FLUSHED_IN_TIME, AnswerInvariant

LOOKS = 2
SLACK_TICKS = 3


class Unsynced(NamedTuple):
    """One log of which flush.ms is set, as it is. `made` is the log itself: those of one name are told apart."""

    made: object
    flush_ms: int
    synced: int
    """Everything below is synced, as far as the node knows."""
    end: int


class _Waiting:
    """What of one log is to be synced, and since when."""

    __slots__ = ("end", "flush_ms", "made", "since", "ticks")

    def __init__(self, log: Unsynced, now: int) -> None:
        self.made = log.made
        self.flush_ms = log.flush_ms
        self.end = log.end
        self.since = now
        self.ticks = 0


class Flushes:
    """`interval_ms`: how often a node looks; `tick_ms`: how often it looks at its clock."""

    def __init__(self, break_: Callable[[AnswerInvariant, str], None], interval_ms: int, tick_ms: int) -> None:
        self._break = break_
        self._late_ms = LOOKS * interval_ms
        self._tick_ms = tick_ms
        self._waiting: dict[tuple[str, int, str], _Waiting] = {}

    def cut(self, name: str, partition: str, to: int) -> None:
        """A node has cut this log to an offset."""
        for (node, _, log), waiting in self._waiting.items():
            if node == name and log == partition:
                waiting.end = min(waiting.end, to)

    def ticks(self, name: str, life: int, now: int, logs: Mapping[str, Unsynced], *, slow: bool = False) -> None:
        """A node is about to handle a tick: its logs with flush.ms, by partition. `slow`: its disk takes its time."""
        for key in [key for key in self._waiting if key[0] == name and (key[1] != life or key[2] not in logs)]:
            del self._waiting[key]
        for partition, log in logs.items():
            key = (name, life, partition)
            waiting = self._waiting.get(key)
            if waiting is None or slow or waiting.made is not log.made or waiting.flush_ms != log.flush_ms:
                waiting = self._waiting[key] = _Waiting(log, now)
            waiting.end = min(waiting.end, log.end)
            if log.synced >= waiting.end:
                waiting = self._waiting[key] = _Waiting(log, now)
            waiting.ticks += 1
            due_ms = log.flush_ms + self._late_ms
            if now - waiting.since > due_ms and waiting.ticks > due_ms // self._tick_ms + SLACK_TICKS:
                self._break(
                    FLUSHED_IN_TIME,
                    f"{name} has not synced what {partition} holds below {waiting.end} for {now - waiting.since} ms, "
                    f"and flush.ms is {log.flush_ms}: it is synced below {log.synced}",
                )
