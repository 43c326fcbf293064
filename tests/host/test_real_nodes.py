"""A real controller and a real broker on simulated disks, one passing the other's messages on by hand."""

from collections import deque
from typing import Any

from impl.core.decided_facts import Fact
from impl.core.events import Disconnected, ReplyArrived, RequestArrived, Send, SendReply, ShutDown, Stopped, Tick
from impl.core.facts import AcknowledgeProduce, Append, BecomeLeader, Restart
from impl.core.messages import (
    CONSUMER,
    CreateTopics,
    Fetch,
    FetchPartition,
    NewTopic,
    Produce,
    ProducePartition,
    Reply,
    Request,
)
from impl.core.settings import Settings
from impl.core.types import CONTROLLER, Connection, ErrorCode, LeaderEpoch, Millis, NodeId, Offset, TopicPartition
from impl.host.broker import BrokerHost
from impl.host.controller import ControllerHost
from impl.sim.disk import SimDisk
from impl.storage.log_config import LogConfig
from impl.wire import batches

T0 = TopicPartition("t", 0)
BROKER = NodeId(1)
TO_CONTROLLER = Connection(1)
FROM_CLIENT = Connection(2)
TICK_MS = 20


class Pair:
    """The two nodes, their disks, and a clock that only `run` moves."""

    def __init__(self) -> None:
        self.now = Millis(0)
        self.lives = 0
        self.facts: list[Fact] = []
        self.replies: dict[int, Reply] = {}
        self.asked = 0
        self.broker_disk = SimDisk()
        self.controller_disk = SimDisk()
        self.stopped = False
        self.start()

    def start(self) -> None:
        """Both processes anew, on what is on the disks."""
        self.lives += 1
        self.stopped = False
        settings = Settings(node=CONTROLLER, broker_session_timeout_ms=600)
        self.controller = ControllerHost(self.controller_disk, settings, record=self.facts.extend)
        self.broker = BrokerHost(
            self.broker_disk,
            Settings(node=BROKER, broker_heartbeat_interval_ms=100),
            LogConfig(flush_messages=1, segment_bytes=500),
            host="n1",
            port=9092,
            incarnation=self.lives.to_bytes(16, "big"),
            record=self.facts.extend,
        )
        self.pass_on([*self.controller.start(self.now), *self.broker.start(self.now)])

    def pass_on(self, outgoing: list[Any]) -> None:
        """Deliver what the two say to each other until both are silent."""
        waiting = deque(outgoing)
        while waiting:
            match waiting.popleft():
                case Send(_, correlation, request):
                    arrived = RequestArrived(TO_CONTROLLER, correlation, request)
                    waiting += self.controller.handle(arrived, self.now)
                case SendReply(connection, correlation, reply) if connection == TO_CONTROLLER:
                    waiting += self.broker.handle(ReplyArrived(CONTROLLER, correlation, reply), self.now)
                case SendReply(_, correlation, reply):
                    self.replies[correlation] = reply
                case Stopped():
                    self.stopped = True

    def run(self, ms: int) -> None:
        for _ in range(0, ms, TICK_MS):
            self.now = Millis(self.now + TICK_MS)
            self.pass_on([*self.controller.handle(Tick(), self.now), *self.broker.handle(Tick(), self.now)])

    def ask(self, request: Request) -> Any:
        self.asked += 1
        self.pass_on(self.broker.handle(RequestArrived(FROM_CLIENT, self.asked, request), self.now))
        self.run(200)
        return self.replies.pop(self.asked)

    def produce(self, value: bytes) -> Any:
        batch = batches.validate_produce(batches.build([(b"k", value)], timestamp=self.now))
        (answer,) = self.ask(Produce(acks=-1, timeout_ms=1_000, partitions=(ProducePartition(T0, batch),))).partitions
        return answer

    def consume(self) -> list[tuple[int, bytes | None]]:
        found: list[tuple[int, bytes | None]] = []
        while True:
            asked = FetchPartition(
                partition=T0,
                current_leader_epoch=LeaderEpoch(-1),
                fetch_offset=Offset(len(found)),
                last_fetched_epoch=LeaderEpoch(-1),
                max_bytes=1_000,
            )
            fetch = Fetch(replica_id=CONSUMER, max_wait_ms=0, min_bytes=0, max_bytes=1_000, partitions=(asked,))
            (answer,) = self.ask(fetch).partitions
            assert answer.error == ErrorCode.NONE
            if not answer.records:
                return found
            found += [(offset, value) for offset, _, _, value in batches.records(answer.records)]

    def lose_power(self) -> None:
        for disk in (self.broker_disk, self.controller_disk):
            disk.lose_power(lambda *_: 0)
        self.start()
        self.run(2_000)


def a_pair() -> Pair:
    pair = Pair()
    pair.run(500)
    topic = NewTopic(name="t", partition_count=1, replication_factor=1)
    (created,) = pair.ask(CreateTopics((topic,), 1_000, False)).topics
    assert created.error == ErrorCode.NONE
    return pair


def test_what_is_acknowledged_is_read_back_also_after_power_losses_and_clean_stops() -> None:
    pair = a_pair()
    written = []
    for round_number in range(4):
        for number in range(5):
            value = b"%d.%d" % (round_number, number)
            answer = pair.produce(value)
            assert (answer.error, answer.base_offset) == (ErrorCode.NONE, len(written))
            written.append((len(written), value))
        assert pair.consume() == written
        if round_number % 2:
            pair.pass_on(pair.broker.handle(ShutDown(), pair.now))
            pair.run(200)
            assert pair.stopped
            pair.controller.handle(Disconnected(TO_CONTROLLER), pair.now)
        pair.lose_power()
        assert pair.broker.directories.online[0].stopped_cleanly == bool(round_number % 2)
        assert pair.consume() == written
    assert len(pair.broker.directories.logs[T0].segments) > 2


def test_facts_are_recorded_as_the_steps_are_made() -> None:
    pair = a_pair()
    assert pair.produce(b"a").error == ErrorCode.NONE
    kinds = [type(fact) for fact in pair.facts]
    assert kinds.index(BecomeLeader) < kinds.index(Append) < kinds.index(AcknowledgeProduce)
    pair.facts.clear()
    pair.lose_power()
    (restart,) = [fact for fact in pair.facts if isinstance(fact, Restart)]
    assert (restart.log_end, len(restart.tail) + restart.high_watermark) == (1, 1)
