"""One cleaning of one log, a step at a time, so that the broker goes on between the steps.

One rule: the old segments stay what they are until the new one is complete and synced; then they are replaced in one
rename that recovery either finds done or never begun (impl/storage/leftovers.py).

Theory of operation. `Cleaner.step` reads and writes some of the log and returns whether it is done. First the keys of
the dirty part are gathered with their last offsets. Then the segments are copied, group by group, each batch as
`rewrite.Cleaning` leaves it. What takes long (unpacking large batches, syncing the new segment) is done elsewhere, and
a step that has to wait for it ends. A log that changes underneath (cut, reset, deleted, its first segments gone) ends
the cleaning: what was swapped stays, what was not is thrown away, and the next one begins where the last one ended.
"""

from collections.abc import Iterator
from typing import ClassVar

from impl.core.types import Offset, TopicPartition
from impl.storage.cleaning.elsewhere import WAIT, Elsewhere, Here
from impl.storage.cleaning.plan import Plan, groups, plan
from impl.storage.cleaning.rewrite import Cleaning, note_keys, work_of
from impl.storage.errors import CorruptLog
from impl.storage.files import Syncing
from impl.storage.leftovers import CLEANED, begin_swap, finish_swap
from impl.storage.log_directory import LogDirectory
from impl.storage.segment import Segment, file_names
from impl.storage.walk import Step
from impl.wire.batches import HEADER, has_its_crc

KEYS_MAX = 500_000
"""How many keys one cleaning holds in memory, about 100 MB (log.cleaner.dedupe.buffer.size is Kafka's bound)."""
STEP_BYTES = 262_144


class Changed(Exception):
    """The log is not what it was when the cleaning began."""


