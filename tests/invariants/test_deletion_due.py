"""What may be deleted: what a client asked for, and what is old."""

import pytest

from invariants.step import Violated
from invariants.step.deletion_due import Deletions
from invariants.step.ghost import Partition
from traces.schema import Op


def op(operation, phase, offset=None, at=0, number=0):
    fields = {"client": "c1", "process": 0, "partition": "t-0", "value": "v"}
    return Op(n=0, at=at, id=number, operation=operation, phase=phase, offset=offset, **fields)


def begins(deletions, to, at=0, others=0, name="t-0"):
    """n1's log begins at `to`, the others' elsewhere."""
    partition = Partition(name)
    for node in (1, 2, 3):
        partition.replica(node).begins_at(to if node == 1 else others)
    deletions.judge(partition, partition.replica(1), at)


def test_without_retention_only_what_a_client_asked_for():
    deletions = Deletions()
    deletions.op(op("delete", "invoke", 5))
    begins(deletions, 5)
    with pytest.raises(Violated, match="n1 deletes what lies below 6 of t-0, and nobody asked for it"):
        begins(deletions, 6)
    begins(deletions, 6, others=6)
    deletions.op(op("delete", "fail", 5))
    with pytest.raises(Violated, match="nobody asked"):
        begins(deletions, 5)


def test_with_retention_what_is_old():
    deletions = Deletions(retention_ms=100)
    deletions.op(op("produce", "invoke", at=50))
    begins(deletions, 3, at=60)
    deletions.op(op("produce", "ok", 2, at=70))
    with pytest.raises(Violated, match="offset 2 was sent 99 ms before that, and retention"):
        begins(deletions, 3, at=149)
    begins(deletions, 2, at=149)
    deletions.op(op("delete", "invoke", 3, at=149, number=1))
    begins(deletions, 4, at=149)
    begins(deletions, 3, at=150)


def test_what_was_deleted_on_a_disk_that_is_lost_was_due():
    """n2 had deleted up to 6; its new disk begins at 0, and n1 comes back with a log from before."""
    partition = Partition("t-0")
    partition.replica(2).begins_at(6)
    partition.replica(2).begins_at(0)
    partition.replica(1).begins_at(6)
    Deletions().judge(partition, partition.replica(1), 0)
    partition.replica(1).begins_at(7)
    with pytest.raises(Violated, match="below 7 of t-0, and nobody asked for it"):
        Deletions().judge(partition, partition.replica(1), 0)


def test_what_an_unclean_election_gave_up_is_not_what_came_in_its_place():
    """n1 has a log from before it, and has not met the leader of since."""
    partition = Partition("t-0", last_unclean=3)
    partition.replica(1).begins_at(1)
    Deletions().judge(partition, partition.replica(1), 0)
    partition.replica(1).reconciled = 3
    with pytest.raises(Violated, match="below 1 of t-0, and nobody asked for it"):
        Deletions().judge(partition, partition.replica(1), 0)


@pytest.mark.parametrize("kind", ["clock jump", "clock drift"])
def test_a_node_with_another_clock_is_believed(kind):
    deletions = Deletions()
    deletions.fault("pause")
    with pytest.raises(Violated):
        begins(deletions, 1)
    deletions.fault(kind)
    begins(deletions, 1)


def test_by_size_anything_may_be_due():
    begins(Deletions(by_size=True), 9)


def test_what_an_unclean_election_gave_up_is_no_longer_there_to_be_young():
    deletions = Deletions(retention_ms=100)
    for offset, number in ((0, 0), (1, 1)):
        deletions.op(op("produce", "invoke", at=50, number=number))
        deletions.op(op("produce", "ok", offset, at=60, number=number))
    partition = Partition("t-0")
    partition.committed.end = 1
    deletions.give_up(partition)
    # Another record is at offset 1 now: it was on its way for long, and is old.
    deletions.op(op("produce", "invoke", at=10, number=2))
    deletions.op(op("produce", "ok", 1, at=120, number=2))
    with pytest.raises(Violated, match="offset 0 was sent 70 ms before that"):
        begins(deletions, 2, at=120)
    begins(deletions, 2, at=150)
    deletions.op(op("produce", "invoke", at=149, number=3))
    deletions.op(op("produce", "ok", 2, at=150, number=3))
    with pytest.raises(Violated, match="offset 2 was sent 11 ms before that"):
        begins(deletions, 3, at=160)


def test_who_asks_names_no_topic_id_and_what_was_granted_ends_with_the_topic():
    deletions = Deletions()
    deletions.op(op("delete", "invoke", 5, number=0))
    begins(deletions, 5, name="t-0@aaaaaaaa")
    deletions.op(op("delete", "ok", 5, number=0))
    deletions.op(op("delete", "invoke", 2, number=1))
    deletions.ends("t-0@aaaaaaaa")
    begins(deletions, 2, name="t-0@bbbbbbbb")
    with pytest.raises(Violated, match="n1 deletes what lies below 3 of t-0@bbbbbbbb, and nobody asked for it"):
        begins(deletions, 3, name="t-0@bbbbbbbb")
