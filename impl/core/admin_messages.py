"""What administrators ask: topics, replicas, elections, configurations; and what they are answered.

One rule: as in `impl/core/messages.py`, whose other half this is. A broker passes on to the controller what only it can
decide, and answers from its image what it can.
"""

from impl.core.types import NO_ERROR, ErrorCode, NodeId, TopicPartition, Value


# ---------------------------------------------------------------- topics
class DeleteTopics(Value, frozen=True, gc=False):
    topics: tuple[str, ...]
    timeout_ms: int


class DeletedTopic(Value, frozen=True, gc=False):
    name: str
    topic_id: bytes
    error: ErrorCode
    message: str | None


class DeletedTopics(Value, frozen=True, gc=False):
    topics: tuple[DeletedTopic, ...]


class MorePartitions(Value, frozen=True, gc=False):
    """`assignments` are of the new partitions only; none: the controller spreads them."""

    topic: str
    count: int
    """How many there shall be."""
    assignments: tuple[tuple[NodeId, ...], ...]


class CreatePartitions(Value, frozen=True, gc=False):
    topics: tuple[MorePartitions, ...]
    timeout_ms: int
    validate_only: bool


class TopicOutcome(Value, frozen=True, gc=False):
    topic: str
    error: ErrorCode
    message: str | None


class CreatedPartitions(Value, frozen=True, gc=False):
    topics: tuple[TopicOutcome, ...]


class DescribeTopicPartitions(Value, frozen=True, gc=False):
    """KIP-966: page by page, in the order of names. No topics: all of them."""

    topics: tuple[str, ...]
    partitions_max: int
    cursor: TopicPartition | None
    """Where to go on; None: at the beginning."""


# ---------------------------------------------------------------- replicas and elections
class Reassignment(Value, frozen=True, gc=False):
    partition: TopicPartition
    replicas: tuple[NodeId, ...] | None
    """None: give up the one under way."""


class AlterReassignments(Value, frozen=True, gc=False):
    partitions: tuple[Reassignment, ...]
    timeout_ms: int
    factor_may_change: bool


class PartitionOutcome(Value, frozen=True, gc=False):
    partition: TopicPartition
    error: ErrorCode
    message: str | None


class AlteredReassignments(Value, frozen=True, gc=False):
    partitions: tuple[PartitionOutcome, ...]


class ListReassignments(Value, frozen=True, gc=False):
    partitions: tuple[TopicPartition, ...] | None
    """None: all that are under way."""
    timeout_ms: int


class OngoingReassignment(Value, frozen=True, gc=False):
    partition: TopicPartition
    replicas: tuple[NodeId, ...]
    adding: tuple[NodeId, ...]
    removing: tuple[NodeId, ...]


class ListedReassignments(Value, frozen=True, gc=False):
    partitions: tuple[OngoingReassignment, ...]


class ElectLeaders(Value, frozen=True, gc=False):
    partitions: tuple[TopicPartition, ...] | None
    """None: all of them."""
    timeout_ms: int
    unclean: bool
    """Anybody, where nobody leads; else the first replica of each, where it is in sync."""


class ElectedLeaders(Value, frozen=True, gc=False):
    partitions: tuple[PartitionOutcome, ...]


# ---------------------------------------------------------------- configurations
class DescribeConfig(Value, frozen=True, gc=False):
    resource: int
    """TOPIC_RESOURCE, BROKER_RESOURCE, or another of Kafka's, which has no configuration here."""
    name: str
    keys: tuple[str, ...] | None
    """None: every one."""


class DescribeConfigs(Value, frozen=True, gc=False):
    resources: tuple[DescribeConfig, ...]
    synonyms: bool
    documentation: bool


class ConfigSynonym(Value, frozen=True, gc=False):
    name: str
    value: str | None
    source: int


class DescribedConfig(Value, frozen=True, gc=False, kw_only=True):
    """`source` and `kind` are Kafka's numbers (DescribeConfigsResponse.ConfigSource, ConfigType)."""

    name: str
    value: str | None
    source: int
    kind: int
    read_only: bool
    synonyms: tuple[ConfigSynonym, ...] = ()
    documentation: str | None = None


class DescribedConfigs(Value, frozen=True, gc=False, kw_only=True):
    resource: int
    name: str
    error: ErrorCode = NO_ERROR
    message: str | None = None
    configs: tuple[DescribedConfig, ...] = ()


class DescribedResources(Value, frozen=True, gc=False):
    resources: tuple[DescribedConfigs, ...]


class ConfigChange(Value, frozen=True, gc=False):
    """`operation` is Kafka's number: 0 set, 1 delete, 2 append, 3 subtract."""

    name: str
    operation: int
    value: str | None


class AlterConfig(Value, frozen=True, gc=False):
    resource: int
    name: str
    changes: tuple[ConfigChange, ...]


class AlterConfigs(Value, frozen=True, gc=False):
    resources: tuple[AlterConfig, ...]
    validate_only: bool


class ReplaceConfigs(Value, frozen=True, gc=False):
    """Kafka's older AlterConfigs: what is not named is set back to its default. Every change is a `set`."""

    resources: tuple[AlterConfig, ...]
    validate_only: bool


class ConfigOutcome(Value, frozen=True, gc=False):
    resource: int
    name: str
    error: ErrorCode
    message: str | None


class AlteredConfigs(Value, frozen=True, gc=False):
    resources: tuple[ConfigOutcome, ...]


class ReplacedConfigs(Value, frozen=True, gc=False):
    resources: tuple[ConfigOutcome, ...]


# ---------------------------------------------------------------- the cluster
class DescribeCluster(Value, frozen=True, gc=False):
    fenced_too: bool
    endpoint: int
    """1: brokers; 2: controllers, which only a controller knows (KIP-919)."""


class ClusterBroker(Value, frozen=True, gc=False):
    node: NodeId
    host: str
    port: int
    fenced: bool


class DescribedCluster(Value, frozen=True, gc=False):
    error: ErrorCode
    message: str | None
    controller: NodeId
    brokers: tuple[ClusterBroker, ...]


AdminRequest = (
    DeleteTopics
    | CreatePartitions
    | DescribeTopicPartitions
    | AlterReassignments
    | ListReassignments
    | ElectLeaders
    | DescribeConfigs
    | AlterConfigs
    | ReplaceConfigs
    | DescribeCluster
)
AdminReply = (
    DeletedTopics
    | CreatedPartitions
    | AlteredReassignments
    | ListedReassignments
    | ElectedLeaders
    | DescribedResources
    | AlteredConfigs
    | ReplacedConfigs
    | DescribedCluster
)
