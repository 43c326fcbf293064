"""One process of a cluster: `python -m impl.server.process CONFIGURATION`, started by `impl.server.cluster`.

One rule: this is where the outside comes in: the clock, the incarnation's randomness, the file system, the signals.

It says `ready` on its standard output once it serves, `stopped` when it has stopped cleanly, and `failed` with one
line when it cannot start or go on; its log goes to standard error. Losing its parent is a request to stop.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from impl.api.registry import Registry, broker_registry, controller_registry
from impl.core.decided_facts import Fact
from impl.core.image import MetadataImage
from impl.core.settings import Settings
from impl.core.types import NodeId
from impl.host.broker import BrokerHost, Record
from impl.host.controller import ControllerHost
from impl.server.beginnings import begin_replicas
from impl.server.child import ProcessConfiguration, Status, report
from impl.server.configuration import log_config, network_config, settings, upkeep_config
from impl.server.directory import DirectoryLock, claim
from impl.server.disk import RealDisk
from impl.server.errors import ServerError
from impl.server.log import Log
from impl.server.metrics import NodeCollector, Observed, page
from impl.server.metrics import registry as metrics_registry
from impl.server.metrics_endpoint import MetricsEndpoint
from impl.server.node import Host, Node
from impl.server.ports import bind
from impl.server.tracing import Tracer
from impl.server.traffic import Traffic
from impl.storage.errors import StorageError

UNCLEAN = 1
REFUSED = 2
ORPHAN_SECONDS_MAX = 8.0
"""How long a controller without a parent waits for its brokers to stop."""
UNPACKING = ThreadPoolExecutor(1, "unpack")
"""Where large batches are unpacked for the cleaner. Nothing is lost with it: a node that stops forgets a cleaning."""
GC_THRESHOLD = 50_000
"""Messages are short-lived and acyclic: collecting less often is the cheapest speed there is (simulation.md)."""


class Role(NamedTuple):
    """What differs between a broker and the controller."""

    host: Host
    image: Callable[[], MetadataImage]
    registry: Registry
    registered: Callable[[], bool]
    """Whether the listener may open."""
    serving: Callable[[], bool]
    """Whether it counts as ready."""
    observed: Observed
    """What its metrics are read from."""


def main(arguments: list[str]) -> int:
    """The process's exit status: 0 stopped, 1 failed while running, 2 could not start."""
    configuration = msgspec.json.decode(arguments[0], type=ProcessConfiguration)
    log = Log(configuration.name)
    gc.set_threshold(GC_THRESHOLD)
    try:
        with ExitStack() as locks:
            controlled = () if configuration.controller is None else (configuration.controller.data,)
            for data in (configuration.data, *configuration.more_data, *controlled):
                locks.callback(DirectoryLock(Path(data)).release)
            asyncio.run(run(configuration, log))
    except (ServerError, StorageError) as error:
        reason = _said(error, configuration)
        log.error("failed", reason=reason)
        report(Status(status="failed", message=f"{configuration.name}: {reason}"))
        return REFUSED
    except Exception as error:
        log.error("failed", reason=repr(error), trace=traceback.format_exc())
        report(Status(status="failed", message=f"{configuration.name}: {error!r}, a bug of ours: see its log"))
        return UNCLEAN
    report(Status(status="stopped"))
    return 0


def _said(error: ServerError | StorageError, configuration: ProcessConfiguration) -> str:
    """What is wrong, and in which log directory where there are several and it does not say so itself."""
    if isinstance(error, StorageError) and error.place is not None and configuration.more_data:
        return f"in {(configuration.data, *configuration.more_data)[error.place]}: {error}"
    return str(error)


async def run(configuration: ProcessConfiguration, log: Log) -> None:
    """Serve in each role until asked to stop. Raises ServerError or StorageError when it cannot start or go on."""
    running: list[Running] = []
    try:
        if configuration.controller is not None:
            running.append(Running(configuration.controller, Log(configuration.controller.name)))
        running.append(Running(configuration, log))
        _stop_when_asked(running[-1].node, configuration.role == "controller")
        # What recovery and the imports left behind lives as long as the process: the collector need not look at it
        # again.
        gc.freeze()
        await asyncio.gather(*(each.begin() for each in running))
        report(Status(status="ready"))
        await _until_stopped(running)
    finally:
        for each in running:
            each.close()


async def _until_stopped(running: list["Running"]) -> None:
    """The broker of a process stops first: it needs a controller to let it go."""
    waiting = [asyncio.ensure_future(each.stopped()) for each in running]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for ended in done:
        await ended
    for each in running[:-1]:
        each.node.shut_down()
    await asyncio.gather(*waiting)


