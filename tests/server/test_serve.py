"""`fencepost serve` as a user sees it: readiness, a clean stop, one line for whatever keeps it from starting."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from campaign.conditions import wait_for
from impl.server.directory import DirectoryLock
from impl.server.errors import DirectoryInUse
from impl.server.ports import free_ports
from impl.server.readiness import known_brokers

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
SECONDS = 60


def command(data, port, *options):
    return [sys.executable, str(ROOT / "fencepost.py"), "serve", "--data", str(data), "--port", str(port), *options]


def refused(data, port, *options) -> str:
    """The one line with which it refuses to start."""
    done = subprocess.run(command(data, port, *options), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    return line


def lines_until_ready(process) -> list[str]:
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("ready"):
            return lines
    raise AssertionError(f"it ended with {lines}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_stops_cleanly(tmp_path, number):
    port = free_ports(HOST, 4)
    with subprocess.Popen(command(tmp_path, port), stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = lines_until_ready(process)
            for node in (1, 2, 3):
                assert known_brokers(HOST, port + node - 1) == {1, 2, 3}
                assert any(line.startswith(f"broker {node} on {HOST}:{port + node - 1}, process ") for line in lines)
            assert lines[-1] == f"ready: bootstrap servers {HOST}:{port},{HOST}:{port + 1},{HOST}:{port + 2}"
            process.send_signal(number)
            assert process.stdout.read().splitlines() == ["stopping", "stopped"]
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()
    for node in (1, 2, 3):
        last = (tmp_path / "logs" / f"broker-{node}.log").read_text().splitlines()[-1]
        assert last.endswith(f" level=INFO node=n{node} event=stopped")


def test_a_process_that_dies_is_reported_and_the_others_serve_on(tmp_path):
    port = free_ports(HOST, 4)
    with subprocess.Popen(command(tmp_path, port), stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = lines_until_ready(process)
            (victim,) = [re.search(r"process (\d+)", line) for line in lines if line.startswith("broker 2")]
            subprocess.run(["kill", "-9", victim[1]], check=True)
            log = tmp_path / "logs" / "broker-2.log"
            assert process.stdout.readline() == f"n2 was killed by SIGKILL: see its log {log}\n"
            assert known_brokers(HOST, port) >= {1, 3}
            process.terminate()
            assert process.wait(SECONDS) == 1
        finally:
            process.kill()


def test_brokers_stop_when_the_process_that_started_them_is_killed(tmp_path):
    port = free_ports(HOST, 4)
    with subprocess.Popen(command(tmp_path, port), stdout=subprocess.PIPE, text=True) as process:
        lines_until_ready(process)
        process.kill()
        # Its children hold no copy of this pipe, so wait for their locks instead.
        process.wait(SECONDS)
    logs = sorted((tmp_path / "logs").glob("*.log"))
    assert len(logs) == 4
    locks = [tmp_path / name for name in ("controller", "broker-1", "broker-2", "broker-3")]
    for path in locks:
        lock = wait_for_lock(path)
        lock.release()
    assert all(path.read_text().splitlines()[-1].endswith(" event=stopped") for path in logs)


def wait_for_lock(path) -> DirectoryLock:
    found = []

    def taken() -> bool:
        try:
            found.append(DirectoryLock(path))
        except DirectoryInUse:
            return False
        return True

    wait_for(taken, SECONDS, f"{path} to be free")
    return found[0]


def test_a_port_in_use(tmp_path):
    first = free_ports(HOST, 4)
    with socket.socket() as other:
        other.bind((HOST, first + 1))
        other.listen()
        line = refused(tmp_path, first)
    assert line == (
        f"fencepost serve: port {first + 1} on {HOST} is in use: "
        "stop the process that listens there or choose another port"
    )


def test_a_data_directory_in_use(tmp_path):
    lock = DirectoryLock(tmp_path)
    try:
        line = refused(tmp_path, 0)
    finally:
        lock.release()
    assert re.fullmatch(
        rf"fencepost serve: data directory {tmp_path} is in use by process \d+: stop it or choose another directory",
        line,
    )


def test_a_data_directory_that_is_a_file(tmp_path):
    (tmp_path / "data").write_text("")
    assert "choose another directory" in refused(tmp_path / "data" / "below", 0)


def test_directories_of_two_clusters(tmp_path):
    for name, cluster in (("controller", "one"), ("broker-1", "two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "meta.properties").write_text(f"version=1\ncluster.id={cluster}\nnode.id=1\n")
    assert "holds directories of different clusters (broker-1: two, controller: one)" in refused(tmp_path, 0)


def test_a_directory_of_another_node(tmp_path):
    (tmp_path / "broker-1").mkdir()
    (tmp_path / "broker-1" / "meta.properties").write_text("version=1\ncluster.id=one\nnode.id=7\n")
    assert "belongs to node 7, not to 1" in refused(tmp_path, 0, "--brokers", "1")


def test_a_damaged_meta_file(tmp_path):
    (tmp_path / "broker-1").mkdir()
    (tmp_path / "broker-1" / "meta.properties").write_text("version=1\n")
    assert "meta.properties is damaged" in refused(tmp_path, 0)


def test_an_address_that_clients_cannot_be_told(tmp_path):
    assert "0.0.0.0 is no address a client can be told" in refused(tmp_path, 0, "--host", "0.0.0.0")


def test_an_unknown_configuration(tmp_path):
    assert "unknown configuration min.insync.replica: did you mean min.insync.replicas?" in refused(
        tmp_path, 0, "--config", "min.insync.replica=2"
    )
    assert not (tmp_path / "controller").exists()


def test_a_properties_file_says_how_and_where(tmp_path):
    port = free_ports(HOST, 2)
    file = tmp_path / "server.properties"
    file.write_text(
        f"listeners=PLAINTEXT://:{port}\nlog.dirs={tmp_path}/da\\\n   ta\nnum.io.threads=8\nmin.insync.replicas=1\n"
    )
    started = [sys.executable, str(ROOT / "fencepost.py"), "serve", "--brokers", "1", "--config", str(file)]
    with subprocess.Popen(started, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = lines_until_ready(process)
            assert "without effect here: num.io.threads" in lines
            assert lines[-1] == f"ready: bootstrap servers {HOST}:{port}"
            assert known_brokers(HOST, port) == {1}
            process.terminate()
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()
    assert (tmp_path / "data" / "broker-1" / "meta.properties").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("unheard.of=1", "unknown configuration unheard.of"),
        ("broker.heartbeat.interval.ms=60000", "contradicts broker.session.timeout.ms=9000"),
        ("sasl.enabled.mechanisms=PLAIN", "sasl.enabled.mechanisms=PLAIN is not built here"),
    ],
)
def test_a_wrong_properties_file_is_one_line_and_no_start(tmp_path, text, words):
    file = tmp_path / "server.properties"
    file.write_text(text)
    assert words in refused(tmp_path / "data", 0, "--config", str(file))
    assert not (tmp_path / "data").exists()
