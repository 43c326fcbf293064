"""Per-key order as records are read: what one producer sent of one key is read in the order sent, each once.

One rule: it judges each record when it is read and remembers one number for each reader and key.
"""

from collections.abc import Callable

from traces.schema import Op

Key = tuple[str, str]
"""(partition, key)."""


def never(_key: str) -> bool:
    return False


class ReadOrder:
    """Takes operations one by one. `may_repeat` says of which keys the producer is not idempotent: a retry may have
    written a record twice, and only the first time that a reader meets it counts."""

    def __init__(self, may_repeat: Callable[[str], bool] = never) -> None:
        self._may_repeat = may_repeat
        self._sent: dict[tuple[str, str, str], tuple[str, int]] = {}
        """(partition, key, value) -> (client, its place among what the client sent of that key)."""
        self._count: dict[tuple[str, str, str], int] = {}
        self._deleted: dict[str, int] = {}
        self._readers: dict[tuple[str, int, str], _Reading] = {}

    def take(self, op: Op) -> tuple[str, str] | None:
        """An anomaly (class, sentence) that this operation shows, or None."""
        if op.operation == "produce":
            if op.phase == "invoke":
                sender = (op.client, op.partition, op.key)
                place = self._count[sender] = self._count.get(sender, -1) + 1
                self._sent.setdefault((op.partition, op.key, op.value), (op.client, place))
            return None
        if op.phase != "ok" or op.offset is None or op.error:
            return None
        return self._read(op, op.offset)

    def delete(self, partition: str, below: int) -> None:
        """Records are deleted, and with the last of its own a leader may have forgotten a producer: what is still under
        way it may write a second time."""
        self._deleted[partition] = max(below, self._deleted.get(partition, 0))

    def forget(self, partition: str) -> None:
        """What was read may be read again elsewhere: an unclean election has given it up."""
        self._readers = {reader: reading for reader, reading in self._readers.items() if reader[2] != partition}

    def _read(self, op: Op, offset: int) -> tuple[str, str] | None:
        reader = (op.client, op.process, op.partition)
        reading = self._readers.get(reader)
        if reading is None or offset <= reading.offset:
            reading = self._readers[reader] = _Reading(offset)
        elif offset > reading.offset + 1:
            reading.began = offset
        reading.offset = offset
        sent = self._sent.get((op.partition, op.key, op.value))
        if sent is None:
            return None
        client, place = sent
        last = reading.places.get((client, op.key))
        if last is None or place > last[0]:
            reading.places[client, op.key] = (place, op.value)
            reading.offsets[op.key, op.value] = offset
            return None
        before = reading.offsets.get((op.key, op.value))
        if before is not None:
            if self._may_repeat(op.key) or before < self._deleted.get(op.partition, 0):
                return None
            return "duplicated", f"{_words(op)} is read twice, at offsets {before} and {offset} of {op.partition}"
        reading.offsets[op.key, op.value] = offset
        if reading.began and (self._may_repeat(op.key) or op.partition in self._deleted):
            # Where it begins inside the log, as after an unclean election or a deletion, it may have passed over the
            # first of them.
            return None
        return (
            "reordered",
            f"{_words(op)} is read at offset {offset} of {op.partition}, after {last[1]!r}, which {client} sent later",
        )


class _Reading:
    """One pass of one reader over one partition."""

    __slots__ = ("began", "offset", "offsets", "places")

    def __init__(self, began: int) -> None:
        self.began = began
        """The offset of its first record, or of the first after something it did not read."""
        self.offset = -1
        self.places: dict[tuple[str, str], tuple[int, str]] = {}
        """(client, key) -> the latest record read: its place and its value."""
        self.offsets: dict[tuple[str, str], int] = {}


def _words(op: Op) -> str:
    return f"record {op.value!r} of key {op.key!r}"
