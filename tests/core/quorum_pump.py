"""Voters in one process: a queue of messages between them, and what each has on disk.

One rule: nothing happens but what a test asks for. Messages arrive in the order they were sent, when the test says so;
time passes when the test says so; disks keep everything they were given.
"""

from collections import deque

import msgspec

from impl.core.controller_messages import RegisterBroker
from impl.core.decided_facts import Fact
from impl.core.events import (
    ConnectionLost,
    Disconnected,
    ReplyArrived,
    RequestArrived,
    Send,
    SendReply,
    ShutDown,
    SnapshotLoaded,
    Stopped,
    Tick,
)
from impl.core.messages import CreateTopics, NewTopic
from impl.core.quorum.controller import QuorumController
from impl.core.quorum.effects import (
    DropMetadata,
    LoadSnapshot,
    NoteCommitted,
    RecoveredQuorum,
    TruncateMetadata,
    WriteElectionState,
    WriteMetadata,
    WriteSnapshot,
)
from impl.core.quorum.facts import QuorumFact
from impl.core.quorum.messages import FetchedSnapshot, SnapshotSlice
from impl.core.settings import Settings, Voter

CLIENT = -100
SNAPSHOTS = {}
"""What the bytes of each snapshot that was sent stand for."""


class Disk:
    """What a voter has written."""

    def __init__(self):
        self.election = None
        self.committed = 0
        self.batches = []
        self.snapshots = {}

    def cut(self, to):
        self.batches = [batch for batch in self.batches if batch.base_offset < to]

    def epochs(self):
        """The epoch of every record, by offset."""
        return [batch.epoch for batch in self.batches for _ in batch.records]


