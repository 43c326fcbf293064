"""One simulated process: a broker, the controller or a client, alive, paused or down.

One rule: a process is its node's host over its disk; the disk outlives the process, everything else is new in its next
life.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from impl.core.events import Event, Send, SendReply, Stopped
from impl.core.types import NodeId
from impl.sim.disk import SimDisk


class Host(Protocol):
    """What both kinds of node host look like from outside."""

    def start(self, now: int) -> Sequence[Send | SendReply | Stopped]: ...

    def handle(self, event: Event, now: int) -> Sequence[Send | SendReply | Stopped]: ...


class Process:
    """The mutable record of one process; `make_host` builds its node for a life."""

    __slots__ = (
        "alive",
        "disk",
        "doomed",
        "handle",
        "host",
        "inbox",
        "index",
        "life",
        "make_host",
        "name",
        "node",
        "paused_until",
        "silent_until",
        "tick_ms",
    )

    def __init__(self, index: int, name: str, node: NodeId, tick_ms: int) -> None:
        self.index = index
        self.name = name
        self.node = node
        self.tick_ms = tick_ms
        self.alive = True
        self.life = 0
        """How often it has died: the number of its present life."""
        self.paused_until = 0
        self.silent_until = 0
        """Without power: until then nobody even refuses a connection."""
        self.inbox: list[tuple[int, Event]] = []
        """What arrived during a pause: heap number and event."""
        self.doomed: tuple[bool, int] | None = None
        """A crash waits in the disk for a write to come: whether power is lost, and how long the process stays down."""
        self.disk: SimDisk | None = None
        self.host: Host | None = None
        self.make_host: Callable[[int], Host] | None = None
        self.handle: Callable[[Any, int], Sequence[Any]] = _nothing


def _nothing(event: Event, now: int) -> Sequence[Send]:
    raise AssertionError(f"an event reached a process before it was started: {event} at {now}")
