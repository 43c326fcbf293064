"""`fencepost serve`: a live cluster in the foreground.

One rule: it says when it is ready, what it serves and where; it stops cleanly on SIGTERM or SIGINT; and a process that
dies meanwhile is reported, not hidden.
"""

import os
import selectors
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import TextIO

from impl.core.names import controller_name
from impl.core.types import NodeId
from impl.server.child import Child
from impl.server.cluster import Cluster, ClusterPlan
from impl.server.configuration import without_effect
from impl.server.properties import gather, placement

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(
    brokers: int,
    data: Path | None,
    port: int | None,
    *,
    controllers: int = 1,
    combined: bool = False,
    host: str | None = None,
    configuration: Iterable[str] = (),
    trace: Path | None = None,
    metrics_port: int | None = None,
    out: TextIO | None = None,
) -> int:
    """Run a cluster until a signal asks it to stop. Returns the exit code; raises ServerError when it cannot start.

    `configuration` is a list of properties files and of `name=value`, under Kafka's names; what comes later wins. Where
    `data`, `port` or `host` is None, the configuration says, or the default. Call it in the main thread: it handles
    signals.
    """
    stream = sys.stdout if out is None else out

    def say(line: str) -> None:
        print(line, file=stream, flush=True)

    placed = placement(gather(configuration), data=data, host=host, port=port)
    plan = ClusterPlan(
        data=placed.data,
        more_data=placed.more_data,
        brokers=brokers,
        controllers=controllers,
        combined=combined,
        host=placed.host,
        port=placed.port,
        configuration=placed.configuration,
        trace=trace,
        metrics_port=metrics_port,
    )
    return _run(plan, say)


def _run(plan: ClusterPlan, say: Callable[[str], None]) -> int:
    """Start the cluster, watch it, and stop it when a signal says so. Returns the exit code."""
    with _Signals() as signals:
        try:
            cluster = Cluster(plan)
            cluster.start()
        except _StopAsked:
            say("stopped before it was ready")
            return 0
        signals.wake_instead()
        _announce(cluster, say)
        lost = _watch(cluster, signals, say)
        say("stopping")
        for line in cluster.stop():
            say(line)
        say("stopped")
    return 1 if lost else 0


def _announce(cluster: Cluster, say: Callable[[str], None]) -> None:
    plan = cluster.plan
    idle = without_effect(plan.configuration)
    if idle:
        say(f"without effect here: {', '.join(idle)}")
    say(f"cluster {cluster.cluster_id}, data in {plan.data}, logs in {plan.data / 'logs'}")
    for number, controller in cluster.controllers.items():
        name, port = controller_name(number), cluster.controller_ports[NodeId(number)]
        say(f"{name} on {plan.host}:{port}, process {controller.pid}")
    for node, child in cluster.brokers.items():
        say(f"broker {node} on {cluster.address(node)}, process {child.pid}")
    for child in cluster.children:
        if child.configuration.metrics_port is not None:
            say(f"metrics of {child.name} on http://{plan.host}:{child.configuration.metrics_port}/metrics")
    if plan.trace is not None:
        say(f"traces in {plan.trace}")
    say(f"ready: bootstrap servers {cluster.bootstrap}")


def _watch(cluster: Cluster, signals: "_Signals", say: Callable[[str], None]) -> list[str]:
    """Wait for a signal; report every process that dies before it. Returns those."""
    lost: list[str] = []
    with selectors.DefaultSelector() as selector:
        selector.register(signals.descriptor, selectors.EVENT_READ, None)
        for child in cluster.children:
            selector.register(child.descriptor, selectors.EVENT_READ, child)
        while True:
            for key, _ in selector.select():
                if key.data is None:
                    return lost
                ended: Child = key.data
                if ended.gone():
                    selector.unregister(ended.descriptor)
                    lost.append(ended.name)
                    say(ended.last_words())
                    if len(lost) == len(cluster.children):
                        return lost


class _StopAsked(BaseException):
    """A signal came while the cluster was starting."""


class _Signals:
    """SIGTERM and SIGINT: they interrupt at first, and wake whoever waits for `descriptor` after `wake_instead`."""

    def __enter__(self) -> "_Signals":
        self._waking = False
        self.descriptor, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._before = {number: signal.signal(number, self._noticed) for number in STOP_SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self.descriptor)
        os.close(self._writing)

    def wake_instead(self) -> None:
        self._waking = True

    def _noticed(self, number: int, frame: FrameType | None) -> None:
        del frame
        if not self._waking:
            self._waking = True
            raise _StopAsked
        os.write(self._writing, bytes((number,)))
