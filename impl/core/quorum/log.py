"""The metadata log in memory, and where two logs leave each other (Kafka's KafkaRaftLog).

One rule: the log changes only at its end, by whole batches, and nothing is ever cut that it knows to be committed.

It begins where the newest snapshot but one allows: `start`, with the epoch of the record before that. Epochs of voters
begin with 1; 0 is the epoch of an empty log.
"""

from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter

from impl.core.quorum.batches import MetadataBatch, SnapshotId
from impl.core.types import EpochStart, LeaderEpoch, Offset

NO_EPOCH_YET = LeaderEpoch(0)
_BASE = attrgetter("base_offset")


class QuorumLog:
    """Mutable."""

    __slots__ = ("_batches", "end", "last_epoch", "start", "start_epoch")

    def __init__(self, batches: Iterable[MetadataBatch] = (), start: SnapshotId | None = None) -> None:
        self.start: Offset = Offset(0)
        self.start_epoch: LeaderEpoch = NO_EPOCH_YET
        """Of the record before `start`."""
        self._batches: list[MetadataBatch] = []
        self.end: Offset = Offset(0)
        self.last_epoch: LeaderEpoch = NO_EPOCH_YET
        """Of the last record, 0 where there never was one."""
        if start is not None:
            self.begin_at(start)
        for batch in batches:
            self.append(batch)

    def begin_at(self, start: SnapshotId) -> None:
        """Forget everything: the log goes on after a snapshot."""
        self._batches.clear()
        self.start = self.end = start.end
        self.start_epoch = self.last_epoch = start.epoch

    # ------------------------------------------------------------ writing
    def append(self, batch: MetadataBatch) -> None:
        """Add a batch at the end."""
        assert batch.base_offset == self.end, f"a batch for offset {batch.base_offset} at end {self.end}"
        assert batch.epoch >= self.last_epoch, f"a batch of epoch {batch.epoch} after one of {self.last_epoch}"
        self._batches.append(batch)
        self.end = batch.end
        self.last_epoch = batch.epoch

    def truncate(self, to: Offset) -> None:
        """Cut the log to `to`, which begins a batch."""
        batches = self._batches
        while batches and batches[-1].base_offset >= to:
            batches.pop()
        self.end = batches[-1].end if batches else self.start
        self.last_epoch = batches[-1].epoch if batches else self.start_epoch
        assert self.end == to, f"{to} is no end of a batch: the log now ends at {self.end}"

    def drop_before(self, start: SnapshotId) -> None:
        """Forget the batches that a snapshot has in their outcome."""
        kept = bisect_right(self._batches, start.end, key=attrgetter("end"))
        del self._batches[:kept]
        self.start, self.start_epoch = start
        assert not self._batches or self._batches[0].base_offset == start.end, "a snapshot ends between two batches"

    # ------------------------------------------------------------ reading
    def read(self, start: Offset, limit: Offset, records_max: int) -> tuple[MetadataBatch, ...]:
        """Batches from the one at `start` that end no later than `limit`; the first one, however large, and then as
        many as make up to `records_max` records."""
        found: list[MetadataBatch] = []
        count = 0
        for index in range(self._index_of(start), len(self._batches)):
            batch = self._batches[index]
            if batch.end <= start:
                continue  # `start` is the end of the log.
            if batch.end > limit or (found and count + len(batch.records) > records_max):
                break
            found.append(batch)
            count += len(batch.records)
        return tuple(found)

    def epoch_before(self, offset: Offset) -> LeaderEpoch:
        """The epoch of the record before `offset`, which is in the log or at its start."""
        if offset <= self.start:
            return self.start_epoch
        return self._batches[self._index_of(Offset(offset - 1))].epoch

    def epochs_between(self, start: Offset, to: Offset) -> tuple[EpochStart, ...]:
        """Who wrote the records from `start` to `to`: epochs by the offset at which each begins there."""
        found: list[EpochStart] = []
        for index in range(self._index_of(start), len(self._batches)):
            batch = self._batches[index]
            if batch.base_offset >= to:
                break
            if not found or found[-1].epoch != batch.epoch:
                found.append(EpochStart(batch.epoch, Offset(max(start, batch.base_offset))))
        return tuple(found)

    def end_of_epoch(self, epoch: LeaderEpoch) -> tuple[LeaderEpoch, Offset]:
        """The greatest epoch here that is no later than `epoch`, and where it ends (Kafka's endOffsetForEpoch)."""
        index = bisect_right(self._batches, epoch, key=attrgetter("epoch"))
        if index == 0:
            return min(epoch, self.start_epoch), self.start
        return self._batches[index - 1].epoch, self._batches[index - 1].end

    def begins_batch(self, offset: Offset) -> bool:
        """Whether the log could be cut there."""
        if offset in (self.start, self.end):
            return True
        return self.start < offset < self.end and self._batches[self._index_of(offset)].base_offset == offset

    def _index_of(self, offset: Offset) -> int:
        return max(0, bisect_right(self._batches, offset, key=_BASE) - 1)
