"""Enough are in sync where as many are as min.insync.replicas is now."""

import pytest

from impl.core.image import PartitionImage
from impl.core.metadata import PartitionRecord
from impl.core.types import LeaderEpoch, NodeId, PartitionEpoch, TopicPartition
from invariants.answers.enough import wrong


def told(isr, minimum, *, enough):
    record = PartitionRecord(
        partition=TopicPartition("t", 0),
        replicas=(NodeId(1), NodeId(2), NodeId(3)),
        isr=isr,
        leader=isr[0],
        leader_epoch=LeaderEpoch(4),
        partition_epoch=PartitionEpoch(7),
        enough=enough,
    )
    return wrong("controller", [PartitionImage(record)], lambda _topic: minimum)


@pytest.mark.parametrize(
    ("isr", "minimum", "enough"),
    [((1, 2), 2, True), ((1, 2), 1, True), ((1, 2), 3, False), ((1, 2, 3), 7, True), ((1, 2), 7, False)],
)
def test_it_is_said_as_it_is(isr, minimum, enough):
    assert told(isr, minimum, enough=enough) == ""


def test_too_few_are_not_enough():
    sentence = "controller says that 2 in sync of t-0 are enough, and as min.insync.replicas is set 3 are enough"
    assert told((1, 2), 3, enough=True) == sentence


def test_enough_are_not_too_few():
    sentence = "controller says that 2 in sync of t-0 are too few, and as min.insync.replicas is set 1 are enough"
    assert told((1, 2), 1, enough=False) == sentence
