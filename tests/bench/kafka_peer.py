"""Apache Kafka as a peer: started from its jars, each node in KRaft mode and both broker and controller.

One rule: Kafka runs with its own defaults and its start script's collector settings; nothing is tuned but replication.
"""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from campaign.conditions import wait_for
from impl.server.ports import free_ports
from tests.bench.peers import HOST, START_SECONDS, Side, Unavailable, running

CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAA"
JAVA = (
    "java",
    "-Xms1g",
    "-Xmx1g",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
"""As bin/kafka-server-start.sh has it."""


@contextlib.contextmanager
def kafka(directory: Path, jars: Path | None, brokers: int) -> Iterator[Side]:
    """`jars` holds libs/*.jar of a release. Raises Unavailable where there is none, or it does not start."""
    name = f"Apache Kafka, {brokers} broker{'s' * (brokers > 1)}"
    if jars is None or not list(jars.glob("libs/kafka_*.jar")):
        raise Unavailable(f"{name}: no jars; name their directory with --kafka, or the variable KAFKA_DIST")
    directory.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=directory)))
        first = free_ports(HOST, 2 * brokers)
        processes = []
        for number in range(1, brokers + 1):
            home = data / f"node-{number}"
            home.mkdir()
            file = home / "server.properties"
            file.write_text(_properties(home, number, brokers, first))
            command = [*JAVA, "-cp", f"{jars.resolve()}/libs/*"]
            _format(command, file, name)
            # None of them listens before most of the voters run.
            processes.append(stack.enter_context(running([*command, "kafka.Kafka", str(file)], home, None)))
        bootstrap = ",".join(f"{HOST}:{first + 2 * index}" for index in range(brokers))
        admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        wait_for(lambda: _answering(admin) == brokers, START_SECONDS, f"{name} to answer")
        yield Side(name, bootstrap, tuple(processes), min(3, brokers))


def _format(command: list[str], file: Path, name: str) -> None:
    tool = [*command, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(file)]
    try:
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unavailable(f"{name}: {error}") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or done.stdout.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(f"{name} cannot format its directory: {last}")


def _answering(admin: AdminClient) -> int:
    try:
        return len(admin.list_topics(timeout=5).brokers)
    except KafkaException:
        return 0


def _properties(home: Path, number: int, brokers: int, first: int) -> str:
    """Node n listens on the n-th pair of ports from `first`: clients, controllers."""
    voters = ",".join(f"{node}@{HOST}:{first + 2 * node - 1}" for node in range(1, brokers + 1))
    port = first + 2 * (number - 1)
    replicas = min(3, brokers)
    return "\n".join(
        [
            "process.roles=broker,controller",
            f"node.id={number}",
            f"controller.quorum.voters={voters}",
            f"listeners=PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{port + 1}",
            f"advertised.listeners=PLAINTEXT://{HOST}:{port}",
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            f"log.dirs={home / 'data'}",
            f"min.insync.replicas={min(2, replicas)}",
            f"default.replication.factor={replicas}",
            f"offsets.topic.replication.factor={replicas}",
            f"transaction.state.log.replication.factor={replicas}",
            "transaction.state.log.min.isr=1",
        ]
    )