class Running:
    """One node of the process: its host, its listener, its metrics."""

    def __init__(self, configuration: ProcessConfiguration, log: Log) -> None:
        """Raises ServerError or StorageError."""
        self._configuration = configuration
        self._log = log
        log.info(
            "starting",
            process=os.getpid(),
            data=configuration.data,
            address=configuration.host,
            port=configuration.port,
        )
        for data in (configuration.data, *configuration.more_data):
            claim(Path(data), cluster_id=configuration.cluster_id, node_id=configuration.node)
        self._listener = bind(configuration.host, configuration.port)
        traffic = Traffic()
        core_settings = msgspec.structs.replace(
            settings(configuration.node, configuration.cluster_id, configuration.configuration),
            voters=configuration.voters,
        )
        tracer = Tracer(configuration.name)
        if configuration.trace is not None:
            tracer.open(Path(configuration.trace), {"settings": msgspec.to_builtins(core_settings)})

        def record(facts: list[Fact]) -> None:
            traffic.notice(facts)
            tracer.record(facts)

        make = _broker if configuration.role == "broker" else _controller
        self._role = make(configuration, core_settings, record, tracer, log)
        self.node = Node(
            configuration.name,
            self._role.host,
            image=self._role.image,
            registry=self._role.registry,
            network=network_config(configuration.configuration),
            voters={voter.node: (voter.host, voter.port) for voter in core_settings.voters},
            tick_ms=core_settings.tick_ms,
            tracer=tracer,
            log=log,
            traffic=traffic,
        )
        collector = NodeCollector(
            core_settings.node, core_settings.cluster_id, self._role.observed, traffic, self.node.connection_count
        )
        self._metrics = MetricsEndpoint(partial(page, metrics_registry(collector)))

    async def begin(self) -> None:
        """Returns when it serves, or has stopped."""
        configuration = self._configuration
        if configuration.metrics_port is not None:
            await self._metrics.listen(bind(configuration.host, configuration.metrics_port))
            self._log.info("metrics", address=configuration.host, port=configuration.metrics_port)
        self.node.start()
        await self.node.until(self._role.registered)
        await self.node.listen(self._listener)
        await self.node.until(self._role.serving)
        self._log.info("ready", address=configuration.host, port=configuration.port)

    async def stopped(self) -> None:
        """Returns when the node has nothing left to do; raises what it failed with."""
        await self.node.stopped()
        self._log.info("stopped")

    def close(self) -> None:
        """Let go of everything."""
        self.node.close()
        self._metrics.close()
        self._listener.close()


def _broker(
    configuration: ProcessConfiguration, core_settings: Settings, record: Record, tracer: Tracer, log: Log
) -> Role:
    incarnation = uuid.uuid4().bytes
    host = BrokerHost(
        [RealDisk(Path(data)) for data in (configuration.data, *configuration.more_data)],
        core_settings,
        log_config(configuration.configuration),
        host=configuration.host,
        port=configuration.advertised_port or configuration.port,
        incarnation=incarnation,
        record=record,
        report=lambda line: log.warn("storage", note=line),
        # Elsewhere a call that sends part of what it should does not tell how much that was.
        stored=sys.platform == "linux",
        upkeep=upkeep_config(configuration.configuration),
        wall_clock=_wall_clock,
        elsewhere=UNPACKING.submit,
    )
    if tracer.begins:
        tracer.record(begin_replicas(host.directories))
    broker = host.broker
    node = NodeId(configuration.node)

    def registered() -> bool:
        known = broker.image.brokers.get(node)
        return known is not None and known.incarnation == incarnation

    # Each partition has a bound of its own on batches, which may be above the broker's.
    bytes_max = network_config(configuration.configuration).request_bytes_max
    registry = broker_registry(cluster_id=configuration.cluster_id, message_bytes_max=bytes_max, clock=_wall_clock)
    observed = Observed(lambda: broker.image, lambda: broker.partitions, None)
    return Role(host, lambda: broker.image, registry, registered, lambda: not broker.fenced, observed)


def _controller(
    configuration: ProcessConfiguration, core_settings: Settings, record: Record, tracer: Tracer, log: Log
) -> Role:
    host = ControllerHost(
        RealDisk(Path(configuration.data)),
        core_settings,
        record=record,
        record_quorum=tracer.record_quorum,
        jitter=int.from_bytes(os.urandom(4)),
        report=lambda line: log.warn("storage", note=line),
    )
    if tracer.begins:
        found = host.controller.begin_trace()
        tracer.record_quorum([] if found is None else [found])
    registry = controller_registry(cluster_id=configuration.cluster_id, voters=core_settings.voters, clock=_wall_clock)
    observed = Observed(lambda: host.controller.image, dict, lambda: host.controller.active is not None)
    return Role(host, lambda: host.controller.image, registry, lambda: True, lambda: True, observed)


def _wall_clock() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def _stop_when_asked(node: Node, controls: bool) -> None:
    """On SIGTERM, SIGINT, or when the parent's end of our standard input is gone."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, node.shut_down)

    def parent_spoke() -> None:
        with contextlib.suppress(OSError):
            if os.read(sys.stdin.fileno(), 4096):
                return
        loop.remove_reader(sys.stdin.fileno())
        if controls:
            # The brokers have noticed, too, and need the controller to stop cleanly.
            node.shut_down_when_alone(ORPHAN_SECONDS_MAX)
        else:
            node.shut_down()

    loop.add_reader(sys.stdin.fileno(), parent_spoke)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
