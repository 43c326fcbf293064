"""A replica begins where its leader's log does: what an unclean election excuses of that, and what nothing excuses."""

import pytest

from invariants.step import Violated
from invariants.step.ghost import Partition
from invariants.step.high_watermark_bound import INVARIANT
from tests.invariants.losses import committed, of
from tests.invariants.story import P, Story, content
from traces import facts as f


def gives_up() -> Story:
    """Record A is committed, and n1 has deleted it. n2 has lost it with all it had, and is elected in epoch 1: nothing
    is committed. n3 has not heard of that, and follows n1 in epoch 0."""
    story = of(Story())
    committed(story)
    story.tell(1, f.DeleteBelow(partition=P, to=1))
    story.checker.fault("power loss", ("n2",))
    story.restart(2, end=0)
    story.decide(f.MemberLosesPower, 0, 1, (1, 3), replica=2, broker_epoch=9)
    story.decide(f.ElectUnclean, 1, 2, (2,), leader=2)
    assert story.checker.partitions[P].committed.end == 0
    return story


def falls_behind(to: int) -> f.FallBehind:
    return f.FallBehind(partition=P, leader_epoch=0, leader=1, to=to, high_watermark=to)


def test_it_begins_where_its_leader_does_though_that_is_given_up_since() -> None:
    story = gives_up()
    story.tell(3, falls_behind(1))
    assert story.checker.partitions[P].replicas[3].start == 1


def test_it_begins_no_later_than_its_leader() -> None:
    with pytest.raises(Violated, match="n3 deletes what lies below 2, and what is committed ends at 0"):
        gives_up().tell(3, falls_behind(2))


def test_it_deletes_nothing_by_itself_whatever_is_given_up() -> None:
    with pytest.raises(Violated, match="n3 deletes what lies below 1, and what is committed ends at 0"):
        gives_up().tell(3, f.DeleteBelow(partition=P, to=1))


def test_what_it_knew_before_it_may_delete_until_it_has_reconciled() -> None:
    story = gives_up()
    replica = story.checker.partitions[P].replica(3)
    replica.high_watermark = 1
    story.tell(3, f.DeleteBelow(partition=P, to=1))
    assert replica.start == 1
    replica.reconciled = story.checker.partitions[P].last_unclean
    with pytest.raises(Violated, match="n3 deletes what lies below 1, and what is committed ends at 0"):
        INVARIANT.after["DeleteBelow"](story.checker.partitions[P], replica, f.DeleteBelow(partition=P, to=1))


@pytest.mark.parametrize("leader", [1, -1])
def test_where_nothing_was_given_up_what_its_leader_did_excuses_nothing(leader: int) -> None:
    partition = Partition(P)
    partition.replica(1).start = 5
    judge = INVARIANT.after["FallBehind"]
    fact = f.FallBehind(partition=P, leader_epoch=0, leader=leader, to=5, high_watermark=5)
    with pytest.raises(Violated, match="n3 deletes what lies below 5, and what is committed ends at 0"):
        judge(partition, partition.replica(3), fact)
    partition.last_unclean = 0
    if leader == 1:
        judge(partition, partition.replica(3), fact)
    else:
        with pytest.raises(Violated):
            judge(partition, partition.replica(3), fact)


def test_a_log_that_begins_inside_a_batch_of_its_new_leaders_begins_where_that_does() -> None:
    story = gives_up()
    partition = story.checker.partitions[P]
    replica = partition.replica(3)
    replica.start, replica.reconciled = 2, partition.last_unclean
    batch = content(1, 1, 0xD, count=2)
    judge = INVARIANT.after["ReceiveFetch"]

    def receives(high_watermark: int) -> f.ReceiveFetch:
        told = {"leader_epoch": 1, "leader": 2, "log_end": 3, "batches": (batch,)}
        return f.ReceiveFetch(partition=P, high_watermark=high_watermark, **told)

    judge(partition, replica, receives(1))
    judge(partition, replica, receives(2))
    with pytest.raises(Violated, match="n3 sets its high watermark to 3"):
        judge(partition, replica, receives(3))
    partition.last_unclean, replica.reconciled = -1, 0
    with pytest.raises(Violated, match="n3 sets its high watermark to 1"):
        judge(partition, replica, receives(1))


def test_what_it_had_deleted_may_have_been_given_up_without_a_word() -> None:
    story = gives_up()
    story.tell(3, falls_behind(1))
    story.follow(3, 1, 2)
    replica = story.checker.partitions[P].replica(3)
    story.checker.fault("crash", ("n3",))
    story.restart(3, end=0)
    assert replica.found_at == replica.log.end == 0


def test_once_it_has_reconciled_it_has_told_of_what_it_began_anew() -> None:
    story = gives_up()
    story.tell(3, falls_behind(1))
    partition = story.checker.partitions[P]
    partition.replica(3).reconciled = partition.last_unclean
    story.checker.fault("crash", ("n3",))
    with pytest.raises(Violated, match="n3 comes back with a log that begins at 0; what lies below 1 it had deleted"):
        story.restart(3, end=0)


def comes_back_with(batch: f.Content) -> Story:
    """n3 begins where n1's log does, at a record inside the batch at 1 and 2, and dies before it tells of `batch`."""
    story = of(Story())
    committed(story)
    story.replicate(1, 0, content(1, 0, 0xD, count=2), (2,))
    story.count(1, 0, 2, 3)
    story.decide(f.AlterPartition, 0, 1, (1, 2), leader=1)
    story.learn(1, 0, 1, (1, 2))
    story.advance(1, 0, 3, (1, 2))
    story.tell(1, f.DeleteBelow(partition=P, to=2))
    story.tell(3, falls_behind(2))
    story.checker.fault("crash", ("n3",))
    story.tell(3, f.RecoverStart(partition=P, to=1))
    story.restart(3, end=3, tail=(batch,), tail_from=2, hw=2)
    return story


def test_a_log_that_began_inside_a_batch_may_come_back_with_that_batch_whole() -> None:
    replica = comes_back_with(content(1, 0, 0xD, count=2)).checker.partitions[P].replica(3)
    assert (replica.start, replica.log.end, replica.log.batches[-1].crc) == (1, 3, 0xD)


def test_another_batch_than_that_is_none_of_its_leaders() -> None:
    with pytest.raises(Violated, match="where another log has"):
        comes_back_with(content(1, 0, 0xE, count=2))
