"""The values every part of the broker speaks in.

One rule: integers that must not be mixed have types of their own. `Offset`, `LeaderEpoch`, `PartitionEpoch`,
`BrokerEpoch` and `Millis` are plain ints at run time and different types to the checker.

Structs are msgspec's: frozen, slotted, without a collector header, about as cheap as tuples and readable.
"""

from enum import IntEnum
from typing import NamedTuple, NewType

import msgspec

Offset = NewType("Offset", int)
LeaderEpoch = NewType("LeaderEpoch", int)
PartitionEpoch = NewType("PartitionEpoch", int)
BrokerEpoch = NewType("BrokerEpoch", int)
NodeId = NewType("NodeId", int)
Millis = NewType("Millis", int)
Connection = NewType("Connection", int)
"""An incoming connection, numbered by the runtime; never reused while the process lives."""

NO_LEADER = NodeId(-1)
NO_EPOCH = LeaderEpoch(-1)
NO_BROKER_EPOCH = BrokerEpoch(-1)
CONTROLLER = NodeId(3000)
"""The controller's node id; brokers are numbered from 1."""


# In class syntax `index` would be a field that overrides a method of tuple, which the type checker refuses.
_TopicPartition = NamedTuple("_TopicPartition", (("topic", str), ("index", int)))


class TopicPartition(_TopicPartition):
    """A partition's name: topic and index, printed the way Kafka names its directory."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{self.topic}-{self.index}"


class Value(msgspec.Struct, frozen=True, gc=False):
    """Base of every immutable value that crosses a seam."""


class Batch(Value, frozen=True, gc=False, kw_only=True):
    """One record batch (v2) as the core sees it: its header, and its bytes as a handle never looked into.

    `base_offset` and `leader_epoch` are what the batch carries when it arrives; a leader assigns both anew
    (the `Append` effect says what), a follower keeps them. `record_count` is how many offsets the batch takes, which
    is how many records its producer sent; compaction may have left fewer of them. `size` is in bytes; `crc` is the
    batch's own CRC-32C, which covers neither base offset nor leader epoch and so names the content wherever it stands.
    """

    base_offset: Offset
    record_count: int
    leader_epoch: LeaderEpoch
    crc: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    max_timestamp: int
    size: int
    data: object


class LogSlice(Value, frozen=True, gc=False, kw_only=True):
    """Records for a reply, named and not held: the host reads them from storage when it sends.

    Whole batches from the one that contains `start`, none at or past `limit`, at least one and then as many as
    `max_bytes` allows.
    """

    partition: TopicPartition
    start: Offset
    limit: Offset
    max_bytes: int


class Stored:
    """Record bytes that stay in their file until they are sent (impl/host/stored.py)."""

    __slots__ = ()

    def __len__(self) -> int:
        """In bytes."""
        raise AssertionError("only a subclass knows where its bytes lie")


class EpochStart(NamedTuple):
    """One line of the leader-epoch cache: the first offset written in an epoch (Kafka's LeaderEpochFileCache)."""

    epoch: LeaderEpoch
    start: Offset


class ErrorCode(IntEnum):
    """Kafka's error codes, under Kafka's names: those this broker answers with."""

    UNKNOWN_SERVER_ERROR = -1
    NONE = 0
    OFFSET_OUT_OF_RANGE = 1
    CORRUPT_MESSAGE = 2
    UNKNOWN_TOPIC_OR_PARTITION = 3
    LEADER_NOT_AVAILABLE = 5
    NOT_LEADER_OR_FOLLOWER = 6
    REQUEST_TIMED_OUT = 7
    BROKER_NOT_AVAILABLE = 8
    REPLICA_NOT_AVAILABLE = 9
    MESSAGE_TOO_LARGE = 10
    COORDINATOR_NOT_AVAILABLE = 15
    INVALID_TOPIC_EXCEPTION = 17
    NOT_ENOUGH_REPLICAS = 19
    NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20
    INVALID_REQUIRED_ACKS = 21
    TOPIC_AUTHORIZATION_FAILED = 29
    INVALID_TIMESTAMP = 32
    UNSUPPORTED_VERSION = 35
    TOPIC_ALREADY_EXISTS = 36
    INVALID_PARTITIONS = 37
    INVALID_REPLICATION_FACTOR = 38
    INVALID_REPLICA_ASSIGNMENT = 39
    INVALID_CONFIG = 40
    NOT_CONTROLLER = 41
    INVALID_REQUEST = 42
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43
    OUT_OF_ORDER_SEQUENCE_NUMBER = 45
    DUPLICATE_SEQUENCE_NUMBER = 46
    POLICY_VIOLATION = 44
    INVALID_PRODUCER_EPOCH = 47
    UNKNOWN_PRODUCER_ID = 59
    KAFKA_STORAGE_ERROR = 56
    FETCH_SESSION_ID_NOT_FOUND = 70
    INVALID_FETCH_SESSION_EPOCH = 71
    REASSIGNMENT_IN_PROGRESS = 60
    TOPIC_DELETION_DISABLED = 73
    FENCED_LEADER_EPOCH = 74
    UNKNOWN_LEADER_EPOCH = 75
    STALE_BROKER_EPOCH = 77
    OFFSET_NOT_AVAILABLE = 78
    PREFERRED_LEADER_NOT_AVAILABLE = 80
    ELIGIBLE_LEADERS_NOT_AVAILABLE = 83
    ELECTION_NOT_NEEDED = 84
    NO_REASSIGNMENT_IN_PROGRESS = 85
    INVALID_RECORD = 87
    INCONSISTENT_VOTER_SET = 94
    INVALID_UPDATE_VERSION = 95
    SNAPSHOT_NOT_FOUND = 98
    POSITION_OUT_OF_RANGE = 99
    UNKNOWN_TOPIC_ID = 100
    FETCH_SESSION_TOPIC_ID_ERROR = 106
    DUPLICATE_BROKER_REGISTRATION = 101
    BROKER_ID_NOT_REGISTERED = 102
    INCONSISTENT_TOPIC_ID = 103
    INCONSISTENT_CLUSTER_ID = 104
    INELIGIBLE_REPLICA = 107
    NEW_LEADER_ELECTED = 108
    UNSUPPORTED_ENDPOINT_TYPE = 115


NO_ERROR = ErrorCode.NONE
"""For comparisons that every message makes: Python 3.11 finds an enum's member more slowly than it calls a function."""
