"""Brokers that come back in ways that the model does not name: what it follows of them, and what it still refuses."""

from typing import Any

import pytest

from tests.traces.execution import PARTITION, content
from traces import facts as f
from traces.abstraction import DivergedError
from traces.following import Follower

A = content(0)
B = content(1)


class Run:
    """n1 leads epoch 0, n2 is in sync, n3 follows. A record is in all three logs or, with `behind`, not in that of n3;
    n1 knows it to be committed."""

    def __init__(self, *, behind: bool = False) -> None:
        self.follower = Follower("survival")
        self.tell(0, f.CreatePartition, replicas=(1, 2, 3), isr=(1, 2), leader=1)
        self.tell(1, f.BecomeLeader, leader_epoch=0, partition_epoch=0, isr=(1, 2), start_offset=0)
        for node in (2, 3):
            self.tell(node, f.BecomeFollower, leader_epoch=0, leader=1)
            self.probed(0, -1, 0)
            self.tell(node, f.Reconcile, leader_epoch=0, leader=1, log_end=0)
            self.asks(node, 0, broker_epoch=node)
        self.tell(1, f.Append, leader_epoch=0, batch=A)
        for node in (2,) if behind else (2, 3):
            self.copies(node, A)
        self.asks(2, 1, broker_epoch=2)
        self.tell(1, f.Acknowledge, leader_epoch=0, follower=2, offset=1, broker_epoch=2)
        self.tell(1, f.AdvanceHighWatermark, leader_epoch=0, to=1, maximal_isr=(1, 2))

    def tell(self, node: int, kind: type[Any], **fields: Any) -> None:
        self.follower.fact(node or -1, kind(partition=PARTITION, **fields))

    def probed(self, offset: int, last_epoch: int, log_end: int) -> None:
        at = {"offset": offset, "last_fetched_epoch": last_epoch, "log_end": log_end}
        self.tell(1, f.AnswerProbe, leader_epoch=0, diverging_epoch=-1, diverging_end=-1, **at)

    def asks(self, node: int, offset: int, *, broker_epoch: int) -> None:
        self.tell(node, f.SendFetch, leader_epoch=0, leader=1, offset=offset, broker_epoch=broker_epoch)

    def copies(self, node: int, batch: f.Content, high_watermark: int = 0) -> None:
        end = batch.base_offset + 1
        told = {"leader_epoch": 0, "log_end": end, "high_watermark": high_watermark}
        self.tell(1, f.AnswerFetch, follower=node, offset=batch.base_offset, **told)
        self.tell(node, f.ReceiveFetch, leader=1, batches=(batch,), **told)

    def comes_back(self, start: int, high_watermark: int) -> None:
        """n3, with a log that begins there and holds nothing, in a new life."""
        self.tell(3, f.RecoverStart, to=start)
        self.returns(start, high_watermark)

    def returns(self, log_end: int, high_watermark: int, broker_epoch: int = 20, *tail: f.Content) -> None:
        told = {"log_end": log_end, "high_watermark": high_watermark, "tail": tail, "clean": False}
        self.tell(3, f.Restart, tail_from=tail[0].base_offset if tail else log_end, **told)
        self.tell(0, f.LosePower, replica=3, broker_epoch=broker_epoch)

    @property
    def state(self) -> Any:
        return self.follower.partitions[PARTITION].state


def test_a_log_dropped_for_its_leaders_start_may_not_have_been_told() -> None:
    run = Run(behind=True)
    run.tell(1, f.DeleteBelow, to=1)
    run.comes_back(1, 1)
    assert (len(run.state.log[3]), run.state.high_watermark[3]) == (1, 1)
    run.asks(3, 1, broker_epoch=20)
    assert run.follower.end(0) is None


def test_a_log_dropped_where_it_ends_as_its_leaders_begins_there_may_not_have_been_told() -> None:
    run = Run()
    run.tell(1, f.DeleteBelow, to=1)
    run.comes_back(1, 1)
    assert (len(run.state.log[3]), run.state.high_watermark[3]) == (1, 1)
    run.asks(3, 1, broker_epoch=20)
    assert run.follower.end(0) is None


