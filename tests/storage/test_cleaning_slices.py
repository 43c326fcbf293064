"""What one cleaning may cost at a time: large batches are opened elsewhere, in slices, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest

from impl.storage.cleaning import rewrite
from impl.storage.cleaning.cleaner import STEP_BYTES, Cleaner
from impl.storage.cleaning.elsewhere import HERE_BYTES_MAX
from impl.storage.cleaning.plan import plan
from impl.storage.log_config import LogConfig
from impl.wire import compression
from tests.storage.compacted import Compacted, table
from tests.storage.logs import PARTITION

CONFIG = LogConfig(segment_bytes=4_000, min_cleanable_dirty_ratio=0.0, delete_retention_ms=100)
LARGE = bytes(HERE_BYTES_MAX)


class Slow:
    """Work that is done when somebody says so."""

    def __init__(self) -> None:
        self.asked: list[Slow.Later] = []

    class Later:
        def __init__(self, work: Callable[[], Any]) -> None:
            self._work = work
            self.released = False

        def done(self) -> bool:
            return self.released

        def result(self) -> Any:
            assert self.released, "a result was asked for before it was there"
            return self._work()

    def __call__(self, work: Callable[[], Any]) -> "Slow.Later":
        self.asked.append(self.Later(work))
        return self.asked[-1]


def with_a_large_batch(codec: int) -> Compacted:
    log = Compacted(CONFIG)
    log.append((b"a", b"old"), (b"a", b"older"), (b"b", LARGE), codec=codec)
    for number in range(3):
        log.append((b"a", b"%d" % number), (b"c", bytes(3_000)))
    return log


def cleaner_of(log: Compacted, elsewhere: Slow) -> Cleaner:
    due = plan(log.log, log.directory.cleaner_offsets[PARTITION], 0, log.log.end_offset)
    assert due is not None
    return Cleaner(log.directory, PARTITION, due, now=0, elsewhere=elsewhere)


@pytest.mark.parametrize("codec", [compression.GZIP, compression.SNAPPY, compression.LZ4, compression.ZSTD])
def test_large_batches_are_unpacked_and_packed_elsewhere_while_the_log_goes_on(codec: int) -> None:
    log, elsewhere = with_a_large_batch(codec), Slow()
    before = table(log.written)
    cleaner = cleaner_of(log, elsewhere)
    for waited in range(1, 4):
        assert not cleaner.step()
        assert not cleaner.step()
        assert len(elsewhere.asked) == waited
        log.append((b"d", b"meanwhile"))
        elsewhere.asked[-1].released = True
    while not cleaner.step():
        pass
    assert len(elsewhere.asked) == 3, "to see the keys, to judge the records, to pack what stays"
    assert table(log.read()) == {**before, b"d": log.written[-1]}
    assert [record.offset for record in log.read() if record.offset < 3] == [2]


def test_a_broker_that_stops_while_a_cleaning_waits_loses_nothing() -> None:
    log, elsewhere = with_a_large_batch(compression.ZSTD), Slow()
    before = table(log.written)
    cleaner = cleaner_of(log, elsewhere)
    while len(elsewhere.asked) < 3:
        assert not cleaner.step()
        if len(elsewhere.asked) < 3:
            elsewhere.asked[-1].released = True
    log.directory.close()
    log.start_again()
    assert table(log.read()) == before
    assert not [name for name in log.disk.list(str(PARTITION)) if name.endswith(".cleaned")]
    log.clean(now=0)
    assert table(log.read()) == before


@pytest.mark.parametrize("batches", [1, 40])
def test_a_step_opens_so_many_records_and_no_more(batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Compacted(CONFIG)
    pairs = [(b"%d" % (number % 7), b"") for number in range(20_000)]
    for first in range(0, 20_000, 20_000 // batches):
        log.append(*pairs[first : first + 20_000 // batches], codec=compression.ZSTD)
    log.append((b"a", bytes(4_000)))
    log.append((b"a", bytes(4_000)))
    opened = 0
    records_of = rewrite.records_of

    def counted(*given: Any) -> Any:
        nonlocal opened
        for record in records_of(*given):
            opened += 1
            yield record

    monkeypatch.setattr(rewrite, "records_of", counted)
    cleaner, steps, most = cleaner_of(log, Slow()), 0, 0
    while not cleaner.step():
        steps, most, opened = steps + 1, max(most, opened), 0
    assert most <= STEP_BYTES / rewrite.SLICE_WORK * rewrite.SLICE_RECORDS + rewrite.SLICE_RECORDS
    assert steps >= 2 * 20_000 / (most + 1) - 1
    assert [record.offset for record in log.read()][:7] == list(range(19_993, 20_000))


def test_a_batch_of_too_many_records_stays_closed_and_so_do_tombstones_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a value in it would be read again once its tombstone has gone."""
    monkeypatch.setattr(rewrite, "RECORDS_MAX", 3)
    log = Compacted(CONFIG)
    log.append((b"a", None))
    log.append((b"a", b"1"), (b"b", b"1"), (b"c", b"1"), (b"a", b"2"))
    log.append((b"a", None))
    before = table(log.written)
    for now in (0, 1_000, 2_000):
        log.append((b"z", bytes(4_000)))
        log.append((b"z", bytes(4_000)))
        log.clean(now=now)
        found = [record for record in log.read() if record.key != b"z"]
        assert [record.offset for record in found if 1 <= record.offset < 6] == [1, 2, 3, 4, 5]
        assert table(found) == before
    assert 0 not in [record.offset for record in log.read()], "a tombstone before it goes when it is due"


def test_a_lookup_by_time_opens_no_batch_of_too_many_records(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Compacted(CONFIG)
    log.append(*[(b"k", b"")] * 9, timestamp=50)
    log.append(*[(b"k", b"")] * 11, timestamp=70)
    monkeypatch.setattr("impl.storage.segment.LOOKED_AT_RECORDS_MAX", 10)
    opened: list[int] = []
    records_of = rewrite.records_of

    def noted(header: Any, view: Any) -> Any:
        opened.append(header.base_offset)
        return records_of(header, view)

    monkeypatch.setattr("impl.storage.segment.records_of", noted)
    assert [log.log.offset_for_time(at, 20)[:2] for at in (1, 60)] == [(0, 50), (9, 70)]
    assert opened == [0]
