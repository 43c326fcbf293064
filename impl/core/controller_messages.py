"""What brokers say to the controller, and what it answers (KIP-500, KIP-497, KIP-631).

One rule: as in `impl.core.messages`. A broker says under which registration it speaks, so that what an earlier life of
it said changes nothing.
"""

from impl.core.types import (
    NO_BROKER_EPOCH,
    BrokerEpoch,
    ErrorCode,
    LeaderEpoch,
    NodeId,
    Offset,
    PartitionEpoch,
    TopicPartition,
    Value,
)


class RegisterBroker(Value, frozen=True, gc=False, kw_only=True):
    broker: NodeId
    incarnation: bytes
    """16 bytes, new for every start of the process."""
    cluster_id: str
    host: str
    port: int
    previous_broker_epoch: BrokerEpoch = NO_BROKER_EPOCH
    """The registration under which the process before it stopped cleanly; -1: it did not, or nobody knows (KIP-966)."""
    rack: str | None = None
    """broker.rack"""


class RegisteredBroker(Value, frozen=True, gc=False):
    error: ErrorCode
    broker_epoch: BrokerEpoch


class LoseReplicas(Value, frozen=True, gc=False, kw_only=True):
    """The logs of these partitions lie in a directory of this broker that has failed.

    On the wire an AssignReplicasToDirs to the directory that stands for those lost (KIP-858).
    """

    broker: NodeId
    broker_epoch: BrokerEpoch
    partitions: tuple[TopicPartition, ...]


class LostReplicas(Value, frozen=True, gc=False):
    error: ErrorCode


class BrokerHeartbeat(Value, frozen=True, gc=False, kw_only=True):
    broker: NodeId
    broker_epoch: BrokerEpoch
    metadata_offset: Offset
    """How far the broker has applied the metadata log; a fenced broker that has caught up is unfenced."""
    want_shut_down: bool


class HeartbeatAnswer(Value, frozen=True, gc=False):
    error: ErrorCode
    caught_up: bool
    fenced: bool
    should_shut_down: bool


class AlterIsr(Value, frozen=True, gc=False, kw_only=True):
    partition: TopicPartition
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    """The version the leader last knew: the compare of the compare-and-set (KIP-497)."""
    isr: tuple[NodeId, ...]
    broker_epochs: tuple[BrokerEpoch, ...] = ()
    """Of each member of `isr`, the registration under which it showed its position; -1: the leader knows of none."""
    recovering: bool = False
    """The leader, elected uncleanly, is not done recovering (KIP-704). Ours is when it leads."""


class AlterPartition(Value, frozen=True, gc=False):
    broker: NodeId
    broker_epoch: BrokerEpoch
    partitions: tuple[AlterIsr, ...]


class AlteredIsr(Value, frozen=True, gc=False, kw_only=True):
    partition: TopicPartition
    error: ErrorCode
    leader: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[NodeId, ...]


class AlteredPartition(Value, frozen=True, gc=False):
    error: ErrorCode
    partitions: tuple[AlteredIsr, ...]


class AllocateProducerIds(Value, frozen=True, gc=False):
    broker: NodeId
    broker_epoch: BrokerEpoch


class AllocatedProducerIds(Value, frozen=True, gc=False):
    error: ErrorCode
    first: int
    count: int


ControllerRequest = RegisterBroker | BrokerHeartbeat | AlterPartition | AllocateProducerIds | LoseReplicas
ControllerReply = RegisteredBroker | HeartbeatAnswer | AlteredPartition | AllocatedProducerIds | LostReplicas
