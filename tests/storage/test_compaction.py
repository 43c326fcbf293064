"""Compaction, case by case: what it keeps of a log, what it never touches, and what a crash in the middle leaves."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from impl.sim.disk import Crashed, PowerLost
from impl.storage.cleaning.cleaner import Cleaner
from impl.storage.cleaning.plan import plan
from impl.storage.errors import CorruptLog
from impl.storage.log_config import LogConfig
from impl.storage.producer_snapshots import ProducerEntry
from impl.wire.batches import CRC_FROM, crc32c
from impl.wire.opened import open_batch
from tests.storage.compacted import Compacted, table
from tests.storage.logs import DIRECTORY, PARTITION

SMALL = LogConfig(segment_bytes=300, index_interval_bytes=100, min_cleanable_dirty_ratio=0.0, delete_retention_ms=100)
"""Three or four batches of one short record make a segment."""


def filled(config: LogConfig = SMALL, rounds: int = 8) -> Compacted:
    """Three keys, written round after round."""
    log = Compacted(config)
    for number in range(rounds):
        for key in (b"a", b"b", b"c"):
            log.append((key, b"%d" % number))
    return log


def offsets(log: Compacted) -> list[int]:
    return [record.offset for record in log.read()]


def test_the_latest_of_each_key_stays_where_it_was() -> None:
    log = filled()
    before = table(log.written)
    end, dirty_to = log.log.end_offset, log.log.segments[-1].base_offset
    assert log.clean(now=0) == dirty_to
    assert table(log.read()) == before
    below = [offset for offset in offsets(log) if offset < dirty_to]
    assert len(below) == 3
    assert offsets(log)[3:] == list(range(dirty_to, end))
    log.start_again()
    assert (log.log.end_offset, table(log.read())) == (end, before)


def test_a_read_from_inside_a_gap_finds_the_next_batch() -> None:
    """Through segments that are empty by now, and through those that begin with a gap, however much is asked for."""
    log = filled(rounds=20)
    log.clean(now=0)
    assert any(not segment.size for segment in log.log.segments)
    for _ in range(2):
        stored = [open_batch(data) for data in log.batches()]
        for offset in range(log.log.end_offset):
            following = next(each for each in stored if each.last_offset >= offset)
            found = log.log.read(offset, log.log.end_offset, 1)
            assert open_batch(found).base_offset == following.base_offset
        log.start_again()


def test_segments_are_merged_as_far_as_they_fit() -> None:
    log = filled(rounds=20)
    before = len(log.log.segments)
    log.clean(now=0)
    for number in range(4):
        log.append((b"%d" % number, b"more"))
    log.clean(now=0)
    assert len(log.log.segments) < before / 2
    names = {name for name in log.disk.list(DIRECTORY) if name.endswith(".log")}
    assert len(names) == len(log.log.segments)


def test_nothing_at_or_past_the_high_watermark_or_in_the_active_segment_is_touched() -> None:
    ends = set()
    for watermark in range(25):
        log = filled()
        untouched = log.batches(watermark)
        cleaned_to = log.clean(now=0, high_watermark=watermark)
        ends.add(cleaned_to)
        assert cleaned_to is None or cleaned_to <= min(watermark, log.log.segments[-1].base_offset)
        assert log.batches(watermark) == untouched
    assert len(ends) > 2


def test_records_younger_than_the_compaction_lag_stay() -> None:
    log = Compacted(LogConfig(segment_bytes=300, min_cleanable_dirty_ratio=0.0, min_compaction_lag_ms=50))
    for number in range(20):
        log.append((b"a", b"%d" % number), timestamp=number * 10)
    cleaned_to = log.clean(now=150)
    assert cleaned_to is not None
    assert all(record.timestamp <= 100 for record in log.written[:cleaned_to])
    assert [record.offset for record in log.read() if record.offset >= cleaned_to] == list(range(cleaned_to, 20))


def test_a_log_is_due_by_its_dirty_share_or_its_age() -> None:
    config = LogConfig(segment_bytes=300, min_cleanable_dirty_ratio=0.5, max_compaction_lag_ms=1_000)
    log = Compacted(config)
    for number in range(12):
        log.append((b"%d" % number, b"v"), timestamp=number)
    assert log.clean(now=20) is not None
    log.append((b"x", b"v"), timestamp=20)
    log.append((b"y", b"v"), timestamp=20)
    log.append((b"z", b"v"), timestamp=20)
    log.append((b"z", b"v"), timestamp=20)
    dirty = plan(log.log, log.directory.cleaner_offsets[PARTITION], 30, log.log.end_offset)
    assert dirty is None, "most of it is clean"
    late = plan(log.log, log.directory.cleaner_offsets[PARTITION], 1_100, log.log.end_offset)
    assert late is not None
    assert late.ratio < 0.5


def test_a_tombstone_stays_for_delete_retention_from_its_first_cleaning() -> None:
    log = Compacted(SMALL)
    log.append((b"k", b"v"))
    log.append((b"k", None))
    for number in range(12):
        log.append((b"%d" % number, b"v"))
    log.clean(now=1_000)
    (data,) = [data for data in log.batches() if open_batch(data).base_offset == 1]
    assert open_batch(data).delete_horizon == 1_100
    assert offsets(log)[0] == 1
    for now, stays in ((1_099, True), (1_100, False)):
        for number in range(4):
            log.append((b"more%d" % number, b"v" * now))
        log.clean(now=now)
        assert (1 in offsets(log)) == stays


def test_a_batch_of_which_records_go_keeps_its_place() -> None:
    log = Compacted(SMALL)
    log.append((b"a", b"1"), (b"b", b"1"), (b"c", b"1"), codec=4)
    log.append((b"b", b"2"), timestamp=5)
    for number in range(8):
        log.append((b"%d" % number, b"v"))
    log.clean(now=0)
    first = open_batch(log.batches()[0])
    assert (first.base_offset, first.last_offset, first.record_count, first.attributes & 7) == (0, 2, 2, 4)
    assert offsets(log)[:3] == [0, 2, 3]


def test_records_without_a_key_go() -> None:
    log = Compacted(SMALL)
    log.append((None, b"v"), (b"a", b"v"))
    for number in range(8):
        log.append((b"%d" % number, b"v"))
    log.clean(now=0)
    assert offsets(log)[0] == 1


@pytest.mark.parametrize("attribute", [0x10, 0x20, 7])
def test_what_cannot_be_judged_stays_as_it_is(attribute: int) -> None:
    """Transactions, control batches and unknown compressions."""
    log = Compacted(SMALL)
    log.append((b"a", b"old"))
    log.append((b"a", b"new"), codec=attribute & 0x30)
    segment = log.log.segments[0]
    if attribute == 7:
        data = bytearray(segment.log.read(0, segment.size))
        size = len(data) // 2
        data[size + 22] = attribute
        data[size + 17 : size + 21] = crc32c(bytes(data[size + CRC_FROM :])).to_bytes(4, "big")
        segment.log.write_at(0, bytes(data))
    before = segment.log.read(0, segment.size)
    for number in range(8):
        log.append((b"%d" % number, b"v"))
    log.clean(now=0)
    assert b"".join(log.batches(0, 2)) == before


def test_the_last_batch_of_a_producer_stays_though_empty() -> None:
    def producers(_partition: object, to: int) -> Iterator[ProducerEntry]:
        return (
            each for each in (ProducerEntry(7, 0, 0, 0, 0, 0), ProducerEntry(7, 0, 1, 1, 1, 0)) if to > each.last_offset
        )

    log = Compacted(SMALL, producers_of=producers)
    log.append((b"a", b"1"), producer=(7, 0))
    log.append((b"a", b"2"), producer=(7, 1))
    log.append((b"a", b"3"))
    for number in range(8):
        log.append((b"%d" % number, b"v"))
    log.clean(now=0)
    first, second = (open_batch(data) for data in log.batches()[:2])
    assert (first.base_offset, first.record_count, first.producer_id, first.base_sequence) == (1, 0, 7, 1)
    assert second.base_offset == 2


def test_the_last_batch_of_a_cleaning_stays_though_empty() -> None:
    """KAFKA-17076: with it the log would end earlier, were the active segment lost while it is empty."""
    log = Compacted(SMALL)
    for _ in range(20):
        log.append((b"k", b"v"))
    cleaned_to = log.clean(now=0)
    assert cleaned_to is not None
    last = [open_batch(data) for data in log.batches() if open_batch(data).last_offset < cleaned_to][-1]
    assert (last.last_offset + 1, last.record_count) == (cleaned_to, 1)
    log.append(*[(b"k", b"v%d" % number) for number in range(9)])
    log.append((b"k", b"last"))
    again = log.clean(now=0)
    assert again is not None
    assert again > cleaned_to
    ends = {open_batch(data).last_offset + 1: open_batch(data).record_count for data in log.batches()}
    assert again in ends


def test_more_keys_than_fit_are_cleaned_in_several_rounds() -> None:
    log = filled(rounds=10)
    before, rounds = table(log.written), 0
    while log.clean(now=0, keys_max=2) is not None:
        rounds += 1
        assert table(log.read()) == before
    assert rounds > 3
    assert log.directory.cleaner_offsets[PARTITION] == log.log.segments[-1].base_offset


@pytest.mark.parametrize("change", ["truncate", "reset", "delete", "advance"])
def test_a_log_that_changes_ends_the_cleaning(change: str) -> None:
    for steps in range(12):
        log = filled()
        due = plan(log.log, 0, 0, log.log.end_offset)
        assert due is not None
        cleaner = Cleaner(log.directory, PARTITION, due, now=0, step_bytes=1)
        if any(cleaner.step() for _ in range(steps)):
            continue
        if change == "truncate":
            log.directory.truncate(PARTITION, log.log.segments[1].base_offset)
        elif change == "reset":
            log.directory.reset(PARTITION, 100)
        elif change == "delete":
            log.directory.delete(PARTITION, bytes(range(16)))
        else:
            log.directory.advance_start(PARTITION, log.log.segments[2].base_offset)
        while not cleaner.step():
            pass
        assert not [name for name in log.disk.list("") if name.endswith(".cleaned")]
        log.start_again()
        assert log.log.end_offset == {"truncate": log.log.end_offset, "reset": 100, "delete": 0, "advance": 24}[change]


@pytest.mark.parametrize(("place", "said"), [(66, "does not have the CRC"), (76, "where offset 1 is due")])
def test_a_corrupt_batch_ends_the_cleaning_and_says_so(place: int, said: str) -> None:
    log = filled()
    log.log.segments[0].log.write_at(place, b"\xff\xff")
    due = plan(log.log, 0, 0, log.log.end_offset)
    assert due is not None
    cleaner = Cleaner(log.directory, PARTITION, due, now=0)
    with pytest.raises(CorruptLog, match=said):
        cleaner.step()
    assert not [name for name in log.disk.list(DIRECTORY) if name.endswith((".cleaned", ".swap"))]


@pytest.mark.parametrize("error", [Crashed, PowerLost])
def test_a_cleaning_that_is_cut_off_leaves_the_log_as_it_was_or_cleaned(error: type[Crashed]) -> None:
    lengths = set()
    for operations in range(1, 80):
        for kept in (0, 1):
            log = filled()
            log.log.flush()
            log.directory.write_high_watermarks(((PARTITION, log.log.end_offset),))
            before, end = table(log.written), log.log.end_offset
            log.disk.fail_after(operations, error)
            with suppress(Crashed):
                log.clean(now=0)
            if error is PowerLost:
                log.disk.lose_power(lambda _, unsynced, kept=kept: kept * unsynced)
            else:
                log.disk.crash_process()
            log.start_again()
            assert (log.log.end_offset, table(log.read())) == (end, before)
            assert offsets(log) == sorted(set(offsets(log)))
            lengths.add(len(offsets(log)))
            log.clean(now=0)
            assert table(log.read()) == before
    assert len(lengths) > 2
