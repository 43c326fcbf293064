"""What administrators ask: through a broker, decided by the controller, obeyed by every broker."""

import pytest

from impl.core.admin_messages import (
    AlterReassignments,
    CreatePartitions,
    DeleteTopics,
    DescribeCluster,
    DescribeTopicPartitions,
    ElectLeaders,
    ListReassignments,
    MorePartitions,
    Reassignment,
)
from impl.core.decided_facts import AddReplicas, CreatePartition, DeletePartition, Elect, Reassign
from impl.core.facts import DeleteReplica
from impl.core.types import CONTROLLER, TopicPartition
from tests.core.pump import Cluster, P

Q = TopicPartition("t", 1)


@pytest.fixture
def cluster():
    """Four brokers, and a topic of one partition on the first three, led by 1."""
    made = Cluster(brokers=4)
    made.create_topic()
    assert image(made).replicas == (1, 2, 3)
    return made


def image(cluster, name=P):
    return cluster.nodes[CONTROLLER].core.image.partition(name)


def deleted(cluster, *names):
    answer = cluster.answer(2, DeleteTopics(names, 1_000))
    cluster.pass_time(40)
    return [topic.error.name for topic in answer.topics]


# ---------------------------------------------------------------- topics
def test_a_deleted_topic_is_gone_everywhere(cluster):
    cluster.produce(1, 7)
    key = cluster.fetch(1, 1, wait=10_000)
    assert deleted(cluster, "t", "no") == ["NONE", "UNKNOWN_TOPIC_OR_PARTITION"]
    assert [P in cluster.nodes[number].logs for number in (1, 2, 3)] == [False] * 3
    assert [fact.partition for fact in cluster.facts_of(DeletePartition)] == ["t-0"]
    assert sorted(number for number, fact in cluster.facts if isinstance(fact, DeleteReplica)) == [1, 2, 3]
    assert cluster.fetched(key).error.name == "NOT_LEADER_OR_FOLLOWER"
    assert cluster.produced(cluster.produce(1, 8)) == ("UNKNOWN_TOPIC_OR_PARTITION", -1)


def test_topics_are_not_deleted_where_that_is_disabled():
    cluster = Cluster(delete_topic_enable=False)
    cluster.create_topic()
    assert deleted(cluster, "t") == ["TOPIC_DELETION_DISABLED"]
    assert cluster.produced(cluster.produce(1, 8))[0] == "NONE"


def test_a_producer_that_waits_is_told_when_its_topic_goes(cluster):
    cluster.isolate(2, 1)
    cluster.isolate(3, 1)
    key = cluster.produce(1, 7, timeout_ms=60_000)
    assert cluster.produced(key) is None
    cluster.heal()
    cluster.nodes[2].core = cluster.nodes[3].core = None
    cluster.answer(1, DeleteTopics(("t",), 1_000))
    cluster.run()
    assert cluster.produced(key) == ("NOT_LEADER_OR_FOLLOWER", -1)


def test_a_topic_made_again_under_the_same_name_is_another_one(cluster):
    cluster.produce(1, 7)
    former = cluster.nodes[1].logs[P].topic_id
    cluster.crash(3)
    cluster.pass_time(10_000)
    deleted(cluster, "t")
    cluster.create_topic(replication=4)
    cluster.start(3)
    cluster.pass_time(5_000)
    assert cluster.nodes[1].logs[P].topic_id != former
    assert [cluster.log(number) for number in (1, 2, 3, 4)] == [[]] * 4
    assert cluster.isr() == (1, 2, 3, 4)
    assert len(cluster.facts_of(CreatePartition)) == 2
    assert len(cluster.facts_of(DeleteReplica, 3)) == 1


def test_twice_the_same_topic_is_refused(cluster):
    assert deleted(cluster, "t", "t") == ["INVALID_REQUEST", "INVALID_REQUEST"]
    assert image(cluster) is not None


def more(cluster, count, assignments=(), *, topic="t", only_check=False):
    answer = cluster.answer(3, CreatePartitions((MorePartitions(topic, count, assignments),), 1_000, only_check))
    cluster.pass_time(40)
    return answer.topics[0].error.name


def test_partitions_are_added(cluster):
    assert more(cluster, 3, only_check=True) == "NONE"
    assert image(cluster, Q) is None
    assert more(cluster, 3) == "NONE"
    assert [len(image(cluster, Q._replace(index=index)).replicas) for index in (0, 1, 2)] == [3, 3, 3]
    leader = image(cluster, Q).leader
    assert cluster.produced(cluster.produce(leader, 7, name=Q)) == ("NONE", 0)


