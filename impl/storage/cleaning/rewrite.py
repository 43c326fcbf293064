"""What compaction leaves of one batch.

One rule: a record goes only when a later one of its key is known to stand below the bound of the cleaning, or when it
is a tombstone whose delete horizon has passed. What cannot be judged stays: a batch of a transaction, a control batch,
one that cannot be opened.

A tombstone's horizon is set, delete.retention.ms ahead, by the first cleaning that keeps it: only from then on is it
sure that a reader from the beginning finds it before it goes (KIP-534). A batch without records is dropped, but for
the last of a producer, without which a retry would not be known, and the last of the cleaning, without which the log's
end could be lost with it (KAFKA-17076).
"""

from collections.abc import Mapping
from hashlib import blake2b

from impl.wire.batches import CorruptBatch
from impl.wire.opened import Opened, Record, closed, open_batch, records_in

_SHORT_KEY = 16


class Cleaning:
    """The terms of one cleaning. `latest` has the last offset of every key in the dirty part, up to `known_to`."""

    __slots__ = ("_known_to", "_latest", "_now", "_producers", "_retention", "_to")

    def __init__(
        self,
        latest: Mapping[bytes, int],
        *,
        known_to: int,
        to: int,
        producers: frozenset[int],
        now: int,
        delete_retention_ms: int,
    ) -> None:
        """`producers`: the last offset of every producer's last batch. `to`: where the cleaning ends. Times in ms."""
        self._latest = latest
        self._known_to = known_to
        self._to = to
        self._producers = producers
        self._now = now
        self._retention = delete_retention_ms

    def of(self, data: bytes) -> bytes | None:
        """The batch as it is to be written: the same bytes where nothing changes; None where nothing stays."""
        header = open_batch(data)
        if not openable(header):
            return data
        try:
            records = list(records_in(data))
        except CorruptBatch:
            return data
        kept = [record for record in records if self._stays(record, header)]
        if not kept and not self._stays_empty(header):
            return None
        horizon = header.delete_horizon
        if horizon is None and any(record.tombstone for record in kept):
            return closed(header, kept, self._now + self._retention)
        return data if len(kept) == len(records) else closed(header, kept, horizon)

    def _stays(self, record: Record, header: Opened) -> bool:
        if record.offset >= self._known_to:
            return True
        if record.key is None or self._latest.get(short(record.key), -1) > record.offset:
            return False
        return not record.tombstone or header.delete_horizon is None or self._now < header.delete_horizon

    def _stays_empty(self, header: Opened) -> bool:
        return header.last_offset in self._producers or header.last_offset + 1 == self._to


def note_keys(data: bytes, latest: dict[bytes, int], bound: int) -> bool:
    """Note where each key of a batch stands; False where there is no room for all of them, and nothing is noted."""
    header = open_batch(data)
    if not openable(header):
        return True
    try:
        found = {short(record.key): record.offset for record in records_in(data) if record.key is not None}
    except CorruptBatch:
        return True
    if latest and len(latest) + len(found) > bound:
        return False
    latest.update(found)
    return True


def openable(header: Opened) -> bool:
    """Whether its records may be judged one by one."""
    return not header.is_control and not header.is_transactional


def short(key: bytes) -> bytes:
    """The key, or a digest in its place."""
    return key if len(key) < _SHORT_KEY else blake2b(key, digest_size=_SHORT_KEY).digest()
