"""Topic ids, for versions of the wire that say ids and not names: what a process of the simulation knows of them.

One rule: a lookup that finds nothing is None, and the api layer says what that means.
"""

from collections.abc import Callable

from impl.core.image import MetadataImage


class KnownTopics:
    """Topic ids as a client has learnt them from answers."""

    def __init__(self) -> None:
        self._ids: dict[str, bytes] = {}

    def learn(self, name: str, topic_id: bytes) -> None:
        self._ids[name] = topic_id

    def id_of(self, name: str) -> bytes | None:
        return self._ids.get(name)

    def name_of(self, topic_id: bytes) -> str | None:
        return next((name for name, known in self._ids.items() if known == topic_id), None)


class ImageNames:
    """Topic ids as a node's metadata image has them; a controller's may be another one from step to step."""

    def __init__(self, image: Callable[[], MetadataImage]) -> None:
        self._image = image

    def name_of(self, topic_id: bytes) -> str | None:
        topic = self._image().topics_by_id.get(topic_id)
        return None if topic is None else topic.name

    def id_of(self, name: str) -> bytes | None:
        topic = self._image().topics.get(name)
        return None if topic is None else topic.topic_id
