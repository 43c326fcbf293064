"""What nodes say to each other, in the core's own small words.

One rule: a message names what is meant, not how Kafka spells it. `impl/api/` translates each to and from the wire
messages of Kafka's protocol; the simulator passes them as they are, or through the wire in a share of its runs.

A request class and its reply class stand together. Here are those of clients and of fetching brokers; what operators
say is in `impl.core.admin_messages`, what brokers and the controller say to each other in
`impl.core.controller_messages`, and what the voters say in `impl.core.quorum.messages`.
"""

from impl.core.admin_messages import AdminReply, AdminRequest
from impl.core.controller_messages import ControllerReply, ControllerRequest
from impl.core.quorum.messages import QuorumReply, QuorumRequest
from impl.core.types import (
    NO_BROKER_EPOCH,
    NO_LEADER,
    Batch,
    BrokerEpoch,
    ErrorCode,
    LeaderEpoch,
    LogSlice,
    NodeId,
    Offset,
    Stored,
    TopicPartition,
    Value,
)

CONSUMER = NodeId(-1)
"""`Fetch.replica_id` of an ordinary consumer (and of a follower that has not yet reconciled its log)."""
LATEST, EARLIEST, MAX_TIMESTAMP = -1, -2, -3


# ---------------------------------------------------------------- produce
class ProducePartition(Value, frozen=True, gc=False):
    """`batch` is an error where the bytes were refused before the core saw them (wrong CRC, old magic, two batches)."""

    partition: TopicPartition
    batch: Batch | ErrorCode


class Produce(Value, frozen=True, gc=False, kw_only=True):
    acks: int
    """0: no reply; 1: the leader has it; -1: the whole in-sync set has it."""
    timeout_ms: int
    partitions: tuple[ProducePartition, ...]


class ProducedPartition(Value, frozen=True, gc=False):
    partition: TopicPartition
    error: ErrorCode
    base_offset: Offset
    log_start: Offset


class Produced(Value, frozen=True, gc=False):
    partitions: tuple[ProducedPartition, ...]


# ---------------------------------------------------------------- fetch
class FetchPartition(Value, frozen=True, gc=False, kw_only=True):
    partition: TopicPartition
    current_leader_epoch: LeaderEpoch
    """The epoch the fetcher believes in; -1: it does not say (an old consumer)."""
    fetch_offset: Offset
    last_fetched_epoch: LeaderEpoch
    """Epoch of the fetcher's last record (KIP-595's truncation on fetch); -1: it does not say, or has none."""
    max_bytes: int
    rack: str | None = None
    """A consumer's client.rack, empty where it set none; None: only the leader may answer (KIP-392)."""
    log_start: Offset = Offset(-1)
    """Where a follower's log begins; -1: it does not say, or is none (KIP-107)."""


class Fetch(Value, frozen=True, gc=False, kw_only=True):
    replica_id: NodeId
    replica_epoch: BrokerEpoch = NO_BROKER_EPOCH
    """The registration under which a follower fetches (KIP-903)."""
    max_wait_ms: int
    min_bytes: int
    max_bytes: int
    partitions: tuple[FetchPartition, ...]
    session_id: int = 0
    session_epoch: int = -1
    """KIP-227: -1 wants no session, 0 begins one; each later fetch has the next higher, and names what changed."""
    forgotten: tuple[TopicPartition, ...] = ()


class FetchedPartition(Value, frozen=True, gc=False, kw_only=True):
    """`records`: a LogSlice when the core answers, bytes or where they lie from the host, batches at a follower."""

    partition: TopicPartition
    error: ErrorCode
    high_watermark: Offset
    log_start: Offset
    diverging: tuple[LeaderEpoch, Offset] | None = None
    """The leader's epoch and its end offset from which the fetcher's log differs: truncate, ask again."""
    preferred_replica: NodeId = NO_LEADER
    """Whom a consumer had better ask (KIP-392); -1: nobody else. Then there are no records."""
    records: LogSlice | bytes | Stored | tuple[Batch, ...] = ()


class Fetched(Value, frozen=True, gc=False):
    partitions: tuple[FetchedPartition, ...]
    error: ErrorCode = ErrorCode.NONE
    """Of the whole fetch: its session is not known, or not in this epoch."""
    session_id: int = 0


# ---------------------------------------------------------------- offsets
class OffsetQuery(Value, frozen=True, gc=False):
    partition: TopicPartition
    current_leader_epoch: LeaderEpoch
    timestamp: int
    """Milliseconds since 1970, or LATEST, EARLIEST, MAX_TIMESTAMP."""


class ListOffsets(Value, frozen=True, gc=False):
    queries: tuple[OffsetQuery, ...]


class TimestampLookup(Value, frozen=True, gc=False):
    """An offset the host looks up in storage: the first record at or after `timestamp` and below `limit`."""

    partition: TopicPartition
    timestamp: int
    limit: Offset


