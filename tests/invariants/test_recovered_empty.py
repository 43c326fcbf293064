"""What a crash may take of a log that has records, and of one that has none."""

import pytest

from invariants.step import Violated
from invariants.step.recovery import INVARIANT
from tests.invariants.losses import committed, of
from tests.invariants.story import P, Story
from traces import facts as f


def deleted_to(start: int) -> Story:
    """Record A is on every node, which have run ever since; n1, which leads, has deleted what lies below `start`."""
    story = of(Story())
    committed(story)
    story.tell(1, f.DeleteBelow(partition=P, to=start))
    return story


def comes_back_empty(story: Story, node: int = 1) -> None:
    partition = story.checker.partitions[P]
    replica = partition.replica(node)
    story.checker.fault("crash", (f"n{node}",))
    assert replica.keeps_all
    found = f.Restart(partition=P, log_end=0, high_watermark=0, tail_from=0, tail=(), clean=False)
    INVARIANT.before["Restart"](partition, replica, found)


def test_an_empty_log_may_have_begun_anew() -> None:
    """At a batch that its first offset lies in, which was to be written next."""
    story = deleted_to(1)
    replica = story.checker.partitions[P].replica(1)
    assert replica.start == replica.log.end == 1
    comes_back_empty(story)


def test_a_log_with_records_may_not() -> None:
    story = of(Story())
    committed(story)
    with pytest.raises(Violated, match="comes back from a crash with a log that ends at 0; it had written up to 1"):
        comes_back_empty(story)


@pytest.mark.parametrize(("deleted", "lost"), [(0, True), (1, False)])
def test_what_its_leader_has_deleted_a_follower_may_have_been_dropping(deleted: int, lost: bool) -> None:
    story = deleted_to(deleted)
    story.tell(2, f.Reconcile(partition=P, leader_epoch=0, leader=1, log_end=1))
    if lost:
        with pytest.raises(Violated, match="n2 comes back from a crash with a log that ends at 0"):
            comes_back_empty(story, 2)
    else:
        comes_back_empty(story, 2)
        assert story.checker.partitions[P].replica(2).start == 0