@pytest.mark.parametrize(
    ("count", "assignments", "error"),
    [
        (1, (), "INVALID_PARTITIONS"),
        (0, (), "INVALID_PARTITIONS"),
        (-1, (), "INVALID_PARTITIONS"),
        (10_001, (), "INVALID_PARTITIONS"),
        (2, ((1, 2, 3), (1, 2, 3)), "INVALID_REPLICA_ASSIGNMENT"),
        (2, ((1, 2),), "INVALID_REPLICA_ASSIGNMENT"),
        (2, ((1, 2, 2),), "INVALID_REPLICA_ASSIGNMENT"),
        (2, ((1, 2, 9),), "INVALID_REPLICA_ASSIGNMENT"),
    ],
)
def test_partitions_that_are_not_added(cluster, count, assignments, error):
    assert more(cluster, count, assignments) == error
    assert image(cluster, Q) is None


def test_partitions_of_no_topic(cluster):
    assert more(cluster, 2, topic="no") == "UNKNOWN_TOPIC_OR_PARTITION"


def test_partitions_where_the_client_wants_them(cluster):
    assert more(cluster, 2, ((4, 2, 1),)) == "NONE"
    assert (image(cluster, Q).replicas, image(cluster, Q).leader) == ((4, 2, 1), 4)


# ---------------------------------------------------------------- replicas
def reassign(cluster, replicas, *, name=P, factor_may_change=True):
    request = AlterReassignments((Reassignment(name, replicas),), 1_000, factor_may_change)
    return cluster.answer(2, request).partitions[0].error.name


def test_a_replica_is_replaced_and_its_log_deleted(cluster):
    cluster.produce(1, 7)
    cluster.cut |= {(4, 1)}
    assert reassign(cluster, (4, 2, 3)) == "NONE"
    assert (image(cluster).replicas, image(cluster).adding, image(cluster).removing) == ((4, 2, 3, 1), (4,), (1,))
    ongoing = cluster.answer(3, ListReassignments(None, 1_000)).partitions
    assert [(each.partition, each.adding, each.removing) for each in ongoing] == [(P, (4,), (1,))]
    cluster.heal()
    cluster.pass_time(3_000)
    assert (image(cluster).replicas, image(cluster).adding, image(cluster).removing) == ((4, 2, 3), (), ())
    assert (image(cluster).leader, image(cluster).isr, image(cluster).leader_epoch) == (4, (2, 3, 4), 1)
    assert cluster.log(4) == [(0, 7)]
    assert P not in cluster.nodes[1].logs
    assert [fact.added for fact in cluster.facts_of(AddReplicas)] == [(4,)]
    assert [(fact.removed, fact.leader, fact.replicas) for fact in cluster.facts_of(Reassign)] == [(1, 4, (4, 2, 3))]
    assert cluster.answer(3, ListReassignments((P,), 1_000)).partitions == ()
    assert cluster.produced(cluster.produce(4, 8)) == ("NONE", 1)


def test_fewer_replicas_at_once_each_with_an_epoch_of_its_own(cluster):
    assert reassign(cluster, (2,)) == "NONE"
    assert (image(cluster).replicas, image(cluster).leader, image(cluster).leader_epoch) == ((2,), 2, 2)
    cluster.pass_time(1_000)
    assert [P in cluster.nodes[number].logs for number in (1, 2, 3)] == [False, True, False]


def test_more_replicas_in_the_epoch_that_there_is(cluster):
    assert reassign(cluster, (1, 2, 3, 4)) == "NONE"
    cluster.pass_time(3_000)
    assert (image(cluster).isr, image(cluster).adding, image(cluster).leader_epoch) == ((1, 2, 3, 4), (), 0)
    assert cluster.partition(1).peers[4].log_end == 0


def test_another_order_makes_another_the_preferred_leader(cluster):
    assert reassign(cluster, (3, 1, 2)) == "NONE"
    assert (image(cluster).replicas, image(cluster).leader) == ((3, 1, 2), 1)
    assert elected(cluster) == "NONE"
    assert image(cluster).leader == 3


def test_a_replica_that_was_removed_comes_back_with_nothing(cluster):
    cluster.produce(1, 7)
    reassign(cluster, (1, 2))
    cluster.pass_time(1_000)
    assert P not in cluster.nodes[3].logs
    reassign(cluster, (1, 2, 3))
    cluster.pass_time(3_000)
    assert (cluster.isr(), cluster.log(3)) == ((1, 2, 3), [(0, 7)])


