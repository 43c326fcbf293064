"""The cluster under attack: its processes by name, the network between them, their disks, and what it says of itself.

One rule: what is asked here is asked of the brokers directly, past the proxies, with short deadlines: a struck cluster
must not be able to hold up whoever strikes it.
"""

import contextlib
import socket
import struct

from campaign.clients import History
from campaign.storm.disks import SmallDisks
from campaign.storm.proxy import Network
from impl.server.child import Child
from impl.server.cluster import Cluster
from impl.wire.apis import ApiKey
from impl.wire.errors import WireError
from impl.wire.framing import RequestHeader, decode_response, encode_request
from impl.wire.messages.metadata import MetadataRequest, MetadataRequestTopic, MetadataResponse

VERSION = 9
ANSWER_SECONDS = 1.0


class Field:
    """`topic` is what the clients use; its partitions are those that count."""

    def __init__(
        self, cluster: Cluster, network: Network, disks: SmallDisks | None, faults: History, topic: str, partitions: int
    ) -> None:
        self.cluster = cluster
        self.network = network
        self.disks = disks
        self.faults = faults
        self._topic = topic
        self._partitions = partitions
        self.children: dict[str, Child] = {child.name: child for child in cluster.children}

    def whole(self) -> bool:
        """Every broker says of every partition that it has a leader and all of its replicas in sync."""
        for child in self.cluster.brokers.values():
            found = self._asked(child)
            if found is None or len(found) != self._partitions:
                return False
            if any(leader < 0 or set(isr) != set(replicas) for leader, isr, replicas in found.values()):
                return False
        return True

    def out_of_sets(self, name: str) -> bool:
        """Every other broker says that this one leads nothing and is in no in-sync set."""
        number = self.children[name].configuration.node
        answers = [self._asked(child) for child in self.cluster.brokers.values() if child.name != name]
        return bool(answers) and all(
            found is not None and all(leader != number and number not in isr for leader, isr, _ in found.values())
            for found in answers
        )

    def _asked(self, child: Child) -> dict[int, tuple[int, tuple[int, ...], tuple[int, ...]]] | None:
        """Partition to leader, in-sync set and replicas, as one broker tells it; None where it does not."""
        configuration = child.configuration
        request = MetadataRequest(topics=(MetadataRequestTopic(name=self._topic),))
        frame = encode_request(RequestHeader(ApiKey.METADATA, VERSION, 1, "field"), request)
        with contextlib.suppress(OSError, struct.error, WireError):
            address = (configuration.host, configuration.port)
            with socket.create_connection(address, timeout=ANSWER_SECONDS) as connection:
                connection.sendall(frame)
                stream = connection.makefile("rb")
                (size,) = struct.unpack(">i", stream.read(4))
                _, answer = decode_response(stream.read(size), ApiKey.METADATA, VERSION)
            assert isinstance(answer, MetadataResponse)
            return {
                partition.partition_index: (partition.leader_id, partition.isr_nodes, partition.replica_nodes)
                for topic in answer.topics
                for partition in topic.partitions
            }
        return None
