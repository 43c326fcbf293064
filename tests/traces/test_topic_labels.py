"""Partitions of topics of one name: each fact is about the one that it names, also when that is gone."""

import pytest

from invariants.step import Checker
from invariants.verdict import Violated
from tests.invariants.story import content
from traces import facts as f
from traces.following import Follower
from traces.generations import Generations
from traces.schema import Op
from traces.told import Told
from traces.topic_labels import is_identified, name_of

OLD, NEW = "t-0@0a", "t-0@0b"


def created(partition):
    return f.CreatePartition(partition=partition, replicas=(1, 2, 3), isr=(1, 2, 3), leader=1)


def leads(partition, start=0):
    return f.BecomeLeader(partition=partition, leader_epoch=0, partition_epoch=0, isr=(1, 2, 3), start_offset=start)


def test_labels():
    assert is_identified(OLD)
    assert not is_identified("t-0")
    assert name_of(OLD) == name_of("t-0") == "t-0"


def test_what_is_deleted_by_its_id_is_known_for_ever():
    generations = Generations()
    generations.current["t-0"], generations.current[OLD] = "by name", "by id"
    generations.delete("t-0", [1])
    generations.delete(OLD, [1])
    assert generations.of("t-0", 1) == "by name"
    assert generations.of("t-0", 2) is None
    assert generations.of(OLD, 2) == generations.known(OLD) == "by id"
    assert generations.current == {}


def test_what_is_told_again_of_a_deleted_topic_moves_nothing():
    told = Told()
    assert not told.again(created(OLD))
    assert not told.again(f.DeletePartition(partition=OLD))
    told.forget(OLD)
    assert told.again(created(OLD))
    assert told.again(f.DeletePartition(partition=OLD))
    assert not told.again(leads(OLD))
    assert not told.again(created(NEW))


def stories():
    """A broker that has not heard goes on with the old topic while another leads the new one."""
    yield "controller", (created(OLD),)
    yield "n1", (leads(OLD), f.Append(partition=OLD, leader_epoch=0, batch=content(0, 0, 0xA)))
    yield "controller", (f.DeletePartition(partition=OLD), created(NEW))
    yield "n2", (f.BecomeFollower(partition=NEW, leader_epoch=0, leader=1),)
    yield "n1", (f.Append(partition=OLD, leader_epoch=0, batch=content(1, 0, 0xB)),)
    yield "controller", (created(OLD), f.DeletePartition(partition=OLD))
    yield "n1", (f.DeleteReplica(partition=OLD), leads(NEW))
    yield "n1", (f.Append(partition=NEW, leader_epoch=0, batch=content(0, 0, 0xC)),)


def test_the_judges_keep_them_apart():
    checker, follower = Checker(one_clock=True), Follower("survival")
    for node, facts in stories():
        checker.facts(node, 0, facts)
        assert follower.take(node, facts) is None
    assert list(checker.partitions) == list(follower.partitions) == [NEW]
    assert [batch.crc for batch in checker.partitions[NEW].replicas[1].log.batches] == [0xC]


def test_whoever_takes_the_old_log_into_the_new_topic_is_named():
    checker = Checker()
    for node, facts in list(stories())[:5]:
        checker.facts(node, 0, facts)
    with pytest.raises(Violated, match="one_topic: n1 begins epoch 0 as leader of t-0@0b with a log that ends at 2"):
        checker.facts("n1", 0, (leads(NEW, start=2),))


def test_what_was_promised_of_a_topic_ends_with_it():
    checker = Checker(one_clock=True)
    for node, facts in stories():
        checker.facts(node, 0, facts)
    fields = {"client": "c1", "process": 1, "id": 1, "operation": "produce", "key": "k", "value": "k:0", "acks": -1}
    checker.op(Op(n=0, at=0, phase="invoke", partition=OLD, **fields))
    checker.op(Op(n=1, at=0, phase="ok", partition=OLD, offset=0, **fields))
    assert checker.finish("c9").anomalies == ()
    checker.op(Op(n=2, at=0, phase="invoke", partition=NEW, **{**fields, "id": 2, "value": "k:1"}))
    checker.op(Op(n=3, at=0, phase="ok", partition=NEW, offset=0, **{**fields, "id": 2, "value": "k:1"}))
    with pytest.raises(Violated, match="no_committed_loss"):
        checker.finish("c9")
