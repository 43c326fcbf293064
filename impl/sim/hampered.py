"""A node whose clock is its own, or whose disk is slow.

One rule: it does what it would do; what it is told of the time, and when its answers leave, are others'.

A step that waits for syncs takes effect at once, and is over when they are done: until then nothing leaves the node,
and it hears nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

from impl.core.events import Event
from impl.sim.field import Field
from impl.sim.process import Process

SYNC_MS = 50
"""What one sync of a slow disk takes."""
STEP_MS_MAX = 500


class Hampered:
    """Stands in for a host's `handle` until the end of the process's life."""

    def __init__(self, field: Field, process: Process, handle: Callable[[Any, Any], Sequence[Any]]) -> None:
        self._field = field
        self._process = process
        self._handle = handle

    def __call__(self, event: Event, now: int) -> Sequence[Any]:
        process = self._process
        disk = process.disk
        assert disk is not None
        before = disk.slow_syncs
        effects = self._handle(event, process.time(now))
        syncs = disk.slow_syncs - before
        if not syncs:
            return effects
        self._stall(min(STEP_MS_MAX, syncs * SYNC_MS), effects)
        return ()

    def _stall(self, milliseconds: int, effects: Sequence[Any]) -> None:
        field, process = self._field, self._process
        life, until = process.life, field.now + milliseconds

        def done() -> None:
            if process.life == life:
                field.act(process, "its disk has done what it was asked", lambda: effects)

        process.paused_until = process.stalled_until = max(until, process.paused_until)
        field.schedule_call(process.paused_until, done)
        field.schedule_wake(process)
