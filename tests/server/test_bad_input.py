"""Whatever a client sends, it gets Kafka's error or its connection is closed, and every other client is served."""

import random
import struct
from pathlib import Path

import pytest

from campaign.conditions import wait_for
from campaign.live import make_topic
from impl.core.types import ErrorCode
from impl.server.cluster import Cluster, ClusterPlan
from impl.server.connection import REQUESTS_IN_LINE_MAX
from impl.wire.apis import ApiKey
from impl.wire.framing import RequestHeader, decode_response, encode_request
from impl.wire.messages.api_versions import ApiVersionsRequest
from impl.wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from tests.server.raw import SECONDS, Raw, one_batch, produce, produce_request

TOPIC = "t"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(ClusterPlan(data=tmp_path_factory.mktemp("cluster"), brokers=1, port=0)) as running:
        make_topic(running.bootstrap, TOPIC, 1, 1)
        yield running


@pytest.fixture
def served(cluster):
    """Another client's connection, opened before the test's bad input and used after it."""
    with Raw(cluster.address(1)) as other:
        before = produce(other, TOPIC, one_batch([b"before"]))
        yield
        after = produce(other, TOPIC, one_batch([b"after"]))
        assert before[0] == after[0] == ErrorCode.NONE
        assert after[1] > before[1]
        with Raw(cluster.address(1)) as fresh:
            assert produce(fresh, TOPIC, one_batch([b"fresh"])) == (ErrorCode.NONE, after[1] + 1)
        assert cluster.died() == []


def log_of(cluster) -> Path:
    return cluster.brokers[1].log


def framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


def header(key: int, version: int) -> bytes:
    return struct.pack(">hhih", key, version, 7, -1)


RANDOM = random.Random(0)
CLOSED = {
    "random bytes": RANDOM.randbytes(5_000),
    "an HTTP request": b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n",
    "a giant length": struct.pack(">i", 2**31 - 1),
    "a negative length": struct.pack(">i", -5),
    "an empty frame": framed(b""),
    "a frame shorter than a header": framed(b"\0\x03"),
    "an unknown API": framed(header(999, 0)),
    "an API for controllers": framed(header(ApiKey.BROKER_HEARTBEAT, 0) + bytes(40)),
    "a version too new": framed(header(ApiKey.METADATA, 99)),
    "a version too old": framed(header(ApiKey.PRODUCE, 0)),
    "an impossible count": framed(header(ApiKey.METADATA, 1) + struct.pack(">i", 2**31 - 1)),
    "a negative count": framed(header(ApiKey.PRODUCE, 3) + struct.pack(">hhii", -1, -1, 1000, -7)),
    "a string past the end": framed(struct.pack(">hhih", ApiKey.METADATA, 1, 7, 30_000) + b"short"),
    "random bytes in a frame": framed(header(ApiKey.FETCH, 12) + RANDOM.randbytes(500)),
}


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("data", CLOSED.values(), ids=CLOSED.keys())
def test_what_cannot_be_read_closes_the_connection_with_one_line_in_the_log(cluster, data):
    before = log_of(cluster).read_text().splitlines()
    with Raw(cluster.address(1)) as connection:
        connection.send(data)
        assert connection.frame() == b""
    wait_for(lambda: len(log_of(cluster).read_text().splitlines()) > len(before), SECONDS, "a line in the log")
    (line,) = log_of(cluster).read_text().splitlines()[len(before) :]
    assert " level=WARN node=n1 event=" in line
    assert "peer=127.0.0.1:" in line


@pytest.mark.usefixtures("served")
def test_a_frame_that_never_ends_hurts_nobody(cluster):
    with Raw(cluster.address(1)) as connection:
        connection.send(struct.pack(">i", 50_000_000) + b"the beginning")
        with Raw(cluster.address(1)) as other:
            assert produce(other, TOPIC, one_batch([b"meanwhile"]))[0] == ErrorCode.NONE


@pytest.mark.usefixtures("served")
def test_an_unknown_version_of_api_versions_is_answered_in_version_0(cluster):
    with Raw(cluster.address(1)) as connection:
        connection.send(framed(struct.pack(">hhih", ApiKey.API_VERSIONS, 77, 5, -1) + bytes(3)))
        answer = connection.frame()
        assert struct.unpack_from(">ih", answer) == (5, ErrorCode.UNSUPPORTED_VERSION)
        # The client goes on with what it was told, on the same connection.
        again = connection.ask(ApiKey.API_VERSIONS, 3, ApiVersionsRequest("raw", "1"))
        assert again.error_code == ErrorCode.NONE


