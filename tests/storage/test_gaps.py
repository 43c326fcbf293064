"""A gap in a compacted log is compaction's work below the recovery point, and damage past it."""

from impl.storage.log_config import LogConfig
from impl.wire import batches
from tests.storage.compacted import Compacted, keyed
from tests.storage.logs import PARTITION


def copied(log: Compacted, at: int) -> None:
    """A follower writes a batch at this offset."""
    log.log.append(batches.parse_header(keyed([(b"k", b"v")], 0)), at, 0)


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
