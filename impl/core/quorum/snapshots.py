"""Snapshots of the metadata: what the log below an offset came to, as records (KIP-630).

One rule: an image made of a snapshot is the image that the log below it makes, and goes on from there.
"""

from impl.core.image import BrokerImage, MetadataImage, PartitionImage
from impl.core.metadata import (
    BROKER_RESOURCE,
    TOPIC_RESOURCE,
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    MetadataRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    TopicRecord,
)
from impl.core.quorum.batches import SnapshotId
from impl.core.quorum.messages import FetchedSnapshot
from impl.core.types import NO_BROKER_EPOCH, NO_LEADER

PIECE_BYTES_MAX = 1_048_576
"""Of a snapshot in one answer."""


def records_of(image: MetadataImage) -> tuple[MetadataRecord, ...]:
    """The image as records, in an order in which each finds what it is about."""
    records: list[MetadataRecord] = []
    for node in sorted(image.brokers):
        records += _of_broker(image.brokers[node])
    for name in sorted(image.broker_configs):
        configs = image.broker_configs[name]
        records += [ConfigRecord(BROKER_RESOURCE, name, key, configs[key]) for key in sorted(configs)]
    for name in sorted(image.topics):
        topic = image.topics[name]
        records.append(TopicRecord(name, topic.topic_id))
        records += [ConfigRecord(TOPIC_RESOURCE, name, key, topic.configs[key]) for key in sorted(topic.configs)]
        records += [_of_partition(topic.partitions[index]) for index in sorted(topic.partitions)]
    if image.next_producer_id:
        records.append(
            ProducerIdsRecord(broker=NO_LEADER, broker_epoch=NO_BROKER_EPOCH, next_producer_id=image.next_producer_id)
        )
    return tuple(records)


def _of_broker(broker: BrokerImage) -> list[MetadataRecord]:
    return [
        RegisterBrokerRecord(
            broker=broker.node,
            incarnation=broker.incarnation,
            broker_epoch=broker.epoch,
            host=broker.host,
            port=broker.port,
            rack=broker.rack,
        ),
        BrokerRegistrationChangeRecord(
            broker=broker.node,
            broker_epoch=broker.epoch,
            fenced=broker.fenced,
            in_controlled_shutdown=broker.in_controlled_shutdown,
        ),
    ]


def _of_partition(partition: PartitionImage) -> PartitionRecord:
    return PartitionRecord(
        partition=partition.name,
        replicas=partition.replicas,
        isr=partition.isr,
        leader=partition.leader,
        leader_epoch=partition.leader_epoch,
        partition_epoch=partition.partition_epoch,
        removing=partition.removing,
        adding=partition.adding,
        elr=partition.elr,
        last_known_elr=partition.last_known_elr,
        recovering=partition.recovering,
        enough=partition.enough,
    )


class Download:
    """A snapshot on its way, piece by piece."""

    __slots__ = ("_pieces", "position", "snapshot")

    def __init__(self, snapshot: SnapshotId) -> None:
        self.snapshot = snapshot
        self.position = 0
        self._pieces: list[bytes] = []

    def take(self, reply: FetchedSnapshot) -> bool:
        """Add a piece, if it is the one that was asked for; whether it was."""
        data = reply.data
        if reply.snapshot != self.snapshot or reply.position != self.position or not isinstance(data, bytes):
            return False
        if not data and self.position < reply.size:
            return False
        self._pieces.append(data)
        self.position += len(data)
        return self.position <= reply.size

    def whole(self, reply: FetchedSnapshot) -> bool:
        """Whether nothing is missing after this piece."""
        return self.position == reply.size

    @property
    def data(self) -> bytes:
        return b"".join(self._pieces)
