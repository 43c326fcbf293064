"""A gap in a compacted log is compaction's work below the recovery point, and damage past it."""

import pytest

from impl.core.types import EpochStart, LeaderEpoch
from impl.storage.log_config import LogConfig
from impl.wire import batches
from tests.storage.compacted import Compacted, at, keyed
from tests.storage.logs import PARTITION


def copied(log: Compacted, offset: int) -> None:
    """A follower writes a batch at this offset."""
    log.log.append(batches.parse_header(keyed([(b"k", b"v")], 0)), offset, 0)


def test_a_copied_gap_asks_for_a_sync_and_stays_once_it_is_known() -> None:
    log = Compacted(LogConfig())
    copied(log, 0)
    assert not log.log.flush_due
    copied(log, 5)
    assert log.log.flush_due
    log.log.flush()
    log.directory.write_recovery_point(PARTITION)
    assert not log.log.flush_due
    log.disk.lose_power(lambda *_: 0)
    log.start_again()
    assert log.log.end_offset == 6


def test_a_gap_that_nobody_vouches_for_is_cut() -> None:
    log = Compacted(LogConfig())
    copied(log, 0)
    copied(log, 5)
    log.disk.crash_process()
    log.start_again()
    assert log.log.end_offset == 1


def test_a_segment_whose_end_the_power_took_is_no_compacted_one() -> None:
    log = Compacted(LogConfig(segment_bytes=150))
    for offset in range(4):
        copied(log, offset)
    first, *others = log.log.segments
    assert others
    log.log.sync_names()
    path = first.path
    log.disk.lose_power(lambda what, unsynced: 0 if what == path else unsynced)
    log.start_again()
    assert log.log.end_offset < others[0].base_offset


def test_a_clean_stop_keeps_the_end_of_a_log_that_was_cut_in_a_gap() -> None:
    """An unclean election cuts a log below what stood for its compacted records: its end was told, and stays told."""
    log = Compacted(LogConfig())
    copied(log, 0)
    copied(log, 5)
    log.log.flush()
    log.directory.truncate(PARTITION, at(3))
    assert (log.log.end_offset, log.log.segments[-1].written_end) == (3, 1)
    for _ in range(2):
        log.directory.close()
        log.start_again()
        assert (log.log.end_offset, len(log.read())) == (3, 1)
    log.disk.crash_process()
    log.start_again()
    assert log.log.end_offset == 3
    copied(log, 3)
    assert [record.offset for record in log.read()] == [0, 3]


def test_a_log_cut_where_a_batch_ends_is_closed_as_it_is() -> None:
    log = Compacted(LogConfig())
    copied(log, 0)
    copied(log, 1)
    log.directory.truncate(PARTITION, at(1))
    log.directory.close()
    log.start_again()
    assert (log.log.end_offset, len(log.log.segments)) == (1, 1)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([(0, 0), (2, 3)], [(0, 0), (2, 3)]),
        ([(0, 0), (1, 2), (2, 5)], [(0, 0), (1, 2), (2, 5)]),
        ([(0, 0), (1, 1), (2, 2), (3, 4)], [(0, 0), (1, 1), (2, 2)]),
        ([(0, 0)], [(0, 0), (2, 5)]),
    ],
)
@pytest.mark.parametrize("segment_bytes", [1, 10_000])
def test_an_epoch_whose_first_records_are_compacted_away_begins_where_it_did(
    segment_bytes: int, said: list[tuple[int, int]], found: list[tuple[int, int]]
) -> None:
    """Else a follower would cut its log later than where it leaves its leader's."""
    log = Compacted(LogConfig(segment_bytes=segment_bytes))
    copied(log, 0)
    log.log.append(batches.parse_header(keyed([(b"k", b"v")], 0)), 5, 2)
    log.log.flush()
    log.directory.write_recovery_point(PARTITION)
    log.log.write_epochs(tuple(EpochStart(LeaderEpoch(epoch), at(start)) for epoch, start in said))
    log.disk.crash_process()
    log.start_again()
    (state,) = log.directory.recovered
    assert [(entry.epoch, entry.start) for entry in state.epochs] == found
