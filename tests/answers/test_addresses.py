"""Whom clients are told of is whom the broker counts as registered and not fenced."""

import pytest

from impl.core.messages import BrokerAddress, DescribedPartition, DescribedTopic, DescribedTopics
from impl.core.types import ErrorCode
from invariants.answers.addresses import wrong

FIRST = BrokerAddress(1, "a", 9092)
SECOND = BrokerAddress(2, "b", 9092, "r")
KNOWN = {1: FIRST, 2: SECOND}


def told(*brokers, leader=2):
    partition = DescribedPartition(
        index=0, error=ErrorCode.NONE, leader=leader, leader_epoch=4, replicas=(1, 2), isr=(1, 2), offline=()
    )
    topics = (DescribedTopic("t", bytes(16), ErrorCode.NONE, (partition,)),)
    return wrong("n1", DescribedTopics(brokers, 1, topics), KNOWN)


@pytest.mark.parametrize("leader", [-1, 1, 2])
def test_all_of_them_in_any_order_are_right(leader):
    assert told(SECOND, FIRST, leader=leader) == ""


@pytest.mark.parametrize(
    ("brokers", "sentence"),
    [
        ((FIRST,), "n1 leaves n2 out of the addresses it tells, whom it counts as registered and not fenced"),
        (
            (FIRST, SECOND, BrokerAddress(3, "c", 9092)),
            "n1 tells the address of n3, whom it does not count as registered, or counts as fenced",
        ),
        ((FIRST, SECOND, SECOND), "n1 tells an address twice: [1, 2, 2]"),
        (
            (FIRST, BrokerAddress(2, "a", 9092, "r")),
            "n1 says that n2 is at a:9092, and it registered at b:9092 (rack r)",
        ),
        ((FIRST, BrokerAddress(2, "b", 9092)), "n1 says that n2 is at b:9092, and it registered at b:9092 (rack r)"),
    ],
    ids=["one left out", "one too many", "one twice", "elsewhere", "in no rack"],
)
def test_any_other_book_is_wrong(brokers, sentence):
    assert told(*brokers) == sentence


def test_a_leader_is_to_be_found():
    assert told(FIRST, SECOND, leader=3) == "n1 says that n3 leads t-0, and tells no address of it"
