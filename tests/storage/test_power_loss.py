"""A log directory on a disk that loses power at any moment, against a list: what survives holds all that was synced.

The machine appends, cuts, flushes and checkpoints, deletes from the beginning, and begins anew; crashes the process or
the power, also in the middle of any of these; and lets every file and name keep any part of what was not synced. After
each recovery the log must be, batch for batch, a beginning of one of the lists it may have been in the step that was
cut off, and not shorter than what was synced; its producer must be known as the list has it, and every time found
where a scan finds it; a second crash right after may take nothing more.
"""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from impl.core.events import RecoveredLog
from impl.core.producers import ProducerStates
from impl.core.types import EpochStart, LeaderEpoch, Offset, TopicPartition
from impl.sim.disk import Crashed, Decide, PowerLost, SimDisk
from impl.storage import log as log_module
from impl.storage.errors import CorruptLog
from impl.storage.indexes import Indexing
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import LogDirectory
from impl.storage.producer_snapshots import ProducerEntry, format_snapshot
from impl.storage.segment import Segment
from impl.wire import batches
from tests.storage.logs import PARTITION, TOPIC_ID, a_batch
from tests.storage.planted import search

Written = tuple[str, int, int, int]
"""A batch as the model knows it: name, records, leader epoch, base offset (also its sequence and timestamp)."""
WINDOW = 5


