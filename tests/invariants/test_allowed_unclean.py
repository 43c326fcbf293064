"""Whether an unclean election is allowed is what unclean.leader.election.enable says when it is decided."""

import pytest

from impl.core.decision_facts import facts_of
from impl.core.image import MetadataImage
from impl.core.metadata import BROKER_RESOURCE, TOPIC_RESOURCE, ConfigRecord, PartitionRecord, TopicRecord
from impl.core.types import TopicPartition
from invariants.step import Checker, Violated
from tests.invariants.last_resorts import elected, leaderless
from tests.invariants.losses import of
from tests.invariants.story import P, Story, content
from traces import facts as f

UNCLEAN = "unclean.leader.election.enable"
A = content(0, 0, 0xA)


def allow(story, value, *, everywhere=False, offset=0):
    story.tell(0, f.AllowUnclean(partition=P, everywhere=everywhere, value=value, offset=offset))


def may_elect(*said, elr=(3,)):
    """Whether somebody may lead who is not eligible, once this was said: what, and for whom."""
    story = Story(Checker(may_be_unclean=False))
    leaderless(story, elr=elr)
    for offset, (value, everywhere) in enumerate(said):
        allow(story, value, everywhere=everywhere, offset=offset)
    partition = story.checker.partitions[P]
    try:
        elected(story, 2)
    except Violated:
        return False
    return partition.gave_up


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ([], False),
        ([("true", False)], True),
        ([("true", True)], True),
        ([("true", True), ("false", False)], False),
        ([("false", True), ("true", False)], True),
        ([("true", False), ("", False)], False),
        ([("true", True), ("false", False), ("", False)], True),
        ([("true", True), ("false", True)], False),
    ],
)
def test_the_topic_counts_before_the_cluster(said, may):
    assert may_elect(*said) is may


def test_what_is_told_again_is_old():
    """A controller that becomes active may tell anew what others set before."""
    story = Story(Checker(may_be_unclean=False))
    leaderless(story, elr=(3,))
    allow(story, "true", offset=7)
    allow(story, "false", offset=9)
    allow(story, "true", offset=7)
    with pytest.raises(Violated, match="eligible"):
        elected(story, 2)


def test_a_leader_shows_its_watermark_also_where_an_earlier_election_had_given_that_up():
    """n2 has nothing and is elected; then n1, which has what was committed, and whoever follows it is told so."""
    story = Story(Checker(may_be_unclean=False))
    leaderless(story, before=lambda: (story.append(1, A), story.advance(1, 0, to=1, maximal=(1,))))
    partition = story.checker.partitions[P]
    assert partition.committed.end == 1
    allow(story, "true")
    elected(story, 2)
    assert partition.committed.end == 0
    of(story).decide(f.TakeOffline, 3, 5, (), removed=2, elr=(2,), enough=False)
    of(story).decide(f.ElectUnclean, 4, 6, (1,), leader=1, enough=False)
    story.lead(1, epoch=4, start=1, isr=(1,))
    assert partition.committed.end == 1
    story.follow(3, 4, 1)
    story.tell(3, f.Reconcile(partition=P, leader_epoch=4, leader=1, log_end=0))
    story.copy(3, 4, 1, A, hw=1)
    assert partition.replicas[3].high_watermark == 1


def told(record, *applied):
    image = MetadataImage()
    for each in applied:
        image.apply(each)
    return [fact for fact in facts_of(record, image) if type(fact).__name__ == "AllowUnclean"]


TOPIC = TopicRecord(name="t", topic_id=b"1" * 16)
OTHER = TopicRecord(name="u", topic_id=b"2" * 16)


def partition(topic="t", index=0):
    name = TopicPartition(topic, index)
    return PartitionRecord(partition=name, replicas=(1,), isr=(1,), leader=1, leader_epoch=0, partition_epoch=0)


def test_what_is_set_is_told_of_every_partition_concerned():
    there = (TOPIC, partition(), partition(index=1), OTHER, partition("u"))
    own = told(ConfigRecord(TOPIC_RESOURCE, "t", UNCLEAN, "true"), *there)
    assert [(fact.partition, fact.everywhere, fact.value) for fact in own] == [
        ("t-0", False, "true"),
        ("t-1", False, "true"),
    ]
    for_all = told(ConfigRecord(BROKER_RESOURCE, "", UNCLEAN, None), *there)
    assert [(fact.partition, fact.everywhere, fact.value) for fact in for_all] == [
        ("t-0", True, ""),
        ("t-1", True, ""),
        ("u-0", True, ""),
    ]
    assert told(ConfigRecord(TOPIC_RESOURCE, "t", "min.insync.replicas", "2"), *there) == []


def test_a_new_partition_begins_with_what_is_set():
    set_before = (
        ConfigRecord(BROKER_RESOURCE, "", UNCLEAN, "false"),
        TOPIC,
        ConfigRecord(TOPIC_RESOURCE, "t", UNCLEAN, "true"),
    )
    assert [(fact.everywhere, fact.value) for fact in told(partition(), *set_before)] == [
        (True, "false"),
        (False, "true"),
    ]
    assert told(partition(), TOPIC) == []
