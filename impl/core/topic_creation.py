"""How the controller creates topics: Kafka's checks in Kafka's words (ReplicationControlManager), then the records.

One rule: a topic is created whole or refused whole, and a refusal leaves no trace.
"""

from collections import Counter
from hashlib import sha256
from typing import NamedTuple

from impl.core import topic_configs, topic_names
from impl.core.decisions import Decisions
from impl.core.image import MetadataImage
from impl.core.messages import CreatedTopic, NewTopic
from impl.core.metadata import TOPIC_RESOURCE, ConfigRecord, PartitionRecord, TopicRecord
from impl.core.settings import Settings
from impl.core.types import (
    NO_ERROR,
    ErrorCode,
    LeaderEpoch,
    NodeId,
    PartitionEpoch,
    TopicPartition,
)

NO_TOPIC_ID = bytes(16)
PARTITIONS_MAX = 10_000
"""Of one topic; Kafka allows as many in one request."""

Assignment = tuple[tuple[NodeId, ...], ...]


class Refusal(NamedTuple):
    error: ErrorCode
    message: str


def create_topics(
    topics: tuple[NewTopic, ...], decisions: Decisions, settings: Settings, *, validate_only: bool
) -> tuple[CreatedTopic, ...]:
    """Decide on each topic of a request, in its order."""
    times = Counter(topic.name for topic in topics)
    created = []
    for topic in topics:
        if times[topic.name] > 1:
            outcome: Assignment | Refusal = Refusal(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
        else:
            outcome = plan(topic, decisions.image, settings)
        if isinstance(outcome, Refusal):
            created.append(CreatedTopic(topic.name, NO_TOPIC_ID, outcome.error, outcome.message, -1, -1))
            continue
        topic_id = NO_TOPIC_ID if validate_only else record_topic(topic, outcome, decisions, settings)
        created.append(CreatedTopic(topic.name, topic_id, NO_ERROR, None, len(outcome), len(outcome[0])))
    return tuple(created)


def plan(topic: NewTopic, image: MetadataImage, settings: Settings) -> Assignment | Refusal:
    """The replicas of every partition, or why there shall be no such topic."""
    wrong_name = topic_names.complaint(topic.name)
    if wrong_name is not None:
        return Refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, wrong_name)
    if topic.name == topic_names.METADATA:
        message = f"'{topic.name}' is the controllers' own log; choose another name"
        return Refusal(ErrorCode.TOPIC_AUTHORIZATION_FAILED, message)
    if topic.name in image.topics:
        return Refusal(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{topic.name}' already exists.")
    for other in sorted(image.topics):
        if topic_names.collides(topic.name, other):
            message = f"Topic '{topic.name}' collides with existing topic: {other}"
            return Refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, message)
    for name, value in topic.configs:
        wrong_config = topic_configs.complaint(name, value)
        if wrong_config is not None:
            return Refusal(ErrorCode.INVALID_CONFIG, wrong_config)
    return manual_assignment(topic, image) if topic.assignments else spread(topic, image, settings)


def manual_assignment(topic: NewTopic, image: MetadataImage) -> Assignment | Refusal:
    """Replicas as the client wants them."""
    if topic.replication_factor != -1:
        message = "A manual partition assignment was specified, but replication factor was not set to -1."
        return Refusal(ErrorCode.INVALID_REQUEST, message)
    if topic.partition_count != -1:
        message = "A manual partition assignment was specified, but numPartitions was not set to -1."
        return Refusal(ErrorCode.INVALID_REQUEST, message)
    if len(topic.assignments) > PARTITIONS_MAX:
        return too_many(len(topic.assignments))
    for replicas in topic.assignments:
        message = wrong_assignment(replicas, len(topic.assignments[0]), image)
        if message:
            return Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
    return topic.assignments


def too_many(partition_count: int) -> Refusal:
    message = f"Excessively large number of partitions: {partition_count}; at most {PARTITIONS_MAX}."
    return Refusal(ErrorCode.INVALID_PARTITIONS, message)


