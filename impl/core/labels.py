"""What facts call a partition: `topic-index`, or with the topic's id, where topics of one name follow each other.

One rule: a topic is its id and not its name (KIP-516). Whoever judges facts of a cluster in which a topic is deleted
and made again has them say which of the two they are about: `topic-index@` and the first digits of the id.
"""

from collections.abc import Callable

from impl.core.image import MetadataImage
from impl.core.settings import Settings
from impl.core.types import TopicPartition

DIGITS = 8
"""Of a topic id, in a label."""

Say = Callable[[TopicPartition], str]


def identified(name: TopicPartition, topic_id: bytes) -> str:
    """The label that says which topic of this name is meant."""
    return f"{name}@{topic_id.hex()[:DIGITS]}"


def name_of(label: str) -> str:
    """The name in a label, without the topic's id."""
    return label.partition("@")[0]


def label(name: TopicPartition, topic_id: bytes, settings: Settings) -> str:
    """What facts call this partition of this topic."""
    return identified(name, topic_id) if settings.facts_name_topic_ids else str(name)


def labels_of(image: MetadataImage, settings: Settings) -> Say:
    """What facts call a partition that is in the image."""
    if not settings.facts_name_topic_ids:
        return str
    return lambda name: identified(name, image.topics[name.topic].topic_id)
