"""Sound stories with losses of power, decisions told twice and unclean elections pass; both checkers agree."""

from invariants.step import FullChecker
from tests.invariants.losses import A, B, Losses, committed, content
from traces import facts as f


def test_a_decision_told_twice_moves_nothing():
    story = Losses()
    committed(story)
    for _ in range(2):
        story.decide(f.Fence, 0, 1, (1, 2), removed=3)
        story.registers(3, 40)
    story.decide(f.FailOver, 1, 2, (2,), leader=2, removed=1, elr=(1,), enough=False)
    story.decide(f.Fence, 0, 1, (1, 2), removed=3)
    partition = story.checker.partitions["t-0"]
    assert (partition.isr, partition.elr, partition.leader_epoch) == ((2,), (1,), 1)


def test_a_member_that_lost_power_is_no_candidate_until_it_is_back_in_sync():
    story = Losses()
    committed(story)
    story.checker.fault("power loss", ("n2",))
    story.decide(f.Fence, 0, 1, (1, 3), removed=2)
    story.restart(2, end=0)
    story.tell(0, f.LosePower(partition="t-0", replica=2, broker_epoch=40))
    story.follow(2, 0, 1)
    story.reconcile(2, 0, 1, 0)
    story.copy(2, 0, 1, A, hw=1)
    partition = story.checker.partitions["t-0"]
    assert [replica.node for replica in partition.candidates] == [1, 3]
    assert partition.lost == {2: 40}


def test_an_old_position_of_a_member_that_lost_power_may_still_count():
    """n1 does not know yet that n2 is out: what it counts n2 to have, n2 had."""
    story = Losses()
    story.begin()
    story.replicate(1, 0, A)
    for follower in (2, 3):
        story.tell(follower, f.SendFetch(partition="t-0", leader_epoch=0, leader=1, offset=1, broker_epoch=10))
        story.tell(1, f.Acknowledge(partition="t-0", leader_epoch=0, follower=follower, offset=1, broker_epoch=10))
    story.checker.fault("power loss", ("n2",))
    story.restart(2, end=0)
    story.decide(f.MemberLosesPower, 0, 1, (1, 3), replica=2, broker_epoch=40)
    story.follow(2, 0, 1)
    story.advance(1, 0, to=1)
    assert story.checker.partitions["t-0"].committed.end == 1


def test_an_unclean_election_gives_up_what_the_elected_lacks():
    story = Losses()
    committed(story)
    story.replicate(1, 0, B, followers=(2,))
    story.decide(f.Fence, 0, 1, (1, 2), removed=3)
    story.tell(1, f.LearnIsr(partition="t-0", leader_epoch=0, partition_epoch=1, isr=(1, 2)))
    story.count(1, 0, 2, 2)
    story.advance(1, 0, to=2, maximal=(1, 2))
    story.promise(1, B, epoch=0)
    story.decide(f.TakeOffline, 1, 2, (2,), removed=1, elr=(1,), enough=False)
    story.decide(f.ElectUnclean, 2, 3, (3,), leader=3, enough=False)
    partition = story.checker.partitions["t-0"]
    assert (partition.committed.end, sorted(partition.promises)) == (1, [])
    story.lead(3, 2, start=1, isr=(3,))
    story.append(3, content(1, 2, 0xC))
    story.advance(3, 2, to=2, maximal=(3,))
    assert [batch.crc for batch in partition.committed.batches] == [0xA, 0xC]


def test_a_deleted_partition_is_another_one_under_its_name():
    checker = FullChecker()
    story = Losses(checker)
    committed(story)
    story.tell(0, f.DeletePartition(partition="t-0"))
    story.create()
    story.append(1, B)
    story.tell(1, f.DeleteReplica(partition="t-0"))
    story.lead(1, 0)
    story.append(1, content(0, 0, 0xC))
    assert [batch.crc for batch in checker.partitions["t-0"].replica(1).log.batches] == [0xC]
