"""What a start reads: nothing but the end after a clean stop, and after a crash what the recovery point leaves."""

from typing import Any

import pytest
from _pytest.outcomes import Failed

from impl.core.types import EpochStart, LeaderEpoch, Offset
from impl.sim.disk import SimDisk, SimFile
from impl.storage import recovery
from impl.storage.errors import CorruptLog
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import CLEAN_SHUTDOWN, LogDirectory
from impl.storage.producer_snapshots import ProducerEntry, format_snapshot, parse_snapshot
from impl.storage.segment import file_names
from tests.storage import test_log_directory, test_recovery
from tests.storage.logs import DIRECTORY, PARTITION, TOPIC_ID, a_batch, append, values

CONFIG = LogConfig(segment_bytes=20_000, index_interval_bytes=1_000)


class CountingFile:
    def __init__(self, file: SimFile, path: str, disk: "CountingDisk") -> None:
        self._file = file
        self._path = path
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, position: int, size: int) -> bytes:
        found = self._file.read(position, size)
        if self._path.endswith(".log"):
            self._disk.read_of[self._path] = self._disk.read_of.get(self._path, 0) + len(found)
        return found


class CountingDisk(SimDisk):
    """`read_of` is how many bytes were read of each log file."""

    def __init__(self) -> None:
        super().__init__()
        self.read_of: dict[str, int] = {}

    def open(self, path: str, *, create: bool = False) -> Any:
        return CountingFile(super().open(path, create=create), path, self)


def written_by(_partition: object, to: int) -> list[ProducerEntry]:
    return [ProducerEntry(7, 1, place, place, place, 1_000) for place in range(max(0, to - 5), to)]


def filled(records: int = 100) -> tuple[CountingDisk, LogDirectory]:
    """Batches of 1,000 bytes, twenty of them in a segment."""
    disk = CountingDisk()
    directory = LogDirectory(disk, CONFIG, written_by)
    directory.create(PARTITION, TOPIC_ID, ())
    log = directory.logs[PARTITION]
    log.write_epochs((EpochStart(LeaderEpoch(0), Offset(0)),))
    append(log, *(a_batch(str(number), size=930, producer=number) for number in range(records)))
    return disk, directory


def test_a_clean_start_reads_the_last_batches_and_believes_the_rest() -> None:
    disk, directory = filled()
    directory.write_high_watermarks(((PARTITION, Offset(100)),))
    directory.close()
    disk.read_of.clear()
    again = LogDirectory(disk, CONFIG, written_by)
    assert list(disk.read_of) == [again.logs[PARTITION].segments[-1].path]
    assert sum(disk.read_of.values()) <= 4_000
    (state,) = again.recovered
    assert (state.log_end, state.tail) == (100, ())
    assert [batch[0] for batch in state.producers[0].batches] == list(range(95, 100))
    assert values(again.logs[PARTITION]) == [f"{number}/0" for number in range(100)]


def test_a_clean_start_forgets_on_disk_too_an_epoch_that_wrote_nothing() -> None:
    """Else the start after the next would find it over records of the epoch before it, and have them cut."""
    disk, directory = filled()
    led = EpochStart(LeaderEpoch(4), Offset(100))
    first = EpochStart(LeaderEpoch(0), Offset(0))
    directory.logs[PARTITION].write_epochs((first, led))
    directory.write_high_watermarks(((PARTITION, Offset(100)),))
    directory.close()
    again = LogDirectory(disk, CONFIG, written_by)
    assert again.recovered[0].epochs == (first,)
    append(again.logs[PARTITION], a_batch("100", size=930, producer=100))
    again.write_high_watermarks(((PARTITION, Offset(101)),))
    again.close()
    assert LogDirectory(disk, CONFIG, written_by).recovered[0].epochs == (first,)


def test_after_a_crash_only_segments_past_the_recovery_point_are_read() -> None:
    disk, directory = filled(90)
    directory.logs[PARTITION].flush()
    directory.write_high_watermarks(((PARTITION, Offset(90)),))
    append(directory.logs[PARTITION], *(a_batch(str(number), size=930, producer=number) for number in range(90, 130)))
    disk.read_of.clear()
    again = LogDirectory(disk, CONFIG, written_by)
    (state,) = again.recovered
    assert state.log_end == 130
    segments = again.logs[PARTITION].segments
    assert sorted(disk.read_of) == [segment.path for segment in segments if segment.end_offset > 90]
    known = [batch[0] for batch in state.producers[0].batches] + [batch.base_sequence for batch in state.tail]
    assert known[-5:] == [125, 126, 127, 128, 129]


@pytest.mark.parametrize("missing", ["leader-epoch-checkpoint", ".snapshot", ".index", ".timeindex"])
def test_what_a_clean_start_trusts_and_does_not_find_is_made_anew(missing: str) -> None:
    disk, directory = filled()
    directory.write_high_watermarks(((PARTITION, Offset(100)),))
    directory.close()
    for name in disk.list(DIRECTORY):
        if name.endswith(missing):
            disk.remove(f"{DIRECTORY}/{name}")
    again = LogDirectory(disk, CONFIG, written_by)
    (state,) = again.recovered
    assert (state.log_end, state.epochs) == (100, (EpochStart(LeaderEpoch(0), Offset(0)),))
    assert [batch[0] for batch in state.producers[0].batches][-5:] == list(range(95, 100))
    log = again.logs[PARTITION]
    assert values(log, 37, 40) == ["37/0", "38/0", "39/0"]
    found = log.offset_for_time(1_000, 100)
    assert found is not None
    assert found.offset == 0


