"""Apache Kafka as a peer: one KRaft node from a directory of jars, started, stopped, killed; and its own tools.

DIR holds `libs/*.jar`: the artifact org.apache.kafka:kafka_2.13 with what it depends on, and Java 17 is on the path.
"""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 60.0
CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAA"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class KafkaNode:
    """Broker and controller in one process, its files in `place`."""

    def __init__(self, jars: Path, place: Path, settings: dict[str, str] | None = None) -> None:
        self._class_path = f"{jars}/libs/*"
        self.port, controller = free_port(), free_port()
        self.data = place / "data"
        self._log = place / "kafka.log"
        self._properties = place / "server.properties"
        place.mkdir(parents=True, exist_ok=True)
        configured = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@localhost:{controller}",
            "listeners": f"PLAINTEXT://localhost:{self.port},CONTROLLER://localhost:{controller}",
            "advertised.listeners": f"PLAINTEXT://localhost:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self.data),
            "offsets.topic.replication.factor": "1",
            **(settings or {}),
        }
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in configured.items()))
        self._process: subprocess.Popen[bytes] | None = None
        if not (self.data / "meta.properties").exists():
            self.tool("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self._properties))

    @property
    def address(self) -> str:
        return f"localhost:{self.port}"

    def tool(self, name: str, *arguments: str) -> str:
        """What one of Kafka's programs says. Raises ChildProcessError with its last words."""
        command = ["java", "-Xmx256m", "-cp", self._class_path, name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS)
        if done.returncode:
            words = (done.stderr or done.stdout).strip().splitlines()
            raise ChildProcessError(f"{name}: {words[0] if words else 'no word'}")
        return done.stdout

    def start(self) -> None:
        """Until it accepts connections. Raises TimeoutError."""
        command = ["java", "-Xmx512m", "-cp", self._class_path]
        command += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "kafka.Kafka", str(self._properties)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ChildProcessError(f"Kafka ended; see {self._log}")
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.2)  # The port opens when Kafka has started, and nothing tells when that is.
        raise TimeoutError(f"Kafka does not listen after {START_SECONDS:.0f} s; see {self._log}")

    def end(self, how: int = signal.SIGTERM) -> None:
        if self._process is not None:
            os.kill(self._process.pid, how)
            self._process.wait(START_SECONDS)
            self._process = None
