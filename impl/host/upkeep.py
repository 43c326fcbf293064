"""What storage does by itself as time passes: retention, compaction, and emptying the trash.

One rule: nothing here decides what is committed. Retention asks the core to move a log's start, and cleaning stays
below the high watermark that the core has.

Each tick does a little: at most one step of a cleaning, so that whoever waits for an answer does not wait long.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import ClassVar

import msgspec

from impl.core.partition import Partition
from impl.core.types import Offset, TopicPartition
from impl.storage.cleaning.cleaner import Cleaner, next_cleaning
from impl.storage.cleaning.elsewhere import Elsewhere, Here
from impl.storage.errors import CorruptLog
from impl.storage.log import Log
from impl.storage.log_config import LONG_MAX
from impl.storage.log_directories import LogDirectories
from impl.storage.log_directory import LogDirectory
from impl.storage.retention import retained_from

Starts = list[tuple[TopicPartition, Offset]]
"""Logs, and where they are to begin."""

TRASH_MS = 1_000
FLUSHES_AT_ONCE = 4


class UpkeepConfig(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Times in milliseconds."""

    retention_check_interval_ms: int = 300_000
    """log.retention.check.interval.ms"""
    flush_check_interval_ms: int = 1_000
    """log.flush.scheduler.interval.ms: how often logs with flush.ms are looked at (Kafka's default is never)."""
    initial_task_delay_ms: int = 30_000
    """log.initial.task.delay.ms: the first check of retention comes this long after the start."""
    cleaner_enable: bool = True
    """log.cleaner.enable"""
    cleaner_backoff_ms: int = 15_000
    """log.cleaner.backoff.ms: how long to wait when no log is due."""


class Upkeep:
    """`due` is when there is something to do next."""

    cleaner_class: ClassVar[type[Cleaner]] = Cleaner
    """Where a different behaviour can be planted."""

    def __init__(
        self,
        directories: LogDirectories,
        partitions: Mapping[TopicPartition, Partition],
        config: UpkeepConfig,
        report: Callable[[str], None],
        elsewhere: Elsewhere = Here,
    ) -> None:
        self._directories = directories
        self._partitions = partitions
        self._config = config
        self._report = report
        self._elsewhere = elsewhere
        self._retention_due: int | None = None
        self._cleaning_due = 0
        self._trash_due = 0
        self._flush_due = 0
        self._unsynced_since: dict[Log, int] = {}
        """Logs with flush.ms that have records which are not synced, and when that was first seen."""
        self._cleaner: tuple[LogDirectory, Cleaner] | None = None
        self._uncleanable: set[TopicPartition] = set()
        self._replaced: list[tuple[TopicPartition, int, int]] = []
        self.due = 0

    def retained(self, now: int, wall: int) -> Iterator[tuple[LogDirectory, Callable[[], Starts]]]:
        """Where it is time to look, each directory, and what finds the logs in it that retention lets begin later: that
        may read their indexes, and raises OSError. `wall` is ms since 1970."""
        if self._retention_due is None:
            self._retention_due = now + self._config.initial_task_delay_ms
        if now < self._retention_due:
            return
        self._retention_due = now + self._config.retention_check_interval_ms
        for directory in list(self._directories.online):
            yield directory, partial(self._retained_in, directory, wall)

    def _retained_in(self, directory: LogDirectory, wall: int) -> Starts:
        found = []
        for partition, log in sorted(directory.logs.items()):
            begins = self.begins(log, wall, self._watermark(partition))
            if begins > log.start_offset:
                found.append((partition, Offset(begins)))
        return found

    def begins(self, log: Log, wall: int, high_watermark: Offset) -> int:
        """The first offset of a log that retention keeps."""
        return retained_from(log, wall, high_watermark)

    def work(self, now: int, wall: int) -> Iterator[tuple[LogDirectory, Callable[[], None]]]:
        """What is to be done in which directory, so that whoever does it knows which one fails."""
        if now >= self._trash_due:
            self._trash_due = now + TRASH_MS
            for directory in list(self._directories.online):
                if directory.trash:
                    yield directory, partial(directory.trash.empty, now)
        if now >= self._flush_due:
            self._flush_due = now + self._config.flush_check_interval_ms
            yield from self._flush(now)
        if self._config.cleaner_enable:
            yield from self._clean(now, wall)
        others = min(self._retention_due or 0, self._cleaning_due, self._trash_due, self._flush_due)
        self.due = now if self._cleaner else others

    def _flush(self, now: int) -> Iterator[tuple[LogDirectory, Callable[[], None]]]:
        """Sync the logs of which something has waited for flush.ms, a few now and the rest in the next steps."""
        waiting: dict[Log, int] = {}
        due = 0
        for directory in list(self._directories.online):
            for log in list(directory.logs.values()):
                if log.config.flush_ms == LONG_MAX or log.recovery_point >= log.end_offset:
                    continue
                since = self._unsynced_since.get(log, now)
                due += now - since >= log.config.flush_ms
                if now - since >= log.config.flush_ms and due <= FLUSHES_AT_ONCE:
                    yield directory, log.flush
                else:
                    waiting[log] = since
        self._unsynced_since = waiting
        if due > FLUSHES_AT_ONCE:
            self._flush_due = now

    def _clean(self, now: int, wall: int) -> Iterator[tuple[LogDirectory, Callable[[], None]]]:
        if self._cleaner is None and now >= self._cleaning_due:
            for directory in list(self._directories.online):
                if self._cleaner is None:
                    yield directory, partial(self._begin_cleaning, directory, wall)
            if self._cleaner is None:
                self._cleaning_due = now + self._config.cleaner_backoff_ms
        if self._cleaner is not None and self._cleaner[0] not in self._directories.online:
            self._cleaner = None
        if self._cleaner is not None:
            yield self._cleaner[0], self._step

    def _begin_cleaning(self, directory: LogDirectory, wall: int) -> None:
        """Look for what is due: that reads when segments begin."""
        watermarks = {partition: self._watermark(partition) for partition in directory.cleaner_offsets}
        found = next_cleaning(directory, watermarks, wall, frozenset(self._uncleanable))
        if found is not None:
            partition, plan = found
            cleaner = self.cleaner_class(directory, partition, plan, now=wall, elsewhere=self._elsewhere)
            self._cleaner = directory, cleaner

    def _step(self) -> None:
        assert self._cleaner is not None
        directory, cleaner = self._cleaner
        self._cleaner = None
        told = len(cleaner.replaced)
        try:
            done = cleaner.step()
        except CorruptLog as damage:
            self._uncleanable.add(cleaner.partition)
            self._report(f"{damage}; it is not compacted any more until the broker starts again")
            return
        finally:
            self._replaced += [(cleaner.partition, begin, to) for begin, to in cleaner.replaced[told:]]
        if not done:
            self._cleaner = directory, cleaner

    def replaced(self) -> list[tuple[TopicPartition, int, int]]:
        """What cleaning has replaced since this was asked last: a part of which log, from where, up to where."""
        replaced, self._replaced = self._replaced, []
        return replaced

    def _watermark(self, partition: TopicPartition) -> Offset:
        held = self._partitions.get(partition)
        return Offset(0) if held is None else held.high_watermark