def test_a_log_that_does_not_end_where_a_clean_stop_left_it_is_looked_through() -> None:
    disk, directory = filled()
    directory.close()
    segment = directory.logs[PARTITION].segments[-1]
    disk.open(segment.path).truncate(segment.size - 10)
    with pytest.raises(recovery.CorruptLog, match="although it was synced"):
        LogDirectory(disk, CONFIG, written_by)


def test_snapshots_are_believed_only_whole() -> None:
    data = format_snapshot(written_by(PARTITION, 9))
    assert parse_snapshot(data) == tuple(written_by(PARTITION, 9))
    assert parse_snapshot(format_snapshot(())) == ()
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1
        assert parse_snapshot(bytes(damaged)) is None
        assert parse_snapshot(data[:place]) is None


def test_segments_finished_since_are_synced_without_waiting() -> None:
    """So that the recovery point follows, however rarely anything is flushed."""
    disk, directory = filled(50)
    log = directory.logs[PARTITION]
    assert log.recovery_point == 0
    directory.write_high_watermarks(())
    assert log.recovery_point == log.segments[-1].base_offset == 40
    disk.lose_power(lambda *_: 0)
    (state,) = LogDirectory(disk, CONFIG, written_by).recovered
    assert state.log_end == 40


def test_recovery_that_checks_no_crc_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug (KAFKA-18723) that the test of flipped bits is there for."""
    monkeypatch.setattr(recovery, "has_its_crc", lambda *_: True)
    with pytest.raises(AssertionError):
        test_recovery.test_a_bit_flipped_past_the_recovery_point_cuts_there(1)


def test_a_marker_of_a_clean_stop_that_stays_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug (KAFKA-10471) that the test of the marker is there for."""
    removed = SimDisk.remove
    monkeypatch.setattr(SimDisk, "remove", lambda disk, path: path == CLEAN_SHUTDOWN or removed(disk, path))
    with pytest.raises((AssertionError, Failed)):
        test_log_directory.test_the_marker_of_a_clean_stop_is_gone_before_anything_else_happens()


def test_a_segment_that_is_gone_from_the_middle_is_an_error_to_who_reads_there_and_not_a_gap() -> None:
    """A clean start believes what it does not read. Else what is missing would be passed over in silence."""
    disk, directory = filled()
    directory.write_high_watermarks(((PARTITION, Offset(100)),))
    directory.close()
    removed = directory.logs[PARTITION].segments[1]
    for name in file_names(removed.base_offset):
        disk.remove(f"{DIRECTORY}/{name}")
    log = LogDirectory(disk, CONFIG, written_by).logs[PARTITION]
    for start in (removed.base_offset, removed.end_offset - 1):
        with pytest.raises(CorruptLog, match=r"its batches end before offset .*, where the next segment begins"):
            log.read(start, 100, 1)
    assert values(log, 0, removed.base_offset)[-1] == f"{removed.base_offset - 1}/0"
    assert values(log, removed.end_offset)[0] == f"{removed.end_offset}/0"


def test_a_first_segment_that_is_gone_is_missed_by_a_clean_start() -> None:
    disk, directory = filled()
    directory.write_high_watermarks(((PARTITION, Offset(100)),))
    directory.close()
    for name in file_names(0):
        disk.remove(f"{DIRECTORY}/{name}")
    with pytest.raises(CorruptLog, match="the log begins here, but its leader-epoch-checkpoint at offset 0"):
        LogDirectory(disk, CONFIG, written_by)


@pytest.mark.parametrize(("place", "left", "due"), [(1, 0, 20), (3, 0, 60), (3, 19_000, 79)])
def test_a_segment_that_is_short_where_the_log_may_yet_be_cut_is_missed_by_a_clean_start(
    place: int, left: int, due: int
) -> None:
    """What is past the high watermark is read; if it is not in one piece, nobody is told of it as if it were."""
    disk, directory = filled(81)
    directory.write_high_watermarks(((PARTITION, Offset(20)),))
    directory.close()
    segments = directory.logs[PARTITION].segments
    assert [segment.base_offset for segment in segments] == [0, 20, 40, 60, 80]
    disk.open(segments[place].path).truncate(left)
    with pytest.raises(CorruptLog, match=f"begins where offset {due} is due"):
        LogDirectory(disk, CONFIG, written_by)


def test_a_log_that_is_said_to_begin_past_its_end_is_empty_there() -> None:
    """As after a crash between the checkpoint of a new start and the deletion of what comes before it."""
    disk, directory = filled()
    directory.write_high_watermarks(((PARTITION, Offset(100)),))
    directory.close()
    disk.write_file("log-start-offset-checkpoint", b"0\n1\nt 0 130\n")
    (state,) = LogDirectory(disk, CONFIG, written_by).recovered
    assert (state.log_start, state.high_watermark, state.log_end) == (130, 130, 130)