class Cleaner:
    """A cleaning that has begun."""

    terms_class: ClassVar[type[Cleaning]] = Cleaning
    """Where a different behaviour can be planted."""

    def __init__(
        self,
        directory: LogDirectory,
        partition: TopicPartition,
        plan: Plan,
        *,
        now: int,
        keys_max: int = KEYS_MAX,
        step_bytes: int = STEP_BYTES,
        elsewhere: Elsewhere = Here,
    ) -> None:
        self.partition = partition
        self._directory = directory
        self._log = plan.log
        self._plan = plan
        self._now = now
        self._keys_max = keys_max
        self._step_bytes = step_bytes
        self._elsewhere = elsewhere
        self._latest: dict[bytes, int] = {}
        self._written: Segment | None = None
        self._syncing: list[Syncing] = []
        """Files of the segment that is written, when it is complete."""
        self.replaced: list[tuple[int, int]] = []
        """What has been replaced so far: from which offset, and up to where."""
        self._work = self._clean()

    def step(self) -> bool:
        """Go on for a while, or until there is something to wait for; whether it is done.

        Raises CorruptLog for a log that cannot be cleaned, OSError.
        """
        done = 0
        try:
            while done < self._step_bytes:
                if self._directory.logs.get(self.partition) is not self._log:
                    raise Changed
                done += next(self._work)
        except StopIteration:
            return True
        except Changed:
            self._throw_away()
            return True
        except CorruptLog:
            self._throw_away()
            raise
        return False

    def _clean(self) -> Iterator[int]:
        """The whole work; yields the bytes it has read since the last time."""
        log, to, known_to = self._log, self._plan.to, self._plan.dirty_from
        yield from self._sync()
        for step, data in self._dirty_batches():
            if not (yield from note_keys(data, self._latest, self._keys_max, self._elsewhere)):
                to = known_to
                break
            known_to = step[3]
            yield work_of(data)
        else:
            known_to = to
        terms = self.terms_class(
            self._latest,
            known_to=known_to,
            to=to,
            producers=self._last_of_producers(),
            now=self._now,
            delete_retention_ms=log.config.delete_retention_ms,
            elsewhere=self._elsewhere,
        )
        for group in groups(log, known_to):
            yield from self._copy(group, terms)
        self._directory.write_cleaner_offset(self.partition, known_to)

    def _sync(self) -> Iterator[int]:
        """What is compacted is synced first, and known to be: past its recovery point a log has no gaps."""
        while self._log.recovery_point < self._plan.to:
            if self._log.segments[-1].base_offset < self._plan.to:
                raise Changed
            self._log.flush_finished()
            if self._log.recovery_point < self._plan.to:
                yield WAIT
        self._directory.write_recovery_point(self.partition)

    def _dirty_batches(self) -> Iterator[tuple[Step, bytes]]:
        start, to = self._plan.dirty_from, self._plan.to
        for segment in self._log.segments:
            if start < segment.end_offset and segment.base_offset < to:
                yield from self._batches(segment, start)

    def _copy(self, group: list[Segment], terms: Cleaning) -> Iterator[int]:
        log = self._log
        base = group[0].base_offset
        written = self._written = Segment(self._directory.disk, log.directory, base, log.config, CLEANED)
        for segment in group:
            for step, data in self._batches(segment, 0):
                kept = yield from terms.of(data)
                if kept is not None:
                    written.append([kept], len(kept), step[3], HEADER.unpack_from(kept)[8])
                yield work_of(data)
        written.finish()
        self._syncing = self._begin_sync(written)
        while not all(syncing.done() for syncing in self._syncing):
            yield WAIT
        self._syncing = []
        self._must_still_hold(group)
        written.release()
        begin_swap(self._directory.disk, log.directory, base)
        self._written = None
        for segment in group:
            segment.release()
        finish_swap(self._directory.disk, log.directory, base, [segment.base_offset for segment in group])
        new = Segment(self._directory.disk, log.directory, base, log.config)
        new.trust(group[-1].end_offset)
        log.replace(group, new)
        self.replaced.append((base, new.end_offset))

    def _begin_sync(self, written: Segment) -> list[Syncing]:
        """A new segment is complete: it is to last before it counts."""
        return written.sync_all_later()

    def _batches(self, segment: Segment, start: int) -> Iterator[tuple[Step, bytes]]:
        """Every batch of a segment that ends past `start`, its CRC checked. Raises Changed, CorruptLog, OSError."""
        due = segment.base_offset
        for step in segment.batches_from(start):
            self._must_still_hold([segment])
            if step[2] < due or step[3] > segment.end_offset:
                raise CorruptLog(segment.path, step[0], f"a batch for offset {step[2]} where offset {due} is due")
            due = step[3]
            data = segment.log.read(step[0], step[1])
            if not has_its_crc(data, 0, len(data), HEADER.unpack_from(data)[4]):
                raise CorruptLog(segment.path, step[0], "the batch does not have the CRC that its header says")
            yield step, data

    def _must_still_hold(self, segments: list[Segment]) -> None:
        held = self._log.segments
        if any(segment not in held[:-1] for segment in segments):
            raise Changed

    def _last_of_producers(self) -> frozenset[int]:
        """The last offset of each producer's last batch."""
        last: dict[int, int] = {}
        if self._log.producers_at is not None:
            for entry in self._log.producers_at(self._log.end_offset):
                last[entry.producer_id] = entry.last_offset
        return frozenset(last.values())

    def _throw_away(self) -> None:
        for syncing in self._syncing:
            syncing.wait()
        self._syncing = []
        if self._written is not None:
            self._written.release()
            disk, directory = self._directory.disk, self._log.directory
            for name in file_names(self._written.base_offset, CLEANED):
                if disk.exists(f"{directory}/{name}"):
                    disk.remove(f"{directory}/{name}")
            self._written = None


def next_cleaning(
    directory: LogDirectory, watermarks: dict[TopicPartition, Offset], now: int, uncleanable: frozenset[TopicPartition]
) -> tuple[TopicPartition, Plan] | None:
    """The dirtiest log that is due, by partition where they are equally so."""
    found: tuple[TopicPartition, Plan] | None = None
    for partition in sorted(directory.cleaner_offsets):
        log = directory.logs.get(partition)
        if log is None or partition in uncleanable:
            continue
        due = plan(log, directory.cleaner_offsets[partition], now, watermarks.get(partition, Offset(0)))
        if due is not None and (found is None or due.ratio > found[1].ratio):
            found = partition, due
    return found
