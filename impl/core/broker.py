"""A broker: one node's share of the cluster, as a function from events to effects.

One rule: `step` is the only way in, and its result the only way out. Each kind of work has a part of its own:

    registration.py     its standing with the controller
    metadata_reader.py  the metadata log, read and acted on
    partition.py        each partition replica (leader.py, follower.py, replica.py)
    clients.py          produce, fetch and offset requests
    fetchers.py         copying from other leaders
    proposals.py        new in-sync sets, proposed to the controller
    deletions.py        records deleted from the beginning of logs
    lost_logs.py        logs in a directory that failed
    topics.py           describing and creating topics
    descriptions.py     what else administrators may know; forwarding.py: what only the controller decides
    producer_ids.py     ids for idempotent producers
"""

from collections.abc import Callable
from typing import Any, ClassVar

from impl.core.admin_messages import DescribeCluster, DescribeConfigs, DescribeTopicPartitions, ListReassignments
from impl.core.clients import Clients
from impl.core.deletions import Deletions
from impl.core.descriptions import Descriptions
from impl.core.effective_configs import overrides
from impl.core.events import (
    ConnectionLost,
    CreateLog,
    Disconnected,
    Effect,
    Event,
    LogsLost,
    LogStartDue,
    RecoveredLog,
    ReplyArrived,
    RequestArrived,
    ShutDown,
    SnapshotLoaded,
    Stopped,
    Tick,
    WriteHighWatermarks,
)
from impl.core.fetchers import Fetchers
from impl.core.forwarding import Forwarded, Forwarding
from impl.core.image import MetadataImage, PartitionImage
from impl.core.lost_logs import LostLogs
from impl.core.member import Member
from impl.core.messages import (
    CreateTopics,
    DeleteRecords,
    DescribeTopics,
    Fetch,
    InitProducerId,
    ListOffsets,
    OffsetForLeaderEpoch,
    Produce,
)
from impl.core.metadata_reader import MetadataReader
from impl.core.partition import Partition
from impl.core.producer_ids import ProducerIds
from impl.core.proposals import Proposals
from impl.core.registration import Registration
from impl.core.settings import Settings
from impl.core.topics import Topics
from impl.core.types import (
    NO_BROKER_EPOCH,
    NO_EPOCH,
    NO_LEADER,
    BrokerEpoch,
    Connection,
    Millis,
    Offset,
    TopicPartition,
)

LOGS_AT_ONCE = 40
"""Logs that a broker makes in one step."""
Answer = Callable[[Connection, int, Any, Millis, list[Effect]], None]
"""What answers one kind of request: connection, correlation, the request, the time, and where effects go."""


