"""The cluster as the metadata log describes it (Kafka's MetadataImage): topics, partitions, brokers.

One rule: the image is a function of the metadata log up to `offset`. The controller decides by its own image, and
every broker builds the same one from the records it reads.
"""

from collections.abc import Iterator

from impl.core.metadata import (
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    TopicRecord,
)
from impl.core.types import BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicPartition


class BrokerImage:
    """A registered broker."""

    __slots__ = ("epoch", "fenced", "host", "incarnation", "node", "port")

    def __init__(self, record: RegisterBrokerRecord) -> None:
        self.node = record.broker
        self.epoch: BrokerEpoch = record.broker_epoch
        self.incarnation = record.incarnation
        self.host = record.host
        self.port = record.port
        self.fenced = True


class PartitionImage:
    """A partition as the controller has decided it."""

    __slots__ = ("elected_at", "isr", "leader", "leader_epoch", "name", "partition_epoch", "replicas")

    def __init__(self, record: PartitionRecord, offset: Offset) -> None:
        self.name = record.partition
        self.replicas: tuple[NodeId, ...] = record.replicas
        self.isr: tuple[NodeId, ...] = record.isr
        self.leader: NodeId = record.leader
        self.leader_epoch: LeaderEpoch = record.leader_epoch
        self.partition_epoch: PartitionEpoch = record.partition_epoch
        self.elected_at = offset
        """Metadata offset of the record that began this leader epoch."""

    def change(self, record: PartitionChangeRecord, offset: Offset) -> None:
        if record.leader_epoch != self.leader_epoch:
            self.elected_at = offset
        self.isr = record.isr
        self.leader = record.leader
        self.leader_epoch = record.leader_epoch
        self.partition_epoch = record.partition_epoch


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

    __slots__ = ("brokers", "next_producer_id", "offset", "topics", "topics_by_id")

    def __init__(self) -> None:
        self.offset = Offset(0)
        """One past the last record applied."""
        self.topics: dict[str, TopicImage] = {}
        self.topics_by_id: dict[bytes, TopicImage] = {}
        self.brokers: dict[NodeId, BrokerImage] = {}
        self.next_producer_id = 0

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
        """Registered and not fenced."""
        broker = self.brokers.get(node)
        return broker is not None and not broker.fenced

    def apply(self, record: MetadataRecord) -> TopicPartition | None:
        """Apply the record at `offset`; the partition it is about, if any."""
        offset = self.offset
        self.offset = Offset(offset + 1)
        match record:
            case PartitionChangeRecord():
                self._partition_or_fail(record.partition).change(record, offset)
                return record.partition
            case PartitionRecord():
                topic = self.topics[record.partition.topic]
                topic.partitions[record.partition.index] = PartitionImage(record, offset)
                return record.partition
            case RegisterBrokerRecord():
                self.brokers[record.broker] = BrokerImage(record)
            case BrokerRegistrationChangeRecord():
                self.brokers[record.broker].fenced = record.fenced
            case TopicRecord():
                topic = TopicImage(record.name, record.topic_id)
                self.topics[record.name] = topic
                self.topics_by_id[record.topic_id] = topic
            case ConfigRecord():
                self._configure(record)
            case ProducerIdsRecord():
                self.next_producer_id = record.next_producer_id
        return None

    def _configure(self, record: ConfigRecord) -> None:
        configs = self.topics[record.topic].configs
        if record.value is None:
            configs.pop(record.name, None)
        else:
            configs[record.name] = record.value

    def _partition_or_fail(self, name: TopicPartition) -> PartitionImage:
        partition = self.partition(name)
        assert partition is not None, f"a change of {name} precedes its creation in the metadata log"
        return partition
