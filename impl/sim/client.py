"""What producers and consumers have in common: requests with correlations and timeouts, and knowledge of the leaders.

One rule: clients are written as the broker is, events in and requests out, and are part of the same deterministic run.
They know the cluster only by its answers.
"""

from typing import Any, NamedTuple

from impl.core.events import ConnectionLost, Event, ReplyArrived, Send, Tick
from impl.core.labels import identified
from impl.core.messages import DescribedTopic, DescribedTopics, DescribeTopics, Reply, Request
from impl.core.types import NO_LEADER, ErrorCode, LeaderEpoch, NodeId, TopicPartition
from impl.sim.names import KnownTopics

TIMEOUT_MS = 600
"""A request without an answer for so long is given up, and asked again of whoever leads by then."""
BACKOFF_MS = 40
NEVER = 1 << 60


class Target(NamedTuple):
    """What a client is pointed at: the topic it uses, and how many brokers it may ask (1 to that many)."""

    topic: str
    partitions: int
    brokers: int
    by_topic_id: bool = False
    """The topic may be deleted and made again: what a client tells of a partition says of which topic it is."""


class Client:
    """One client process. Subclasses say what they want in `flow` and what an answer means to them in `answered`."""

    def __init__(self, name: str, target: Target) -> None:
        self.name = name
        self.partitions = tuple(TopicPartition(target.topic, index) for index in range(target.partitions))
        self.leaders: dict[TopicPartition, tuple[NodeId, LeaderEpoch]] = {}
        self.replicas: dict[TopicPartition, tuple[NodeId, ...]] = {}
        self.topics = KnownTopics()
        self.stale = True
        """The leaders must be asked for before anything else is sent."""
        self.by_topic_id = target.by_topic_id
        self._topic = target.topic
        self._brokers = target.brokers
        self._contact = 0
        self._describing = False
        self._wait_until = 0
        self._correlation = 0
        self._waiting: dict[int, tuple[NodeId, int, Any]] = {}
        """Unanswered requests: whom it was sent to, when it is given up, what it was about."""
        self._due = NEVER
        """No request is given up before this."""

    # ------------------------------------------------------------ for subclasses
    def flow(self, now: int, sends: list[Send]) -> None:
        """Send whatever is due. The leaders are known as far as they were told."""

    def answered(self, about: Any, reply: Reply, now: int) -> None:
        """The answer to a request sent about this."""

    def unanswered(self, about: Any, now: int) -> None:
        """Nobody knows whether that request was received."""

    def renew(self, topic_id: bytes, now: int) -> None:
        """Another topic goes by the name of the one that was used so far: nothing known of that holds for this. Called
        before its id is learnt."""

    @property
    def topic_id(self) -> bytes | None:
        """Of the topic as it is known; None: it is not known, or there is only ever one of its name."""
        return self.topics.id_of(self._topic) if self.by_topic_id else None

    def label(self, partition: TopicPartition) -> str:
        """What to call a partition of the topic as it is known."""
        topic_id = self.topic_id
        return str(partition) if topic_id is None else identified(partition, topic_id)

    # ------------------------------------------------------------ the shell's side
    def handle(self, event: Event, now: int) -> list[Send]:
        """One event; what to send because of it."""
        sends: list[Send] = []
        if type(event) is Tick:
            if now >= self._due:
                self._expire(now)
        elif type(event) is ReplyArrived:
            waiting = self._waiting.pop(event.correlation, None)
            if waiting is not None:
                self._reply(waiting[2], event.reply, now)
        elif type(event) is ConnectionLost:
            self._give_up([number for number, entry in self._waiting.items() if entry[0] == event.node], now)
        if self.stale:
            self.proceed(now, sends)
        else:
            self.flow(now, sends)
        return sends

    def proceed(self, now: int, sends: list[Send]) -> None:
        """Send what is due, the question for the leaders before everything else."""
        if not self.stale:
            self.flow(now, sends)
        elif not self._describing and now >= self._wait_until:
            self._describing = True
            self.request(self.next_contact(), DescribeTopics((self._topic,), False), None, now, sends)

    def _reply(self, about: Any, reply: Reply, now: int) -> None:
        if about is None:
            self._describing = False
            assert isinstance(reply, DescribedTopics)
            self.described(reply, now)
        else:
            self.answered(about, reply, now)

    def described(self, reply: DescribedTopics, now: int) -> None:
        """Learn the leaders. While a partition has none the question is asked again."""
        self.stale = False
        for topic in reply.topics:
            if self.by_topic_id:
                if not topic.partitions:
                    # Whoever does not know the topic says nothing of the one that was known.
                    continue
                self._meet(topic, now)
            self.topics.learn(topic.name, topic.topic_id)
            for partition in topic.partitions:
                name, leader, epoch = self.partitions[partition.index], partition.leader, partition.leader_epoch
                known = self.leaders.get(name)
                # A broker that lags behind may still name the leader before (KIP-320).
                if leader != NO_LEADER and (known is None or epoch >= known[1]):
                    self.leaders[name] = (leader, epoch)
                    self.replicas[name] = partition.replicas
        if any(partition not in self.leaders for partition in self.partitions):
            self.refresh(now)

    def _meet(self, topic: DescribedTopic, now: int) -> None:
        """Begin anew where this is another topic than the one known by its name, or none."""
        if self.topics.id_of(topic.name) != topic.topic_id:
            self.leaders.clear()
            self.replicas.clear()
            self.renew(topic.topic_id, now)

    def _expire(self, now: int) -> None:
        self._give_up([number for number, entry in self._waiting.items() if entry[1] <= now], now)
        self._due = min((entry[1] for entry in self._waiting.values()), default=NEVER)

    def _give_up(self, numbers: list[int], now: int) -> None:
        for number in numbers:
            entry = self._waiting.pop(number, None)
            if entry is None:
                # Giving up one request can make others pointless.
                continue
            if entry[2] is None:
                self._describing = False
                self._wait_until = now + BACKOFF_MS
            else:
                self.unanswered(entry[2], now)

    # ------------------------------------------------------------ helpers
    def forget_all(self, kind: type[Any]) -> None:
        """Whatever is answered to requests about such things no longer matters."""
        for number in [number for number, entry in self._waiting.items() if isinstance(entry[2], kind)]:
            del self._waiting[number]

    def request(self, node: NodeId, request: Request, about: Any, now: int, sends: list[Send]) -> int:
        """Send a request and wait for its answer. Returns its correlation."""
        self._correlation = number = self._correlation + 1
        deadline = now + TIMEOUT_MS
        self._waiting[number] = (node, deadline, about)
        if deadline < self._due:
            self._due = deadline
        sends.append(Send(node, number, request))
        return number

    def forget(self, correlation: int) -> None:
        """Whatever is answered to that request no longer matters."""
        self._waiting.pop(correlation, None)

    def refresh(self, now: int) -> None:
        """Ask for the leaders again, after a moment."""
        self.stale = True
        self._wait_until = now + BACKOFF_MS

    def next_contact(self) -> NodeId:
        """Each broker in turn."""
        self._contact = self._contact % self._brokers + 1
        return NodeId(self._contact)


def moved(error: ErrorCode) -> bool:
    """Whether an error says that the leaders are not where the client thinks."""
    return error in _MOVED


_MOVED = frozenset(
    {
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.LEADER_NOT_AVAILABLE,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.BROKER_NOT_AVAILABLE,
        ErrorCode.REPLICA_NOT_AVAILABLE,
        ErrorCode.FENCED_LEADER_EPOCH,
        ErrorCode.UNKNOWN_LEADER_EPOCH,
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.UNKNOWN_TOPIC_ID,
        ErrorCode.NEW_LEADER_ELECTED,
    }
)
