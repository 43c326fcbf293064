"""Apache Kafka itself, in KRaft mode, from a directory of its jars: started, stopped, killed; and its own tools.

One rule: it runs with Kafka's defaults and its start script's collector; what is set is where it listens, where it
keeps its data, and how often topics are replicated.

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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from campaign.conditions import wait_for
from impl.server.ports import free_ports

HOST = "127.0.0.1"
QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
SERVER = (
    "-Xms1g",
    "-Xmx1g",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-Djava.awt.headless=true",
    QUIET,
)
"""As bin/kafka-server-start.sh and bin/kafka-run-class.sh have it."""
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

    def data(self, node: int) -> Path:
        """Where a node keeps its logs."""
        return self._directory / f"data-{node}"

    def tool(self, name: str, *arguments: str) -> str:
        """What one of Kafka's programs says. Raises NoKafka with its last words."""
        command = ["java", "-Xmx256m", QUIET, "-cp", self._classpath, name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stderr + done.stdout).strip().splitlines() or ["it says nothing"]
            raise NoKafka(f"{name}: {said[-1]}")
        return done.stdout

    def start(self) -> None:
        """Format every node's directory that is not, start all, and wait until they know each other. Raises NoKafka."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._format, self.ports))
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
            command = ["java", *SERVER, "-cp", self._classpath, "kafka.Kafka", str(self._properties(node))]
            self.processes[node] = subprocess.Popen(command, stdout=out, stderr=out, cwd=self._directory)

    def kill(self, node: int) -> None:
        """kill -9."""
        self.processes[node].kill()
        self.processes[node].wait()

    def stop(self, how: int = signal.SIGTERM) -> None:
        """SIGTERM to all, or another signal, and kill -9 to who does not go."""
        for process in self.processes.values():
            process.send_signal(how)
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
            "log.dirs": str(self.data(node)),
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": "1",
            **self._settings,
        }
        properties = self._properties(node)
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        if not (self.data(node) / "meta.properties").exists():
            self.tool("kafka.tools.StorageTool", "format", "-t", self._id, "-c", str(properties))


@contextlib.contextmanager
def running(
    directory: Path, nodes: int, place: Path | None = None, settings: dict[str, str] | None = None
) -> Iterator[KafkaCluster]:
    """A cluster with its data in a directory under `directory` that is gone afterwards. Raises NoKafka."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix="kafka-", ignore_cleanup_errors=True) as made:
        cluster = KafkaCluster(Path(made), nodes, place, settings)
        try:
            cluster.start()
            yield cluster
        finally:
            # Nothing of it is kept, and nodes that stop all at once wait for each other.
            cluster.stop(signal.SIGKILL)
