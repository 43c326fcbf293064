"""How a message gets from one process to another: as it is, or through Kafka's bytes.

One rule: the receiver gets what it would get from a socket. Records in a fetch answer leave the host as bytes and
arrive as batches, each checked.

`pack_request` and `pack_reply` make what is put on a connection, `unpack` the event that comes out at the other end,
when it does: with `wire` what lies between are frames, read with what the receiver knows by then.
"""

from functools import lru_cache
from typing import NamedTuple

import msgspec

from impl.api.handler import Immediate
from impl.api.registry import Registry, broker_registry, controller_registry
from impl.core.events import Event, ReplyArrived, RequestArrived, Send, SendReply
from impl.core.messages import Fetched, FetchedPartition, Request
from impl.core.types import Batch, ErrorCode
from impl.sim import network
from impl.sim.process import Process
from impl.wire.batches import BatchError, split
from impl.wire.framing import (
    RequestHeader,
    body_of,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)


class Frame(NamedTuple):
    """Bytes under way. `header` is the request's, of which a reader of the reply knows API, version and correlation."""

    header: RequestHeader
    data: bytes


Packed = Event | Frame


class Transport:
    """Messages travel as they are."""

    def __init__(self, *, framed: bool = False) -> None:
        self.framed = framed
        """What is packed is not the event yet: `unpack` makes it one."""

    def pack_request(self, source: Process, connection: network.Connection, send: Send) -> Packed:
        """What goes out on a connection for a request."""
        del source
        return RequestArrived(connection.identity, send.correlation, send.request)

    def pack_reply(self, source: Process, connection: network.Connection, sent: SendReply) -> Packed:
        """What comes back on it for a reply."""
        del connection
        reply = sent.reply
        if type(reply) is Fetched:
            for partition in reply.partitions:
                if partition.records != ():
                    batches = tuple([_with_batches(each) for each in reply.partitions])
                    reply = Fetched(batches, reply.error, reply.session_id)
                    break
        return ReplyArrived(source.node, sent.correlation, reply)

    def unpack(self, process: Process, connection: network.Connection, sender: Process, packed: Packed) -> Event:
        """The event at the receiving process, from what was packed."""
        del process, connection, sender, packed
        raise AssertionError("what is packed is the event: there is nothing to unpack")


def _with_batches(partition: FetchedPartition) -> FetchedPartition:
    if partition.records == ():
        return partition
    assert isinstance(partition.records, bytes)
    batches = _batches(partition.records)
    if batches is None:
        # Whoever reads them finds out: to him it is as if the partition had answered so.
        return msgspec.structs.replace(partition, error=ErrorCode.CORRUPT_MESSAGE, records=())
    return FetchedPartition(
        partition=partition.partition,
        error=partition.error,
        high_watermark=partition.high_watermark,
        log_start=partition.log_start,
        diverging=partition.diverging,
        records=batches,
    )


def _undamaged(partition: FetchedPartition) -> FetchedPartition:
    """As it is, unless its bytes are damaged."""
    damaged = isinstance(partition.records, bytes) and partition.records and _batches(partition.records) is None
    return _with_batches(partition) if damaged else partition


@lru_cache(maxsize=256)
def _batches(data: bytes) -> tuple[Batch, ...] | None:
    """Two followers and the consumers are sent the same bytes, one soon after the other. None: they are damaged."""
    try:
        return split(data)
    except BatchError:
        return None


@lru_cache(maxsize=1)
def _registries() -> tuple[Registry, Registry]:
    """What brokers and the controller serve; translation remembers nothing, so all runs share it."""
    return broker_registry(), controller_registry()


class WireTransport(Transport):
    """Every message becomes a frame of Kafka's protocol and is read again."""

    def __init__(self) -> None:
        super().__init__(framed=True)
        self._brokers, self._controller = _registries()
        self._asked: dict[tuple[int, int], tuple[RequestHeader, Request]] = {}
        """Requests that wait for their replies, by connection and correlation, with the versions they came in."""

    def pack_request(self, source: Process, connection: network.Connection, send: Send) -> Packed:
        del connection
        key, version, message = self._brokers.request_to_wire(send.request, source.topics)
        header = RequestHeader(key, version, send.correlation, source.name)
        return Frame(header, encode_request(header, message))

    def pack_reply(self, source: Process, connection: network.Connection, sent: SendReply) -> Packed:
        header, request = self._asked.pop((connection.identity, sent.correlation))
        reply = sent.reply
        if type(reply) is Fetched:
            parts = [_undamaged(each) for each in reply.partitions]
            reply = Fetched(tuple(parts), reply.error, reply.session_id)
        message = self._registry_of(source).reply_to_wire(header, request, reply, source.topics)
        return Frame(header, encode_response(header, message))

    def unpack(self, process: Process, connection: network.Connection, sender: Process, packed: Packed) -> Event:
        if not isinstance(packed, Frame):
            return packed
        if process.index == connection.opener:
            header = packed.header
            answer, message = decode_response(body_of(packed.data), header.api_key, header.api_version)
            reply = self._brokers.reply_to_core(header.api_key, header.api_version, message, process.topics)
            return ReplyArrived(sender.node, answer.correlation_id, reply)
        registry = self._registry_of(process)
        header, message = decode_request(body_of(packed.data), registry.served)
        meant = registry.to_core(header, message, process.topics)
        assert not isinstance(meant, Immediate), f"{sender.name} sent {process.name} what needs no core: {message}"
        self._asked[connection.identity, header.correlation_id] = header, meant
        return RequestArrived(connection.identity, header.correlation_id, meant)

    def _registry_of(self, process: Process) -> Registry:
        return self._controller if process.is_controller else self._brokers