def test_where_its_leader_has_deleted_nothing_no_follower_knows_a_record_committed_by_its_start() -> None:
    with pytest.raises(DivergedError, match="the model refuses it: lose_power"):
        Run().comes_back(1, 1)


def test_no_log_begins_later_than_its_leaders() -> None:
    run = Run(behind=True)
    run.tell(1, f.Append, leader_epoch=0, batch=B)
    run.tell(1, f.DeleteBelow, to=1)
    with pytest.raises(DivergedError, match="its log ends at 2, in the model at 0"):
        run.comes_back(2, 2)


def test_what_its_leader_has_not_deleted_no_follower_drops() -> None:
    with pytest.raises(DivergedError, match="its log ends at 1, in the model at 0"):
        Run(behind=True).comes_back(1, 1)


def dropping(*, deleted: int) -> Run:
    """n3 has both records on disk and hears of their leader anew, which has deleted so many."""
    run = Run()
    run.tell(1, f.Append, leader_epoch=0, batch=B)
    run.asks(3, 1, broker_epoch=3)
    run.copies(3, B, 1)
    run.asks(2, 1, broker_epoch=2)
    run.copies(2, B, 1)
    run.asks(2, 2, broker_epoch=2)
    run.tell(1, f.Acknowledge, leader_epoch=0, follower=2, offset=2, broker_epoch=2)
    run.tell(1, f.AdvanceHighWatermark, leader_epoch=0, to=2, maximal_isr=(1, 2))
    if deleted:
        run.tell(1, f.DeleteBelow, to=deleted)
    run.state.flushed[3] = 2
    return run


@pytest.mark.parametrize("kept", [0, 1])
def test_a_log_that_was_being_dropped_for_its_leaders_start_has_lost_what_that_had_deleted(kept: int) -> None:
    run = dropping(deleted=2)
    run.returns(kept, 0, 20, *(A, B)[:kept])
    assert (len(run.state.log[3]), run.state.flushed[3]) == (kept, kept)
    run.asks(3, kept, broker_epoch=20)
    assert run.follower.end(0) is None


def test_until_it_has_registered_a_log_counts_that_power_may_have_cut_down_while_it_was_dropped() -> None:
    """n2 is in sync and has lost the only committed record, which its leader has deleted by now."""
    run = Run()
    run.tell(1, f.DeleteBelow, to=1)
    run.tell(2, f.Restart, log_end=0, high_watermark=0, tail_from=0, tail=(), clean=False)
    assert run.follower.end(0) is None
    version = {"leader_epoch": 0, "partition_epoch": 1, "isr": (1,), "elr": (), "enough": False}
    run.tell(0, f.MemberLosesPower, replica=2, broker_epoch=20, **version)
    run.asks(2, 0, broker_epoch=20)
    assert len(run.state.log[2]) == 0
    assert run.follower.end(0) is None


@pytest.mark.parametrize("deleted", [0, 1])
def test_what_its_leader_still_has_of_what_was_on_disk_nobody_drops(deleted: int) -> None:
    with pytest.raises(DivergedError, match="the model refuses it: lose_power"):
        dropping(deleted=deleted).returns(0, 0)


def test_whose_log_begins_where_its_leaders_does_drops_nothing() -> None:
    run = dropping(deleted=2)
    run.tell(3, f.RecoverStart, to=2)
    with pytest.raises(DivergedError, match="the model refuses it: lose_power"):
        run.returns(1, 1)


def deposed(*, behind: bool = False) -> Run:
    """n1 has deleted the record and told n3 where it begins; n2 leads by the time n3 hears."""
    run = Run(behind=behind)
    run.tell(1, f.DeleteBelow, to=1)
    run.probed(0 if behind else 1, -1 if behind else 0, 1)
    run.tell(0, f.FailOver, leader=2, leader_epoch=1, partition_epoch=1, isr=(2,), removed=1, elr=(1,), enough=False)
    run.tell(1, f.BecomeFollower, leader_epoch=1, leader=2)
    return run


def test_a_leader_that_leads_no_more_may_be_heard_late() -> None:
    run = deposed()
    run.tell(3, f.FallBehind, leader_epoch=0, leader=1, to=1, high_watermark=1)
    assert (len(run.state.log[3]), run.state.high_watermark[3]) == (1, 1)
    assert run.follower.end(0) is None


