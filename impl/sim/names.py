"""Topic ids, for versions of the wire that say ids and not names: what a client of the simulation knows of them.

One rule: a lookup that finds nothing is None, and the api layer says what that means.
"""


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
