"""Retention and the start of a log: which segments go, when their files go, and what a crash makes of it."""

import pytest

from impl.core.types import Offset
from impl.sim.disk import PowerLost, SimDisk
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import LogDirectory
from impl.storage.retention import retained_from
from tests.storage.logs import DIRECTORY, PARTITION, TOPIC_ID, a_batch, append, new_log, values

SEGMENT = 400


def filled(records: int = 20, **config: int) -> tuple[SimDisk, Log]:
    """A record a millisecond, from 0 on, five of them in a segment."""
    disk, log = new_log(LogConfig(segment_bytes=SEGMENT, **config))
    append(log, *(a_batch(str(number), timestamp=number) for number in range(records)))
    return disk, log


def bases(log: Log) -> list[int]:
    return [segment.base_offset for segment in log.segments]


def test_segments_go_once_their_youngest_record_is_too_old() -> None:
    _, log = filled(retention_ms=100)
    assert bases(log) == [0, 5, 10, 15]
    kept = [retained_from(log, now, 20) for now in range(95, 125)]
    assert kept == sorted(kept)
    assert {now: retained_from(log, now, 20) for now in (104, 105, 109, 110, 119, 120)} == {
        104: 0,
        105: 5,
        109: 5,
        110: 10,
        119: 15,
        120: 20,
    }


def test_an_older_segment_behind_a_younger_one_waits_for_it() -> None:
    _, log = new_log(LogConfig(segment_bytes=SEGMENT, retention_ms=100))
    append(log, *(a_batch(str(number), timestamp=1_000 if number < 5 else 0) for number in range(15)))
    assert retained_from(log, 500, 15) == 0
    assert retained_from(log, 1_101, 15) == 15


def test_segments_go_as_long_as_enough_bytes_are_left() -> None:
    _, log = filled()
    sizes = [segment.size for segment in log.segments]
    for retention, kept in ((sum(sizes), 0), (sum(sizes[1:]) + 1, 0), (sum(sizes[1:]), 5), (sizes[3], 15), (0, 15)):
        log.config = LogConfig(segment_bytes=SEGMENT, retention_bytes=retention, retention_ms=-1)
        assert retained_from(log, 0, 20) == kept


@pytest.mark.parametrize("config", [{"retention_ms": 0}, {"retention_bytes": 0}])
def test_nothing_past_the_high_watermark_goes(config: dict[str, int]) -> None:
    """KAFKA-5634."""
    _, log = filled(**config)
    for watermark in range(21):
        assert retained_from(log, 10_000, watermark) <= watermark


def test_nothing_goes_where_the_policy_is_to_compact_or_no_limit_is_set() -> None:
    _, log = filled(retention_ms=-1)
    assert retained_from(log, 10**15, 20) == 0
    log.config = LogConfig(retention_ms=0, cleanup_policy=("compact",))
    assert retained_from(log, 10**15, 20) == 0
    log.config = LogConfig(retention_ms=0, cleanup_policy=("compact", "delete"))
    assert retained_from(log, 10**15, 20) == 20


def test_records_without_a_time_are_never_too_old() -> None:
    _, log = new_log(LogConfig(segment_bytes=SEGMENT, retention_ms=0))
    append(log, *(a_batch(str(number), timestamp=-1) for number in range(15)))
    assert retained_from(log, 10**15, 15) == 0


def a_directory(disk: SimDisk, records: int = 20) -> LogDirectory:
    directory = LogDirectory(disk, LogConfig(segment_bytes=SEGMENT, file_delete_delay_ms=100))
    directory.create(PARTITION, TOPIC_ID, ())
    append(directory.logs[PARTITION], *(a_batch(str(number)) for number in range(records)))
    directory.logs[PARTITION].flush()
    return directory


def test_deleted_segments_lie_there_for_a_while_under_another_name() -> None:
    disk = SimDisk()
    directory = a_directory(disk)
    log = directory.logs[PARTITION]
    (held,) = log.slices(0, 5, 10_000)
    whole = held.read()
    directory.advance_start(PARTITION, Offset(12))
    assert (log.start_offset, bases(log)) == (12, [10, 15])
    assert [name for name in disk.list(DIRECTORY) if name.endswith(".log.deleted")] == [
        f"{0:020}.log.deleted",
        f"{5:020}.log.deleted",
    ]
    assert disk.read_file("log-start-offset-checkpoint") == b"0\n1\nt 0 12\n"
    for now, left in ((1_000, True), (1_099, True), (1_100, False)):
        directory.trash.empty(now)
        assert any(name.endswith(".deleted") for name in disk.list(DIRECTORY)) == left
    assert held.read() == whole
    assert values(log, 12)[:1] == ["12/0"]
    with pytest.raises(AssertionError, match="below the log's start"):
        log.read(11, 20, 1)


