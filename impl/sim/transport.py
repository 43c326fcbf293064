"""How a message gets from one process to another: as it is, or through Kafka's bytes.

One rule: the receiver gets what it would get from a socket. Records in a fetch answer leave the host as bytes; a broker
gets them as batches, each checked, and a client as the bytes they are.
"""

from msgspec.structs import replace

from impl.core.messages import Fetched, FetchedPartition, Reply, Request
from impl.wire.batches import split


class Transport:
    """Passes messages of one run; `wire` sends every one of them through bytes."""

    def __init__(self, *, wire: bool) -> None:
        self.wire = wire

    def request(self, request: Request) -> Request:
        """As the receiver sees it."""
        return request

    def reply(self, reply: Reply, *, to_broker: bool) -> Reply:
        """As the receiver sees it."""
        if to_broker and type(reply) is Fetched:
            return Fetched(tuple(_with_batches(partition) for partition in reply.partitions))
        return reply


def _with_batches(partition: FetchedPartition) -> FetchedPartition:
    if not partition.records:
        return partition
    assert isinstance(partition.records, bytes)
    return replace(partition, records=split(partition.records))
