"""Does a broker answer, and whom does it know? Asked over the wire, as any client would.

One rule: a cluster is called ready only when a stranger could have found it ready.
"""

import socket
import struct
import time
from collections.abc import Mapping

from impl.api.names import METADATA_TOPIC
from impl.core.types import NO_ERROR
from impl.server.errors import ChildFailed
from impl.wire.apis import ApiKey
from impl.wire.errors import WireError
from impl.wire.framing import RequestHeader, decode_response, encode_request
from impl.wire.messages.describe_quorum import (
    DescribeQuorumRequest,
    DescribeQuorumResponse,
    PartitionData,
    TopicData,
)

METADATA_KEY = 3
METADATA_VERSION = 1
DESCRIBE_VERSION = 0
RETRY_SECONDS = 0.02
ANSWER_SECONDS = 5.0


def wait_until_all_answer(addresses: Mapping[int, tuple[str, int]], deadline: float) -> None:
    """Until every broker lists all of them in its Metadata. Raises ChildFailed after `deadline` (monotonic seconds)."""
    expected = set(addresses)
    for node, (host, port) in addresses.items():
        while not expected <= known_brokers(host, port):
            if time.monotonic() > deadline:
                raise ChildFailed(f"n{node} on {host}:{port} does not answer for the whole cluster: see its log")
            # A pause between questions to a process that is starting: there is nothing to be notified by.
            time.sleep(RETRY_SECONDS)


def wait_for_leader(addresses: Mapping[int, tuple[str, int]], deadline: float) -> int:
    """Until one of these controllers says that it leads the quorum; which. Raises ChildFailed after `deadline`."""
    while True:
        for node, (host, port) in addresses.items():
            if leads_quorum(host, port):
                return node
        if time.monotonic() > deadline:
            raise ChildFailed(f"none of the {len(addresses)} controllers leads the quorum: see their logs")
        # A pause between questions to voters that are electing: there is nothing to be notified by.
        time.sleep(RETRY_SECONDS)


def leads_quorum(host: str, port: int) -> bool:
    """Whether the controller there leads, and what it has found there is committed."""
    topic = TopicData(topic_name=METADATA_TOPIC, partitions=(PartitionData(),))
    header = RequestHeader(ApiKey.DESCRIBE_QUORUM, DESCRIBE_VERSION, 1)
    frame = encode_request(header, DescribeQuorumRequest(topics=(topic,)))
    try:
        with socket.create_connection((host, port), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(frame)
            stream = connection.makefile("rb")
            (size,) = struct.unpack(">i", stream.read(4))
            _, answer = decode_response(memoryview(stream.read(size)), ApiKey.DESCRIBE_QUORUM, DESCRIBE_VERSION)
    except (OSError, struct.error, WireError):
        return False
    assert isinstance(answer, DescribeQuorumResponse)
    parts = [part for topic in answer.topics for part in topic.partitions]
    return any(part.error_code == NO_ERROR and part.high_watermark >= 0 for part in parts)


def known_brokers(host: str, port: int) -> set[int]:
    """Ids of the brokers in one broker's Metadata; none where it does not answer."""
    request = struct.pack(">hhih", METADATA_KEY, METADATA_VERSION, 1, -1) + struct.pack(">i", 0)
    try:
        with socket.create_connection((host, port), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            stream = connection.makefile("rb")
            (size,) = struct.unpack(">i", stream.read(4))
            return _broker_ids(stream.read(size))
    except (OSError, struct.error, IndexError):
        return set()


def _broker_ids(answer: bytes) -> set[int]:
    """Metadata v1 begins: correlation id, then the brokers (id, host, port, nullable rack)."""
    (count,) = struct.unpack_from(">i", answer, 4)
    position = 8
    found = set()
    for _ in range(count):
        node, host_length = struct.unpack_from(">ih", answer, position)
        position += 6 + host_length + 4
        (rack_length,) = struct.unpack_from(">h", answer, position)
        position += 2 + max(0, rack_length)
        found.add(node)
    return found
