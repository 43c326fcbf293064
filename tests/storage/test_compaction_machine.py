"""I16, searched: whoever reads a compacted log from its beginning ends with the latest value of every key.

The machine writes keyed batches in every compression, lets the high watermark and the clock go on, cleans a step at a
time, starts again, and loses power in the middle. Readers begin at any time, read a batch now and then, and end within
delete.retention.ms or not at all: what they then have is what the list of everything written says. Nothing at or past
the high watermark, or in the active segment, is ever touched; what stays of a batch is the same record at the same
offset; and the log ends where it ended.
"""

from contextlib import suppress

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

from impl.sim.disk import PowerLost
from impl.storage.cleaning import cleaner as cleaner_module
from impl.storage.cleaning import rewrite
from impl.storage.cleaning.cleaner import Cleaner
from impl.storage.cleaning.plan import Plan, plan
from impl.storage.files import Syncing
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.wire.opened import Record, open_batch, records_in
from tests.storage.compacted import Compacted, Pair, table
from tests.storage.logs import PARTITION
from tests.storage.planted import search

RETENTION_MS = 100
KEYS = tuple(bytes([letter]) for letter in b"abcdefghij")
pairs = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from([b"v", b"w" * 40, None])), min_size=1, max_size=2)


class Reader:
    """Reads from the beginning, a batch at a time, and keeps the latest value of every key."""

    def __init__(self, now: int, end: int) -> None:
        self.began = now
        self.end = end
        """Where the log ended when it began: there it compares."""
        self.offset = 0
        self.records: list[Record] = []


