"""Apache Kafka itself, in KRaft mode, from a directory of its jars.

One rule: it runs with Kafka's defaults; what is set is where it listens, where it keeps its data, and how often the
topics that it makes for itself are replicated.

The jars are not ours to bring: `libs/*.jar` of a Kafka distribution, or what Maven's `dependency:copy-dependencies`
copies for org.apache.kafka:kafka_2.13 (with an slf4j binding). `--kafka DIR` or FENCEPOST_KAFKA names the directory.
"""

import base64
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from campaign.conditions import wait_for
from impl.server.ports import free_ports

HOST = "127.0.0.1"
HEAP = "-Xmx1g"
QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
START_SECONDS = 120
STOP_SECONDS = 60
PLACE = "FENCEPOST_KAFKA"


class NoKafka(Exception):
    """Why there is no Kafka to start, in a line."""


def classpath(place: Path | None) -> str:
    """The jars in `place`, in its `libs`, or where FENCEPOST_KAFKA says. Raises NoKafka."""
    if shutil.which("java") is None:
        raise NoKafka("there is no java here")
    named = place or (Path(os.environ[PLACE]) if os.environ.get(PLACE) else None)
    if named is None:
        raise NoKafka(f"nobody says where its jars are: give --kafka DIR, or set {PLACE}")
    for directory in (named, named / "libs"):
        if list(directory.glob("kafka_2.1*.jar")):
            return str(directory / "*")
    raise NoKafka(f"there is no kafka_2.13-*.jar in {named} or {named / 'libs'}")


class KafkaCluster:
    """Combined brokers and controllers, numbered from 1. `start`, then `stop`; any can be killed and started again."""

    def __init__(
        self, directory: Path, nodes: int, place: Path | None = None, settings: dict[str, str] | None = None
    ) -> None:
        self._classpath = classpath(place)
        self._directory = directory
        self._settings = settings or {}
        first = free_ports(HOST, 2 * nodes)
        self.ports = {node: first + node - 1 for node in range(1, nodes + 1)}
        self._quorum_ports = {node: first + nodes + node - 1 for node in self.ports}
        self._id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def bootstrap(self) -> str:
        return ",".join(f"{HOST}:{port}" for port in self.ports.values())

    def start(self) -> None:
        """Format every node's directory, start all, and wait until they know each other. Raises NoKafka."""
        for node in self.ports:
            self._format(node)
        for node in self.ports:
            self.launch(node)
        try:
            self.wait_until_whole()
        except TimeoutError as error:
            self.stop()
            raise NoKafka(f"it does not serve: {error}; see {self._directory}") from error

    def launch(self, node: int) -> None:
        """Start one node's process."""
        with (self._directory / f"{node}.out").open("ab") as out:
            command = ["java", HEAP, QUIET, "-cp", self._classpath, "kafka.Kafka", str(self._properties(node))]
            self.processes[node] = subprocess.Popen(command, stdout=out, stderr=out, cwd=self._directory)

    def kill(self, node: int) -> None:
        """kill -9."""
        self.processes[node].kill()
        self.processes[node].wait()

    def stop(self) -> None:
        """SIGTERM to all, and kill -9 to who does not go."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait_until_whole(self) -> None:
        """Until every node is known as a broker. Raises TimeoutError."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

        def all_known() -> bool:
            with contextlib.suppress(KafkaException):
                return len(admin.list_topics(timeout=5).brokers) == len(self.ports)
            return False

        wait_for(all_known, START_SECONDS, f"{len(self.ports)} Kafka brokers")

    def _properties(self, node: int) -> Path:
        return self._directory / f"{node}.properties"

    def _format(self, node: int) -> None:
        copies = str(min(3, len(self.ports)))
        settings = {
            "process.roles": "broker,controller",
            "node.id": str(node),
            "controller.quorum.voters": ",".join(f"{each}@{HOST}:{port}" for each, port in self._quorum_ports.items()),
            "listeners": f"PLAINTEXT://{HOST}:{self.ports[node]},CONTROLLER://{HOST}:{self._quorum_ports[node]}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self.ports[node]}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self._directory / f"data-{node}"),
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": "1",
            **self._settings,
        }
        properties = self._properties(node)
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        tool = ["java", "-Xmx256m", QUIET, "-cp", self._classpath, "kafka.tools.StorageTool", "format"]
        command = [*tool, "-t", self._id, "-c", str(properties)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stderr + done.stdout).strip().splitlines() or ["it says nothing"]
            raise NoKafka(f"its directory cannot be formatted: {said[-1]}")


@contextlib.contextmanager
def running(directory: Path, nodes: int, place: Path | None = None) -> Iterator[KafkaCluster]:
    """A cluster with its data in a directory under `directory` that is gone afterwards. Raises NoKafka."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="kafka-", ignore_cleanup_errors=True) as made:
        cluster = KafkaCluster(Path(made), nodes, place)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
