"""A connection keeps its replies in the order of its requests, and does not outrun a peer that reads slowly."""

import asyncio

import pytest

from impl.api.registry import broker_registry
from impl.core.messages import DescribedTopics, Fetched, Produced, ProducedPartition
from impl.core.types import Connection, ErrorCode, NodeId, Offset, TopicPartition
from impl.server.connection import REQUESTS_IN_LINE_MAX, ClientConnection
from impl.server.log import Log
from impl.server.traffic import Traffic
from impl.wire.apis import ApiKey
from impl.wire.framing import RequestHeader, correlation_of, encode_request
from impl.wire.messages.fetch import FetchRequest
from impl.wire.messages.metadata import MetadataRequest
from tests.server.raw import one_batch, produce_request


class Wire:
    """Stands where the channel does: remembers what is sent, and whether anybody reads."""

    def __init__(self):
        self.sent = []
        self.reading = True
        self.closed = False
        self.peer = "somebody"

    def start(self):
        pass

    def send(self, pieces):
        self.sent.append(b"".join(pieces))

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def close(self):
        self.closed = True


class Server:
    """Keeps the requests; a test answers them when it likes."""

    def __init__(self):
        self.log = Log("n1")
        self.registry = broker_registry()
        self.traffic = Traffic()
        self.names = self
        self.requests = []
        self.is_closed = False
        self.accepting = True

    def name_of(self, _topic_id):
        return None

    def id_of(self, _name):
        return None

    def opened(self, _connection):
        return self.accepting

    def requested(self, _connection, correlation, header, request):
        self.requests.append((correlation, header.correlation_id, request))

    def closed(self, _connection):
        self.is_closed = True


DONE = ProducedPartition(TopicPartition("t", 0), ErrorCode.NONE, Offset(5), Offset(0))
REPLIES = {"Produce": Produced((DONE,)), "Fetch": Fetched(()), "DescribeTopics": DescribedTopics((), NodeId(1), ())}


class Rig:
    def __init__(self):
        self.server = Server()
        self.wire = Wire()
        self.connection = ClientConnection(self.server, Connection(1), 1_000_000)
        self.connection.opened(self.wire)

    def receive(self, data):
        for start in range(0, len(data), 1000):
            piece = data[start : start + 1000]
            buffer = self.connection.get_buffer()
            buffer[: len(piece)] = piece
            self.connection.buffer_updated(len(piece))

    def answer(self, index):
        correlation, _, request = self.server.requests[index]
        self.connection.answer(correlation, REPLIES[type(request).__name__], 0)

    async def turn(self):
        await asyncio.sleep(0)

    def answered(self):
        """Correlation ids in the order in which their replies were written."""
        found, data = [], b"".join(self.wire.sent)
        while data:
            size = int.from_bytes(data[:4], "big")
            found.append(correlation_of(data[4 : 4 + size]))
            data = data[4 + size :]
        return found


def metadata(correlation):
    return encode_request(RequestHeader(ApiKey.METADATA, 9, correlation, "c"), MetadataRequest(topics=None))


def produce(correlation, acks=-1):
    message = produce_request("t", one_batch([b"x"]), acks)
    return encode_request(RequestHeader(ApiKey.PRODUCE, 9, correlation, "c"), message)


def fetch(correlation):
    return encode_request(RequestHeader(ApiKey.FETCH, 12, correlation, "c"), FetchRequest())


def scenario(steps):
    async def run():
        await steps(Rig())

    asyncio.run(run())


def test_replies_wait_for_those_before_them_and_leave_together():
    async def steps(rig):
        rig.receive(produce(10) + metadata(11) + produce(12))
        rig.answer(2)
        rig.answer(1)
        await rig.turn()
        assert rig.wire.sent == []
        rig.answer(0)
        await rig.turn()
        assert rig.answered() == [10, 11, 12]
        assert len(rig.wire.sent) == 1

    scenario(steps)


def test_correlation_ids_need_not_differ():
    async def steps(rig):
        rig.receive(produce(7) + produce(7))
        assert len({correlation for correlation, _, _ in rig.server.requests}) == 2
        rig.answer(1)
        rig.answer(0)
        await rig.turn()
        assert rig.answered() == [7, 7]

    scenario(steps)


def test_acks_0_takes_no_place_in_line():
    async def steps(rig):
        rig.receive(produce(1, acks=0) + produce(2))
        rig.answer(1)
        await rig.turn()
        assert rig.answered() == [2]

    scenario(steps)


def test_nothing_is_taken_up_behind_a_fetch_until_it_is_answered():
    async def steps(rig):
        rig.receive(fetch(1) + metadata(2) + fetch(3) + metadata(4))
        assert [correlation for _, correlation, _ in rig.server.requests] == [1]
        assert not rig.wire.reading
        rig.answer(0)
        await rig.turn()
        assert [correlation for _, correlation, _ in rig.server.requests] == [1, 2, 3]
        rig.answer(1)
        rig.answer(2)
        await rig.turn()
        assert [correlation for _, correlation, _ in rig.server.requests] == [1, 2, 3, 4]
        assert rig.wire.reading

    scenario(steps)


def test_no_more_is_read_than_can_stand_in_line():
    async def steps(rig):
        rig.receive(b"".join(metadata(number) for number in range(REQUESTS_IN_LINE_MAX + 5)))
        assert len(rig.server.requests) == REQUESTS_IN_LINE_MAX
        assert not rig.wire.reading
        rig.answer(0)
        await rig.turn()
        assert len(rig.server.requests) == REQUESTS_IN_LINE_MAX + 1

    scenario(steps)


def test_a_peer_that_does_not_read_is_not_read_from():
    async def steps(rig):
        rig.connection.pause_writing()
        assert not rig.wire.reading
        rig.connection.resume_writing()
        await rig.turn()
        assert rig.wire.reading

    scenario(steps)


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\0\0\0\x04\0\x03\0\x01"])
def test_after_what_cannot_be_read_nothing_more_is_taken_up(data):
    async def steps(rig):
        rig.receive(metadata(1) + data + metadata(2))
        assert [correlation for _, correlation, _ in rig.server.requests] == [1]
        assert rig.wire.closed

    scenario(steps)


def test_a_connection_too_many_is_closed_and_nothing_of_it_taken_up(capsys):
    async def steps(rig):
        rig.server.accepting = False
        crowded = ClientConnection(rig.server, Connection(2), 1_000_000)
        wire = Wire()
        crowded.opened(wire)
        assert wire.closed
        assert 'reason="max.connections reached"' in capsys.readouterr().err

    scenario(steps)


def test_an_answer_that_comes_after_the_connection_has_gone_is_dropped():
    async def steps(rig):
        rig.receive(produce(1))
        rig.connection.connection_lost(None)
        assert rig.server.is_closed
        rig.answer(0)
        await rig.turn()
        assert rig.wire.sent == []

    scenario(steps)