class Compaction(RuleBasedStateMachine):
    """`log.written` is everything ever written, whatever was cleaned of it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000
        self.watermark = 0
        self.cleaner: Cleaner | None = None
        self.readers: list[Reader] = []

    @initialize(segment_bytes=st.sampled_from([150, 250, 600]), keys_max=st.sampled_from([2, 100]))
    def begin(self, segment_bytes: int, keys_max: int) -> None:
        config = LogConfig(
            segment_bytes=segment_bytes,
            index_interval_bytes=100,
            min_cleanable_dirty_ratio=0.0,
            delete_retention_ms=RETENTION_MS,
        )
        self.log = Compacted(config)
        self.keys_max = keys_max

    # ------------------------------------------------------------ what a broker does
    @rule(several=st.lists(pairs, min_size=2, max_size=8), codec=st.integers(0, 4), share=st.sampled_from([4, 4, 2, 0]))
    def append(self, several: list[list[Pair]], codec: int, share: int) -> None:
        """And the high watermark goes on, up to the end or not so far."""
        for each in several:
            self.log.append(*each, timestamp=self.now, codec=codec)
        self.watermark += (self.log.log.end_offset - self.watermark) * share // 4

    @rule(by=st.sampled_from([1, 30, RETENTION_MS]))
    def time_passes(self, by: int) -> None:
        self.now += by
        self.readers = [reader for reader in self.readers if self.now - reader.began <= RETENTION_MS]

    @rule(steps=st.sampled_from([2, 1_000, 1_000]))
    def clean(self, steps: int) -> None:
        if self.cleaner is None:
            due = plan(self.log.log, self.log.directory.cleaner_offsets[PARTITION], self.now, self.watermark)
            if due is None:
                return
            self.check_bound(due)
            self.cleaner = Cleaner(
                self.log.directory, PARTITION, due, now=self.now, keys_max=self.keys_max, step_bytes=1
            )
        if any(self.cleaner.step() for _ in range(steps)):
            self.cleaner = None

    def check_bound(self, due: Plan) -> None:
        self.bound = min(self.watermark, self.log.log.segments[-1].base_offset)
        assert due.to <= self.bound

    # ------------------------------------------------------------ what happens to it
    @rule(operations=st.integers(1, 30), kept=st.integers(0, 1))
    def lose_power_while_cleaning(self, operations: int, kept: int) -> None:
        """All that was written is synced: only the cleaning is at stake."""
        self.log.log.flush()
        self.log.directory.write_high_watermarks(((PARTITION, self.watermark),))
        self.log.disk.fail_after(operations, PowerLost)
        with suppress(PowerLost):
            for _ in range(20):
                self.clean(1_000)
        self.log.disk.lose_power(lambda _, unsynced: kept * unsynced)
        self.cleaner = None
        end = len(self.log.written)
        self.log.start_again()
        assert self.log.log.end_offset == end

    # ------------------------------------------------------------ who reads
    @rule()
    def a_reader_begins(self) -> None:
        self.readers.append(Reader(self.now, self.log.log.end_offset))

    @rule(batches=st.integers(1, 12))
    def a_reader_is_overtaken(self, batches: int) -> None:
        """By two cleanings, between some batch and the next."""
        self.readers.append(Reader(self.now, self.log.log.end_offset))
        self.a_reader_reads_on(len(self.readers) - 1, batches)
        self.clean(1_000)
        self.clean(1_000)
        while self.readers:
            self.a_reader_reads_on(0, 1_000)

    @precondition(lambda self: self.readers)
    @rule(place=st.integers(0, 9), batches=st.sampled_from([1, 3, 1_000]))
    def a_reader_reads_on(self, place: int, batches: int) -> None:
        reader = self.readers[place % len(self.readers)]
        for _ in range(batches):
            data = self.log.log.read(reader.offset, self.log.log.end_offset, 1)
            if not data or open_batch(data).base_offset >= reader.end:
                self.readers.remove(reader)
                self.compare(reader)
                return
            reader.records += records_in(data)
            reader.offset = open_batch(data).last_offset + 1

    def compare(self, reader: Reader) -> None:
        """It has the value of each key that was the latest when it began, or has seen a later one of it."""
        truth = table(self.log.written[: reader.end])
        found = table(reader.records)
        later = {record.key for record in self.log.written[reader.end :]}
        for key in KEYS:
            if key not in later:
                assert found.get(key) == truth.get(key), f"{key!r}: {found.get(key)} is read, not {truth.get(key)}"

    # ------------------------------------------------------------ what must hold
    @invariant()
    def what_stays_is_what_was_written(self) -> None:
        if not hasattr(self, "log"):
            return
        records = self.log.read()
        assert [record.offset for record in records] == sorted({record.offset for record in records})
        assert all(self.log.written[record.offset] == record for record in records)
        assert table(records) == table(self.log.written)
        past = min(self.watermark, self.log.log.segments[-1].base_offset)
        assert [record for record in records if record.offset >= past] == self.log.written[past:]


Compaction.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestCompaction = Compaction.TestCase


# ---------------------------------------------------------------- the machine finds what it is for
def tombstones_go_at_once(self: rewrite.Cleaning, record: Record, _header: object) -> bool:
    if record.offset >= self._known_to:
        return True
    return not record.tombstone and self._latest.get(rewrite.short(record.key or b""), -1) <= record.offset


def past_the_watermark(log: Log, dirty_from: int, _now: int, _high_watermark: int) -> int:
    return max(dirty_from, log.segments[-1].base_offset)


def every_key_is_known(self: rewrite.Cleaning, record: Record, _header: object) -> bool:
    """A record is dropped though its key is only known to be older."""
    return self._latest.get(rewrite.short(record.key or b""), -1) == record.offset


def swap_before_syncing(_segment: object) -> list[Syncing]:
    """The new segment's content is not synced before it takes the place of the old ones."""
    return []


PLANTED = {
    "tombstones go with the first cleaning (KAFKA-4529)": (rewrite.Cleaning, "_stays", tombstones_go_at_once),
    "what is not committed is cleaned": ("impl.storage.cleaning.plan.uncleanable_from", past_the_watermark),
    "what is only in the clean part goes": (rewrite.Cleaning, "_stays", every_key_is_known),
    "the new segment is not synced": (cleaner_module.Segment, "sync_all_later", swap_before_syncing),
}


@pytest.mark.parametrize("planted", sorted(PLANTED))
def test_a_planted_bug_is_found(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*PLANTED[planted])
    with pytest.raises(Exception, match=r"assert|read|lost|corrupt|bytes|due|ends") as found:
        run_state_machine_as_test(Compaction, settings=search(steps=25))
    assert not isinstance(found.value, TypeError | AttributeError)
