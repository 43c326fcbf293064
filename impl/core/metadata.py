"""The records of the metadata log (KIP-500): what the controller decides and every broker replays.

One rule: the metadata log is the only way a decision of the controller reaches a broker's state. Names are those of
Kafka's metadata record schemas.
"""

from impl.core.types import NO_LEADER, BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicPartition, Value

TOPIC_RESOURCE = 2
BROKER_RESOURCE = 4
"""Kafka's ConfigResource types. A broker's configuration under the empty name is every broker's."""


class RegisterBrokerRecord(Value, frozen=True, gc=False, kw_only=True):
    """A broker's process has registered; it is fenced until a heartbeat shows it has caught up."""

    broker: NodeId
    incarnation: bytes
    broker_epoch: BrokerEpoch
    host: str
    port: int
    clean: bool = True
    """The process before it had stopped cleanly, or there was none. If not, what it lacks is unknown (KIP-966)."""
    rack: str | None = None


class BrokerRegistrationChangeRecord(Value, frozen=True, gc=False, kw_only=True):
    """None: that does not change. A registration ends a controlled shutdown, and nothing else does."""

    broker: NodeId
    broker_epoch: BrokerEpoch
    fenced: bool | None = None
    in_controlled_shutdown: bool | None = None


class TopicRecord(Value, frozen=True, gc=False):
    name: str
    topic_id: bytes


class RemoveTopicRecord(Value, frozen=True, gc=False):
    """The topic is deleted, with its partitions and its configuration."""

    topic_id: bytes


class ConfigRecord(Value, frozen=True, gc=False):
    """One configuration of a topic or of brokers, under Kafka's name. `value` None: the default again."""

    resource: int
    """TOPIC_RESOURCE or BROKER_RESOURCE."""
    resource_name: str
    name: str
    value: str | None


class PartitionRecord(Value, frozen=True, gc=False, kw_only=True):
    """A partition, whole: new, or as a snapshot has it."""

    partition: TopicPartition
    replicas: tuple[NodeId, ...]
    isr: tuple[NodeId, ...]
    leader: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    removing: tuple[NodeId, ...] = ()
    adding: tuple[NodeId, ...] = ()
    elr: tuple[NodeId, ...] = ()
    last_known_elr: tuple[NodeId, ...] = ()
    recovering: bool = False
    enough: bool = True


class PartitionChangeRecord(Value, frozen=True, gc=False, kw_only=True):
    """Kafka's record holds only what changed; ours always holds the whole outcome, which replays the same.

    `why` is the fact that the change is (`impl.core.facts`), `about` the node that it moves: `decision_facts.py`.
    """

    partition: TopicPartition
    why: str
    about: NodeId = NO_LEADER
    replicas: tuple[NodeId, ...]
    isr: tuple[NodeId, ...]
    leader: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    removing: tuple[NodeId, ...] = ()
    adding: tuple[NodeId, ...] = ()
    """Of a reassignment under way: those of `replicas` that are to go, and those that have come."""
    elr: tuple[NodeId, ...] = ()
    """Eligible leader replicas: not in sync, and yet with everything that was committed (KIP-966)."""
    last_known_elr: tuple[NodeId, ...] = ()
    """The last leader, where nobody is in sync."""
    recovering: bool = False
    """Elected uncleanly, and nobody else in sync since (KIP-704)."""
    enough: bool = True
    """`isr` has min.insync.replicas members, as the controller knows that number: the leader may commit."""


class ProducerIdsRecord(Value, frozen=True, gc=False, kw_only=True):
    broker: NodeId
    broker_epoch: BrokerEpoch
    next_producer_id: int


class LeaderChangeRecord(Value, frozen=True, gc=False):
    """The first record of every leader of the quorum; alone in a control batch. It changes nothing (KIP-595)."""

    leader: NodeId
    voters: tuple[NodeId, ...]
    granting: tuple[NodeId, ...]
    """The voters who elected it."""


MetadataRecord = (
    LeaderChangeRecord
    | RegisterBrokerRecord
    | BrokerRegistrationChangeRecord
    | TopicRecord
    | RemoveTopicRecord
    | ConfigRecord
    | PartitionRecord
    | PartitionChangeRecord
    | ProducerIdsRecord
)
