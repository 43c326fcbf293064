"""Messages of a world in which topics of one name follow each other: on the way, their partitions are of a topic id.

One rule: as Kafka's newest versions have it (KIP-516). The sender says the id that it knows by the name; the receiver
reads it as the name that it knows by the id, or as a stand-in that no topic can bear (impl/api/names.py). So a request
that is about the topic of before is refused as one of a topic that nobody knows.

What travels as Kafka's bytes says ids by itself, but for Produce, which does so from version 13 on; our broker's newest
is 11, and the world has to do it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from impl.api.names import error_for, id_for, name_for
from impl.core.controller_messages import AlteredPartition, AlterPartition
from impl.core.events import Event, ReplyArrived, RequestArrived, Send, SendReply
from impl.core.messages import Fetch, Fetched, Produce, Produced
from impl.core.types import TopicPartition
from impl.sim.network import Connection
from impl.sim.process import Process
from impl.sim.transport import Packed, Transport, WireTransport

Rename = Callable[[str], str]


class Identified(NamedTuple):
    """Something under way, and the id of each topic that it names, as its sender knows them."""

    packed: Any
    ids: tuple[tuple[str, bytes], ...]


def _fetch(request: Fetch, rename: Rename) -> Fetch:
    forgotten = tuple([TopicPartition(rename(name.topic), name.index) for name in request.forgotten])
    return replace(request, partitions=_parts(request.partitions, rename), forgotten=forgotten)


def _whole(message: Any, rename: Rename) -> Any:
    return replace(message, partitions=_parts(message.partitions, rename))


def _parts(parts: tuple[Any, ...], rename: Rename) -> tuple[Any, ...]:
    """Of each what it names; where it is an answer for a topic that is not known, the error says so."""
    renamed = []
    for part in parts:
        name = part.partition
        changes: dict[str, Any] = {"partition": TopicPartition(rename(name.topic), name.index)}
        if hasattr(part, "error"):
            changes["error"] = error_for(name.topic, part.error)
        renamed.append(replace(part, **changes))
    return tuple(renamed)


_BY_ID: dict[type[Any], Callable[[Any, Rename], Any]] = {
    Fetch: _fetch,
    Fetched: _whole,
    Produce: _whole,
    Produced: _whole,
    AlterPartition: _whole,
    AlteredPartition: _whole,
}


def _names(message: Any) -> list[str]:
    names = [part.partition.topic for part in message.partitions]
    if type(message) is Fetch:
        names += [name.topic for name in message.forgotten]
    return sorted(set(names))


def identified(packed: Any, message: Any, source: Process) -> Any:
    """What is packed with the ids of what its message names, if it names any."""
    ids = tuple([(name, id_for(name, source.topics)) for name in _names(message)])
    return Identified(packed, ids) if ids else packed


def read(event: Event, ids: tuple[tuple[str, bytes], ...], process: Process) -> Event:
    """The event as this process understands it."""
    names = {name: name_for(topic_id, process.topics) for name, topic_id in ids}
    if all(name == meant for name, meant in names.items()):
        return event
    if isinstance(event, RequestArrived):
        request = _BY_ID[type(event.request)](event.request, names.__getitem__)
        return RequestArrived(event.connection, event.correlation, request)
    assert isinstance(event, ReplyArrived), f"{event} names no topic"
    reply = _BY_ID[type(event.reply)](event.reply, names.__getitem__)
    return ReplyArrived(event.node, event.correlation, reply)


class ByTopicId(Transport):
    """Messages travel as they are, and say ids."""

    def __init__(self) -> None:
        super().__init__(framed=True)

    def pack_request(self, source: Process, connection: Connection, send: Send) -> Packed:
        packed = super().pack_request(source, connection, send)
        return identified(packed, send.request, source) if type(send.request) in _BY_ID else packed

    def pack_reply(self, source: Process, connection: Connection, sent: SendReply) -> Packed:
        packed = super().pack_reply(source, connection, sent)
        return identified(packed, sent.reply, source) if type(sent.reply) in _BY_ID else packed

    def unpack(self, process: Process, connection: Connection, sender: Process, packed: Any) -> Event:
        del connection, sender
        event: Event = read(packed.packed, packed.ids, process) if isinstance(packed, Identified) else packed
        return event


class WireByTopicId(WireTransport):
    """Kafka's bytes, and beside those of Produce the ids that its newest version has."""

    def pack_request(self, source: Process, connection: Connection, send: Send) -> Packed:
        packed = super().pack_request(source, connection, send)
        return identified(packed, send.request, source) if type(send.request) is Produce else packed

    def unpack(self, process: Process, connection: Connection, sender: Process, packed: Packed) -> Event:
        if isinstance(packed, Identified):
            return read(super().unpack(process, connection, sender, packed.packed), packed.ids, process)
        return super().unpack(process, connection, sender, packed)
