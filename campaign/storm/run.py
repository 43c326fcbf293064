"""A live cluster under a schedule of failures, with clients at work; afterwards everything heals and is read back.

One rule: nothing here decides whether the run was good; `evidence.py` has that judged from what was recorded.

The brokers and controllers talk to each other and to their clients through `proxy.py` alone: what they are told of each
other's addresses are the proxies'. Producers are idempotent and ask for acks=all; consumers follow from the beginning.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from campaign.clients import History, read_back
from campaign.live import CONFIGURATION, make_topic
from campaign.load import PATIENT, Reader, Writer
from campaign.progress import Progress
from campaign.storm import schedule as kinds
from campaign.storm.disks import SmallDisks
from campaign.storm.field import Field
from campaign.storm.planted import MUTANT, PROGRAM
from campaign.storm.proxy import Network
from campaign.storm.schedule import Strike, schedule
from campaign.storm.strikes import Strikes
from impl.core.names import controller_nodes, node_name
from impl.core.types import NodeId
from impl.server.child import PROGRAM as OWN_PROGRAM
from impl.server.cluster import Cluster, ClusterPlan
from impl.server.ports import free_ports

HOST = "127.0.0.1"
TOPIC = "storm"
READBACK = "reader"
READBACK_SECONDS = 120.0
BROKERS = 3
READER_CONFIGURATION: Mapping[str, object] = {
    "log_level": 0,
    "reconnect.backoff.max.ms": 200,
    "fetch.error.backoff.ms": 50,
    "topic.metadata.refresh.interval.ms": 1_000,
}


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """What to do. Times in seconds."""

    seed: int = 0
    seconds: float = 30.0
    kinds: tuple[str, ...] = kinds.KINDS
    controllers: int = 3
    partitions: int = 3
    writers: int = 3
    readers: int = 2
    keys: int = 6
    records_per_second: int = 100
    """Of one writer."""
    mutant: str | None = None
    """A bug to plant in every process."""
    configuration: Mapping[str, str] = {}


class Weathered(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, counted; the files say the rest."""

    storm: Storm
    seconds: float
    strikes: tuple[Strike, ...]
    """As drawn. `counts` has those that were carried out."""
    counts: Mapping[str, int]
    left_out: tuple[str, ...]
    """Kinds that this machine cannot do, and why."""
    unexpected: tuple[str, ...]
    """Processes that ended although nothing was done to them."""
    gave_up: tuple[str, ...]
    """Why a client's library gave up for good, each time that one did."""
    unsettled: str
    """Why the cluster was not whole after the failures; empty where it was."""
    traces: tuple[Path, ...]
    histories: tuple[Path, ...]
    acknowledged: int
    unknown: int
    read_on: int
    """Records that the consumers read while it went on."""
    read_back: int
    forced: tuple[str, ...]


def weather(storm: Storm, directory: Path, tell: Progress) -> Weathered:
    """Run it under `directory`. Raises ServerError when the cluster cannot start, TimeoutError when nobody serves."""
    began = time.monotonic()
    histories = directory / "histories"
    histories.mkdir(parents=True, exist_ok=True)
    tell(0.0, "starting a cluster behind proxies")
    with contextlib.ExitStack() as stack:
        disks, left_out = _disks(storm, directory / "data", stack)
        chosen = tuple(kind for kind in storm.kinds if kind not in left_out)
        cluster, network = stack.enter_context(_cluster(storm, directory))
        bootstrap = ",".join(f"{HOST}:{cluster.plan.advertised_ports[node]}" for node in cluster.brokers)
        make_topic(bootstrap, TOPIC, storm.partitions, BROKERS)
        faults = History(histories / "faults.jsonl", "faults")
        stack.callback(faults.close)
        field = Field(cluster, network, disks, faults, TOPIC, storm.partitions)
        writers, readers = _clients(storm, histories, bootstrap)
        strikes = Strikes(field, storm.seed)
        brokers = [child.name for child in cluster.brokers.values()]
        controllers = [name for name in field.children if name not in brokers]
        planned = schedule(storm.seed, storm.seconds, brokers, controllers, chosen)
        unsettled = _struck(storm, strikes, planned, [*writers, *readers], tell)
        tell(0.9, "reading everything back")
        records = 0 if unsettled else _read_back(histories, bootstrap, storm.partitions)
        forced = cluster.stop()
        return Weathered(
            storm=storm,
            seconds=time.monotonic() - began,
            strikes=tuple(planned),
            counts=dict(sorted(strikes.counts.items())),
            left_out=tuple(f"{kind}: {why}" for kind, why in sorted(left_out.items())),
            unexpected=tuple(strikes.unexpected),
            gave_up=tuple(why for writer in writers for why in writer.gave_up),
            unsettled=unsettled,
            traces=tuple(sorted((directory / "traces").glob("*.jsonl"))),
            histories=tuple(sorted(histories.glob("*.jsonl"))),
            acknowledged=sum(len(writer.producer.acknowledged) for writer in writers),
            unknown=sum(len(writer.producer.unknown) for writer in writers),
            read_on=sum(reader.consumer.read for reader in readers),
            read_back=records,
            forced=tuple(forced),
        )


