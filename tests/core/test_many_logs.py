"""Very many new partitions are taken on a few at a time, and everything else goes on meanwhile."""

from impl.core.admin_messages import DeleteTopics
from impl.core.broker import LOGS_AT_ONCE
from impl.core.events import CreateLog, Tick
from impl.core.messages import CreateTopics, NewTopic
from impl.core.types import TopicPartition
from tests.core.pump import Cluster, P

MANY = 3 * LOGS_AT_ONCE + 1


def asked_for(cluster: Cluster) -> None:
    topic = NewTopic(name="many", partition_count=MANY, replication_factor=1, configs=())
    cluster.answer(1, CreateTopics((topic,), 1_000, False))


def made(cluster: Cluster, number: int) -> int:
    return sum(name.topic == "many" for name in cluster.nodes[number].core.partitions)


def test_each_step_makes_a_few_logs_and_clients_are_served_between() -> None:
    cluster = Cluster(brokers=1)
    cluster.create_topic(replication=1)
    asked_for(cluster)
    cluster.run()
    counts = [made(cluster, 1)]
    while counts[-1] < MANY:
        assert cluster.produced(cluster.produce(1, len(counts), name=P)) == ("NONE", len(counts) - 1)
        late = cluster.produced(cluster.produce(1, 0, name=TopicPartition("many", MANY - 1)))
        assert late == ("NOT_LEADER_OR_FOLLOWER", -1)
        cluster.pass_time(20)
        counts.append(made(cluster, 1))
    assert counts == [min(MANY, LOGS_AT_ONCE * steps) for steps in range(1, len(counts) + 1)]
    assert cluster.produced(cluster.produce(1, 0, name=TopicPartition("many", MANY - 1))) == ("NONE", 0)


def test_a_broker_that_starts_makes_all_its_logs_before_it_serves() -> None:
    cluster = Cluster(brokers=2)
    asked_for(cluster)
    cluster.pass_time(500)
    held = made(cluster, 2)
    assert held > LOGS_AT_ONCE
    cluster.crash(2)
    cluster.run()
    cluster.nodes[2].logs.clear()
    cluster.effects.clear()
    cluster.start(2)
    while not made(cluster, 2):
        cluster.pass_time(20)
    assert made(cluster, 2) == held
    assert len([effect for node, effect in cluster.effects if node == 2 and isinstance(effect, CreateLog)]) == held


def test_what_is_deleted_before_its_turn_is_never_made() -> None:
    cluster = Cluster(brokers=1)
    asked_for(cluster)
    cluster.run()
    assert made(cluster, 1) == LOGS_AT_ONCE
    cluster.answer(1, DeleteTopics(("many",), 1_000))
    cluster.run()
    assert made(cluster, 1) == 0
    cluster.effects.clear()
    cluster.give(cluster.nodes[1], Tick())
    cluster.pass_time(100)
    assert not [effect for _, effect in cluster.effects if isinstance(effect, CreateLog)]