def test_what_is_deleted_by_now_it_has_copied_then() -> None:
    run = deposed(behind=True)
    run.tell(3, f.FallBehind, leader_epoch=0, leader=1, to=1, high_watermark=1)
    assert run.state.log[3] == run.state.log[1]
    assert run.follower.end(0) is None


def test_a_leader_that_leads_no_more_has_not_told_of_what_it_has_not_deleted() -> None:
    with pytest.raises(DivergedError, match="leads no more") as caught:
        deposed().tell(3, f.FallBehind, leader_epoch=0, leader=1, to=2, high_watermark=2)
    assert caught.value.outside


def test_what_an_unclean_election_may_have_changed_is_outside_the_model() -> None:
    run = deposed(behind=True)
    told = {"leader_epoch": 2, "isr": (), "enough": False}
    run.tell(0, f.TakeOffline, partition_epoch=2, elr=(1, 2), removed=2, **told)
    run.tell(0, f.MemberLosesPower, partition_epoch=3, elr=(2,), replica=1, broker_epoch=7, **told)
    run.tell(0, f.MemberLosesPower, partition_epoch=4, elr=(), replica=2, broker_epoch=8, **told)
    run.tell(0, f.ElectUnclean, leader=2, leader_epoch=3, partition_epoch=5, isr=(2,), enough=False)
    with pytest.raises(DivergedError, match="leads no more") as caught:
        run.tell(3, f.FallBehind, leader_epoch=0, leader=1, to=1, high_watermark=1)
    assert caught.value.outside


def overtaken() -> Run:
    """n3 goes by registration 3; that of its former life comes late, and is number 9."""
    run = Run()
    run.tell(0, f.LosePower, replica=3, broker_epoch=9)
    return run


def test_a_broker_fetches_under_its_registration_until_it_hears_that_it_was_overtaken() -> None:
    run = overtaken()
    run.asks(3, 1, broker_epoch=3)
    run.tell(0, f.LosePower, replica=3, broker_epoch=12)
    run.asks(3, 1, broker_epoch=3)
    run.asks(3, 1, broker_epoch=12)
    with pytest.raises(DivergedError, match="it says broker_epoch of n3 is 9, in the model it is 12"):
        run.asks(3, 1, broker_epoch=9)


def test_nobody_is_added_under_a_registration_that_was_overtaken() -> None:
    run = overtaken()
    run.asks(3, 1, broker_epoch=3)
    run.tell(1, f.Acknowledge, leader_epoch=0, follower=3, offset=1, broker_epoch=3)
    run.tell(1, f.ExpandIsr, leader_epoch=0, partition_epoch=0, follower=3, isr=(1, 2, 3), broker_epoch=3)
    with pytest.raises(DivergedError, match="the model refuses it"):
        run.tell(
            0, f.AlterPartition, leader=1, leader_epoch=0, partition_epoch=1, isr=(1, 2, 3), enough=True, broker_epoch=1
        )


def test_a_process_that_has_restarted_knows_its_registration() -> None:
    run = overtaken()
    run.returns(1, 0, 12, A)
    with pytest.raises(DivergedError, match="it says broker_epoch of n3 is 9, in the model it is 12"):
        run.asks(3, 1, broker_epoch=9)


def test_a_process_that_goes_on_has_synced_nothing_by_that() -> None:
    """Its registration comes again; then the power goes, and takes what was never on disk."""
    run = overtaken()
    assert (len(run.state.log[3]), run.state.flushed[3]) == (1, 0)
    run.returns(0, 0, 12)
    assert len(run.state.log[3]) == 0


def test_what_was_synced_before_it_went_on_is_still_there() -> None:
    run = Run()
    run.tell(1, f.Append, leader_epoch=0, batch=B)
    run.asks(3, 1, broker_epoch=3)
    run.copies(3, B, 1)
    run.returns(2, 0, 9, A, B)
    run.tell(0, f.LosePower, replica=3, broker_epoch=10)
    with pytest.raises(DivergedError, match="the model refuses it: lose_power"):
        run.returns(1, 0, 12, A)


