"""The leader-epoch cache of one log: where each epoch that wrote to it begins (Kafka's LeaderEpochFileCache).

One rule: entries ascend strictly in both epoch and start offset. The cache is what lets two replicas find, without
looking at records, where their logs leave each other (KIP-101, KIP-279).

A leader's cache ends with its own epoch even before it has written anything (KAFKA-7415): without that entry it could
not say where the epochs before its own end. A follower's cache names only epochs that its log holds records of; of
which epoch the last record was that it deleted it knows besides, until the process ends.
"""

from collections.abc import Iterable

from impl.core.types import NO_EPOCH, EpochStart, LeaderEpoch, Offset


class LeaderEpochCache:
    """Mutable; `entries` is what the leader-epoch-checkpoint file holds."""

    __slots__ = ("_starts", "deleted", "latest")

    def __init__(self, starts: Iterable[EpochStart] = ()) -> None:
        self._starts = [EpochStart(*start) for start in starts]
        self.latest: LeaderEpoch = self._starts[-1].epoch if self._starts else NO_EPOCH
        self.deleted = NO_EPOCH
        """Of the last record below where the log begins; -1: not known."""

    @property
    def last_known(self) -> LeaderEpoch:
        """Of the last record before the log's end, deleted or not: a log of which all is deleted is compared by it."""
        return self.latest if self._starts else self.deleted

    @property
    def entries(self) -> tuple[EpochStart, ...]:
        return tuple(self._starts)

    def assign(self, epoch: LeaderEpoch, start: Offset) -> bool:
        """Say that `epoch` begins at `start`, unless it has begun already. True where the cache changed.

        Entries the new one contradicts go: an epoch that starts at or past `start` never wrote a record.
        """
        if epoch <= self.latest:
            return False
        starts = self._starts
        while starts and starts[-1].start >= start:
            starts.pop()
        starts.append(EpochStart(epoch, start))
        self.latest = epoch
        return True

    def truncate_from_end(self, end: Offset) -> bool:
        """Forget epochs that start at or past `end`, also when the log loses no record (KAFKA-10706)."""
        starts = self._starts
        if not starts or starts[-1].start < end:
            return False
        while starts and starts[-1].start >= end:
            starts.pop()
        self.latest = starts[-1].epoch if starts else NO_EPOCH
        return True

    def truncate_from_start(self, start: Offset) -> bool:
        """The log begins at `start` now: what began before begins there, and epochs that ended before are forgotten."""
        starts = self._starts
        kept = 0
        while kept + 1 < len(starts) and starts[kept + 1].start <= start:
            kept += 1
        if not starts or (not kept and starts[0].start >= start):
            return False
        self.deleted = starts[kept if starts[kept].start < start else kept - 1].epoch
        self._starts = [EpochStart(starts[kept].epoch, start), *starts[kept + 1 :]]
        return True

    def clear(self) -> None:
        """The log is empty."""
        self._starts = []
        self.latest = self.deleted = NO_EPOCH

    def end_offset_for(self, epoch: LeaderEpoch, log_end: Offset) -> tuple[LeaderEpoch, Offset]:
        """The greatest epoch here that is at most `epoch`, and the offset where the one after it begins.

        (-1, -1) where `epoch` is unknown because it is -1 or newer than everything here. Where everything here is
        newer, `epoch` itself ends where the log's first epoch begins.
        """
        if epoch == self.latest and epoch != NO_EPOCH:
            return epoch, log_end
        if epoch == NO_EPOCH or epoch > self.latest:
            return NO_EPOCH, Offset(-1)
        floor = epoch
        for entry in self._starts:
            if entry.epoch > epoch:
                return floor, entry.start
            floor = entry.epoch
        raise AssertionError("the latest epoch is above the one asked for, so an entry above it exists")
