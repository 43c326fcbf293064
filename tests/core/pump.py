"""A tiny cluster for the core's own tests: brokers, a controller, a queue of messages, and what each has on disk.

One rule: nothing happens but what a test asks for. Messages are delivered in the order they were sent, without delay,
when the test says so; time passes when the test says so; disks keep everything they were given.
"""

from collections import deque
from dataclasses import dataclass, field

from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.decided_facts import Fact
from impl.core.events import (
    AdvanceLogStart,
    AppendBatch,
    ConnectionLost,
    CreateLog,
    DeleteLog,
    RecoveredLog,
    RecoveredProducer,
    ReplyArrived,
    RequestArrived,
    ResetLog,
    Send,
    SendReply,
    ShutDown,
    Stopped,
    Tick,
    TruncateLog,
    WriteEpochs,
    WriteHighWatermarks,
)
from impl.core.messages import (
    CreateTopics,
    Fetch,
    Fetched,
    FetchedPartition,
    FetchPartition,
    NewTopic,
    Produce,
    ProducePartition,
)
from impl.core.quorum.controller import QuorumController
from impl.core.quorum.effects import NoteCommitted, RecoveredQuorum, WriteElectionState, WriteMetadata
from impl.core.settings import Settings
from impl.core.types import CONTROLLER, Batch, Connection, LogSlice, NodeId, TopicPartition

CLIENT = NodeId(-100)
P = TopicPartition("t", 0)


def batch(value, *, producer=-1, epoch=-1, sequence=-1, count=1, size=100):
    """A batch whose CRC is its value, so that tests can tell batches apart."""
    return Batch(
        base_offset=0,
        record_count=count,
        leader_epoch=-1,
        crc=value,
        producer_id=producer,
        producer_epoch=0 if producer >= 0 and epoch < 0 else epoch,
        base_sequence=sequence,
        max_timestamp=0,
        size=size,
        data=None,
    )


@dataclass
class Log:
    """One partition on disk."""

    topic_id: bytes
    batches: list = field(default_factory=list)
    epochs: tuple = ()
    high_watermark: int = 0
    start: int = 0

    @property
    def end(self):
        return self.batches[-1].base_offset + self.batches[-1].record_count if self.batches else self.start

    def values(self):
        return [(stored.leader_epoch, stored.crc) for stored in self.batches]

    def cut(self, to):
        self.batches = [stored for stored in self.batches if stored.base_offset < to]

    def begin_at(self, start):
        self.start = start
        self.batches = [stored for stored in self.batches if stored.base_offset + stored.record_count > start]

    def read(self, wanted: LogSlice):
        return tuple(
            stored
            for stored in self.batches
            if stored.base_offset + stored.record_count > wanted.start and stored.base_offset < wanted.limit
        )

    def recover(self, name):
        high_watermark = min(self.high_watermark, self.end)
        producers = {}
        for stored in self.batches:
            if stored.producer_id >= 0 and stored.base_offset < high_watermark:
                last = (stored.base_sequence + stored.record_count - 1) % 2**31
                known = producers.setdefault(stored.producer_id, [])
                known.append((stored.producer_epoch, (stored.base_sequence, last, stored.base_offset)))
        return RecoveredLog(
            partition=name,
            topic_id=self.topic_id,
            log_start=self.start,
            log_end=self.end,
            high_watermark=high_watermark,
            epochs=self.epochs,
            producers=tuple(
                RecoveredProducer(producer, known[-1][0], tuple(kept for _, kept in known[-5:]))
                for producer, known in producers.items()
            ),
            tail=tuple(stored for stored in self.batches if stored.base_offset >= high_watermark),
        )


class Node:
    """A process and its disk. `core` is None while it is down."""

    def __init__(self, number):
        self.number = number
        self.core = None
        self.logs: dict[TopicPartition, Log] = {}
        self.metadata = []
        self.election = None
        self.committed = 0
        self.incarnation = 0
        self.stopped = False
        self.clean_epoch = -1
        """What the clean-shutdown file says; -1: there is none."""


