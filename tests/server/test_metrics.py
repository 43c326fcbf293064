"""Metrics as Prometheus reads them: what a scrape says is what the cluster did, and a scrape can hurt nobody."""

import socket
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from campaign.conditions import wait_for
from campaign.live import CONFIGURATION, make_topic
from impl.core.types import ErrorCode
from impl.server.cluster import Cluster, ClusterPlan
from impl.server.metrics_endpoint import REQUEST_BYTES_MAX
from tests.server.raw import SECONDS, Raw, one_batch, produce

TOPIC = "t"
CONTROLLER = 0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    plan = ClusterPlan(
        data=tmp_path_factory.mktemp("cluster"), brokers=3, port=0, metrics_port=0, configuration=CONFIGURATION
    )
    with Cluster(plan) as running:
        make_topic(running.bootstrap, TOPIC, 1, 3)
        yield running


def scrape(port):
    """(name, labels as sorted pairs) to value."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SECONDS) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def ports(cluster):
    return [child.configuration.metrics_port for child in cluster.brokers.values()]


PARTITION = (("partition", "0"), ("topic", TOPIC))


def leader_of(cluster):
    """The broker that says that it leads the partition, and what it says."""
    (found,) = [
        (node, metrics)
        for node, port in zip(cluster.brokers, ports(cluster), strict=True)
        if (metrics := scrape(port))["kafka_server_replicamanager_leadercount", ()] == 1
    ]
    return found


def test_what_was_produced_is_counted(cluster):
    node, before = leader_of(cluster)
    with Raw(cluster.address(node)) as connection:
        for _ in range(5):
            assert produce(connection, TOPIC, one_batch([b"x" * 100]))[0] == ErrorCode.NONE
        _, after = leader_of(cluster)

    def grew(name, labels=()):
        return after[name, labels] - before.get((name, labels), 0)

    produces = (("request", "Produce"),)
    assert grew("kafka_network_requestmetrics_requests_total", produces) == 5
    assert grew("kafka_network_requestmetrics_totaltime_seconds_count", produces) == 5
    assert after["kafka_network_requestmetrics_totaltime_seconds_bucket", (("le", "+Inf"), *produces)] >= 5
    assert grew("kafka_server_socketservermetrics_incoming_byte_total") > 500
    assert grew("kafka_server_socketservermetrics_outgoing_byte_total") > 0
    assert after["kafka_server_socketservermetrics_connection_count", ()] >= 1
    assert grew("kafka_log_log_logendoffset", PARTITION) == 5
    assert after["kafka_cluster_partition_highwatermark", PARTITION] == after["kafka_log_log_logendoffset", PARTITION]
    assert after["kafka_cluster_partition_insyncreplicascount", PARTITION] == 3
    assert after["kafka_server_replicamanager_underreplicatedpartitions", ()] == 0
    assert after["process_resident_memory_bytes", ()] > 1_000_000


def test_what_cannot_be_read_is_counted(cluster):
    port = ports(cluster)[0]
    refused = ("kafka_server_socketservermetrics_refused_request_total", ())
    before = scrape(port)[refused]
    with Raw(cluster.address(1)) as connection:
        connection.send(b"\xff" * 10)
        assert connection.frame() == b""
    assert scrape(port)[refused] == before + 1


def test_the_controller_says_that_it_is_the_active_one(cluster):
    metrics = scrape(cluster.controller.configuration.metrics_port)
    assert metrics["kafka_controller_kafkacontroller_activecontrollercount", ()] == 1
    assert metrics["kafka_controller_kafkacontroller_activebrokercount", ()] == 3
    assert metrics["kafka_controller_kafkacontroller_globaltopiccount", ()] == 1
    assert metrics["kafka_controller_kafkacontroller_offlinepartitionscount", ()] == 0


def test_a_lost_follower_shows(cluster):
    node, before = leader_of(cluster)
    victim = next(each for each in cluster.brokers if each != node)
    cluster.kill(victim)
    own = cluster.brokers[node].configuration.metrics_port
    under_replicated = ("kafka_server_replicamanager_underreplicatedpartitions", ())
    wait_for(lambda: scrape(own)[under_replicated] == 1, SECONDS, "the partition to be under-replicated")
    fenced = ("kafka_controller_kafkacontroller_fencedbrokercount", ())
    controller = cluster.controller.configuration.metrics_port
    wait_for(lambda: scrape(controller)[fenced] == 1, SECONDS, "the controller to fence the broker")
    cluster.restart(victim)
    wait_for(lambda: scrape(own)[under_replicated] == 0, SECONDS, "the follower to be back in sync")
    expands = ("kafka_server_replicamanager_isrexpands_total", ())
    assert scrape(own)[expands] > before[expands]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\n\r\n", b"200 OK"),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", b"200 OK"),
        (b"GET /secrets HTTP/1.1\r\n\r\n", b"404 Not Found"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405 Method Not Allowed"),
        (b"G" * (4 * REQUEST_BYTES_MAX), b""),
        (b"\r\n\r\n", b"405 Method Not Allowed"),
    ],
)
def test_any_request_gets_one_answer_and_the_connection_is_closed(cluster, asked, status):
    with socket.create_connection(("127.0.0.1", ports(cluster)[0]), timeout=SECONDS) as connection:
        connection.sendall(asked)
        answer = b""
        try:
            while piece := connection.recv(65_536):
                answer += piece
        except ConnectionResetError:
            assert status == b""
    assert answer.startswith(b"HTTP/1.1 " + status if status else b"")
    assert (b"kafka_log_log_logendoffset" in answer) == asked.startswith(b"GET /metrics")