def wrong_assignment(replicas: tuple[NodeId, ...], factor: int, image: MetadataImage) -> str:
    if not replicas:
        return "The manual partition assignment includes an empty replica list."
    if len(replicas) != factor:
        return (
            "The manual partition assignment includes a partition with "
            f"{len(replicas)} replica(s), but this is not consistent with previous partitions, which have "
            f"{factor} replica(s)."
        )
    if len(set(replicas)) != len(replicas):
        twice = min(node for node, times in Counter(replicas).items() if times > 1)
        return f"The manual partition assignment includes the broker {twice} more than once."
    for node in replicas:
        if node not in image.brokers:
            return f"The manual partition assignment includes broker {node}, but no such broker is registered."
    if not any(image.is_active(node) for node in replicas):
        return (
            f"All brokers specified in the manual partition assignment {replicas} are fenced or in controlled shutdown."
        )
    return ""


def spread(topic: NewTopic, image: MetadataImage, settings: Settings) -> Assignment | Refusal:
    """Round robin over the brokers, those alive first, starting where the last topic ended."""
    partition_count = settings.num_partitions if topic.partition_count == -1 else topic.partition_count
    factor = settings.default_replication_factor if topic.replication_factor == -1 else topic.replication_factor
    if factor <= 0:
        message = "Replication factor must be larger than 0, or -1 to use the default value."
        return Refusal(ErrorCode.INVALID_REPLICATION_FACTOR, message)
    if partition_count <= 0:
        message = "Number of partitions was set to an invalid non-positive value."
        return Refusal(ErrorCode.INVALID_PARTITIONS, message)
    if partition_count > PARTITIONS_MAX:
        return too_many(partition_count)
    return round_robin(partition_count, factor, image)


def round_robin(partition_count: int, factor: int, image: MetadataImage) -> Assignment | Refusal:
    """Replicas for so many partitions."""
    active = [node for node in sorted(image.brokers) if image.is_active(node)]
    fenced = [node for node in sorted(image.brokers) if not image.is_active(node)]
    unable = f"Unable to replicate the partition {factor} time(s): "
    if not active:
        return Refusal(ErrorCode.INVALID_REPLICATION_FACTOR, unable + "All brokers are currently fenced.")
    if factor > len(active) + len(fenced):
        message = (
            f"{unable}The target replication factor of {factor} cannot be reached because only "
            f"{len(active) + len(fenced)} broker(s) are registered."
        )
        return Refusal(ErrorCode.INVALID_REPLICATION_FACTOR, message)
    start = sum(len(other.partitions) for other in image.topics.values())
    return tuple(_replicas(active, fenced, start + index, factor) for index in range(partition_count))


def _replicas(active: list[NodeId], fenced: list[NodeId], turn: int, factor: int) -> tuple[NodeId, ...]:
    """Those alive in turn, beginning at a different one each time; fenced brokers only to make up the number."""
    first = turn % len(active)
    in_turn = active[first:] + active[:first]
    return tuple((in_turn + fenced)[:factor])


def record_topic(topic: NewTopic, assignment: Assignment, decisions: Decisions, settings: Settings) -> bytes:
    """Decide the records of a new topic; its id."""
    # From what is already decided and nothing else, so that the same choices give the same id.
    identity = f"{settings.cluster_id}/{topic.name}/{decisions.image.offset}"
    topic_id = sha256(identity.encode()).digest()[:16]
    decisions.decide(TopicRecord(topic.name, topic_id))
    for name, value in topic.configs:
        decisions.decide(ConfigRecord(TOPIC_RESOURCE, topic.name, name, value))
    record_partitions(topic.name, 0, assignment, decisions)
    return topic_id


def record_partitions(topic: str, first: int, assignment: Assignment, decisions: Decisions) -> None:
    """Decide the records of partitions, from index `first` on. Whoever is alive is in sync."""
    minimum = decisions.min_insync_replicas(topic)
    for index, replicas in enumerate(assignment, first):
        alive = [node for node in replicas if decisions.image.is_active(node)]
        decisions.decide(
            PartitionRecord(
                partition=TopicPartition(topic, index),
                replicas=replicas,
                isr=tuple(sorted(alive)),
                leader=alive[0],
                leader_epoch=LeaderEpoch(0),
                partition_epoch=PartitionEpoch(0),
                enough=len(alive) >= min(minimum, len(replicas)),
            )
        )
