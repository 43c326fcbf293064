"""A partition is left without a leader only where nobody may lead it."""

import pytest

from impl.core.image import PartitionImage
from impl.core.metadata import PartitionRecord
from impl.core.types import NO_LEADER, LeaderEpoch, NodeId, PartitionEpoch, TopicPartition
from invariants.answers.leaderless import wrong


def told(isr, elr, active, leader=NO_LEADER):
    record = PartitionRecord(
        partition=TopicPartition("t", 0),
        replicas=(NodeId(1), NodeId(2), NodeId(3)),
        isr=isr,
        elr=elr,
        leader=leader,
        leader_epoch=LeaderEpoch(4),
        partition_epoch=PartitionEpoch(7),
    )
    return wrong("controller", [PartitionImage(record)], active)


@pytest.mark.parametrize(
    ("isr", "elr", "active"),
    [((), (), {1, 2, 3}), ((), (1, 2), {3}), ((1,), (), {2, 3}), ((1,), (2,), {2}), ((), (), set())],
    ids=["nobody may", "the eligible are away", "who is in sync is away", "in sync before eligible", "all are away"],
)
def test_it_waits_for_who_may_lead(isr, elr, active):
    assert told(isr, elr, active) == ""


def test_who_is_in_sync_is_to_lead():
    assert told((3, 2), (), {2, 3}) == "controller leaves t-0 without a leader, and n2 is in sync and counted on"


def test_where_nobody_is_in_sync_any_eligible_one_is():
    assert told((), (1, 2), {2, 3}) == "controller leaves t-0 without a leader, and n2 is eligible and counted on"


def test_one_that_is_led_needs_none():
    assert told((1, 2), (), {1, 2}, leader=NodeId(1)) == ""
