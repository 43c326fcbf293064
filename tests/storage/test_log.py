"""A log against the simplest model of one: a list of batches."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.core.messages import MAX_TIMESTAMP
from impl.storage.errors import InsideBatch
from impl.storage.log_config import LogConfig
from impl.wire import batches
from tests.storage.logs import INDEX, a_batch, append, names, new_log, open_log, values

SMALL = LogConfig(segment_bytes=400, index_interval_bytes=100)
"""About five small batches a segment and an index entry every second one."""


def test_batches_are_stamped_and_read_back() -> None:
    _, log = new_log()
    append(log, a_batch("a", 2), a_batch("b"), epoch=3)
    read = batches.split(log.read(0, 3, 10_000))
    assert [(batch.base_offset, batch.record_count, batch.leader_epoch) for batch in read] == [(0, 2, 3), (2, 1, 3)]
    assert values(log) == names(("a", 2), ("b", 1))


def test_a_read_gives_whole_batches_at_least_one_and_none_past_the_limit() -> None:
    _, log = new_log()
    append(log, a_batch("a", 3), a_batch("b", 3), a_batch("c", 3))
    size = len(log.read(0, 9, 1))
    assert [batch.base_offset for batch in batches.split(log.read(0, 9, 2 * size))] == [0, 3]
    assert [batch.base_offset for batch in batches.split(log.read(0, 9, 2 * size - 1))] == [0]
    assert [batch.base_offset for batch in batches.split(log.read(4, 9, 10_000))] == [3, 6]
    assert [batch.base_offset for batch in batches.split(log.read(0, 8, 10_000))] == [0, 3]
    assert log.read(0, 2, 10_000) == b""
    assert log.read(9, 9, 10_000) == log.read(5, 5, 10_000) == log.read(100, 200, 10_000) == b""


def test_segments_roll_by_size_and_are_named_after_their_first_offset() -> None:
    disk, log = new_log(SMALL)
    append(log, *(a_batch(f"{number:03}", 2) for number in range(40)))
    segments = log.segments
    assert len(segments) > 5
    for segment in segments:
        assert segment.path == f"t-0/{segment.base_offset:020}.log"
        assert disk.open(segment.path).size() == segment.size <= SMALL.segment_bytes
    assert [segment.end_offset for segment in segments[:-1]] == [segment.base_offset for segment in segments[1:]]
    assert values(log) == names(*((f"{number:03}", 2) for number in range(40)))


def test_a_batch_larger_than_a_segment_has_one_to_itself() -> None:
    _, log = new_log(SMALL)
    append(log, a_batch("a"), a_batch("large", size=1_000), a_batch("c"))
    assert [segment.base_offset for segment in log.segments] == [0, 1, 2]
    assert values(log) == names(("a", 1), ("large", 1), ("c", 1))


def test_segments_roll_by_the_age_of_their_first_batch_and_by_a_full_index() -> None:
    _, log = new_log(LogConfig(segment_ms=100))
    append(log, *(a_batch("x", timestamp=at) for at in (1_000, 1_100, 1_101, 1_150, 1_202)))
    assert [segment.base_offset for segment in log.segments] == [0, 2, 4]

    _, log = new_log(LogConfig(segment_ms=1_000, segment_jitter_ms=900))
    append(log, *(a_batch("x", timestamp=at) for at in range(0, 20_000, 10)))
    lived = [later.base_offset - segment.base_offset for segment, later in pairwise(log.segments)]
    assert min(lived) > 10
    assert max(lived) <= 101
    assert len(set(lived)) > len(lived) / 2, "all roll at the same age"

    _, log = new_log(LogConfig(segment_index_bytes=24, index_interval_bytes=0))
    append(log, *(a_batch("x", timestamp=at) for at in range(1_000, 1_010)))
    assert [segment.base_offset for segment in log.segments] == [0, 3, 6, 9]


def test_index_entries_are_kafkas() -> None:
    """Four bytes of relative offset, that of the batch's last record, and four of its position."""
    disk, log = new_log(LogConfig(index_interval_bytes=100))
    sizes = []
    for _ in range(6):
        batch = a_batch("x", 2)
        sizes.append(batch.size)
        append(log, batch)
    entries = [
        (int.from_bytes(raw[:4], "big"), int.from_bytes(raw[4:], "big")) for raw in _cut(disk.read_file(INDEX), 8)
    ]
    assert entries == [(5, sum(sizes[:2])), (9, sum(sizes[:4]))]