def test_a_reassignment_is_given_up(cluster):
    cluster.cut |= {(4, 1)}
    assert reassign(cluster, (1, 2, 4)) == "NONE"
    assert reassign(cluster, None) == "NONE"
    cluster.heal()
    cluster.pass_time(1_000)
    assert (image(cluster).replicas, image(cluster).adding, image(cluster).removing) == ((1, 2, 3), (), ())
    assert P not in cluster.nodes[4].logs
    assert reassign(cluster, None) == "NO_REASSIGNMENT_IN_PROGRESS"


def test_a_reassignment_is_changed_while_it_is_under_way(cluster):
    cluster.cut |= {(4, 1)}
    reassign(cluster, (1, 2, 4))
    assert reassign(cluster, (1, 3)) == "NONE"
    assert (image(cluster).replicas, image(cluster).isr) == ((1, 3), (1, 3))


@pytest.mark.parametrize(
    ("replicas", "error"),
    [
        ((), "INVALID_REPLICA_ASSIGNMENT"),
        ((1, 1), "INVALID_REPLICA_ASSIGNMENT"),
        ((1, 9), "INVALID_REPLICA_ASSIGNMENT"),
        ((1, 2), "INVALID_REPLICATION_FACTOR"),
        ((1, 2, 3), "NONE"),
        ((1, 2, 4), "NONE"),
    ],
)
def test_reassignments_are_checked(cluster, replicas, error):
    assert reassign(cluster, replicas, factor_may_change=False) == error
    assert reassign(cluster, replicas, name=Q) == "UNKNOWN_TOPIC_OR_PARTITION"


# ---------------------------------------------------------------- elections
def elected(cluster, name=P):
    return cluster.answer(2, ElectLeaders((name,), 1_000, False)).partitions[0].error.name


def test_the_preferred_leader_is_elected_where_it_is_in_sync(cluster):
    assert elected(cluster) == "ELECTION_NOT_NEEDED"
    assert elected(cluster, Q) == "UNKNOWN_TOPIC_OR_PARTITION"
    cluster.crash(1)
    cluster.pass_time(10_000)
    assert image(cluster).leader == 2
    assert elected(cluster) == "PREFERRED_LEADER_NOT_AVAILABLE"
    cluster.start(1)
    cluster.pass_time(5_000)
    answer = cluster.answer(3, ElectLeaders(None, 1_000, False))
    assert [(each.partition, each.error.name) for each in answer.partitions] == [(P, "NONE")]
    assert (image(cluster).leader, cluster.facts_of(Elect)[-1].leader) == (1, 1)


def test_who_asks_is_told_where_the_controller_does_not_answer(cluster):
    cluster.crash(CONTROLLER)
    cluster.run()
    key = cluster.ask(2, DeleteTopics(("t",), 1_000))
    cluster.pass_time(3_000)
    assert cluster.replies[key].topics[0].error.name == "REQUEST_TIMED_OUT"


# ---------------------------------------------------------------- descriptions
def test_the_cluster_is_described(cluster):
    cluster.crash(4)
    cluster.pass_time(10_000)
    described = cluster.answer(2, DescribeCluster(False, 1))
    assert [(each.node, each.host, each.fenced) for each in described.brokers] == [
        (number, f"host{number}", False) for number in (1, 2, 3)
    ]
    assert [each.fenced for each in cluster.answer(2, DescribeCluster(True, 1)).brokers] == [False, False, False, True]
    assert cluster.answer(2, DescribeCluster(False, 2)).error.name == "UNSUPPORTED_ENDPOINT_TYPE"


def test_topics_are_described_page_by_page_with_who_is_eligible(cluster):
    cluster.create_topic(partitions=3, name="u", configs=(("min.insync.replicas", "3"),))
    cluster.create_topic(name="a")
    cluster.crash(3)
    cluster.pass_time(10_000)
    found, cursor = [], None
    for _ in range(10):
        page = cluster.answer(1, DescribeTopicPartitions(("u", "t", "no", "a"), 2, cursor))
        found += [(topic.name, topic.error.name, part) for topic in page.topics for part in topic.partitions or (None,)]
        cursor = page.cursor
        if cursor is None:
            break
    assert [(name, None if part is None else part.index) for name, _, part in found] == [
        ("a", 0),
        ("no", None),
        ("t", 0),
        ("u", 0),
        ("u", 1),
        ("u", 2),
    ]
    lost = [part for name, _, part in found if name == "u" and 3 in part.replicas]
    assert lost
    assert all((part.elr, part.offline) == ((3,), (3,)) for part in lost)
    everything = cluster.answer(1, DescribeTopicPartitions((), 0, None))
    assert [topic.name for topic in everything.topics] == ["a", "t", "u"]
