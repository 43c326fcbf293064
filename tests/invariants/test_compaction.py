"""What compaction may take away, told by hand: each rule holds on what it allows and catches what it does not."""

import pytest

from invariants.step import Checker
from invariants.step.compaction import Compactions
from invariants.verdict import Violated
from tests.invariants.story import P, Story, content
from traces import facts as f
from traces.compacted import Restored

KEY = "k1.0"
FIRST, SECOND, DELETES, OTHER = ((0, KEY, "k1.0:0"), (1, KEY, "k1.0:1"), (2, KEY, "no k1.0:2"), (3, "k2.0", "k2.0:0"))


def written() -> tuple[Story, Compactions]:
    """Four records, the third a tombstone, of which all but the last are committed."""
    story = Story(Checker())
    compactions = Compactions(story.checker.partitions, delete_retention_ms=500, min_compaction_lag_ms=100)
    story.create(isr=(1,))
    story.lead(1, 0, isr=(1,))
    for offset, key, name in (FIRST, SECOND, DELETES, OTHER):
        compactions.wrote(offset + 10, key, (name,), 10 * offset)
        story.append(1, content(offset, 0, offset + 10))
    story.tell(1, f.AdvanceHighWatermark(partition=P, leader_epoch=0, to=3, maximal_isr=(1,)))
    return story, compactions


def held(*records: tuple[int, str, str], horizon: int = -1) -> list[tuple[int, str, str, int]]:
    return [(*record, horizon if record == DELETES else -1) for record in records]


def look(compactions: Compactions, at: int, records: list[tuple[int, str, str, int]]) -> None:
    compactions.held("n1", at, P, 0, 4, records, cleaned=True)


def test_what_later_records_replace_may_go_and_a_tombstone_after_its_time() -> None:
    _, compactions = written()
    look(compactions, 200, held(DELETES, OTHER, horizon=700))
    look(compactions, 700, held(OTHER))
    assert compactions.gone(P) == {0, 1, 2}


@pytest.mark.parametrize(
    ("at", "records", "said"),
    [
        (200, held(FIRST, SECOND, OTHER), "never seen cleaned"),
        (200, held(FIRST, SECOND, DELETES, OTHER, horizon=520), "a tombstone, go at 520"),
        (200, held(FIRST, SECOND, DELETES), "nothing later of its key"),
        (105, held(SECOND, DELETES, OTHER), "nothing later of its key"),
        (200, held(FIRST, (1, KEY, "k1.0:7"), DELETES, OTHER), "in place of"),
        (200, [*held(FIRST, SECOND, DELETES, OTHER), (3, KEY, "k1.0:9", -1)], "out of order"),
        (200, held(SECOND, FIRST, DELETES, OTHER), "out of order"),
    ],
)
def test_nothing_else_may(at: int, records: list[tuple[int, str, str, int]], said: str) -> None:
    _, compactions = written()
    with pytest.raises(Violated, match=said):
        look(compactions, at, records)


def test_a_tombstone_stays_until_its_horizon() -> None:
    _, compactions = written()
    look(compactions, 200, held(DELETES, OTHER, horizon=700))
    with pytest.raises(Violated, match="it was to stay until 700"):
        look(compactions, 699, held(OTHER))


def test_what_is_gone_does_not_come_back() -> None:
    _, compactions = written()
    look(compactions, 200, held(DELETES, OTHER, horizon=700))
    with pytest.raises(Violated, match="which was compacted away"):
        look(compactions, 300, held(SECOND, DELETES, OTHER, horizon=700))


def test_a_clock_that_was_set_is_believed() -> None:
    _, compactions = written()
    compactions.fault("clock jump", ("n1",))
    look(compactions, 200, held(OTHER))
    assert compactions.gone(P) == {0, 1, 2}


def put_back() -> Compactions:
    """All but the last record are committed, and n1 has put its watermark back to what a new leader knew."""
    story, compactions = written()
    story.checker.partitions[P].replicas[1].high_watermark = 1
    return compactions


def test_a_slow_disk_cleans_by_a_watermark_that_has_fallen_since() -> None:
    compactions = put_back()
    with pytest.raises(Violated, match="nothing later of its key"):
        look(compactions, 200, held(DELETES, OTHER, horizon=700))
    compactions = put_back()
    compactions.fault("slow disk", ("n1",))
    look(compactions, 200, held(DELETES, OTHER, horizon=700))
    assert compactions.gone(P) == {0, 1}
    with pytest.raises(Violated, match="nothing later of its key"):
        look(compactions, 200, held(DELETES))


