"""Kafka requests by hand, over a plain socket: for what no client library would send."""

import socket
import struct

from impl.wire.apis import ApiKey
from impl.wire.batches import build
from impl.wire.framing import RequestHeader, decode_response, encode_request
from impl.wire.message import Message
from impl.wire.messages.produce import PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData

SECONDS = 20.0
PRODUCE_VERSION = 9


class Raw:
    """One connection to a broker; every answer must come within SECONDS."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=SECONDS)
        self._stream = self.socket.makefile("rb")

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def frame(self) -> bytes:
        """The next frame, without its size; empty where the broker has closed the connection."""
        try:
            head = self._stream.read(4)
            return self._stream.read(struct.unpack(">i", head)[0]) if head else b""
        except ConnectionResetError:
            return b""

    def ask(self, key: ApiKey, version: int, message: Message, correlation: int = 1) -> Message:
        self.send(encode_request(RequestHeader(key, version, correlation, "raw"), message))
        header, answer = decode_response(self.frame(), key, version)
        assert header.correlation_id == correlation
        return answer


def one_batch(values: list[bytes]) -> bytes:
    return build([(None, value) for value in values], timestamp=1_700_000_000_000)


def produce_request(topic: str, records: bytes, acks: int = -1, partition: int = 0) -> ProduceRequest:
    data = TopicProduceData(name=topic, partition_data=(PartitionProduceData(index=partition, records=records),))
    return ProduceRequest(acks=acks, timeout=5_000, topic_data=(data,))


def produce(connection: Raw, topic: str, records: bytes, acks: int = -1, partition: int = 0) -> tuple[int, int]:
    """(error code, base offset) of one batch produced to a partition."""
    answer = connection.ask(ApiKey.PRODUCE, PRODUCE_VERSION, produce_request(topic, records, acks, partition))
    assert isinstance(answer, ProduceResponse)
    (outcome,) = answer.responses[0].partition_responses
    return outcome.error_code, outcome.base_offset
