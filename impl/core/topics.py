"""What a broker says of topics, and how it passes the wish for new ones on to the controller.

One rule: descriptions come from the metadata image and from nothing else; a topic is created by the controller alone.
"""

from impl.core import topic_names
from impl.core.events import Effect, SendReply
from impl.core.image import PartitionImage, TopicImage
from impl.core.member import Member
from impl.core.messages import (
    BrokerAddress,
    CreatedTopic,
    CreatedTopics,
    CreateTopics,
    DescribedPartition,
    DescribedTopic,
    DescribedTopics,
    DescribeTopics,
    NewTopic,
    Reply,
)
from impl.core.types import (
    CONTROLLER,
    NO_ERROR,
    NO_LEADER,
    Connection,
    ErrorCode,
    Millis,
)

NO_TOPIC_ID = bytes(16)
CREATION_TIMEOUT_MS = 5_000
"""For topics created because a client asked about them; nobody waits for the answer."""


class Topics:
    __slots__ = ("_creating", "_member")

    def __init__(self, member: Member) -> None:
        self._member = member
        self._creating: set[str] = set()
        """Topics a client asked about, on their way to being created."""

    # ------------------------------------------------------------ describing
    def describe(
        self, connection: Connection, correlation: int, request: DescribeTopics, now: Millis, out: list[Effect]
    ) -> None:
        """Answer from the image; create what is missing where both the client and the broker allow it."""
        image = self._member.image
        names = sorted(image.topics) if request.topics is None else request.topics
        missing: list[str] = []
        topics = []
        for name in names:
            topic = image.topics.get(name)
            topics.append(self._describe(topic) if topic is not None else self._missing(name, request, missing))
        addresses = tuple(
            [
                BrokerAddress(node, broker.host, broker.port, broker.rack)
                for node, broker in sorted(image.brokers.items())
                if not broker.fenced
            ]
        )
        # Clients send CreateTopics to whom they are told is the controller; every broker passes it on (KIP-590).
        described = DescribedTopics(addresses, self._member.settings.node, tuple(topics))
        out.append(SendReply(connection, correlation, described))
        if missing:
            self._create_missing(missing, now, out)

    def _describe(self, topic: TopicImage) -> DescribedTopic:
        partitions = tuple(
            [self.describe_partition(index, partition) for index, partition in sorted(topic.partitions.items())]
        )
        return DescribedTopic(topic.name, topic.topic_id, NO_ERROR, partitions)

    def describe_partition(self, index: int, partition: PartitionImage) -> DescribedPartition:
        """A leader that is about to stop leads until it is told otherwise."""
        image = self._member.image
        leader = NO_LEADER if image.is_fenced(partition.leader) else partition.leader
        return DescribedPartition(
            index=index,
            error=ErrorCode.LEADER_NOT_AVAILABLE if leader == NO_LEADER else NO_ERROR,
            leader=leader,
            leader_epoch=partition.leader_epoch,
            replicas=partition.replicas,
            isr=partition.isr,
            offline=tuple(node for node in partition.replicas if image.is_fenced(node)),
            elr=partition.elr,
            last_known_elr=partition.last_known_elr,
        )

    def _missing(self, name: str, request: DescribeTopics, missing: list[str]) -> DescribedTopic:
        error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if topic_names.complaint(name) is not None:
            error = ErrorCode.INVALID_TOPIC_EXCEPTION
        elif not self._member.acting:
            error = ErrorCode.LEADER_NOT_AVAILABLE
        elif request.allow_auto_topic_creation and self._member.settings.auto_create_topics_enable:
            error = ErrorCode.LEADER_NOT_AVAILABLE
            missing.append(name)
        return DescribedTopic(name, NO_TOPIC_ID, error, ())

    def _create_missing(self, names: list[str], now: Millis, out: list[Effect]) -> None:
        new = [name for name in dict.fromkeys(names) if name not in self._creating]
        if not new:
            return
        self._creating.update(new)
        topics = tuple(NewTopic(name=name, partition_count=-1, replication_factor=-1) for name in new)

        def created(_reply: Reply | None, _now: Millis, _out: list[Effect]) -> None:
            self._creating.difference_update(new)

        request = CreateTopics(topics, CREATION_TIMEOUT_MS, False)
        self._member.calls.send(CONTROLLER, request, created, now, out)

    # ------------------------------------------------------------ creating
    def create(
        self, connection: Connection, correlation: int, request: CreateTopics, now: Millis, out: list[Effect]
    ) -> None:
        """Ask the controller, and pass its answer back."""

        def answered(reply: Reply | None, _now: Millis, out: list[Effect]) -> None:
            if not isinstance(reply, CreatedTopics):
                message = "The controller did not answer in time; the topic may have been created nevertheless."
                reply = CreatedTopics(
                    tuple(
                        CreatedTopic(topic.name, NO_TOPIC_ID, ErrorCode.REQUEST_TIMED_OUT, message, -1, -1)
                        for topic in request.topics
                    )
                )
            out.append(SendReply(connection, correlation, reply))

        self._member.calls.send(CONTROLLER, request, answered, now, out, persistent=True)