def test_a_process_that_goes_on_hears_of_the_epochs_it_has_missed_one_by_one() -> None:
    run = Run()
    told = {"isr": (2,), "elr": (1,), "enough": False}
    run.tell(0, f.FailOver, leader=2, leader_epoch=1, partition_epoch=1, removed=1, **told)
    run.tell(0, f.Elect, leader=2, leader_epoch=2, partition_epoch=2, isr=(2,), elr=(1,), enough=False)
    run.tell(0, f.LosePower, replica=3, broker_epoch=9)
    run.asks(3, 1, broker_epoch=3)
    for epoch in (1, 2):
        run.tell(3, f.BecomeFollower, leader_epoch=epoch, leader=2)
    assert run.state.leader_epoch[3] == 3
    with pytest.raises(DivergedError, match="become_follower"):
        run.tell(3, f.BecomeFollower, leader_epoch=1, leader=2)


def test_a_broker_with_nothing_in_its_log_goes_by_its_registration_too() -> None:
    run = Run(behind=True)
    run.tell(0, f.LosePower, replica=3, broker_epoch=9)
    run.asks(3, 0, broker_epoch=3)
    run.asks(3, 0, broker_epoch=9)
    with pytest.raises(DivergedError, match="it says broker_epoch of n3 is 3"):
        run.asks(3, 0, broker_epoch=3)


def test_who_has_deleted_its_log_was_overtaken_as_another() -> None:
    run = overtaken()
    told = {"leader_epoch": 1, "isr": (1, 2), "enough": True}
    run.tell(0, f.Reassign, leader=1, partition_epoch=1, removed=3, replicas=(1, 2), **told)
    run.tell(3, f.DeleteReplica)
    partition = run.follower.partitions[PARTITION]
    assert 3 not in partition.overtaken


def test_a_log_deleted_while_it_was_out_is_gone_when_it_joins_again() -> None:
    run = Run()
    run.tell(3, f.Restart, log_end=1, high_watermark=0, tail_from=0, tail=(A,), clean=False)
    told = {"leader_epoch": 1, "isr": (1, 2), "enough": True}
    run.tell(0, f.Reassign, leader=1, partition_epoch=1, removed=3, replicas=(1, 2), **told)
    run.tell(0, f.AddReplicas, partition_epoch=2, added=(3,), replicas=(1, 2, 3), **told)
    run.tell(1, f.BecomeLeader, leader_epoch=1, partition_epoch=2, isr=(1, 2), start_offset=1)
    run.tell(3, f.BecomeFollower, leader_epoch=1, leader=1)
    probe = {"offset": 0, "last_fetched_epoch": -1, "diverging_epoch": -1, "diverging_end": -1, "log_end": 1}
    run.tell(1, f.AnswerProbe, leader_epoch=1, **probe)
    run.tell(3, f.Reconcile, leader_epoch=1, leader=1, log_end=0)
    assert (len(run.state.log[3]), len(run.state.log[1])) == (0, 1)
    assert run.follower.end(0) is None


def led_by_who_knows_less() -> Run:
    """n2 leads epoch 1 and knows nothing to be committed; n1 has copied from it, and put its own watermark back."""
    run = Run()
    run.tell(0, f.Elect, leader_epoch=1, partition_epoch=1, isr=(1, 2), leader=2)
    run.tell(2, f.BecomeLeader, leader_epoch=1, partition_epoch=1, isr=(1, 2), start_offset=1)
    run.tell(1, f.BecomeFollower, leader_epoch=1, leader=2)
    probe = {"offset": 1, "last_fetched_epoch": 0, "log_end": 1}
    run.tell(2, f.AnswerProbe, leader_epoch=1, diverging_epoch=-1, diverging_end=-1, **probe)
    run.tell(1, f.Reconcile, leader_epoch=1, leader=2, log_end=1)
    run.tell(1, f.SendFetch, leader_epoch=1, leader=2, offset=1, broker_epoch=1)
    run.tell(2, f.Append, leader_epoch=1, batch=content(1, epoch=1))
    told = {"leader_epoch": 1, "log_end": 2, "high_watermark": 0}
    run.tell(2, f.AnswerFetch, follower=1, offset=1, **told)
    run.tell(1, f.ReceiveFetch, leader=2, batches=(content(1, epoch=1),), **told)
    assert run.state.high_watermark[1] == 0
    return run