def corrupted(change) -> bytes:
    data = bytearray(one_batch([b"one", b"two"]))
    change(data)
    return bytes(data)


def flip_last_byte(data: bytearray) -> None:
    data[-1] ^= 1


def claim_old_format(data: bytearray) -> None:
    data[16] = 1


def claim_longer(data: bytearray) -> None:
    data[8:12] = struct.pack(">i", len(data))


BATCHES = {
    "a wrong CRC": (corrupted(flip_last_byte), ErrorCode.CORRUPT_MESSAGE),
    "an old format": (corrupted(claim_old_format), ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT),
    "a length past the end": (corrupted(claim_longer), ErrorCode.CORRUPT_MESSAGE),
    "half a batch": (one_batch([b"one"])[:40], ErrorCode.CORRUPT_MESSAGE),
    "two batches": (one_batch([b"one"]) * 2, ErrorCode.INVALID_RECORD),
    "random records": (RANDOM.randbytes(300), ErrorCode.CORRUPT_MESSAGE),
    "a batch too large": (one_batch([bytes(1_100_000)]), ErrorCode.MESSAGE_TOO_LARGE),
}


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(("records", "error"), BATCHES.values(), ids=BATCHES.keys())
def test_a_bad_batch_is_answered_with_kafkas_error_and_the_connection_lives(cluster, records, error):
    with Raw(cluster.address(1)) as connection:
        code, offset = produce(connection, TOPIC, records)
        if error is ErrorCode.CORRUPT_MESSAGE:
            assert code in (ErrorCode.CORRUPT_MESSAGE, ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT)
        else:
            assert code == error
        assert offset == -1
        assert produce(connection, TOPIC, one_batch([b"good"]))[0] == ErrorCode.NONE


def test_an_unknown_topic_is_that_partitions_error(cluster):
    with Raw(cluster.address(1)) as connection:
        assert produce(connection, "nowhere", one_batch([b"x"])) == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1)


def test_replies_come_in_the_order_of_the_requests_more_than_fit_in_line(cluster):
    requests = REQUESTS_IN_LINE_MAX * 5
    with Raw(cluster.address(1)) as connection:
        sent = [
            encode_request(
                RequestHeader(ApiKey.METADATA, 9, number, "raw"),
                MetadataRequest(topics=(MetadataRequestTopic(name=TOPIC),)),
            )
            if number % 3
            else encode_request(
                RequestHeader(ApiKey.PRODUCE, 9, number, "raw"), produce_request(TOPIC, one_batch([b"x"]))
            )
            for number in range(requests)
        ]
        connection.send(b"".join(sent))
        for number in range(requests):
            key = ApiKey.METADATA if number % 3 else ApiKey.PRODUCE
            assert decode_response(connection.frame(), key, 9)[0].correlation_id == number


def test_a_produce_with_acks_0_is_not_answered(cluster):
    with Raw(cluster.address(1)) as connection:
        request = produce_request(TOPIC, one_batch([b"silent"]), acks=0)
        connection.send(encode_request(RequestHeader(ApiKey.PRODUCE, 9, 1, "raw"), request))
        # The first frame that comes back is the answer to the second request.
        assert connection.ask(ApiKey.API_VERSIONS, 3, ApiVersionsRequest("raw", "1"), correlation=2).api_keys


def send_until_blocked(connection, data, bytes_max):
    """How much the broker took before it took nothing for a while; fails where it takes everything."""
    connection.socket.settimeout(2)
    sent = 0
    while sent < bytes_max:
        try:
            sent += connection.socket.send(data)
        except TimeoutError:
            return sent
    raise AssertionError(f"the broker took {sent} bytes of requests whose replies nobody reads")


@pytest.mark.usefixtures("served")
def test_a_client_that_does_not_read_is_not_read_from(cluster):
    """Its requests pile up in its own socket, not in the broker."""
    topics = (MetadataRequestTopic(name=TOPIC),) * 200
    request = encode_request(RequestHeader(ApiKey.METADATA, 9, 1, "raw"), MetadataRequest(topics=topics))
    with Raw(cluster.address(1)) as connection:
        assert send_until_blocked(connection, request * 20, 30_000_000) > 0