def _cut(data: bytes, size: int) -> list[bytes]:
    assert len(data) % size == 0
    return [data[place : place + size] for place in range(0, len(data), size)]


several_batches = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 120), st.integers(0, 50)), min_size=1, max_size=40
)


@given(several_batches, st.integers(0, 300), st.data())
def test_looking_up_by_index_is_scanning_from_the_beginning(
    several: list[tuple[int, int, int]], interval: int, data: st.DataObject
) -> None:
    """Whatever the interval, and whether the end of the log is remembered or (after recovery) is not."""
    config = LogConfig(segment_bytes=data.draw(st.sampled_from([300, 1_000, 100_000])), index_interval_bytes=interval)
    disk, log = new_log(config)
    firsts = []
    for number, (count, size, timestamp) in enumerate(several):
        firsts.append((log.end_offset, log.end_offset + count, timestamp))
        append(log, a_batch(str(number), count, timestamp=timestamp, size=size))
    start = data.draw(st.integers(0, log.end_offset - 1))
    limit = data.draw(st.integers(0, log.end_offset))
    wanted = data.draw(st.integers(0, 51))
    expected = next(first for first, end, _ in firsts if end > start)
    fits = next(end for first, end, _ in firsts if first == expected) <= limit
    young = next((first for first, _, timestamp in firsts if timestamp >= wanted), None)
    for opened in (log, open_log(disk, config, recovery_point=log.end_offset).log):
        read = batches.split(opened.read(start, limit, 1))
        assert [batch.base_offset for batch in read] == ([expected] if fits and start < limit else [])
        found = opened.offset_for_time(wanted, log.end_offset)
        assert (None if found is None else found.offset) == young
        youngest = opened.offset_for_time(MAX_TIMESTAMP, log.end_offset)
        assert youngest is not None
        assert youngest.timestamp == max(timestamp for _, _, timestamp in firsts)


def test_an_offset_by_time_is_exact_within_a_batch_and_below_the_limit() -> None:
    _, log = new_log()
    append(log, a_batch("a", 3, timestamp=100), a_batch("b", 3, timestamp=200), epoch=4)
    assert log.offset_for_time(100, 6) == (0, 100, 4)
    assert log.offset_for_time(101, 6) == (3, 200, 4)
    assert log.offset_for_time(101, 3) is None
    assert log.offset_for_time(201, 6) is None
    assert log.offset_for_time(MAX_TIMESTAMP, 6) == (3, 200, 4)