def test_a_cleaning_goes_by_the_watermark_it_began_with() -> None:
    """A slow disk is not done with it before the watermark has fallen to what a new leader knows."""
    run = led_by_who_knows_less()
    run.tell(1, f.Compact, begin=0, to=1)
    assert run.follower.end(0) is None


def test_no_cleaning_goes_by_a_watermark_that_never_was() -> None:
    with pytest.raises(
        DivergedError, match="it compacts what lies below 2, in the model the high watermark of n1 is 0"
    ):
        led_by_who_knows_less().tell(1, f.Compact, begin=0, to=2)


W = content(1, count=2)
"""A batch of two records, of which the first is deleted."""


def beginning_inside_a_batch(kept: int) -> Run:
    """n3 begins in the middle of W, is sent that batch, and dies before it tells what it made of it."""
    run = Run()
    run.tell(1, f.Append, leader_epoch=0, batch=W)
    run.asks(2, 1, broker_epoch=2)
    told = {"leader_epoch": 0, "log_end": 3, "high_watermark": 1}
    run.tell(1, f.AnswerFetch, follower=2, offset=1, **told)
    run.tell(2, f.ReceiveFetch, leader=1, batches=(W,), **told)
    run.asks(2, 3, broker_epoch=2)
    run.tell(1, f.Acknowledge, leader_epoch=0, follower=2, offset=3, broker_epoch=2)
    run.tell(1, f.AdvanceHighWatermark, leader_epoch=0, to=3, maximal_isr=(1, 2))
    run.tell(1, f.DeleteBelow, to=2)
    run.tell(3, f.FallBehind, leader_epoch=0, leader=1, to=2, high_watermark=2)
    run.asks(3, 2, broker_epoch=3)
    run.tell(1, f.AnswerFetch, follower=3, offset=2, leader_epoch=0, log_end=3, high_watermark=3)
    run.tell(3, f.RecoverStart, to=1)
    tail = (W,)[:kept]
    found = {"log_end": 3, "high_watermark": 2, "tail": tail, "clean": False}
    run.tell(3, f.Restart, tail_from=2, **found)
    return run


def test_the_batch_in_which_a_log_begins_may_have_come_and_not_been_told() -> None:
    run = beginning_inside_a_batch(kept=1)
    assert len(run.state.log[3]) == 3
    assert run.follower.end(0) is None


def test_what_came_in_the_middle_of_a_batch_is_to_be_told() -> None:
    with pytest.raises(DivergedError, match="the tail does not tell what is between"):
        beginning_inside_a_batch(kept=0)


@pytest.mark.parametrize("kept", [1, 0])
def test_the_batch_in_which_a_log_begins_takes_the_place_of_what_was_flushed(kept: int) -> None:
    """The log is made anew from the beginning of the batch, and of the batch no disk has anything for certain."""
    run = Run()
    run.tell(1, f.Append, leader_epoch=0, batch=W)
    run.asks(2, 1, broker_epoch=2)
    told = {"leader_epoch": 0, "log_end": 3, "high_watermark": 1}
    run.tell(1, f.AnswerFetch, follower=2, offset=1, **told)
    run.tell(2, f.ReceiveFetch, leader=1, batches=(W,), **told)
    run.asks(2, 3, broker_epoch=2)
    run.tell(1, f.Acknowledge, leader_epoch=0, follower=2, offset=3, broker_epoch=2)
    run.tell(1, f.AdvanceHighWatermark, leader_epoch=0, to=3, maximal_isr=(1, 2))
    run.tell(1, f.DeleteBelow, to=2)
    run.tell(3, f.FallBehind, leader_epoch=0, leader=1, to=2, high_watermark=2)
    run.state.flushed[3] = 2
    told = {"leader_epoch": 0, "log_end": 3, "high_watermark": 3}
    run.asks(3, 2, broker_epoch=3)
    run.tell(1, f.AnswerFetch, follower=3, offset=2, **told)
    run.tell(3, f.ReceiveFetch, leader=1, batches=(W,), **told)
    if kept:
        run.comes_back(1, 1)
        assert len(run.state.log[3]) == 1
        return
    with pytest.raises(DivergedError, match="on_disk"):
        run.returns(0, 0)
