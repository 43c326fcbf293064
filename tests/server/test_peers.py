"""Connections to peers: every request is answered or its node reported lost, and nothing waits behind a long poll."""

import asyncio

from impl.api.registry import broker_registry, controller_registry
from impl.core.controller_messages import BrokerHeartbeat, HeartbeatAnswer
from impl.core.events import Send
from impl.core.quorum.messages import FetchedMetadata, FetchMetadata
from impl.core.types import CONTROLLER, BrokerEpoch, ErrorCode, Millis, NodeId, Offset
from impl.server.configuration import NetworkConfig
from impl.server.framing import SIZE
from impl.server.log import Log
from impl.server.peers import Peers
from impl.server.ports import free_ports
from impl.wire.framing import decode_request, encode_response

SECONDS = 20
HOST = "127.0.0.1"
HEARTBEAT = BrokerHeartbeat(
    broker=NodeId(1), broker_epoch=BrokerEpoch(3), metadata_offset=Offset(0), want_shut_down=False
)
LONG_POLL = FetchMetadata(replica=NodeId(1), offset=Offset(0), max_wait_ms=Millis(500))
ALIVE = HeartbeatAnswer(ErrorCode.NONE, caught_up=True, fenced=False, should_shut_down=False)
NEWS = FetchedMetadata(error=ErrorCode.NONE, high_watermark=Offset(4))


class Names:
    def name_of(self, _topic_id):
        return None

    def id_of(self, _name):
        return None


class Owner:
    """A node that remembers what it was told."""

    def __init__(self, port):
        self.name = "n1"
        self.log = Log("n1")
        self.names = Names()
        self.registry = broker_registry()
        self.network = NetworkConfig(reconnect_backoff_ms=1, reconnect_backoff_ms_max=20)
        self.address = (HOST, port)
        self.told = asyncio.Queue()

    def replied(self, node, correlation, reply, clock):
        self.told.put_nowait(("replied", node, correlation, reply, clock))

    def lost(self, node):
        self.told.put_nowait(("lost", node))

    def address_of(self, _node):
        return self.address


class Controller:
    """Answers what `answers` says; a request whose class is not in it is left waiting."""

    def __init__(self, answers):
        self.answers = answers
        self.seen = []
        self.writers = []

    async def serve(self, reader, writer):
        registry = controller_registry()
        self.writers.append(writer)
        while head := await reader.read(4):
            (size,) = SIZE.unpack(head)
            header, message = decode_request(await reader.readexactly(size), registry.served)
            request = registry.to_core(header, message, Names())
            self.seen.append((type(request).__name__, header.client_id, header.clock))
            reply = self.answers.get(type(request))
            if reply is not None:
                answer = registry.reply_to_wire(header, request, reply, Names())
                writer.write(encode_response(header, answer, clock=99))
        writer.close()


def scenario(answers, steps):
    async def run():
        port = free_ports(HOST, 1)
        controller = Controller(answers)
        owner = Owner(port)
        peers = Peers(owner)
        try:
            await steps(owner, peers, controller, port)
        finally:
            peers.close()

    asyncio.run(asyncio.wait_for(run(), SECONDS))


async def listening(controller, port):
    return await asyncio.start_server(controller.serve, HOST, port)


def test_a_request_is_answered_under_the_cores_own_correlation_and_clock():
    async def steps(owner, peers, controller, port):
        async with await listening(controller, port):
            peers.send(Send(CONTROLLER, 2**40, HEARTBEAT), clock=7)
            assert await owner.told.get() == ("replied", CONTROLLER, 2**40, ALIVE, 99)
            assert controller.seen == [("BrokerHeartbeat", "n1", 7)]
            peers.close()

    scenario({BrokerHeartbeat: ALIVE}, steps)


def test_nothing_waits_behind_a_long_poll():
    async def steps(owner, peers, controller, port):
        async with await listening(controller, port):
            peers.send(Send(CONTROLLER, 1, LONG_POLL), clock=0)
            peers.send(Send(CONTROLLER, 2, HEARTBEAT), clock=0)
            assert (await owner.told.get())[:3] == ("replied", CONTROLLER, 2)
            assert len(controller.writers) == 2
            peers.close()

    scenario({BrokerHeartbeat: ALIVE}, steps)


def test_a_node_nobody_listens_for_is_lost_and_found_again():
    async def steps(owner, peers, controller, port):
        for number in range(3):
            peers.send(Send(CONTROLLER, number, HEARTBEAT), clock=0)
            assert await owner.told.get() == ("lost", CONTROLLER)
        async with await listening(controller, port):
            peers.send(Send(CONTROLLER, 9, HEARTBEAT), clock=0)
            assert (await owner.told.get())[:3] == ("replied", CONTROLLER, 9)
            peers.close()

    scenario({BrokerHeartbeat: ALIVE}, steps)


def test_where_one_connection_breaks_the_node_is_lost_once_and_all_of_them_are_closed():
    async def steps(owner, peers, controller, port):
        async with await listening(controller, port):
            peers.send(Send(CONTROLLER, 1, LONG_POLL), clock=0)
            peers.send(Send(CONTROLLER, 2, HEARTBEAT), clock=0)
            assert (await owner.told.get())[:3] == ("replied", CONTROLLER, 2)
            controller.writers[0].transport.abort()
            assert await owner.told.get() == ("lost", CONTROLLER)
            peers.send(Send(CONTROLLER, 3, HEARTBEAT), clock=0)
            assert (await owner.told.get())[:3] == ("replied", CONTROLLER, 3)
            assert owner.told.empty()
            peers.close()

    scenario({BrokerHeartbeat: ALIVE}, steps)


def test_a_peer_that_talks_nonsense_is_lost():
    async def babble(reader, writer):
        await reader.read(4)
        writer.write(SIZE.pack(8) + b"nonsense")
        await reader.read()
        writer.close()

    async def steps(owner, peers, _controller, port):
        async with await asyncio.start_server(babble, HOST, port):
            peers.send(Send(CONTROLLER, 1, HEARTBEAT), clock=0)
            assert await owner.told.get() == ("lost", CONTROLLER)

    scenario({}, steps)


def test_a_node_that_has_moved_is_followed():
    async def steps(owner, peers, controller, port):
        other = Controller({BrokerHeartbeat: ALIVE, FetchMetadata: NEWS})
        elsewhere = free_ports(HOST, 1)
        async with await listening(controller, port), await listening(other, elsewhere):
            peers.send(Send(CONTROLLER, 1, LONG_POLL), clock=0)
            while not controller.seen:
                await asyncio.sleep(0)  # until it has arrived; `scenario` sets the deadline
            owner.address = (HOST, elsewhere)
            peers.send(Send(CONTROLLER, 2, HEARTBEAT), clock=0)
            told = [await owner.told.get() for _ in range(2)]
            assert ("lost", CONTROLLER) in told
            assert ("replied", CONTROLLER, 2, ALIVE, 0) in told
            assert [name for name, _, _ in other.seen] == ["BrokerHeartbeat"]
            peers.close()

    scenario({}, steps)