class Quorum:
    """`cut` holds pairs (from, to) between which nothing is sent."""

    def __init__(self, voters=3, controller_class=QuorumController, planted=None, **settings):
        self.now = 1_000
        self.settings = {"quorum_election_timeout_ms": 200, "quorum_fetch_timeout_ms": 400, **settings}
        self.numbers = tuple(range(3001, 3001 + voters))
        self.classes = dict.fromkeys(self.numbers, controller_class) | (planted or {})
        self.disks = {number: Disk() for number in self.numbers}
        self.nodes = dict.fromkeys(self.numbers)
        self.lives = dict.fromkeys(self.numbers, 0)
        self.queue = deque()
        self.facts = []
        self.cut = set()
        self.replies = {}
        self.stopped = set()
        self._questions = 0
        for number in self.numbers:
            self.start(number)

    # ------------------------------------------------------------ processes
    def start(self, number):
        self.lives[number] += 1
        disk = self.disks[number]
        settings = Settings(node=number, voters=tuple(Voter(each) for each in self.numbers), **self.settings)
        newest = max(disk.snapshots, default=None)
        recovered = RecoveredQuorum(
            election=disk.election,
            batches=tuple(batch for batch in disk.batches if newest is None or batch.base_offset >= newest.end),
            snapshot=newest,
            snapshot_records=disk.snapshots[newest] if newest else (),
            committed=disk.committed,
            jitter=self.lives[number],
        )
        self.nodes[number] = self.classes[number](settings, recovered)
        self.perform(number, self.nodes[number].start(self.now))

    def crash(self, number):
        self.nodes[number] = None
        self.queue = deque(item for item in self.queue if number not in item[:2])
        for other in self.numbers:
            self.queue.append((number, other, ConnectionLost(number)))
            self.queue.append((number, other, Disconnected(number)))

    def shut_down(self, number):
        self.give(number, ShutDown())

    @property
    def active(self):
        """The numbers of those who believe that they decide."""
        return [number for number, node in self.nodes.items() if node is not None and node.active is not None]

    def elected(self, milliseconds=5_000):
        """Let time pass until one voter decides; its number."""
        for _ in range(0, milliseconds, 20):
            if self.active:
                return self.active[0]
            self.pass_time(20)
        raise AssertionError("nobody was elected")

    # ------------------------------------------------------------ messages
    def give(self, number, event):
        node = self.nodes[number]
        if node is not None:
            self.perform(number, node.step(event, self.now))

    def perform(self, number, effects):
        disk = self.disks[number]
        for effect in effects:
            match effect:
                case Fact() | QuorumFact():
                    self.facts.append((number, effect))
                case Send(node=to):
                    self.send(number, to, effect)
                case SendReply(connection=to):
                    self.send(number, to, self.read(disk, effect))
                case WriteElectionState(state):
                    disk.election = state
                case WriteMetadata(batch):
                    assert batch.base_offset == len(disk.epochs()) + self.start_of(disk)
                    disk.batches.append(batch)
                case TruncateMetadata(to):
                    disk.cut(to)
                case NoteCommitted(to):
                    disk.committed = to
                case WriteSnapshot(snapshot, _, records):
                    disk.snapshots[snapshot] = records
                case DropMetadata(before):
                    disk.batches = [batch for batch in disk.batches if batch.base_offset >= before.end]
                case LoadSnapshot(snapshot, data):
                    records = SNAPSHOTS[data]
                    disk.snapshots[snapshot] = records
                    disk.batches = []
                    self.give(number, SnapshotLoaded(snapshot, records))
                case Stopped():
                    self.stopped.add(number)

    def start_of(self, disk):
        if disk.batches:
            return disk.batches[0].base_offset
        return max(disk.snapshots).end if disk.snapshots else 0

    def read(self, disk, effect):
        """What the host does: the bytes of a snapshot. Here they are a number, which stands for its records."""
        reply = effect.reply
        if not isinstance(reply, FetchedSnapshot) or not isinstance(reply.data, SnapshotSlice):
            return effect
        data = str(len(SNAPSHOTS)).encode()
        SNAPSHOTS[data] = disk.snapshots[reply.data.snapshot]
        filled = msgspec.structs.replace(reply, size=len(data), data=data)
        return SendReply(effect.connection, effect.correlation, filled)

    def send(self, sender, to, message):
        if to <= CLIENT:
            self.replies[to] = message.reply
        elif (sender, to) not in self.cut:
            self.queue.append((sender, to, message))

    def deliver(self):
        sender, to, message = self.queue.popleft()
        if isinstance(message, ConnectionLost | Disconnected):
            self.give(to, message)
        elif isinstance(message, SendReply):
            self.give(to, ReplyArrived(sender, message.correlation, message.reply))
        elif self.nodes[to] is None:
            self.queue.append((to, sender, ConnectionLost(to)))
        else:
            self.give(to, RequestArrived(sender, message.correlation, message.request))

    def run(self):
        for _ in range(10_000):
            if not self.queue:
                return
            self.deliver()
        raise AssertionError("the voters never stop talking")

    def pass_time(self, milliseconds, step=20):
        for _ in range(0, milliseconds, step):
            self.now += step
            for number in self.numbers:
                self.give(number, Tick())
            self.run()

    def isolate(self, number):
        for other in self.numbers:
            if other != number:
                self.cut |= {(number, other), (other, number)}

    def heal(self):
        self.cut.clear()

    # ------------------------------------------------------------ clients
    def ask(self, number, request, *, run=True):
        """Send a request from outside; the key under which `replies` will hold the answer."""
        self._questions += 1
        key = CLIENT - self._questions
        self.give(number, RequestArrived(key, self._questions, request))
        if run:
            self.run()
        return key

    def answer(self, number, request):
        return self.replies.get(self.ask(number, request))

    def register(self, number, broker=1, *, run=True):
        request = RegisterBroker(
            broker=broker, incarnation=bytes([broker] * 16), cluster_id="fencepost", host=f"h{broker}", port=9092
        )
        return self.ask(number, request, run=run)

    def create(self, number, name="t", *, run=True):
        topic = NewTopic(name=name, partition_count=1, replication_factor=1)
        return self.ask(number, CreateTopics((topic,), 1_000, False), run=run)

    def told(self, kind, number=None):
        return [fact for node, fact in self.facts if isinstance(fact, kind) and number in (None, node)]
