"""Whom the controller takes for something else than he is, though the cluster looks whole.

One rule: a cluster is whole when every broker is up, goes by the registration that the active controller knows, and was
heard by it a moment ago, and not just spared because the controller itself is new. Before that a broker may still be
fenced for its silence, or for having died and come back, and with it go in-sync sets and leaders that every client has
been told of.
"""

from collections.abc import Iterable

from impl.core.image import MetadataImage
from impl.host.broker import BrokerHost
from impl.host.controller import ControllerHost
from impl.sim.process import Process

HEARTBEATS = 2
"""Intervals of heartbeats, after which a broker that has sent them all has been heard of."""


Deciding = tuple[Process, ControllerHost, MetadataImage]


def deciding(nodes: Iterable[Process], now: int) -> Deciding | None:
    """The active controller, if it runs."""
    for process in nodes:
        host = process.host
        if not process.alive or process.paused_until > now or not isinstance(host, ControllerHost):
            continue
        if host.controller.active is not None:
            return process, host, host.controller.active.image
    return None


def absentees(nodes: list[Process], active: Deciding | None, now: int) -> dict[str, str]:
    """By the name of a node: what it has yet to do. `active` is the active controller, if there is one."""
    missing = {}
    for process in nodes:
        why = _absent(process, active, now)
        if why:
            missing[process.name] = why
    return missing


def _absent(process: Process, active: Deciding | None, now: int) -> str:
    host = process.host
    if process.stop_ms:
        return "has yet to stop as it was told"
    if process.is_controller:
        return ""
    if not isinstance(host, BrokerHost) or not process.alive or host.broker.fenced:
        return "has yet to come back"
    decides = None if active is None else active[1].controller.active
    if active is None or decides is None:
        return "has no controller"
    silent = active[0].time(now) - decides.heard_at(process.node)
    recent = silent <= HEARTBEATS * host.broker.settings.broker_heartbeat_interval_ms
    if not recent or not decides.has_heard(process.node):
        return "has yet to be heard by the controller"
    return ""
