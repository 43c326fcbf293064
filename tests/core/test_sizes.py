"""Bytes between offsets: what a fetch waits for is counted by position, across the gaps of a compacted log too."""

from hypothesis import given
from hypothesis import strategies as st

from impl.core.sizes import PLENTY, REMEMBERED_MAX, RecentSizes
from tests.core.pump import Cluster

STEPS = st.lists(st.tuples(st.sampled_from([0, 0, 3]), st.integers(1, 4), st.integers(60, 90)), max_size=20)


@given(steps=STEPS, start=st.integers(0, 60), length=st.integers(0, 60), cut=st.integers(0, 90))
def test_bytes_are_those_of_the_batches_that_end_between(steps, start, length, cut):
    sizes, batches, end = RecentSizes(), [], 0
    for gap, records, size in steps:
        batches.append((end + gap, end + gap + records, size))
        end += gap + records
        sizes.append(*batches[-1])
    if cut < end:
        sizes.truncate(cut)
        batches = [batch for batch in batches if batch[1] <= cut]
    begins = steps[0][0] if steps else 0
    counted = sum(size for _, ends, size in batches if start < ends <= start + length)
    if length == 0:
        assert sizes.between(start, start) == 0
    elif not steps or start < begins or (cut < end and cut < begins):
        assert sizes.between(start, start + length) == PLENTY
    else:
        assert sizes.between(start, start + length) == counted


def test_what_lies_before_the_memory_counts_as_plenty():
    sizes = RecentSizes()
    for number in range(REMEMBERED_MAX + 10):
        sizes.append(number, number + 1, 70)
    assert sizes.between(0, 5) == PLENTY
    assert sizes.between(REMEMBERED_MAX, REMEMBERED_MAX + 10) == 700


def test_a_fetch_at_the_end_of_a_log_that_was_cut_inside_a_gap_waits_for_the_next_batch():
    """Where bytes were counted by base offsets it was answered with nothing at once, again and again."""
    cluster = Cluster()
    cluster.create_topic()
    for value in range(6):
        cluster.produce(1, value)
    leader = cluster.partition(1)
    leader.log_end = leader.high_watermark = 9
    key = cluster.fetch(1, 6, wait=1_000)
    assert cluster.fetched(key) is None
    leader.sizes.append(9, 10, 70)
    leader.log_end = leader.high_watermark = 10
    leader.wake_fetches([])
    assert leader.sizes.between(6, 10) == leader.sizes.between(9, 10) == 70
