"""AlterPartition (KIP-497, KIP-903): a leader proposes a new in-sync set to the controller."""

from impl.wire.message import NO_ID, Message


class BrokerState(Message, frozen=True):
    broker_id: int = 0
    broker_epoch: int = -1


class AlterPartitionRequestPartition(Message, frozen=True):
    partition_index: int = 0
    leader_epoch: int = 0
    new_isr: tuple[int, ...] = ()
    new_isr_with_epochs: tuple[BrokerState, ...] = ()
    leader_recovery_state: int = 0
    partition_epoch: int = 0


class AlterPartitionRequestTopic(Message, frozen=True):
    topic_id: bytes = NO_ID
    partitions: tuple[AlterPartitionRequestPartition, ...] = ()


class AlterPartitionRequest(Message, frozen=True):
    broker_id: int = 0
    broker_epoch: int = -1
    topics: tuple[AlterPartitionRequestTopic, ...] = ()


class AlterPartitionResponsePartition(Message, frozen=True):
    partition_index: int = 0
    error_code: int = 0
    leader_id: int = 0
    leader_epoch: int = 0
    isr: tuple[int, ...] = ()
    leader_recovery_state: int = 0
    partition_epoch: int = 0


class AlterPartitionResponseTopic(Message, frozen=True):
    topic_id: bytes = NO_ID
    partitions: tuple[AlterPartitionResponsePartition, ...] = ()


class AlterPartitionResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    topics: tuple[AlterPartitionResponseTopic, ...] = ()