def test_the_whole_log_may_go_and_goes_on_at_its_end() -> None:
    disk = SimDisk()
    directory = a_directory(disk)
    directory.advance_start(PARTITION, Offset(20))
    log = directory.logs[PARTITION]
    assert (bases(log), log.start_offset, log.end_offset) == ([20], 20, 20)
    append(log, a_batch("next"))
    (state,) = LogDirectory(disk, LogConfig()).recovered
    assert (state.log_start, state.log_end, state.high_watermark) == (20, 21, 20)


def test_files_left_by_a_crash_are_removed_at_the_start() -> None:
    disk = SimDisk()
    directory = a_directory(disk)
    directory.advance_start(PARTITION, Offset(12))
    again = LogDirectory(disk, LogConfig(segment_bytes=SEGMENT))
    assert not any(name.endswith(".deleted") for name in disk.list(DIRECTORY))
    assert (again.logs[PARTITION].start_offset, bases(again.logs[PARTITION])) == (12, [10, 15])
    assert values(again.logs[PARTITION], 12) == [f"{number}/0" for number in range(12, 20)]


def test_a_log_that_lost_everything_up_to_its_start_begins_there() -> None:
    """Its start was committed elsewhere, so what it had not synced is no loss; offsets must not be used again."""
    disk = SimDisk()
    directory = a_directory(disk, records=0)
    append(directory.logs[PARTITION], *(a_batch(str(number)) for number in range(4)))
    directory.advance_start(PARTITION, Offset(3))
    disk.lose_power(lambda *_: 0)
    (state,) = LogDirectory(disk, LogConfig()).recovered
    assert (state.log_start, state.log_end) == (3, 3)


def test_deleted_segments_of_which_a_power_loss_brings_back_some_are_not_missed() -> None:
    """Of four that are deleted the last is gone, and what its checkpoint says to be synced ends before that."""
    disk = SimDisk()
    directory = a_directory(disk)
    directory.write_high_watermarks(((PARTITION, Offset(20)),))
    directory.advance_start(PARTITION, Offset(20))
    gone = f"{DIRECTORY}/{15:020}.log"
    disk.lose_power(lambda what, unsynced: unsynced if gone in what else 0)
    again = LogDirectory(disk, LogConfig())
    (state,) = again.recovered
    assert (state.log_start, state.log_end) == (20, 20)
    assert bases(again.logs[PARTITION]) == [20]
    assert not disk.exists(f"{DIRECTORY}/{0:020}.log")


@pytest.mark.parametrize("changes", range(1, 15))
def test_a_power_loss_while_a_log_is_begun_anew_gives_nothing_back_that_was_deleted(changes: int) -> None:
    disk = SimDisk()
    directory = a_directory(disk)
    directory.advance_start(PARTITION, Offset(20))
    directory.write_high_watermarks(((PARTITION, Offset(20)),))
    disk.fail_after(changes, PowerLost)
    with pytest.raises(PowerLost):
        directory.reset(PARTITION, Offset(50))
    disk.lose_power(lambda *_: 0)
    (state,) = LogDirectory(disk, LogConfig()).recovered
    assert state.log_start >= 20


def test_a_log_begun_anew_is_empty_there_after_any_stop() -> None:
    disk = SimDisk()
    directory = a_directory(disk)
    directory.write_high_watermarks(((PARTITION, Offset(20)),))
    directory.reset(PARTITION, Offset(50))
    log = directory.logs[PARTITION]
    assert (log.start_offset, log.end_offset, bases(log)) == (50, 50, [50])
    disk.lose_power(lambda *_: 0)
    again = LogDirectory(disk, LogConfig())
    (state,) = again.recovered
    assert (state.log_start, state.log_end, state.high_watermark, state.epochs) == (50, 50, 50, ())
    append(again.logs[PARTITION], a_batch("next"))
    assert values(again.logs[PARTITION], 50) == ["next/0"]