def _struck(
    storm: Storm, strikes: Strikes, planned: Sequence[Strike], clients: Sequence[Writer | Reader], tell: Progress
) -> str:
    """Let the clients work while the strikes are carried out, then heal. Returns why it did not settle, if so."""
    began = time.monotonic()
    for client in clients:
        client.start()
    try:
        strikes.run(
            planned,
            lambda: time.monotonic() - began > storm.seconds,
            lambda text: tell(0.85 * min(1.0, (time.monotonic() - began) / storm.seconds), text),
        )
        tell(0.85, "healing")
        strikes.settle()
        return ""
    except TimeoutError as error:
        return str(error)
    finally:
        for client in clients:
            client.finish()


@contextlib.contextmanager
def _cluster(storm: Storm, directory: Path) -> Iterator[tuple[Cluster, Network]]:
    """A cluster whose processes know each other by their proxies' ports only."""
    nodes = [NodeId(node) for node in range(1, BROKERS + 1)] + list(controller_nodes(storm.controllers))
    first = free_ports(HOST, 2 * len(nodes))
    own: dict[int, int] = dict(zip(nodes, range(first, first + len(nodes)), strict=True))
    fronts = {node: port + len(nodes) for node, port in own.items()}
    network = Network(HOST, map(node_name, nodes))
    network.start({node_name(node): (fronts[node], own[node]) for node in nodes})
    plan = ClusterPlan(
        data=directory / "data",
        brokers=BROKERS,
        controllers=storm.controllers,
        port=first,
        configuration={**CONFIGURATION, "default.replication.factor": str(BROKERS), **storm.configuration},
        trace=directory / "traces",
        advertised_ports=fronts,
        program=OWN_PROGRAM if storm.mutant is None else PROGRAM,
    )
    try:
        with _planted(storm.mutant):
            cluster = Cluster(plan)
            cluster.start()
            try:
                yield cluster, network
            finally:
                network.heal_all()
                cluster.stop()
    finally:
        network.close()


@contextlib.contextmanager
def _planted(mutant: str | None) -> Iterator[None]:
    """Processes started meanwhile have the bug."""
    if mutant is not None:
        os.environ[MUTANT] = mutant
    try:
        yield
    finally:
        os.environ.pop(MUTANT, None)


def _disks(storm: Storm, data: Path, stack: contextlib.ExitStack) -> tuple[SmallDisks | None, dict[str, str]]:
    """A small disk for each broker where one is to be filled, or why there is none."""
    if kinds.DISK_FULL not in storm.kinds:
        return None, {}
    try:
        disks = SmallDisks([data / f"broker-{node}" for node in range(1, BROKERS + 1)])
    except OSError as error:
        return None, {kinds.DISK_FULL: f"this process may not mount a file system ({error.strerror})"}
    stack.callback(disks.close)
    return disks, {}


def _clients(storm: Storm, histories: Path, bootstrap: str) -> tuple[list[Writer], list[Reader]]:
    writers = [
        Writer(
            histories / f"c{number}.jsonl",
            f"c{number}",
            TOPIC,
            bootstrap,
            partitions=storm.partitions,
            keys=storm.keys,
            records_per_second=storm.records_per_second,
            configuration=PATIENT,
        )
        for number in range(1, storm.writers + 1)
    ]
    readers = [
        Reader(
            histories / f"r{number}.jsonl",
            f"r{number}",
            TOPIC,
            bootstrap,
            partitions=storm.partitions,
            configuration=READER_CONFIGURATION,
        )
        for number in range(1, storm.readers + 1)
    ]
    return writers, readers


def _read_back(histories: Path, bootstrap: str, partitions: int) -> int:
    history = History(histories / f"{READBACK}.jsonl", READBACK)
    try:
        configuration = {"bootstrap.servers": bootstrap, "log_level": 0}
        return len(read_back(history, TOPIC, range(partitions), configuration, READBACK_SECONDS))
    finally:
        history.close()
