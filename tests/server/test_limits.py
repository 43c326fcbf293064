"""Kafka's limits on connections: how many there may be, and for how long one may say nothing."""

import pytest

from campaign.conditions import wait_for
from campaign.live import make_topic
from impl.core.types import ErrorCode
from impl.server.cluster import Cluster, ClusterPlan
from impl.wire.apis import ApiKey
from impl.wire.errors import WireError
from impl.wire.framing import RequestHeader, decode_response, encode_request
from impl.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from tests.server.raw import SECONDS, Raw, one_batch, produce

TOPIC = "t"
IDLE_MS = 1_500
CONNECTIONS = 40


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    configuration = {
        "connections.max.idle.ms": str(IDLE_MS),
        "max.connections": str(CONNECTIONS),
        "socket.request.max.bytes": "100000",
    }
    plan = ClusterPlan(data=tmp_path_factory.mktemp("cluster"), brokers=1, port=0, configuration=configuration)
    with Cluster(plan) as running:
        make_topic(running.bootstrap, TOPIC, 1, 1)
        yield running


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(cluster):
    with Raw(cluster.address(1)) as idle, Raw(cluster.address(1)) as busy:
        closed = []

        def served_until_the_other_is_closed():
            assert produce(busy, TOPIC, one_batch([b"x"]))[0] == ErrorCode.NONE
            idle.socket.setblocking(False)
            try:
                closed.append(idle.socket.recv(1) == b"")
            except BlockingIOError:
                return False
            return True

        wait_for(served_until_the_other_is_closed, SECONDS, "the idle connection to be closed")
        assert closed == [True]
        assert produce(busy, TOPIC, one_batch([b"x"]))[0] == ErrorCode.NONE


def test_a_client_that_waits_for_its_answer_is_not_idle(cluster):
    with Raw(cluster.address(1)) as connection:
        end = produce(connection, TOPIC, one_batch([b"x"]))[1] + 1
        partition = FetchPartition(partition=0, fetch_offset=end, partition_max_bytes=1_000_000)
        request = FetchRequest(
            max_wait=2 * IDLE_MS,
            min_bytes=1,
            max_bytes=1_000_000,
            topics=(FetchTopic(topic=TOPIC, partitions=(partition,)),),
        )
        connection.send(encode_request(RequestHeader(ApiKey.FETCH, 12, 5, "raw"), request))
        header, _ = decode_response(connection.frame(), ApiKey.FETCH, 12)
        assert header.correlation_id == 5


def test_there_are_no_more_connections_than_allowed(cluster):
    held = [Raw(cluster.address(1)) for _ in range(CONNECTIONS)]
    try:
        with Raw(cluster.address(1)) as one_more:
            assert one_more.frame() == b""
    finally:
        for connection in held:
            connection.__exit__()

    def served_again():
        with Raw(cluster.address(1)) as connection:
            try:
                return produce(connection, TOPIC, one_batch([b"x"]))[0] == ErrorCode.NONE
            except (OSError, WireError):
                return False

    wait_for(served_again, SECONDS, "room for a connection")


def test_a_request_larger_than_allowed_closes_the_connection(cluster):
    with Raw(cluster.address(1)) as connection:
        connection.send((100_001).to_bytes(4, "big"))
        assert connection.frame() == b""
