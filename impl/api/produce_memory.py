"""What a connection remembers of its Produce requests: a producer says the same again and again, but for the records.

One rule: nothing here knows the format. A request is remembered when the general codec, given what it has read, writes
the same bytes again; then everything before the records is a key, and a later request that begins with the same bytes
means the same. So is a reply: written once by the general codec, at two base offsets, and from then on copied with the
correlation id and the base offset in their places. Whatever does not fit exactly is left to the general codec.
"""

from struct import Struct

from impl.api.names import TopicNames
from impl.api.produce import ProduceHandler
from impl.core.messages import Produce, Produced, ProducedPartition, ProducePartition
from impl.core.types import NO_ERROR, Offset, TopicPartition
from impl.wire.apis import ApiKey, request_codec
from impl.wire.framing import RequestHeader, encode_request, encode_response
from impl.wire.messages.produce import ProduceRequest
from impl.wire.varint import unsigned

REMEMBERED_MAX = 2_000
"""Of one connection: as many partitions as it may produce to without being read anew each time."""
_PRODUCE = int(ApiKey.PRODUCE)
_START_BYTES, _CORRELATION_ENDS = 4, 8
_CORRELATION = Struct(">i")
_LENGTH = Struct(">i")
_NO_TAGS = b"\0\0\0"
"""Of partition, topic and request, where the version is flexible."""


class Remembered:
    """Requests that differ in correlation id and records only. `header` is that of the first one."""

    __slots__ = ("_head", "_log_start", "_middle", "_pack", "_tail", "acks", "end", "flexible", "header", "partition")

    def __init__(self, header: RequestHeader, request: Produce, end: int, *, flexible: bool) -> None:
        self.header = header
        self.acks = request.acks, request.timeout_ms
        self.partition: TopicPartition = request.partitions[0].partition
        self.end = end
        """Where the length of the records stands in a frame."""
        self.flexible = flexible
        self._log_start = Offset(-1)

    def reply(self, handler: ProduceHandler, correlation: int, reply: Produced, names: TopicNames) -> bytes:
        """The frame that answers one of them."""
        (part,) = reply.partitions
        if part.error is not NO_ERROR:
            header = self.header._replace(correlation_id=correlation)
            return encode_response(header, handler.reply_to_wire(header.api_version, _NO_REQUEST, reply, names))
        if part.log_start != self._log_start:
            self._learn_reply(handler, part, names)
        return self._pack(self._head, correlation, self._middle, part.base_offset, self._tail)

    def _learn_reply(self, handler: ProduceHandler, part: ProducedPartition, names: TopicNames) -> None:
        """The two frames differ in the base offset alone."""
        first, second = (
            encode_response(
                self.header,
                handler.reply_to_wire(
                    self.header.api_version,
                    _NO_REQUEST,
                    Produced((ProducedPartition(part.partition, NO_ERROR, Offset(offset), part.log_start),)),
                    names,
                ),
            )
            for offset in (0, -1)
        )
        at = next(place for place, (one, other) in enumerate(zip(first, second, strict=True)) if one != other)
        assert second == first[:at] + b"\xff" * 8 + first[at + 8 :], "the base offset stands in one place of a reply"
        self._head, self._middle, self._tail = first[:_START_BYTES], first[_CORRELATION_ENDS:at], first[at + 8 :]
        self._pack = Struct(f">{_START_BYTES}si{len(self._middle)}sq{len(self._tail)}s").pack
        self._log_start = part.log_start


class ProduceMemory:
    """Of one connection."""

    __slots__ = ("_end", "_handler", "_known")

    def __init__(self, handler: ProduceHandler) -> None:
        self._handler = handler
        self._known: dict[bytes, Remembered] = {}
        self._end = 0
        """Of the request remembered last."""

    def recall(self, frame: bytes) -> tuple[Remembered, int, Produce] | None:
        """What a frame means, with its correlation id, if one like it is remembered."""
        end = self._end
        known = self._known.get(frame[:_START_BYTES] + frame[_CORRELATION_ENDS:end])
        if known is None or known.end != end:
            return None
        at = _records_at(frame, end) if known.flexible else _records_at_fixed(frame, end)
        if at < 0:
            return None
        records = memoryview(frame)[at : len(frame) - 3 if known.flexible else len(frame)]
        part = ProducePartition(known.partition, self._handler.batch(records))
        acks, timeout = known.acks
        (correlation,) = _CORRELATION.unpack_from(frame, _START_BYTES)
        return known, correlation, Produce(acks=acks, timeout_ms=timeout, partitions=(part,))

    def learn(self, frame: bytes, header: RequestHeader, message: ProduceRequest, request: Produce) -> None:
        """Remember a request of one batch, if the general codec would write these very bytes."""
        if len(request.partitions) != 1 or header.clock or not message.acks:
            return
        records = message.topic_data[0].partition_data[0].records
        if records is None or encode_request(header, message)[4:] != frame:
            return
        flexible = request_codec(header.api_key, header.api_version).is_flexible
        after = len(_NO_TAGS) if flexible else 0
        length = len(unsigned(len(records) + 1)) if flexible else _LENGTH.size
        end = len(frame) - after - len(records) - length
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        key = frame[:_START_BYTES] + frame[_CORRELATION_ENDS:end]
        self._known.setdefault(key, Remembered(header, request, end, flexible=flexible))
        self._end = end


def _records_at_fixed(frame: bytes, end: int) -> int:
    """Where the records begin that reach to the end of the frame; -1 where they do not."""
    at = end + _LENGTH.size
    if at > len(frame) or _LENGTH.unpack_from(frame, end)[0] != len(frame) - at:
        return -1
    return at


def _records_at(frame: bytes, end: int) -> int:
    """The same in a flexible version: a length that is one more and varies in size, and no tagged fields."""
    left = len(frame) - len(_NO_TAGS) - end
    if left < 1 or frame[-len(_NO_TAGS) :] != _NO_TAGS:
        return -1
    size = 1 if left <= 127 else 2 if left <= 16_384 + 1 else 3
    if frame[end : end + size] != unsigned(left - size + 1):
        return -1
    return end + size


_NO_REQUEST = Produce(acks=-1, timeout_ms=0, partitions=())