def test_an_empty_log_has_no_times() -> None:
    _, log = new_log()
    assert log.offset_for_time(0, 10) is None
    assert log.offset_for_time(MAX_TIMESTAMP, 10) is None


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 3), st.integers(0, 60)),
        st.tuples(st.just("truncate"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("reopen"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(steps)
def test_a_log_is_a_list(steps: list[tuple[str, int, int]]) -> None:
    """Appended to, cut at any batch and recovered, it reads as the list does; and indexes are what a rebuild makes."""
    disk, log = new_log(SMALL)
    model: list[tuple[str, int]] = []
    boundaries = [0]
    for number, (kind, argument, size) in enumerate(steps):
        if kind == "append":
            append(log, a_batch(str(number), argument, size=size, timestamp=number))
            model.append((str(number), argument))
            boundaries.append(log.end_offset)
        elif kind == "truncate":
            kept = min(argument, len(model))
            log.truncate_to(boundaries[kept])
            del model[kept:], boundaries[kept + 1 :]
        else:
            log = open_log(disk, SMALL, recovery_point=log.end_offset).log
        assert log.end_offset == boundaries[-1]
        assert values(log) == names(*model)
    left = {segment.path: disk.read_file(segment.path.replace(".log", ".index")) for segment in log.segments}
    reopened = open_log(disk, SMALL, recovery_point=log.end_offset).log
    assert {each.path: disk.read_file(each.path.replace(".log", ".index")) for each in reopened.segments} == left
    assert len(disk.list("t-0")) == 3 * len(reopened.segments) + 1


def test_a_cut_is_synced_and_takes_later_segments_along() -> None:
    disk, log = new_log(SMALL)
    append(log, *(a_batch(str(number)) for number in range(20)))
    log.flush()
    log.truncate_to(7)
    assert disk.unsynced() == {name: size for name, size in disk.unsynced().items() if not name.endswith(".log")}
    disk.lose_power(lambda *_: 0)
    reopened = open_log(disk, SMALL, recovery_point=7).log
    assert values(reopened) == [f"{number}/0" for number in range(7)]
    append(reopened, a_batch("new"))
    assert values(reopened, 6) == ["6/0", "new/0"]


def test_a_cut_inside_a_batch_is_refused_and_changes_nothing() -> None:
    disk, log = new_log()
    append(log, a_batch("a", 2), a_batch("b", 3))
    for opened in (log, open_log(disk).log):
        with pytest.raises(InsideBatch, match="cut at offset 3, inside the batch 2 to 4"):
            opened.truncate_to(3)
        assert values(opened) == names(("a", 2), ("b", 3))
        opened.truncate_to(5)
        assert opened.end_offset == 5


def test_a_batch_that_is_not_for_the_end_is_a_bug() -> None:
    _, log = new_log()
    append(log, a_batch("a"))
    with pytest.raises(AssertionError, match="at end 1"):
        log.append(a_batch("b"), 0, 0)


def test_a_wrong_index_is_rebuilt_where_it_is_used() -> None:
    """An index damaged while the log is open points into the middle of a batch, or at another batch."""
    for damage in (b"\0\0\0\1", b"\0\0\0\0", b"\x7f\0\0\0", b"\xff\0\0\0"):
        disk, log = new_log(LogConfig(index_interval_bytes=100))
        append(log, *(a_batch(str(number)) for number in range(30)))
        log = open_log(disk, LogConfig(index_interval_bytes=100), recovery_point=30).log
        good = disk.read_file(INDEX)
        used = next(place for place in range(0, len(good), 8) if good[place + 3] == 6)
        disk.open(INDEX).write_at(used + 4, damage)
        assert disk.read_file(INDEX) != good
        assert values(log, 6, 8) == ["6/0", "7/0"]
        assert disk.read_file(INDEX) == good


def test_what_is_flushed_is_synced_also_across_a_roll() -> None:
    disk, log = new_log(SMALL)
    append(log, *(a_batch(str(number)) for number in range(12)))
    assert log.recovery_point == 0
    log.flush()
    assert log.recovery_point == 12
    append(log, a_batch("lost"))
    disk.lose_power(lambda *_: 0)
    recovered = open_log(disk, SMALL, recovery_point=12)
    assert recovered.state.log_end == 12
    assert values(recovered.log) == [f"{number}/0" for number in range(12)]


def test_flush_messages_says_when_a_flush_is_due() -> None:
    _, log = new_log(LogConfig(flush_messages=3))
    append(log, a_batch("a", 2))
    assert not log.flush_due
    append(log, a_batch("b", 1))
    assert log.flush_due
    log.flush()
    assert not log.flush_due
    _, log = new_log()
    append(log, a_batch("a", 2))
    assert not log.flush_due
