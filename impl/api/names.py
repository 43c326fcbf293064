"""Topic names and topic ids: newer versions of the wire say ids (KIP-516), the core says names.

One rule: an id that nobody here knows travels through the core as a *stand-in*, a name that no topic can bear. The core
knows no such topic and says so; on the way back the stand-in becomes the id again, and the error UNKNOWN_TOPIC_ID. So
one unknown id spoils nothing for the other topics of its request, and no translation remembers anything.
"""

import re
from collections.abc import Callable
from typing import Protocol

from impl.core.image import MetadataImage
from impl.core.types import ErrorCode
from impl.wire.message import NO_ID

METADATA_TOPIC = "__cluster_metadata"
METADATA_TOPIC_ID = bytes(15) + b"\x01"
"""Kafka's fixed id of the controller's log (Uuid.METADATA_TOPIC_ID)."""

_STAND_IN = re.compile(r"\?[0-9a-f]{32}")


class TopicNames(Protocol):
    """What is known of topics: what a client has learnt, or a node's metadata image."""

    def name_of(self, topic_id: bytes) -> str | None: ...

    def id_of(self, name: str) -> bytes | None: ...


class ImageNames:
    """Topic names and ids as a node's metadata image has them; a controller's may be another one from step to step."""

    def __init__(self, image: Callable[[], MetadataImage]) -> None:
        self._image = image

    def name_of(self, topic_id: bytes) -> str | None:
        topic = self._image().topics_by_id.get(topic_id)
        return None if topic is None else topic.name

    def id_of(self, name: str) -> bytes | None:
        topic = self._image().topics.get(name)
        return None if topic is None else topic.topic_id


def name_for(topic_id: bytes, names: TopicNames) -> str:
    """The topic's name, or a stand-in for the id."""
    name = names.name_of(topic_id)
    return f"?{topic_id.hex()}" if name is None else name


def id_for(name: str, names: TopicNames) -> bytes:
    """The topic's id, also of a stand-in; zero, which no topic has, where the name is not known."""
    if is_stand_in(name):
        return bytes.fromhex(name[1:])
    topic_id = names.id_of(name)
    return NO_ID if topic_id is None else topic_id


def is_stand_in(name: str) -> bool:
    return _STAND_IN.fullmatch(name) is not None


def error_for(name: str, error: ErrorCode) -> ErrorCode:
    """What the answer for a topic of this name says on the wire."""
    return ErrorCode.UNKNOWN_TOPIC_ID if error and is_stand_in(name) else error
