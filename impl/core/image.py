"""The cluster as the metadata log describes it (Kafka's MetadataImage): topics, partitions, brokers.

One rule: the image is a function of the metadata log up to `offset`. The controller decides by its own image, and
every broker builds the same one from the records it reads.
"""

from collections.abc import Iterable, Iterator

from impl.core.metadata import (
    BROKER_RESOURCE,
    TOPIC_RESOURCE,
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
)
from impl.core.types import BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicPartition

CLUSTER_DEFAULT = ""
"""The broker resource whose configuration is every broker's."""


class BrokerImage:
    """A registered broker."""

    __slots__ = ("epoch", "fenced", "host", "in_controlled_shutdown", "incarnation", "node", "port", "rack")

    def __init__(self, record: RegisterBrokerRecord) -> None:
        self.node = record.broker
        self.epoch: BrokerEpoch = record.broker_epoch
        self.incarnation = record.incarnation
        self.host = record.host
        self.port = record.port
        self.rack = record.rack
        self.fenced = True
        self.in_controlled_shutdown = False

    def change(self, record: BrokerRegistrationChangeRecord) -> None:
        if record.fenced is not None:
            self.fenced = record.fenced
        if record.in_controlled_shutdown is not None:
            self.in_controlled_shutdown = record.in_controlled_shutdown


CHANGING = (
    "adding",
    "elr",
    "enough",
    "isr",
    "last_known_elr",
    "leader",
    "leader_epoch",
    "partition_epoch",
    "recovering",
    "removing",
    "replicas",
)
"""What of a partition a change may change: every change says all of it."""


class PartitionImage:
    """A partition as the controller has decided it; what the fields say is said in `impl/core/metadata.py`."""

    __slots__ = ("name", *CHANGING)

    name: TopicPartition
    replicas: tuple[NodeId, ...]
    removing: tuple[NodeId, ...]
    adding: tuple[NodeId, ...]
    isr: tuple[NodeId, ...]
    elr: tuple[NodeId, ...]
    last_known_elr: tuple[NodeId, ...]
    leader: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    recovering: bool
    enough: bool

    def __init__(self, record: PartitionRecord) -> None:
        self.name = record.partition
        self.become(record)

    def become(self, record: PartitionRecord | PartitionChangeRecord) -> None:
        """Every change says the whole outcome."""
        self.replicas = record.replicas
        self.removing = record.removing
        self.adding = record.adding
        self.isr = record.isr
        self.elr = record.elr
        self.last_known_elr = record.last_known_elr
        self.leader = record.leader
        self.leader_epoch = record.leader_epoch
        self.partition_epoch = record.partition_epoch
        self.recovering = record.recovering
        self.enough = record.enough


class TopicImage:
    """A topic, its configuration as far as it was set, and its partitions by index."""

    __slots__ = ("configs", "name", "partitions", "topic_id")

    def __init__(self, name: str, topic_id: bytes) -> None:
        self.name = name
        self.topic_id = topic_id
        self.configs: dict[str, str] = {}
        self.partitions: dict[int, PartitionImage] = {}


class MetadataImage:
    """Mutable; `apply` is the only way to change it."""

    __slots__ = (
        "broker_configs",
        "brokers",
        "configured_at",
        "next_producer_id",
        "offset",
        "topics",
        "topics_by_id",
        "topics_gone",
    )

    def __init__(self) -> None:
        self.offset = Offset(0)
        """One past the last record applied."""
        self.topics: dict[str, TopicImage] = {}
        self.topics_by_id: dict[bytes, TopicImage] = {}
        self.brokers: dict[NodeId, BrokerImage] = {}
        self.broker_configs: dict[str, dict[str, str]] = {}
        """What was set for brokers, by node id in digits; for all of them under CLUSTER_DEFAULT."""
        self.configured_at = Offset(0)
        """One past the last record of a configuration: whether any has changed is a comparison."""
        self.next_producer_id = 0
        self.topics_gone = 0
        """Counts up when a topic may have gone: whether any has is a comparison."""

    def load(self, records: Iterable[MetadataRecord], offset: Offset) -> None:
        """Forget everything, and begin with a snapshot of the log below `offset`."""
        gone = self.topics_gone
        MetadataImage.__init__(self)
        self.topics_gone = gone + 1
        for record in records:
            self.apply(record)
        self.offset = self.configured_at = offset

    def partition(self, name: TopicPartition) -> PartitionImage | None:
        topic = self.topics.get(name.topic)
        return None if topic is None else topic.partitions.get(name.index)

    def partitions(self) -> Iterator[PartitionImage]:
        """Every partition, by topic name and index."""
        for name in sorted(self.topics):
            partitions = self.topics[name].partitions
            for index in sorted(partitions):
                yield partitions[index]

    def is_active(self, node: NodeId) -> bool:
        """Registered, not fenced, and not about to stop: may lead and be in sync (KIP-841)."""
        broker = self.brokers.get(node)
        return broker is not None and not broker.fenced and not broker.in_controlled_shutdown

    def is_fenced(self, node: NodeId) -> bool:
        """Not registered, or fenced: clients are not sent there."""
        broker = self.brokers.get(node)
        return broker is None or broker.fenced

    def cluster_config(self, name: str) -> str | None:
        """What was set for all brokers, if it was."""
        return self.broker_configs.get(CLUSTER_DEFAULT, {}).get(name)

    def apply(self, record: MetadataRecord) -> TopicPartition | None:
        """Apply the record at `offset`; the partition it is about, if any.

        Of a deleted topic that is the first one; of a configuration too, be it a broker's: there is something to do.
        """
        self.offset = Offset(self.offset + 1)
        match record:
            case PartitionChangeRecord():
                self._partition_or_fail(record.partition).become(record)
                return record.partition
            case PartitionRecord():
                topic = self.topics[record.partition.topic]
                topic.partitions[record.partition.index] = PartitionImage(record)
                return record.partition
            case RegisterBrokerRecord():
                self.brokers[record.broker] = BrokerImage(record)
            case BrokerRegistrationChangeRecord():
                self.brokers[record.broker].change(record)
            case TopicRecord():
                topic = TopicImage(record.name, record.topic_id)
                self.topics[record.name] = topic
                self.topics_by_id[record.topic_id] = topic
            case RemoveTopicRecord():
                self.topics_gone += 1
                gone = self.topics_by_id.pop(record.topic_id)
                del self.topics[gone.name]
                return TopicPartition(gone.name, 0)
            case ConfigRecord():
                self._configure(record)
                return TopicPartition(record.resource_name, 0)
            case ProducerIdsRecord():
                self.next_producer_id = record.next_producer_id
        return None

    def _configure(self, record: ConfigRecord) -> None:
        self.configured_at = self.offset
        if record.resource == TOPIC_RESOURCE:
            configs = self.topics[record.resource_name].configs
        else:
            assert record.resource == BROKER_RESOURCE, f"configuration of a resource of type {record.resource}"
            configs = self.broker_configs.setdefault(record.resource_name, {})
        if record.value is None:
            configs.pop(record.name, None)
        else:
            configs[record.name] = record.value

    def _partition_or_fail(self, name: TopicPartition) -> PartitionImage:
        partition = self.partition(name)
        assert partition is not None, f"a change of {name} precedes its creation in the metadata log"
        return partition