class Cluster:
    """`cut` holds pairs (from, to) between which nothing is sent; `held` keeps what was not delivered."""

    def __init__(self, brokers=3, broker_class=Broker, controller_class=Controller, **settings):
        self.now = 1_000
        self.settings = {"request_timeout_ms": 1_000, "replica_fetch_backoff_ms": 100, **settings}
        self.broker_class = broker_class
        self.controller_class = controller_class
        self.queue = deque()
        self.facts: list[tuple[int, Fact]] = []
        self.effects: list[tuple[int, object]] = []
        self.cut: set[tuple[int, int]] = set()
        self.replies = {}
        self._questions = 0
        self.nodes = {CONTROLLER: Node(CONTROLLER)} | {number: Node(number) for number in range(1, brokers + 1)}
        for number in self.nodes:
            self.start(number)
        self.run()

    # ------------------------------------------------------------ processes
    def start(self, number):
        node = self.nodes[number]
        node.stopped = False
        settings = Settings(node=number, **self.settings)
        if number == CONTROLLER:
            recovered = RecoveredQuorum(
                election=node.election, batches=tuple(node.metadata), committed=node.committed, jitter=1
            )
            node.core = QuorumController(settings, recovered, self.controller_class)
        else:
            node.incarnation += 1
            logs = tuple(log.recover(name) for name, log in sorted(node.logs.items()))
            node.core = self.broker_class(
                settings,
                host=f"host{number}",
                port=9092,
                incarnation=bytes([number, node.incarnation]).ljust(16, b"\0"),
                logs=logs,
                previous_broker_epoch=node.clean_epoch,
            )
            node.clean_epoch = -1
        self.perform(node, node.core.start(self.now))

    def crash(self, number):
        """The process is gone; its disk keeps what was written; everybody it talked to sees the connection break."""
        self.nodes[number].core = None
        self.queue = deque(item for item in self.queue if number not in item[:2])
        for other in list(self.nodes):
            self.queue.append((number, other, ConnectionLost(number)))

    def restart(self, number):
        self.crash(number)
        self.run()
        self.start(number)
        self.run()

    def shut_down(self, number):
        self.give(self.nodes[number], ShutDown())
        self.run()

    def leader(self, name=P):
        return self.nodes[CONTROLLER].core.image.partition(name).leader

    def isr(self, name=P):
        return self.nodes[CONTROLLER].core.image.partition(name).isr

    def elr(self, name=P):
        return self.nodes[CONTROLLER].core.image.partition(name).elr

    def partition(self, number, name=P):
        return self.nodes[number].core.partitions[name]

    def log(self, number, name=P):
        """(leader epoch, value) of every batch on the disk of a broker."""
        return self.nodes[number].logs[name].values()

    # ------------------------------------------------------------ messages
    def give(self, node, event):
        if node.core is not None:
            self.perform(node, node.core.step(event, self.now))

    def perform(self, node, effects):
        for effect in effects:
            self.effects.append((node.number, effect))
            match effect:
                case Fact():
                    self.facts.append((node.number, effect))
                case Send(node=to):
                    self.send(node.number, to, effect)
                case SendReply(connection=to):
                    self.send(node.number, to, self.read(node, effect))
                case CreateLog():
                    node.logs.setdefault(effect.partition, Log(effect.topic_id))
                case DeleteLog():
                    assert node.logs.pop(effect.partition).topic_id == effect.topic_id
                case AppendBatch():
                    self.append(node.logs[effect.partition], effect)
                case TruncateLog():
                    node.logs[effect.partition].cut(effect.to)
                case AdvanceLogStart():
                    node.logs[effect.partition].begin_at(effect.to)
                case ResetLog():
                    node.logs[effect.partition].batches.clear()
                    node.logs[effect.partition].begin_at(effect.to)
                case WriteEpochs():
                    node.logs[effect.partition].epochs = effect.epochs
                case WriteHighWatermarks():
                    for name, high_watermark in effect.watermarks:
                        node.logs[name].high_watermark = high_watermark
                case WriteMetadata(batch):
                    assert batch.base_offset == (node.metadata[-1].end if node.metadata else 0)
                    node.metadata.append(batch)
                case WriteElectionState(state):
                    node.election = state
                case NoteCommitted(to):
                    node.committed = to
                case Stopped():
                    node.stopped = True
                    if node.number != CONTROLLER:
                        node.clean_epoch = node.core.clean_epoch

    def append(self, log, effect):
        assert effect.base_offset >= log.end
        stored = {name: getattr(effect.batch, name) for name in Batch.__struct_fields__}
        log.batches.append(Batch(**{**stored, "base_offset": effect.base_offset, "leader_epoch": effect.leader_epoch}))

    def read(self, node, effect):
        """What the host does: log slices become records before the reply leaves."""
        if not isinstance(effect.reply, Fetched):
            return effect
        parts = []
        for part in effect.reply.partitions:
            records = part.records
            if isinstance(records, LogSlice):
                records = node.logs[part.partition].read(records)
            fields = {name: getattr(part, name) for name in FetchedPartition.__struct_fields__}
            parts.append(FetchedPartition(**{**fields, "records": records}))
        reply = Fetched(tuple(parts), effect.reply.error, effect.reply.session_id)
        return SendReply(effect.connection, effect.correlation, reply)

    def send(self, sender, to, message):
        if to <= CLIENT:
            self.replies[to, message.correlation] = message.reply
        elif (sender, to) not in self.cut:
            self.queue.append((sender, to, message))

    def deliver(self):
        sender, to, message = self.queue.popleft()
        node = self.nodes[to]
        if isinstance(message, ConnectionLost):
            self.give(node, message)
        elif isinstance(message, SendReply):
            self.give(node, ReplyArrived(sender, message.correlation, message.reply))
        elif node.core is None:
            self.queue.append((to, sender, ConnectionLost(to)))
        else:
            self.give(node, RequestArrived(Connection(sender), message.correlation, message.request))

    def run(self):
        """Deliver everything until nothing is on its way. Long polls make sure that this ends."""
        for _ in range(100_000):
            if not self.queue:
                return
            self.deliver()
        raise AssertionError("the nodes never stop talking")

    def pass_time(self, milliseconds, step=20):
        for _ in range(0, milliseconds, step):
            self.now += step
            for node in list(self.nodes.values()):
                self.give(node, Tick())
            self.run()

    def isolate(self, number, *others):
        for other in others or [known for known in self.nodes if known != number]:
            self.cut |= {(number, other), (other, number)}

    def heal(self):
        self.cut.clear()

    # ------------------------------------------------------------ clients
    def ask(self, number, request, *, run=True):
        """Send a client's request; the key under which `replies` will hold the answer."""
        self._questions += 1
        key = (CLIENT - self._questions, self._questions)
        self.give(self.nodes[number], RequestArrived(Connection(key[0]), key[1], request))
        if run:
            self.run()
        return key

    def answer(self, number, request):
        return self.replies[self.ask(number, request)]

    def create_topic(self, partitions=1, replication=3, name="t", configs=()):
        topic = NewTopic(name=name, partition_count=partitions, replication_factor=replication, configs=configs)
        created = self.answer(1, CreateTopics((topic,), 1_000, False)).topics[0]
        self.pass_time(40)
        return created

    def produce(self, number, value, *, acks=-1, name=P, run=True, timeout_ms=1_000, **producer):
        sent = value if isinstance(value, Batch) else batch(value, **producer)
        request = Produce(acks=acks, timeout_ms=timeout_ms, partitions=(ProducePartition(name, sent),))
        return self.ask(number, request, run=run)

    def produced(self, key):
        """(error name, base offset), or None while there is no answer."""
        reply = self.replies.get(key)
        return None if reply is None else (reply.partitions[0].error.name, reply.partitions[0].base_offset)

    def fetch(
        self,
        number,
        offset,
        *,
        replica=-1,
        epoch=-1,
        last=-1,
        max_bytes=1_000_000,
        wait=0,
        name=P,
        min_bytes=1,
        registered=False,
        rack=None,
    ):
        """`registered`: under the replica's newest registration; else under none."""
        part = FetchPartition(
            partition=name,
            current_leader_epoch=epoch,
            fetch_offset=offset,
            last_fetched_epoch=last,
            max_bytes=max_bytes,
            rack=rack,
        )
        return self.ask(
            number,
            Fetch(
                replica_id=replica,
                replica_epoch=self.nodes[CONTROLLER].core.image.brokers[replica].epoch if registered else -1,
                max_wait_ms=wait,
                min_bytes=min_bytes,
                max_bytes=max_bytes,
                partitions=(part,),
            ),
        )

    def fetched(self, key):
        reply = self.replies.get(key)
        return None if reply is None else reply.partitions[0]

    def facts_of(self, kind, number=None):
        return [fact for node, fact in self.facts if isinstance(fact, kind) and number in (None, node)]