def test_a_batch_that_a_follower_copies_is_as_it_was_written() -> None:
    restored = Restored()
    batches = [content(offset, 0, offset + 10) for offset in range(4)]
    restored.facts("n1", [f.Append(partition=P, leader_epoch=0, batch=batch) for batch in batches])
    copied = f.ReceiveFetch(
        partition=P, leader_epoch=0, leader=1, log_end=4, high_watermark=3, batches=(content(2, 0, 99), batches[3])
    )
    (whole,) = restored.facts("n2", [copied])
    assert whole.batches == (*batches,)


def test_a_batch_of_another_producer_is_left_as_it_is() -> None:
    restored = Restored()
    restored.facts("n1", [f.Append(partition=P, leader_epoch=0, batch=content(0, 0, 10))])
    other = content(0, 0, 99, producer=7, sequence=0)
    copied = f.ReceiveFetch(partition=P, leader_epoch=0, leader=1, log_end=1, high_watermark=0, batches=(other,))
    (whole,) = restored.facts("n2", [copied])
    assert whole.batches == (other,)


def cut_in_a_gap() -> tuple[Story, Restored]:
    """n2 and n3 have the record at 0 and a batch at 1 and 2 of epoch 0, which compaction takes out of n3's log. Of n2's
    log that batch is cut, two records of epoch 2 come in its place, and compaction takes the first of them: that epoch
    begins at 2 in all that n2 can read, and there n3 cuts its log."""
    story, restored = Story(Checker()), Restored()
    story.begin()
    kept, gone = content(0, 0, 10), content(1, 0, 11, count=2)
    restored.facts("n2", [f.Append(partition=P, leader_epoch=0, batch=batch) for batch in (kept, gone)])
    for batch in (kept, gone):
        story.replicate(1, 0, batch)
        restored.facts("n3", [received(3, 0, batch)])
    story.tell(3, f.Compact(partition=P, begin=0, to=3))
    story.tell(0, f.ElectUnclean(partition=P, leader_epoch=2, partition_epoch=1, isr=(2,), leader=2))
    cut = f.Truncate(partition=P, leader_epoch=0, to=1, high_watermark=0)
    story.tell(2, cut)
    restored.facts("n2", [cut])
    story.lead(2, 2, start=1, isr=(2,))
    for batch in (content(1, 2, 21), content(2, 2, 22)):
        story.append(2, batch)
        restored.facts("n2", [f.Append(partition=P, leader_epoch=2, batch=batch)])
    story.follow(3, 2, 2)
    told = f.Truncate(partition=P, leader_epoch=2, to=2, high_watermark=0)
    story.tell(3, told)
    asks = f.SendFetch(partition=P, leader_epoch=2, leader=2, offset=2)
    restored.facts("n3", [told, asks])
    return story, restored


def received(end: int, epoch: int, *copied: f.Content) -> f.ReceiveFetch:
    return f.ReceiveFetch(partition=P, leader_epoch=epoch, leader=2, log_end=end, high_watermark=0, batches=copied)


def test_a_log_cut_where_compaction_has_left_nothing_of_a_batch_ends_there() -> None:
    story, restored = cut_in_a_gap()
    log = story.checker.partitions[P].replica(3).log
    assert (log.end, log.whole_end) == (2, 1)
    story.tell(3, received(2, 2))
    (whole,) = restored.facts("n3", [received(3, 2, content(2, 2, 22))])
    assert [batch.crc for batch in whole.batches] == [21, 22]
    story.tell(3, whole)
    assert [batch.crc for batch in log.batches] == [10, 21, 22]
    (more,) = restored.facts("n3", [received(4, 2, content(3, 2, 23))])
    assert [batch.crc for batch in more.batches] == [23]


def test_what_was_not_copied_behind_such_a_cut_is_missed() -> None:
    story, _ = cut_in_a_gap()
    with pytest.raises(Violated, match=r"n3 has record 2 .* where another log has record 1"):
        story.tell(3, received(3, 2, content(2, 2, 22)))


def test_where_nothing_is_compacted_a_log_ends_with_its_last_batch() -> None:
    story = Story(Checker())
    story.begin()
    story.replicate(1, 0, content(0, 0, 10, count=2))
    story.truncate(3, 0, to=1)
    with pytest.raises(Violated, match="n3 says that its log ends at 1; by what it wrote it ends at 0"):
        story.copy(3, 0, 1, end=1)