class ListedOffset(Value, frozen=True, gc=False):
    partition: TopicPartition
    error: ErrorCode
    offset: Offset | TimestampLookup
    """-1 when no record qualifies."""
    timestamp: int
    leader_epoch: LeaderEpoch


class ListedOffsets(Value, frozen=True, gc=False):
    offsets: tuple[ListedOffset, ...]


class EpochQuery(Value, frozen=True, gc=False):
    partition: TopicPartition
    current_leader_epoch: LeaderEpoch
    leader_epoch: LeaderEpoch


class OffsetForLeaderEpoch(Value, frozen=True, gc=False):
    queries: tuple[EpochQuery, ...]


class EpochEnd(Value, frozen=True, gc=False):
    partition: TopicPartition
    error: ErrorCode
    leader_epoch: LeaderEpoch
    end_offset: Offset


class EpochEnds(Value, frozen=True, gc=False):
    ends: tuple[EpochEnd, ...]


# ---------------------------------------------------------------- topics and producers
class DescribeTopics(Value, frozen=True, gc=False):
    """Kafka's Metadata request. `topics` None asks for all of them."""

    topics: tuple[str, ...] | None
    allow_auto_topic_creation: bool


class BrokerAddress(Value, frozen=True, gc=False):
    node: NodeId
    host: str
    port: int
    rack: str | None = None


class DescribedPartition(Value, frozen=True, gc=False, kw_only=True):
    index: int
    error: ErrorCode
    leader: NodeId
    leader_epoch: LeaderEpoch
    replicas: tuple[NodeId, ...]
    isr: tuple[NodeId, ...]
    offline: tuple[NodeId, ...]
    elr: tuple[NodeId, ...] = ()
    last_known_elr: tuple[NodeId, ...] = ()
    """These two DescribeTopicPartitions tells, and Metadata does not (KIP-966)."""


class DescribedTopic(Value, frozen=True, gc=False):
    name: str
    topic_id: bytes
    error: ErrorCode
    partitions: tuple[DescribedPartition, ...]


class DescribedTopics(Value, frozen=True, gc=False):
    brokers: tuple[BrokerAddress, ...]
    controller: NodeId
    topics: tuple[DescribedTopic, ...]


class DescribedTopicPartitions(Value, frozen=True, gc=False):
    topics: tuple[DescribedTopic, ...]
    cursor: TopicPartition | None
    """Where to go on; None: that was all."""


class NewTopic(Value, frozen=True, gc=False, kw_only=True):
    name: str
    partition_count: int
    """-1: the broker's num.partitions."""
    replication_factor: int
    """-1: the broker's default.replication.factor."""
    assignments: tuple[tuple[NodeId, ...], ...] = ()
    configs: tuple[tuple[str, str | None], ...] = ()


class CreateTopics(Value, frozen=True, gc=False):
    topics: tuple[NewTopic, ...]
    timeout_ms: int
    validate_only: bool


class CreatedTopic(Value, frozen=True, gc=False):
    name: str
    topic_id: bytes
    error: ErrorCode
    message: str | None
    partition_count: int
    replication_factor: int


class CreatedTopics(Value, frozen=True, gc=False):
    topics: tuple[CreatedTopic, ...]


class InitProducerId(Value, frozen=True, gc=False):
    transactional_id: str | None
    producer_id: int
    producer_epoch: int


class InitializedProducerId(Value, frozen=True, gc=False):
    error: ErrorCode
    producer_id: int
    producer_epoch: int


# ---------------------------------------------------------------- deletion
class DeletePartition(Value, frozen=True, gc=False):
    """Delete what comes before `offset`; -1: all that is committed."""

    partition: TopicPartition
    offset: Offset


class DeleteRecords(Value, frozen=True, gc=False):
    partitions: tuple[DeletePartition, ...]
    timeout_ms: int


class DeletedPartition(Value, frozen=True, gc=False):
    partition: TopicPartition
    error: ErrorCode
    low_watermark: Offset
    """From where every living replica has its log; -1 with an error, unless that is that the time is up."""


class DeletedRecords(Value, frozen=True, gc=False):
    partitions: tuple[DeletedPartition, ...]


Request = (
    Produce
    | Fetch
    | ListOffsets
    | OffsetForLeaderEpoch
    | DescribeTopics
    | CreateTopics
    | InitProducerId
    | DeleteRecords
    | ControllerRequest
    | QuorumRequest
    | AdminRequest
)
Reply = (
    Produced
    | Fetched
    | ListedOffsets
    | EpochEnds
    | DescribedTopics
    | CreatedTopics
    | InitializedProducerId
    | DeletedRecords
    | ControllerReply
    | QuorumReply
    | AdminReply
    | DescribedTopicPartitions
)
