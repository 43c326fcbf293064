"""A leader that copied a compacted log, and does not know where in a gap an epoch began."""

import pytest

from tests.traces.execution import PARTITION, content
from traces import facts as f
from traces.abstraction import DivergedError
from traces.following import Follower

OLD = content(0), content(1)
NEW = content(2, epoch=1), content(3, epoch=1)
END = 4


def led(compacted: int) -> Follower:
    """n1 has led epochs 0 and 1, of two records each, which n3 has but for the last two; all is committed by n1 and n2.
    By now n2 leads, and what lies below `compacted` was compacted."""
    follower = Follower("survival")

    def tell(node, kind, **fields):
        follower.fact(node or -1, kind(partition=PARTITION, **fields))

    def fetch(node, epoch, offset, *batches, high_watermark=0):
        tell(node, f.SendFetch, leader_epoch=epoch, leader=1, offset=offset, broker_epoch=node)
        told = {"leader_epoch": epoch, "log_end": offset + len(batches), "high_watermark": high_watermark}
        tell(1, f.AnswerFetch, follower=node, offset=offset, **told)
        tell(node, f.ReceiveFetch, leader=1, batches=batches, **told)

    def joins(node, epoch, end, last):
        tell(node, f.BecomeFollower, leader_epoch=epoch, leader=1)
        probe = {"offset": end, "last_fetched_epoch": last, "log_end": end}
        tell(1, f.AnswerProbe, leader_epoch=epoch, diverging_epoch=-1, diverging_end=-1, **probe)
        tell(node, f.Reconcile, leader_epoch=epoch, leader=1, log_end=end)

    tell(0, f.CreatePartition, replicas=(1, 2, 3), isr=(1, 2), leader=1)
    tell(1, f.BecomeLeader, leader_epoch=0, partition_epoch=0, isr=(1, 2), start_offset=0)
    for node in (2, 3):
        joins(node, 0, 0, -1)
    for batch in OLD:
        tell(1, f.Append, leader_epoch=0, batch=batch)
    for node in (2, 3):
        fetch(node, 0, 0, *OLD)
    tell(0, f.Elect, leader_epoch=1, partition_epoch=1, isr=(1, 2), leader=1)
    tell(1, f.BecomeLeader, leader_epoch=1, partition_epoch=1, isr=(1, 2), start_offset=2)
    joins(2, 1, 2, 0)
    for batch in NEW:
        tell(1, f.Append, leader_epoch=1, batch=batch)
    fetch(2, 1, 2, *NEW)
    tell(2, f.SendFetch, leader_epoch=1, leader=1, offset=END, broker_epoch=2)
    tell(1, f.Acknowledge, leader_epoch=1, follower=2, offset=END, broker_epoch=2)
    tell(1, f.AdvanceHighWatermark, leader_epoch=1, to=END, maximal_isr=(1, 2))
    fetch(2, 1, END, high_watermark=END)
    if compacted:
        tell(1, f.Compact, begin=0, to=compacted)
    tell(0, f.Elect, leader_epoch=2, partition_epoch=2, isr=(1, 2), leader=2)
    tell(2, f.BecomeLeader, leader_epoch=2, partition_epoch=2, isr=(1, 2), start_offset=END)
    tell(3, f.BecomeFollower, leader_epoch=2, leader=2)
    return follower


def says(follower: Follower, end: int) -> None:
    """n2 tells n3 where epoch 0 ends."""
    asked = {"offset": 2, "last_fetched_epoch": 0, "log_end": END}
    fact = f.AnswerProbe(partition=PARTITION, leader_epoch=2, diverging_epoch=0, diverging_end=end, **asked)
    follower.fact(2, fact)


def cuts(follower: Follower, to: int) -> None:
    follower.fact(3, f.Truncate(partition=PARTITION, leader_epoch=2, to=to, high_watermark=0))


def test_what_is_compacted_away_may_be_cut_and_copied_again() -> None:
    follower = led(compacted=3)
    says(follower, 1)
    cuts(follower, 1)
    assert len(follower.partitions[PARTITION].state.log[3]) == 1
    assert follower.end(0) is None


def test_where_nothing_is_compacted_an_epoch_ends_where_it_ended() -> None:
    with pytest.raises(DivergedError, match="it says epoch 0 ends at 1, in the log of n2 in the model it does not"):
        says(led(compacted=0), 1)


@pytest.mark.parametrize("compacted", [0, 1])
def test_what_its_leader_still_has_no_follower_cuts(compacted: int) -> None:
    follower = led(compacted)
    says(follower, 2)
    with pytest.raises(DivergedError, match="truncate"):
        cuts(follower, 1)


def test_no_epoch_ends_later_than_it_did() -> None:
    with pytest.raises(DivergedError, match="it says epoch 0 ends at 3"):
        says(led(compacted=4), 3)


@pytest.mark.parametrize("told", [True, False])
def test_who_dies_while_he_cuts_may_have_flushed_what_he_cut(told: bool) -> None:
    follower = led(compacted=3)
    if told:
        says(follower, 1)
    follower.partitions[PARTITION].state.flushed[3] = len(OLD)
    found = {"log_end": 1, "high_watermark": 0, "tail_from": 0, "tail": OLD[:1], "clean": False}
    follower.fact(3, f.Restart(partition=PARTITION, **found))
    registered = f.LosePower(partition=PARTITION, replica=3, broker_epoch=20)
    if told:
        follower.fact(-1, registered)
        assert len(follower.partitions[PARTITION].state.log[3]) == 1
        return
    with pytest.raises(DivergedError, match="on_disk"):
        follower.fact(-1, registered)
