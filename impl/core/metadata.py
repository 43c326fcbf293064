"""The records of the metadata log (KIP-500): what the controller decides and every broker replays.

One rule: the metadata log is the only way a decision of the controller reaches a broker's state. Names are those of
Kafka's metadata record schemas.
"""

from impl.core.types import BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicPartition, Value


class RegisterBrokerRecord(Value, frozen=True, gc=False, kw_only=True):
    """A broker's process has registered; it is fenced until a heartbeat shows it has caught up."""

    broker: NodeId
    incarnation: bytes
    broker_epoch: BrokerEpoch
    host: str
    port: int


class BrokerRegistrationChangeRecord(Value, frozen=True, gc=False, kw_only=True):
    broker: NodeId
    broker_epoch: BrokerEpoch
    fenced: bool


class TopicRecord(Value, frozen=True, gc=False):
    name: str
    topic_id: bytes


class ConfigRecord(Value, frozen=True, gc=False):
    """A topic's configuration, under Kafka's name."""

    topic: str
    name: str
    value: str | None


class PartitionRecord(Value, frozen=True, gc=False, kw_only=True):
    partition: TopicPartition
    replicas: tuple[NodeId, ...]
    isr: tuple[NodeId, ...]
    leader: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch


class PartitionChangeRecord(Value, frozen=True, gc=False, kw_only=True):
    """Kafka's record holds only what changed; ours always holds the whole outcome, which replays the same."""

    partition: TopicPartition
    isr: tuple[NodeId, ...]
    leader: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch


class ProducerIdsRecord(Value, frozen=True, gc=False, kw_only=True):
    broker: NodeId
    broker_epoch: BrokerEpoch
    next_producer_id: int


MetadataRecord = (
    RegisterBrokerRecord
    | BrokerRegistrationChangeRecord
    | TopicRecord
    | ConfigRecord
    | PartitionRecord
    | PartitionChangeRecord
    | ProducerIdsRecord
)
