"""How the controller gives a topic more partitions (ReplicationControlManager.createPartitions).

One rule: partitions are added and never removed, and a topic gets all that were asked for or none.
"""

from collections import Counter

from impl.core import topic_creation
from impl.core.admin_messages import MorePartitions, TopicOutcome
from impl.core.decisions import Decisions
from impl.core.image import MetadataImage, TopicImage
from impl.core.topic_creation import Assignment, Refusal
from impl.core.topic_deletion import UNKNOWN
from impl.core.types import NO_ERROR, ErrorCode


def create_partitions(
    topics: tuple[MorePartitions, ...], decisions: Decisions, *, validate_only: bool
) -> tuple[TopicOutcome, ...]:
    """Decide on each topic of a request, in its order."""
    times = Counter(more.topic for more in topics)
    outcomes = []
    for more in topics:
        if times[more.topic] > 1:
            planned: Assignment | Refusal = Refusal(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
        else:
            planned = plan(more, decisions.image)
        if isinstance(planned, Refusal):
            outcomes.append(TopicOutcome(more.topic, planned.error, planned.message))
            continue
        if not validate_only:
            first = len(decisions.image.topics[more.topic].partitions)
            topic_creation.record_partitions(more.topic, first, planned, decisions)
        outcomes.append(TopicOutcome(more.topic, NO_ERROR, None))
    return tuple(outcomes)


def plan(more: MorePartitions, image: MetadataImage) -> Assignment | Refusal:
    """The replicas of every new partition, or why there shall be none."""
    topic = image.topics.get(more.topic)
    if topic is None:
        return Refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN)
    existing = len(topic.partitions)
    if more.count == existing:
        return Refusal(ErrorCode.INVALID_PARTITIONS, f"Topic already has {existing} partition(s).")
    if more.count < existing:
        message = (
            f"The topic {more.topic} currently has {existing} partition(s); {more.count} would not be an increase."
        )
        return Refusal(ErrorCode.INVALID_PARTITIONS, message)
    if more.count > topic_creation.PARTITIONS_MAX:
        return topic_creation.too_many(more.count)
    return _assigned(more, topic, image) if more.assignments else _spread(more, topic, image)


def _assigned(more: MorePartitions, topic: TopicImage, image: MetadataImage) -> Assignment | Refusal:
    missing = more.count - len(topic.partitions)
    if len(more.assignments) != missing:
        message = (
            f"Attempted to add {missing} additional partition(s), but only {len(more.assignments)} assignment(s) "
            "were specified."
        )
        return Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
    for replicas in more.assignments:
        wrong = topic_creation.wrong_assignment(replicas, _factor(topic), image)
        if wrong:
            return Refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, wrong)
    return more.assignments


def _spread(more: MorePartitions, topic: TopicImage, image: MetadataImage) -> Assignment | Refusal:
    return topic_creation.round_robin(more.count - len(topic.partitions), _factor(topic), image)


def _factor(topic: TopicImage) -> int:
    """As many replicas as the first partition was made with, whatever is being moved."""
    first = topic.partitions[0]
    return len(first.replicas) - len(first.adding)
