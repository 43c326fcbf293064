"""Sound stories pass, and the ghost holds after them what the logs must hold."""

import pytest

from invariants.step import Checker, Violated
from tests.invariants.story import Story, content
from tests.invariants.test_step import A, B, committed_and_promised


def test_a_fail_over_and_a_return():
    """n1 crashes with a record of its own, n2 leads on, n1 comes back, is cut and copies."""
    story = Story()
    committed_and_promised(story)
    story.append(1, B)
    story.checker.fault("crash", ("n1",))
    story.fail_over(2, removed=1, epoch=1, version=1, isr=(2, 3))
    story.lead(2, 1, start=1, isr=(2, 3))
    story.follow(3, 1, 2)
    new = content(1, 1, 0xC)
    story.replicate(2, 1, new, followers=(3,))
    story.count(2, 1, follower=3, offset=2)
    story.advance(2, 1, to=2, maximal=(2, 3))
    story.promise(2, new, epoch=1)
    story.restart(1, end=2, tail=(A, B))
    story.follow(1, 1, 2)
    story.truncate(1, 1, to=1)
    story.copy(1, 1, 2, new, hw=2)
    story.expand(2, 1, follower=1, isr=(1, 2, 3))
    story.alter(2, epoch=1, version=2, isr=(1, 2, 3))
    partition = story.checker.partitions["t-0"]
    assert [batch.crc for batch in partition.committed.batches] == [0xA, 0xC]
    assert [replica.node for replica in partition.candidates] == [1, 2, 3]


def test_a_crash_may_have_completed_the_step_it_cut_short():
    story = Story()
    story.begin()
    story.checker.fault("crash", ("n1",))
    story.restart(1, end=1, tail=(A,))
    assert story.checker.partitions["t-0"].replica(1).log.batches == [A]


def test_a_member_that_is_down_is_no_candidate():
    """Power took n3's record; it does not count until the controller knows its new process."""
    story = Story()
    committed_and_promised(story)
    story.checker.fault("power loss", ("n3",))
    story.restart(3, end=0)
    story.fence(3, epoch=0, version=1, isr=(1, 2))
    story.follow(3, 0, 1)
    assert [replica.node for replica in story.checker.partitions["t-0"].candidates] == [1, 2]


def test_the_last_member_that_lost_its_tail_is_caught_when_it_counts_again():
    story = Story()
    committed_and_promised(story)
    for node in (1, 2, 3):
        story.checker.fault("power loss", (f"n{node}",))
    story.fail_over(2, removed=1, epoch=1, version=1, isr=(2, 3))
    story.fail_over(3, removed=2, epoch=2, version=2, isr=(3,))
    story.elect(-1, epoch=3, version=3, isr=(3,))
    story.restart(3, end=0)
    story.elect(3, epoch=4, version=4, isr=(3,))
    with pytest.raises(Violated, match="is missing from n3, leader of epoch 4"):
        story.lead(3, 4, isr=(3,))


def test_a_disk_without_the_partition_has_no_restart_fact():
    story = Story()
    committed_and_promised(story)
    story.checker.fault("power loss", ("n3",))
    story.fence(3, epoch=0, version=1, isr=(1, 2))
    story.follow(3, 0, 1)
    assert story.checker.partitions["t-0"].replica(3).log.end == 0


def test_batches_of_several_records():
    story = Story()
    story.begin()
    three = content(0, 0, 0xA, count=3, producer=7, sequence=2**31 - 3)
    wrapped = content(3, 0, 0xB, producer=7, sequence=0)
    story.checker.partitions["t-0"].sequences[7, 0] = 2**31 - 3
    story.append(1, three)
    story.append(1, wrapped)
    log = story.checker.partitions["t-0"].replica(1).log
    assert [log.batches_below(offset) for offset in range(6)] == [0, 1, 1, 1, 2, 2]
    assert [log.batch_at(offset) for offset in (0, 2, 3, 4)] == [three, three, wrapped, None]
    log.cut(3)
    assert (log.end, log.batches) == (3, [three])
    log.cut(2)
    assert (log.end, log.batches) == (0, [])


def test_sequences_wrap():
    checker = Checker()
    story = Story(checker)
    story.begin()
    partition = checker.partitions["t-0"]
    partition.sequences[7, 0] = 2**31 - 1
    partition.producer_epochs[7] = 0
    story.replicate(1, 0, content(0, 0, 0xA, producer=7, sequence=2**31 - 1))
    story.replicate(1, 0, content(1, 0, 0xB, producer=7, sequence=0))
    story.advance(1, 0, to=2)
    assert partition.sequences[7, 0] == 1


def test_an_unknown_fact_is_refused():
    class Invented:
        partition = "t-0"

    with pytest.raises(KeyError, match="Invented"):
        Checker().facts("n1", 0, [Invented()])
