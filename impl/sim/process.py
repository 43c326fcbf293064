"""One simulated process: a broker, the controller or a client, alive, paused or down.

One rule: a process is its node's host over its disk; the disk outlives the process, everything else is new in its next
life.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from impl.api.names import ImageNames, TopicNames
from impl.core.events import Event, Send
from impl.core.image import MetadataImage
from impl.core.types import CONTROLLER, Millis, NodeId
from impl.host.broker import BrokerHost
from impl.host.controller import ControllerHost
from impl.sim.clocks import Clock
from impl.sim.disk import SimDisk
from impl.sim.names import KnownTopics

Host = BrokerHost | ControllerHost


class Process:
    """The mutable record of one process; `make_host` builds its node for a life."""

    __slots__ = (
        "alive",
        "clock",
        "configuration",
        "disk",
        "doomed",
        "handle",
        "host",
        "inbox",
        "index",
        "is_node",
        "life",
        "make_host",
        "name",
        "node",
        "paused_until",
        "power_goes",
        "silent_until",
        "stalled_until",
        "stop_ms",
        "tick_ms",
        "topics",
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
        self.stop_ms = 0
        """It was asked to stop, and how long it stays down once it has; 0: it was not."""
        self.power_goes = False
        """When it has stopped, its machine is switched off."""
        self.stalled_until = 0
        """It waits for its disk: nobody can wake it before."""
        self.clock: Clock | None = None
        """None: the world's."""
        self.configuration = 0
        """Which of `impl.sim.scenario.CONFIGURED` it starts with."""
        self.inbox: list[tuple[int, Event]] = []
        """What arrived during a pause: number in the calendar, and event."""
        self.doomed: tuple[bool, int, str] | None = None
        """A crash waits in the disk for a write to come: whether power is lost, and how long the process stays down."""
        self.disk: SimDisk | None = None
        """None: a client."""
        self.is_node = False
        """A broker or the controller."""
        self.topics: TopicNames = KnownTopics()
        """Topic ids as a client has learnt them, or as a node's image has them."""
        self.host: Host | None = None
        self.make_host: Callable[[int], Host] | None = None
        """None: a client."""
        self.handle: Callable[[Any, Any], Sequence[Any]] = _nothing

    @property
    def is_controller(self) -> bool:
        return self.node >= CONTROLLER

    def time(self, now: int) -> Millis:
        """What its own clock says."""
        return Millis(now if self.clock is None else self.clock.read(now))

    def inhabit(self, host: Host) -> None:
        """From now on it is this node that lives here."""
        self.host = host
        self.handle = host.handle
        self.topics = ImageNames(partial(_image_of, host))

    def dismantle(self) -> None:
        """Nothing will happen to it any more: refer to nothing."""
        self.host = self.make_host = self.disk = None
        self.topics = KnownTopics()
        self.handle = _nothing
        self.inbox.clear()


def _image_of(host: Host) -> MetadataImage:
    return host.broker.image if isinstance(host, BrokerHost) else host.controller.image


def _nothing(event: Event, now: int) -> Sequence[Send]:
    raise AssertionError(f"an event reached a process before it was started: {event} at {now}")
