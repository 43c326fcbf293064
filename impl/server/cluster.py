"""Controllers and brokers as separate processes on this machine.

One rule: whatever is wrong with the ports, the directories or the configuration is found before the first process
starts, and said in one line; after that the cluster is ready only when every broker is unfenced and answers.

`data/` holds `controller` (or `controller-1`, `controller-2`, ...), `broker-1`, `broker-2`, ... (each a Kafka data
directory with its `meta.properties`) and `logs`, one log file per process. Brokers are numbered from 1 and listen on
consecutive ports, the controllers after them. A single controller has the node id 3000, several have 3001 and so on.
"""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from impl.core.names import controller_name, controller_nodes
from impl.core.settings import Voter
from impl.core.types import NodeId
from impl.server.child import PROGRAM, Child, ProcessConfiguration
from impl.server.directory import DirectoryLock, new_id, read_meta
from impl.server.errors import DirectoryUnusable, ServerError
from impl.server.ports import check_listenable, free_ports
from impl.server.readiness import wait_for_leader, wait_until_all_answer

START_SECONDS = 60.0
EVERY_ADDRESS = ("", "0.0.0.0", "::")
QUORUMS = (1, 3, 5)
STOP_SECONDS = 10.0
"""How long a process may take to stop cleanly before it is killed."""


class ClusterPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to start. `port` is broker 1's, 0 takes free ones; controllers take the ports after the last broker's."""

    data: Path
    more_data: tuple[Path, ...] = ()
    """Where brokers keep logs, too (log.dirs)."""
    brokers: int = 3
    controllers: int = 1
    """Voters of the quorum: 1, 3 or 5."""
    combined: bool = False
    """Each controller shares the process of a broker (process.roles=broker,controller)."""
    host: str = "127.0.0.1"
    port: int = 9092
    controller_port: int | None = None
    """The first controller's, where it is not the port after the last broker's."""
    configuration: Mapping[str, str] = {}
    """Kafka's names and values, as `configuration.parse_overrides` has checked them."""
    racks: Mapping[int, str] = {}
    """broker.rack of each node that has one of its own."""
    trace: Path | None = None
    """Directory in which every process records its trace."""
    metrics_port: int | None = None
    """Of broker 1's metrics, the others' after it and the controller's last; 0 takes free ones, None has none."""
    advertised_ports: Mapping[int, int] = {}
    """Node to the port that others are told instead of its own: where a proxy stands in front of it."""
    program: str = PROGRAM
    """The module that every process runs."""