class PowerLoss(RuleBasedStateMachine):
    """`model` is the log as a list of batches, the first `synced` of which nothing may take."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = SimDisk()
        self.model: list[Written] = []
        self.known: list[Written] = []
        """What is remembered of the producer once the step is done, also of batches deleted from the beginning."""
        self.known_before: list[Written] = []
        self.end = 0
        self.synced = 0
        self.epoch = 0
        self.written = 0
        self.crashing = False

    @initialize(segment_bytes=st.sampled_from([150, 400, 100_000]), flush_messages=st.sampled_from([1, 3, 1_000]))
    def begin(self, segment_bytes: int, flush_messages: int) -> None:
        self.config = LogConfig(segment_bytes=segment_bytes, index_interval_bytes=100, flush_messages=flush_messages)
        self.directory = LogDirectory(self.disk, self.config, self.producers_of)
        self.directory.create(PARTITION, TOPIC_ID, ())

    def producers_of(self, _partition: TopicPartition, to: int) -> list[ProducerEntry]:
        """What the core would remember: everything, which is no less than the last five."""
        return [
            ProducerEntry(7, 1, base, base + count - 1, base, base)
            for _, count, _, base in self.known
            if base + count <= to
        ]

    @property
    def log(self) -> Log:
        return self.directory.logs[PARTITION]

    def offset_of(self, place: int) -> Offset:
        """Where the batch in this place of the model begins, or the log ends."""
        return Offset(self.model[place][3] if place < len(self.model) else self.end)

    # ------------------------------------------------------------ what a broker does
    @rule(count=st.integers(1, 3), newer=st.booleans())
    def append(self, count: int, newer: bool) -> None:
        self.epoch += newer
        self.written += 1
        end = self.offset_of(len(self.model))
        batch = (f"{self.written}", count, self.epoch, int(end))
        after = [*self.model, batch]
        self.known = [*self.known, batch]

        def act() -> None:
            self.log.append(a_batch(batch[0], count, producer=end, timestamp=end), end, self.epoch)
            if newer:
                self.log.write_epochs((EpochStart(LeaderEpoch(self.epoch), end),))
            if self.log.flush_due:
                self.log.flush()

        self.attempt(act, after)

    @rule(kept=st.integers(0, 100))
    def delete_before(self, kept: int) -> None:
        """Retention and DeleteRecords: only what is committed, which here is what is synced."""
        gone = kept % (self.synced + 1)
        to = self.offset_of(gone)
        after, shortest = self.model[gone:], self.synced - gone

        def act() -> None:
            self.log.write_epochs(epochs_of(after, to))
            self.directory.advance_start(PARTITION, to)

        self.attempt(act, after, shortest=shortest, deleted=gone)

    @rule(further=st.integers(1, 5))
    def begin_anew(self, further: int) -> None:
        to = self.offset_of(len(self.model)) + further
        self.known = []

        def act() -> None:
            self.log.write_epochs(())
            self.directory.reset(PARTITION, Offset(to))

        self.attempt(act, [], shortest=0, end=to)

    @rule(now=st.integers(0, 3))
    def empty_the_trash(self, now: int) -> None:
        self.attempt(lambda: self.directory.trash.empty(now * 40_000), self.model)

    @rule(kept=st.integers(0, 100))
    def truncate(self, kept: int) -> None:
        kept %= len(self.model) + 1
        to = self.offset_of(kept)
        self.known = [batch for batch in self.known if batch[3] < to]
        shortest = min(kept, self.synced)
        self.attempt(lambda: self.directory.truncate(PARTITION, to), self.model[:kept], shortest=shortest, end=to)

    @rule()
    def flush(self) -> None:
        self.attempt(self.log.flush, self.model)

    @rule()
    def checkpoint(self) -> None:
        watermark = self.offset_of(self.synced)
        self.attempt(lambda: self.directory.write_high_watermarks(((PARTITION, watermark),)), self.model)

    @rule()
    def stop_and_start(self) -> None:
        self.attempt(self.directory.close, self.model)
        self.recover([self.model], len(self.model))

    # ------------------------------------------------------------ what happens to it
    @precondition(lambda self: not self.crashing)
    @rule(operations=st.integers(1, 12), power=st.booleans())
    def crash_soon(self, operations: int, power: bool) -> None:
        """The step that does this write or sync from now is cut off in front of it."""
        self.disk.fail_after(operations, PowerLost if power else Crashed)
        self.crashing = True

    @rule()
    def crash(self) -> None:
        self.disk.crash_process()
        self.recover([self.model], len(self.model))

    @rule(data=st.data())
    def lose_power(self, data: st.DataObject) -> None:
        self.disk.lose_power(drawn(data))
        self.recover([self.model], self.synced)

    @rule(data=st.data(), operations=st.integers(1, 12))
    def lose_power_twice(self, data: st.DataObject, operations: int) -> None:
        """The second time while recovering from the first."""
        self.disk.lose_power(drawn(data))
        self.disk.fail_after(operations, PowerLost)
        try:
            LogDirectory(self.disk, self.config, self.producers_of)
        except PowerLost:
            self.disk.lose_power(drawn(data))
        self.recover([self.model], self.synced)

    def attempt(
        self,
        act: Callable[[], None],
        after: list[Written],
        *,
        shortest: int | None = None,
        end: int | None = None,
        deleted: int = 0,
    ) -> None:
        """Do one step, which takes the model to `after`; or be cut off in it, and recover to something in between."""
        before = self.model
        if end is not None:
            self.end = end
        elif after:
            self.end = after[-1][3] + after[-1][1]
        try:
            act()
        except PowerLost:
            self.disk.lose_power(lambda what, unsynced: hash_of(what, self.written) % (unsynced + 1))
            self.recover([before, after], self.synced if shortest is None else shortest)
        except Crashed:
            self.recover([before, after], min(len(before), len(after)))
        else:
            self.known_before = self.known
            self.model = after
            self.synced = min(self.synced - deleted, len(after))
            if self.log.recovery_point == self.log.end_offset:
                self.synced = len(after)

    def recover(self, possible: list[list[Written]], shortest: int) -> None:
        self.disk.crash_process()
        self.crashing = False
        self.directory = LogDirectory(self.disk, self.config, self.producers_of)
        found = self.read()
        assert any(found == each[: len(found)] for each in possible), f"{found} begins none of {possible}"
        assert len(found) >= shortest, f"{found} lost what was synced: {possible[0][:shortest]}"
        self.disk.lose_power(lambda *_: 0)
        self.directory = LogDirectory(self.disk, self.config, self.producers_of)
        assert self.read() == found
        self.model, self.synced, self.end = found, len(found), self.log.end_offset
        (state,) = self.directory.recovered
        assert (state.log_start, state.log_end) == (self.log.start_offset, self.log.end_offset)
        assert state.log_start <= state.high_watermark <= state.log_end
        assert [entry.epoch for entry in state.epochs][-1:] == [epoch for _, _, epoch, _ in found][-1:], (state, found)
        self.the_producer_is_known(state)
        self.a_time_is_found_where_a_scan_finds_it()

    def the_producer_is_known(self, state: RecoveredLog) -> None:
        """By its last five batches as far as they are in the log, and by no batch that is not what was written."""
        states = ProducerStates()
        states.restore(state.producers, state.tail)
        remembered = [(batch.base_offset, batch.end_offset) for batch in states.of(7)][-WINDOW:]
        here = [(base, base + count) for _, count, _, base in self.model]
        assert remembered[-len(here[-WINDOW:]) :] == here[-WINDOW:] or not here
        possible = {batch[3]: batch for batch in (*self.known_before, *self.known, *self.model)}
        assert set(remembered) <= {(base, base + count) for _, count, _, base in possible.values()}
        bases = {base for base, _ in (*remembered, *here)}
        self.known = self.known_before = [possible[base] for base in sorted(bases)]

    # ------------------------------------------------------------ what must hold
    @invariant()
    def the_log_reads_as_the_model(self) -> None:
        assert self.read() == self.model

    def a_time_is_found_where_a_scan_finds_it(self) -> None:
        for time in range(self.end, self.end - 4, -1):
            found = self.log.offset_for_time(time, self.log.end_offset)
            scanned = next((base for _, _, _, base in self.model if base >= time), None)
            assert (None if found is None else found.offset) == scanned

    def read(self) -> list[Written]:
        found: list[Written] = []
        offset, end = self.log.start_offset, self.log.end_offset
        while offset < end:
            for batch in batches.split(self.log.read(offset, end, 300)):
                assert batch.base_offset == offset
                (_, _, _, value), *_ = batches.records(b"".join(batches.stamp(batch.data, offset, 0)))
                name = (value or b"").decode().partition("/")[0]
                found.append((name, batch.record_count, batch.leader_epoch, offset))
                offset += batch.record_count
        return found


def epochs_of(model: list[Written], start: int) -> tuple[EpochStart, ...]:
    """The leader epochs of a log that begins at `start`."""
    found: list[EpochStart] = []
    for _, _, epoch, base in model:
        if not found or found[-1].epoch != epoch:
            found.append(EpochStart(LeaderEpoch(epoch), Offset(base if found else start)))
    return tuple(found)


def drawn(data: st.DataObject) -> Decide:
    """Any part of anything survives, as Hypothesis likes."""
    return lambda what, unsynced: data.draw(st.integers(0, unsynced), label=what)


def hash_of(what: str, number: int) -> int:
    """Any number, but the same for the same name."""
    return sum(place * ord(letter) for place, letter in enumerate(what, number + 1))


PowerLoss.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestPowerLoss = PowerLoss.TestCase


# ---------------------------------------------------------------- the machine finds what it is for
def flush_without_sync(log: Log) -> None:
    log.recovery_point = log.end_offset


def flush_without_names(log: Log) -> None:
    for segment in log.segments:
        segment.sync()
    log.recovery_point = log.end_offset


def advance_only(directory: LogDirectory, partition: TopicPartition, to: Offset) -> None:
    directory.logs[partition].advance_start(to)


def no_more_than_one(entries: list[ProducerEntry]) -> bytes:
    return format_snapshot(list(entries)[:1])


def truncate_only(directory: LogDirectory, partition: TopicPartition, to: Offset) -> None:
    directory.logs[partition].truncate_to(to)


def do_nothing(_file: object) -> None:
    """A sync that is none."""


PLANTED = {
    "a flush that syncs nothing": (Log, "flush", flush_without_sync),
    "a flush that leaves new names unsynced": (Log, "flush", flush_without_names),
    "a cut that leaves the recovery point on disk": (LogDirectory, "truncate", truncate_only),
    "recovery that syncs nothing": (Segment, "sync_all", do_nothing),
    "a start of the log that is told to nobody": (LogDirectory, "advance_start", advance_only),
    "a snapshot that lacks batches": (log_module, "format_snapshot", no_more_than_one),
    "a time index that is not completed": (Indexing, "time_entry", lambda _: b""),
}


@pytest.mark.parametrize("planted", sorted(PLANTED))
def test_a_planted_bug_is_found(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*PLANTED[planted])
    with pytest.raises((AssertionError, CorruptLog)):
        run_state_machine_as_test(PowerLoss, settings=settings(search(steps=40), max_examples=2_000))
