"""What compaction leaves of one batch.

One rule: a record goes only when a later one of its key is known to stand below the bound of the cleaning, or when it
is a tombstone whose delete horizon has passed. What cannot be judged stays: a batch of a transaction, a control batch,
one that cannot be opened or would be too large. Behind one of the last two, tombstones stay: what they delete may be in
it.

A tombstone's horizon is set, delete.retention.ms ahead, by the first cleaning that keeps it: only from then on is it
sure that a reader from the beginning finds it before it goes (KIP-534). A batch without records is dropped, but for
the last of a producer, without which a retry would not be known, and the last of the cleaning, without which the log's
end could be lost with it (KAFKA-17076).
"""

from collections.abc import Generator, Mapping
from hashlib import blake2b

from impl.storage.cleaning.elsewhere import HERE_BYTES_MAX, Elsewhere, Here, unpacked, waited_for
from impl.wire.batches import Buffer, CorruptBatch
from impl.wire.opened import Closing, Opened, Record, open_batch, records_of

RECORDS_MAX = 500_000
"""A batch that says it has more stays closed, so that what one costs is bounded."""
SLICE_RECORDS = 1_000
RECORD_WORK = 100
"""What opening one counts for, in bytes of a log."""
SLICE_WORK = RECORD_WORK * SLICE_RECORDS
_SHORT_KEY = 16


class Cleaning:
    """The terms of one cleaning. `latest` has the last offset of every key in the dirty part, up to `known_to`."""

    __slots__ = ("_elsewhere", "_known_to", "_latest", "_now", "_producers", "_retention", "_to", "_unjudged")

    def __init__(
        self,
        latest: Mapping[bytes, int],
        *,
        known_to: int,
        to: int,
        producers: frozenset[int],
        now: int,
        delete_retention_ms: int,
        elsewhere: Elsewhere = Here,
    ) -> None:
        """`producers`: the last offset of every producer's last batch. `to`: where the cleaning ends. Times in ms."""
        self._latest = latest
        self._known_to = known_to
        self._to = to
        self._producers = producers
        self._now = now
        self._retention = delete_retention_ms
        self._elsewhere = elsewhere
        self._unjudged = False
        """A batch was passed whose records nobody could see."""

    def of(self, data: bytes) -> Generator[int, None, bytes | None]:
        """The batch as it is to be written: the same bytes where nothing changes; None where nothing stays.

        To be asked in the order of offsets. Done in slices.
        """
        header = open_batch(data)
        if header.is_control or header.is_transactional:
            return data
        view = (yield from unpacked(data, header, self._elsewhere)) if openable(header) else None
        judged = None if view is None else (yield from self._judged(header, view))
        if view is None or judged is None:
            self._unjudged = True
            return data
        stay, tombstones = judged
        if not any(stay) and not self._stays_empty(header):
            return None
        if header.delete_horizon is None and tombstones:
            return (yield from self._closed(header, view, stay, self._now + self._retention))
        return data if all(stay) else (yield from self._closed(header, view, stay, header.delete_horizon))

    def _judged(self, header: Opened, view: Buffer) -> Generator[int, None, tuple[bytearray, bool] | None]:
        """Of each record whether it stays, and whether a tombstone does; None where they cannot be read."""
        stay, tombstones = bytearray(), False
        try:
            for record in records_of(header, view):
                stays = self._stays(record, header)
                stay.append(stays)
                tombstones = tombstones or (stays and record.tombstone)
                if len(stay) % SLICE_RECORDS == 0:
                    yield SLICE_WORK
        except CorruptBatch:
            return None
        return stay, tombstones

    def _closed(
        self, header: Opened, view: Buffer, stay: bytearray, horizon: int | None
    ) -> Generator[int, None, bytes]:
        closing = Closing(header, horizon)
        for number, record in enumerate(records_of(header, view)):
            if stay[number]:
                closing.add(record)
            if number % SLICE_RECORDS == SLICE_RECORDS - 1:
                yield SLICE_WORK
        if len(closing) <= HERE_BYTES_MAX:
            return closing.finish()
        packed: bytes = yield from waited_for(self._elsewhere(closing.finish))
        return packed

    def _stays(self, record: Record, header: Opened) -> bool:
        if record.offset >= self._known_to:
            return True
        if record.key is None or self._latest.get(short(record.key), -1) > record.offset:
            return False
        if not record.tombstone or header.delete_horizon is None or self._unjudged:
            return True
        return self._now < header.delete_horizon

    def _stays_empty(self, header: Opened) -> bool:
        return header.last_offset in self._producers or header.last_offset + 1 == self._to


def note_keys(
    data: bytes, latest: dict[bytes, int], bound: int, elsewhere: Elsewhere = Here
) -> Generator[int, None, bool]:
    """Note where each key of a batch stands; False where there is no room for all of them, and nothing is noted.

    Done in slices.
    """
    header = open_batch(data)
    view = (yield from unpacked(data, header, elsewhere)) if openable(header) else None
    if view is None:
        return True
    found: dict[bytes, int] = {}
    try:
        for number, record in enumerate(records_of(header, view), 1):
            if record.key is not None:
                found[short(record.key)] = record.offset
            if number % SLICE_RECORDS == 0:
                yield SLICE_WORK
    except CorruptBatch:
        return True
    if latest and len(latest) + len(found) > bound:
        return False
    latest.update(found)
    return True


def work_of(data: bytes) -> int:
    """What reading and opening a batch counts for, besides its whole slices."""
    return max(len(data), RECORD_WORK * (open_batch(data).record_count % SLICE_RECORDS))


def openable(header: Opened) -> bool:
    """Whether its records may be judged one by one."""
    return not header.is_control and not header.is_transactional and header.record_count <= RECORDS_MAX


def short(key: bytes) -> bytes:
    """The key, or a digest in its place."""
    return key if len(key) < _SHORT_KEY else blake2b(key, digest_size=_SHORT_KEY).digest()