class Cluster:
    """The running processes. Use `start`, then `stop`; or as a context manager, which does both."""

    def __init__(self, plan: ClusterPlan) -> None:
        if plan.brokers < 1:
            raise ServerError(f"{plan.brokers} brokers make no cluster: ask for at least 1")
        if plan.controllers not in QUORUMS:
            raise ServerError(f"{plan.controllers} controllers: a quorum has {', '.join(map(str, QUORUMS))} voters")
        if plan.combined and plan.brokers < plan.controllers:
            raise ServerError(
                f"{plan.controllers} controllers cannot share the processes of {plan.brokers} broker(s): "
                "ask for as many brokers, or for processes of their own"
            )
        if plan.host in EVERY_ADDRESS:
            raise ServerError(f"{plan.host} is no address a client can be told: give one of this machine's addresses")
        self.plan = plan
        self._lock = DirectoryLock(plan.data)
        try:
            self.cluster_id = _cluster_id(plan.data)
            nodes = controller_nodes(plan.controllers)
            _check_quorum(plan.data, nodes)
            first = plan.port or free_ports(plan.host, plan.brokers + plan.controllers)
            self.ports = list(range(first, first + plan.brokers))
            self.controller_port = plan.controller_port or first + plan.brokers
            self.controller_ports = {node: self.controller_port + place for place, node in enumerate(nodes)}
            self.metrics_ports = self._metrics_ports([*range(1, plan.brokers + 1), *nodes])
            check_listenable(plan.host, [*self.ports, *self.controller_ports.values(), *self.metrics_ports.values()])
        except ServerError:
            self._lock.release()
            raise
        self._voters = tuple(
            Voter(node, plan.host, plan.advertised_ports.get(node, port))
            for node, port in self.controller_ports.items()
        )
        alone = {
            int(node): self._configuration("controller", node, port, controller_name(node))
            for node, port in self.controller_ports.items()
        }
        shared = dict(enumerate(alone.values(), 1)) if plan.combined else {}
        self.brokers = {
            node: self._child(self._configuration("broker", node, port, f"broker-{node}", shared.get(node)))
            for node, port in enumerate(self.ports, 1)
        }
        self.controllers = {
            node: self.brokers[place] if plan.combined else self._child(configuration)
            for place, (node, configuration) in enumerate(alone.items(), 1)
        }
        """By node id."""

    # ------------------------------------------------------------ the whole
    @property
    def bootstrap(self) -> str:
        """What a client is given: all brokers' addresses."""
        return ",".join(self.address(node) for node in self.brokers)

    def address(self, node: int) -> str:
        return f"{self.plan.host}:{self.ports[node - 1]}"

    @property
    def controller(self) -> Child:
        """The first controller, which where there is but one is the active one."""
        return next(iter(self.controllers.values()))

    def active_controller(self, seconds: float = START_SECONDS) -> int:
        """The node id of the controller that decides now, waited for if need be. Raises ChildFailed."""
        addresses: dict[int, tuple[str, int]] = {
            node: (self.plan.host, port) for node, port in self.controller_ports.items()
        }
        return wait_for_leader(addresses, time.monotonic() + seconds)

    def start(self) -> None:
        """Start every process; return when all serve. Raises ServerError, having stopped what it started."""
        deadline = time.monotonic() + START_SECONDS
        try:
            for child in self.children:
                child.start()
            for child in self.children:
                child.wait_ready(deadline)
            self.wait_until_all_answer(deadline)
        except BaseException:
            self.stop(seconds=0.0)
            raise

    def wait_until_all_answer(self, deadline: float) -> None:
        """Until every running broker answers and knows all of them. Raises ChildFailed after `deadline`."""
        running = {
            node: (self.plan.host, self.ports[node - 1]) for node, child in self.brokers.items() if child.running
        }
        wait_until_all_answer(running, deadline)

    def stop(self, seconds: float = STOP_SECONDS) -> list[str]:
        """Stop cleanly, brokers first; kill what has not stopped in time. Returns a line for each that was killed."""
        killed = self._stop(list(self.brokers.values()), seconds) + self._stop(
            [child for child in self.children if child not in self.brokers.values()], seconds
        )
        with contextlib.suppress(OSError):
            self._lock.release()
        return killed

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    # ------------------------------------------------------------ one process
    @property
    def children(self) -> list[Child]:
        return list(dict.fromkeys([*self.controllers.values(), *self.brokers.values()]))

    def kill(self, node: int) -> None:
        """kill -9 a broker or a controller."""
        self._node(node).kill()

    def restart(self, node: int, seconds: float = START_SECONDS) -> None:
        """Start a node that is down again, on its port and directory, and wait until it serves."""
        deadline = time.monotonic() + seconds
        self._node(node).start()
        self._node(node).wait_ready(deadline)

    def _node(self, node: int) -> Child:
        return self.controllers[node] if node in self.controllers else self.brokers[node]

    def died(self) -> list[Child]:
        """Processes that were started and run no more."""
        return [child for child in self.children if child.process is not None and not child.running]

    def _metrics_ports(self, nodes: list[int]) -> dict[int, int]:
        """Node to the port of its metrics; empty where nobody asked for them."""
        plan = self.plan
        if plan.metrics_port is None:
            return {}
        first = plan.metrics_port or free_ports(plan.host, len(nodes))
        return dict(zip(nodes, range(first, first + len(nodes)), strict=True))

    def _configuration_of(self, node: int) -> dict[str, str]:
        rack = self.plan.racks.get(node)
        return {**self.plan.configuration, **({} if rack is None else {"broker.rack": rack})}

    def _configuration(
        self, role: str, node: int, port: int, directory: str, controller: ProcessConfiguration | None = None
    ) -> ProcessConfiguration:
        return ProcessConfiguration(
            role="controller" if role == "controller" else "broker",
            node=node,
            cluster_id=self.cluster_id,
            host=self.plan.host,
            port=port,
            data=str(self.plan.data / directory),
            more_data=tuple(str(more / directory) for more in self.plan.more_data) if role == "broker" else (),
            voters=self._voters,
            controller=controller,
            configuration=self._configuration_of(node),
            trace=None if self.plan.trace is None else str(self.plan.trace),
            metrics_port=self.metrics_ports.get(node),
            advertised_port=self.plan.advertised_ports.get(node),
        )

    def _child(self, configuration: ProcessConfiguration) -> Child:
        log = self.plan.data / "logs" / f"{Path(configuration.data).name}.log"
        return Child(configuration, log, self.plan.program)

    def _stop(self, children: list[Child], seconds: float) -> list[str]:
        deadline = time.monotonic() + seconds
        killed = []
        for child in children:
            child.terminate()
        for child in children:
            if child.process is not None and child.wait(deadline) is None:
                child.kill()
                killed.append(f"{child.name} did not stop within {seconds:.0f} s and was killed")
            child.close()
        return killed


def _check_quorum(data: Path, nodes: tuple[NodeId, ...]) -> None:
    """Who decided so far must be who decides now: other voters would know nothing of what was decided."""
    wanted = {controller_name(node) for node in nodes}
    found = {entry.name for entry in data.glob("controller*") if read_meta(entry) is not None}
    if found and found != wanted:
        raise DirectoryUnusable(
            f"{data} is of a cluster with {len(found)} controller(s) ({', '.join(sorted(found))}), not {len(wanted)}: "
            f"start it with --controllers {len(found)}, or choose another directory"
        )


def _cluster_id(data: Path) -> str:
    """The cluster whose directories these are; a new one where there are none."""
    try:
        directories = sorted(entry for entry in data.iterdir() if entry.is_dir())
    except OSError as error:
        raise DirectoryUnusable(f"cannot read {data} ({error.strerror}): choose another directory") from error
    found = {entry: meta.cluster_id for entry in directories if (meta := read_meta(entry)) is not None}
    if len(set(found.values())) > 1:
        raise DirectoryUnusable(
            f"{data} holds directories of different clusters ({', '.join(f'{d.name}: {c}' for d, c in found.items())}):"
            " choose another directory"
        )
    return next(iter(found.values()), None) or new_id()