class Broker:
    """Mutable. The classes named here are where a different behaviour can be planted."""

    partition_class: ClassVar[type[Partition]] = Partition
    metadata_class: ClassVar[type[MetadataReader]] = MetadataReader
    clients_class: ClassVar[type[Clients]] = Clients
    fetchers_class: ClassVar[type[Fetchers]] = Fetchers
    topics_class: ClassVar[type[Topics]] = Topics

    def __init__(
        self,
        settings: Settings,
        *,
        host: str,
        port: int,
        incarnation: bytes,
        logs: tuple[RecoveredLog, ...],
        previous_broker_epoch: BrokerEpoch = NO_BROKER_EPOCH,
    ) -> None:
        """`previous_broker_epoch` is from the clean-shutdown file: -1 where the process before this one did not stop
        cleanly, or where recovery had to cut off anything."""
        self.settings = settings
        self._member = Member(settings, host, port, incarnation, previous_broker_epoch)
        self._calls = self._member.calls
        self._logs = logs
        self._registration = Registration(self._member)
        self._metadata = self.metadata_class(self._member, self._changed)
        self._fetchers = self.fetchers_class(self._member)
        self._proposals = Proposals(self._member)
        self._clients = self.clients_class(self._member)
        self._topics = self.topics_class(self._member)
        self._descriptions = Descriptions(self._member, self._topics)
        self._producer_ids = ProducerIds(self._member)
        self._deletions = Deletions(self._member)
        self._lost_logs = LostLogs(self._member, self._fetchers)
        self._requests: dict[type[Any], Answer] = {
            Fetch: self._clients.fetch,
            Produce: self._clients.produce,
            ListOffsets: self._clients.list_offsets,
            OffsetForLeaderEpoch: self._clients.epoch_ends,
            DescribeTopics: self._topics.describe,
            CreateTopics: self._topics.create,
            InitProducerId: self._producer_ids.initialize,
            DeleteRecords: self._deletions.delete,
            DescribeConfigs: self._descriptions.configs,
            DescribeCluster: self._descriptions.cluster,
            DescribeTopicPartitions: self._descriptions.topic_partitions,
            ListReassignments: self._descriptions.reassignments,
        }
        self._requests.update(dict.fromkeys(Forwarded.__args__, Forwarding(self._member).forward))
        self._checkpoint_due = Millis(0)
        self._checkpointed: tuple[tuple[TopicPartition, Offset], ...] = ()
        self._lag_check_due = Millis(0)
        self._configured_at = Offset(0)
        self._news: dict[TopicPartition, None] = {}
        """Partitions that the metadata log has news of, yet to be acted on."""
        self._swept = False
        """Logs on the disk have been compared with the metadata."""
        self._stopped = False

    @property
    def image(self) -> MetadataImage:
        """The metadata as far as this broker has read it."""
        return self._member.image

    @property
    def partitions(self) -> dict[TopicPartition, Partition]:
        """Every partition with a log here, whatever its role."""
        return self._member.partitions

    @property
    def clean_epoch(self) -> BrokerEpoch:
        """For the clean-shutdown file: under which registration all is there that ever was; -1: under none.

        A process that was not registered has added nothing to what it found, and found no more than there was.
        """
        member = self._member
        return member.broker_epoch if member.registered else member.previous_broker_epoch

    @property
    def fenced(self) -> bool:
        """Not registered, or the controller does not count on this broker (now, as far as metadata was read)."""
        return self._registration.fenced

    def start(self, now: Millis) -> list[Effect]:
        """Say what was found on the disk, and begin to register and to read metadata."""
        out: list[Effect] = []
        for log in self._logs:
            partition = self._new_partition(log.partition)
            partition.restore(log, clean=self._member.previous_broker_epoch != NO_BROKER_EPOCH, out=out)
        self._logs = ()
        if self._member.partitions:
            # Recovery may have lowered a watermark to the end of its log: the log will grow past it again.
            self._checkpoint(out)
        self._checkpoint_due = Millis(now + self.settings.high_watermark_checkpoint_interval_ms)
        self._lag_check_due = Millis(now + self.settings.replica_lag_time_ms_max // 2)
        self._registration.speak(now, out)
        self._metadata.ask(now, out)
        return out

    def step(self, event: Event, now: Millis) -> list[Effect]:
        """Handle one event. Nothing is left half done: what the effects say is what this object now believes."""
        out: list[Effect] = []
        if self._stopped:
            return out
        # Compared by type and not matched: a pattern that does not fit costs as much as all the rest of a tick.
        if type(event) is Tick:
            if event.wall is not None:
                self._member.wall_ahead = event.wall - now
            self._tick(now, out)
        elif type(event) is ReplyArrived:
            self._calls.answered(event, now, out)
        elif type(event) is RequestArrived:
            request = event.request
            answer = self._requests.get(type(request))
            assert answer is not None, f"{type(request).__name__} is for the controller; the api layer refuses it"
            answer(event.connection, event.correlation, request, now, out)
        elif type(event) is ConnectionLost:
            self._calls.lost(event.node, now, out)
        elif type(event) is Disconnected:
            self._clients.disconnected(event.connection)
            self._producer_ids.disconnected(event.connection)
            self._deletions.disconnected(event.connection)
        elif type(event) is LogStartDue:
            self._deletions.due(event, out)
        elif type(event) is SnapshotLoaded:
            self._metadata.loaded(event, now, out)
        elif type(event) is LogsLost:
            self._lost_logs.lose(event.partitions, now, out)
        else:
            assert type(event) is ShutDown
            self._registration.shut_down(now, out)
        if self._deletions.waiting:
            self._deletions.settle(now, out)
        if self._member.proposing:
            self._proposals.take_new(now, out)
        if self._member.watermark_fell:
            self._member.watermark_fell = False
            self._checkpoint(out)
        if self._registration.stopping:
            self._stop(out)
        return out

    # ------------------------------------------------------------ time
    def _tick(self, now: Millis, out: list[Effect]) -> None:
        self._member.quotas.advance(now)
        if self._news:
            self._act_on_news(LOGS_AT_ONCE, False, now, out)
        if now >= self._registration.due:
            self._registration.tick(now, out)
        if now >= self._metadata.due:
            self._metadata.ask(now, out)
        if now >= self._fetchers.due:
            self._fetchers.pump(now, out)
        if now >= self._clients.due:
            self._clients.expire(now, out)
        if now >= self._calls.due:
            self._calls.expire(now, out)
        if now >= self._lost_logs.due:
            self._lost_logs.tell(now, out)
        if now >= self._proposals.due:
            self._proposals.send(now, out)
        if now >= self._lag_check_due:
            self._check_lag(now, out)
        if now >= self._checkpoint_due:
            self._checkpoint_due = Millis(now + self.settings.high_watermark_checkpoint_interval_ms)
            self._checkpoint(out)

    def _check_lag(self, now: Millis, out: list[Effect]) -> None:
        """Twice in every replica.lag.time.max.ms, as Kafka does (ReplicaManager's isr-expiration)."""
        self._lag_check_due = Millis(now + self.settings.replica_lag_time_ms_max // 2)
        for partition in self._member.partitions.values():
            if partition.leading:
                partition.consider_shrinking(now, out)

    def _watermarks(self) -> tuple[tuple[TopicPartition, Offset], ...]:
        partitions = self._member.partitions
        return tuple((name, partitions[name].high_watermark) for name in sorted(partitions))

    def _checkpoint(self, out: list[Effect]) -> None:
        watermarks = self._watermarks()
        if watermarks != self._checkpointed:
            self._checkpointed = watermarks
            out.append(WriteHighWatermarks(watermarks))

    def _stop(self, out: list[Effect]) -> None:
        self._stopped = True
        self._checkpoint(out)
        out.append(Stopped())

    # ------------------------------------------------------------ metadata
    def _new_partition(self, name: TopicPartition) -> Partition:
        member = self._member
        partition = self.partition_class(name, self.settings, member.image, member.proposing)
        partition.quotas = member.quotas
        member.partitions[name] = partition
        return partition

    def _changed(self, names: list[TopicPartition], now: Millis, out: list[Effect]) -> None:
        """The metadata log has news of these partitions (of all, at the beginning)."""
        at_once = LOGS_AT_ONCE if self._swept else len(names)
        moved = self._delete_strays(names, out)
        self._reconfigure(out)
        self._news.update(dict.fromkeys(names))
        self._act_on_news(at_once, moved, now, out)

    def _act_on_news(self, left: int, moved: bool, now: Millis, out: list[Effect]) -> None:
        """Act on what the news are about, making as many logs as are `left`. Those after them wait for the next tick,
        so that who asks for something else meanwhile is served; not at the beginning, when nobody is."""
        member = self._member
        image = member.image
        for name in list(self._news):
            version = image.partition(name)
            if version is not None and self.settings.node in version.replicas and name not in member.lost:
                if name not in member.partitions:
                    if not left:
                        continue
                    left -= 1
                moved |= self._act_on(version, now, out)
            del self._news[name]
        if moved:
            self._fetchers.pump(now, out)
        if not self._news:
            self._registration.caught_up(now, out)

    def _delete_strays(self, names: list[TopicPartition], out: list[Effect]) -> bool:
        """Take away the logs of deleted topics and of partitions that this broker is no longer a replica of.

        At the beginning that may be any log found on the disk; then only one that the news is about.
        """
        member = self._member
        topics = {name.topic for name in names}
        strays = [
            partition
            for name, partition in sorted(member.partitions.items())
            if (name.topic in topics or not self._swept) and not self._is_ours(partition)
        ]
        self._swept = True
        for partition in strays:
            self._fetchers.follow(partition, None)
            partition.delete(out)
            del member.partitions[partition.name]
        return bool(strays)

    def _reconfigure(self, out: list[Effect]) -> None:
        """Configurations have changed: tell every partition and its log whose are not as they were."""
        image = self._member.image
        if image.configured_at == self._configured_at:
            return
        self._configured_at = image.configured_at
        for name, partition in sorted(self._member.partitions.items()):
            if partition.leader_epoch != NO_EPOCH:
                self._configure(partition, overrides(image, name.topic, self.settings.node), out)

    def _configure(self, partition: Partition, configs: dict[str, str], out: list[Effect]) -> None:
        """A new partition is told in any case: that is what makes its log."""
        if partition.leader_epoch == NO_EPOCH or partition.configs != configs:
            partition.configure(configs)
            out.append(CreateLog(partition.name, partition.topic_id, tuple(sorted(configs.items()))))

    def _is_ours(self, partition: Partition) -> bool:
        topic = self._member.image.topics.get(partition.name.topic)
        version = self._member.image.partition(partition.name)
        return (
            topic is not None
            and topic.topic_id == partition.topic_id
            and version is not None
            and self.settings.node in version.replicas
        )

    def _act_on(self, version: PartitionImage, now: Millis, out: list[Effect]) -> bool:
        """Play the role the controller gives this broker in the partition; whether there is a new leader epoch."""
        member = self._member
        topic = member.image.topics[version.name.topic]
        partition = member.partitions.get(version.name)
        if partition is None:
            partition = self._new_partition(version.name)
        epoch_before = partition.leader_epoch
        if epoch_before == NO_EPOCH:
            partition.be_of(topic.topic_id)
            self._configure(partition, overrides(member.image, topic.name, self.settings.node), out)
        partition.learn(version, now, out)
        if partition.leader_epoch == epoch_before:
            return False
        following = not partition.leading and partition.leader != NO_LEADER
        self._fetchers.follow(partition, partition.leader if following else None)
        return True
