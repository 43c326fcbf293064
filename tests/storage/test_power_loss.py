"""A log directory on a disk that loses power at any moment, against a list: what survives holds all that was synced.

The machine appends, cuts, flushes and checkpoints; crashes the process or the power, also in the middle of any of
these; and lets every file and name keep any part of what was not synced. After each recovery the log must be, batch
for batch, a beginning of one of the lists it may have been in the step that was cut off, and not shorter than what
was synced; a second crash right after may take nothing more.
"""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from impl.core.types import EpochStart, LeaderEpoch, Offset, TopicPartition
from impl.sim.disk import Crashed, Decide, PowerLost, SimDisk
from impl.storage.errors import CorruptLog
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import LogDirectory
from impl.storage.segment import Segment
from impl.wire import batches
from tests.storage.logs import PARTITION, TOPIC_ID, a_batch

Written = tuple[str, int, int]
"""A batch as the model knows it: name, records, leader epoch."""


class PowerLoss(RuleBasedStateMachine):
    """`model` is the log as a list of batches, the first `synced` of which nothing may take."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = SimDisk()
        self.model: list[Written] = []
        self.synced = 0
        self.epoch = 0
        self.written = 0
        self.crashing = False

    @initialize(segment_bytes=st.sampled_from([150, 400, 100_000]), flush_messages=st.sampled_from([1, 3, 1_000]))
    def begin(self, segment_bytes: int, flush_messages: int) -> None:
        self.config = LogConfig(segment_bytes=segment_bytes, index_interval_bytes=100, flush_messages=flush_messages)
        self.directory = LogDirectory(self.disk, self.config)
        self.directory.create(PARTITION, TOPIC_ID, ())

    @property
    def log(self) -> Log:
        return self.directory.logs[PARTITION]

    def offset_of(self, place: int) -> Offset:
        return Offset(sum(count for _, count, _ in self.model[:place]))

    # ------------------------------------------------------------ what a broker does
    @rule(count=st.integers(1, 3), newer=st.booleans())
    def append(self, count: int, newer: bool) -> None:
        self.epoch += newer
        self.written += 1
        batch = (f"{self.written}", count, self.epoch)
        end = self.offset_of(len(self.model))
        after = [*self.model, batch]

        def act() -> None:
            self.log.append(a_batch(batch[0], count), end, self.epoch)
            if newer:
                self.log.write_epochs((EpochStart(LeaderEpoch(self.epoch), end),))
            if self.log.flush_due:
                self.log.flush()

        self.attempt(act, after)

    @rule(kept=st.integers(0, 100))
    def truncate(self, kept: int) -> None:
        kept %= len(self.model) + 1
        to = self.offset_of(kept)
        self.attempt(lambda: self.directory.truncate(PARTITION, to), self.model[:kept], shortest=min(kept, self.synced))

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
            LogDirectory(self.disk, self.config)
        except PowerLost:
            self.disk.lose_power(drawn(data))
        self.recover([self.model], self.synced)

    def attempt(self, act: Callable[[], None], after: list[Written], shortest: int | None = None) -> None:
        """Do one step, which takes the model to `after`; or be cut off in it, and recover to something in between."""
        before = self.model
        try:
            act()
        except PowerLost:
            self.disk.lose_power(lambda what, unsynced: hash_of(what, self.written) % (unsynced + 1))
            self.recover([before, after], self.synced if shortest is None else shortest)
        except Crashed:
            self.recover([before, after], min(len(before), len(after)))
        else:
            self.model = after
            self.synced = min(self.synced, len(after))
            if self.log.recovery_point == self.log.end_offset:
                self.synced = len(after)

    def recover(self, possible: list[list[Written]], shortest: int) -> None:
        self.disk.crash_process()
        self.crashing = False
        self.directory = LogDirectory(self.disk, self.config)
        found = self.read()
        assert any(found == each[: len(found)] for each in possible), f"{found} begins none of {possible}"
        assert len(found) >= shortest, f"{found} lost what was synced: {possible[0][:shortest]}"
        self.disk.lose_power(lambda *_: 0)
        self.directory = LogDirectory(self.disk, self.config)
        assert self.read() == found
        self.model, self.synced = found, len(found)
        (state,) = self.directory.recovered
        assert (state.log_start, state.log_end) == (0, self.log.end_offset)
        assert state.high_watermark <= state.log_end
        assert [(entry.epoch, entry.start) for entry in state.epochs] == self.epoch_starts()

    # ------------------------------------------------------------ what must hold
    @invariant()
    def the_log_reads_as_the_model(self) -> None:
        assert self.read() == self.model

    def read(self) -> list[Written]:
        found: list[Written] = []
        offset, end = 0, self.log.end_offset
        while offset < end:
            for batch in batches.split(self.log.read(offset, end, 300)):
                assert batch.base_offset == offset
                (_, _, _, value), *_ = batches.records(b"".join(batches.stamp(batch.data, offset, 0)))
                found.append(((value or b"").decode().partition("/")[0], batch.record_count, batch.leader_epoch))
                offset += batch.record_count
        return found

    def epoch_starts(self) -> list[tuple[int, int]]:
        starts: list[tuple[int, int]] = []
        for place, (_, _, epoch) in enumerate(self.model):
            if not starts or starts[-1][0] != epoch:
                starts.append((epoch, self.offset_of(place)))
        return starts


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


def truncate_only(directory: LogDirectory, partition: TopicPartition, to: Offset) -> None:
    directory.logs[partition].truncate_to(to)


def do_nothing(_file: object) -> None:
    """A sync that is none."""


PLANTED = {
    "a flush that syncs nothing": (Log, "flush", flush_without_sync),
    "a flush that leaves new names unsynced": (Log, "flush", flush_without_names),
    "a cut that leaves the recovery point on disk": (LogDirectory, "truncate", truncate_only),
    "recovery that syncs nothing": (Segment, "sync", do_nothing),
}


@pytest.mark.parametrize("planted", sorted(PLANTED))
def test_a_planted_bug_is_found(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*PLANTED[planted])
    search = settings(
        max_examples=500,
        stateful_step_count=30,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises((AssertionError, CorruptLog)):
        run_state_machine_as_test(PowerLoss, settings=search)
