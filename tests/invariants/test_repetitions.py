"""A batch that stands twice: when a leader may have forgotten that it had it, and what nothing excuses."""

import pytest

from invariants.step import Checker, Violated
from invariants.step.ghost import Partition
from invariants.step.per_key_order import INVARIANT
from tests.invariants.story import P, Story, content

SENT = [content(0, 0, 0xA, producer=7, sequence=0), content(1, 0, 0xB, producer=7, sequence=1)]


def third(sequence: int, *, deleted: int, unclean: bool) -> None:
    """Two batches are committed and, below `deleted`, gone from n2; another one is committed."""
    story = Story(Checker())
    story.begin()
    for batch in [*SENT, content(2, 0, 0xC, producer=7, sequence=sequence)]:
        story.replicate(1, 0, batch)
        for follower in (2, 3):
            story.count(1, 0, follower, batch.base_offset + 1)
        partition = story.checker.partitions[P]
        if batch.base_offset == 2:
            partition.replica(2).start = deleted
            partition.last_unclean = 0 if unclean else -1
        story.advance(1, 0, to=batch.base_offset + 1)


@pytest.mark.parametrize(("sequence", "unclean"), [(2, False), (0, False), (0, True), (1, True)])
def test_a_leader_takes_for_new_what_it_has_forgotten(sequence: int, unclean: bool) -> None:
    third(sequence, deleted=2, unclean=unclean)


@pytest.mark.parametrize(
    ("sequence", "deleted", "unclean"),
    [(1, 2, False), (0, 1, True), (1, 1, True), (1, 0, True), (3, 2, True), (5, 2, True)],
)
def test_it_forgets_nothing_that_is_there_and_makes_nothing_up(sequence: int, deleted: int, unclean: bool) -> None:
    """Where no election was unclean, a state that was synced with what is deleted is no older than that."""
    with pytest.raises(Violated) as caught:
        third(sequence, deleted=deleted, unclean=unclean)
    assert caught.value.invariant == "per_key_order"


def test_a_log_that_begins_inside_a_batch_which_is_given_up_has_a_gap() -> None:
    """Offset 2 was of a batch that is gone: the next one, at 3, is the first of a producer that is forgotten."""
    partition = Partition(P)
    for batch in [*SENT, again := content(3, 4, 0xD, producer=7, sequence=0)]:
        partition.append(partition.replica(1), batch)
    partition.replica(1).start = 3
    partition.last_unclean = 4
    partition.commit(partition.replica(1), again.base_offset + 1)
    assert partition.committed.ends == [1, 2, 4]
    INVARIANT.after["AdvanceHighWatermark"](partition, partition.replica(1), None)
    partition.replica(1).start = 1
    partition.sequences.clear()
    partition.sequenced = 0
    with pytest.raises(Violated, match="which is committed already as record 0"):
        INVARIANT.after["AdvanceHighWatermark"](partition, partition.replica(1), None)
