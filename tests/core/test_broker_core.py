"""A broker's dealings with the controller and with clients who ask for other things than records."""

from impl.core.controller_messages import AlterPartition as AlterPartitionRequest
from impl.core.decided_facts import AlterPartition
from impl.core.events import Disconnected, Send, SendReply, Stopped, Tick, WriteHighWatermarks
from impl.core.facts import BecomeLeader, DeleteReplica, ExpandIsr, Restart
from impl.core.messages import (
    CreateTopics,
    DescribeTopics,
    InitProducerId,
    NewTopic,
    Produce,
    ProducePartition,
)
from impl.core.types import CONTROLLER, ErrorCode
from tests.core.pump import Cluster, Log, P


def describe(cluster, number, *topics, create=False):
    return cluster.answer(number, DescribeTopics(topics or None, create))


# ---------------------------------------------------------------- topics
def test_topics_are_described_from_the_metadata():
    cluster = Cluster()
    cluster.create_topic()
    cluster.crash(3)
    cluster.pass_time(10_000)
    described = describe(cluster, 2, "t")
    assert [(broker.node, broker.host) for broker in described.brokers] == [(1, "host1"), (2, "host2")]
    assert described.controller == 2
    partition = described.topics[0].partitions[0]
    assert (partition.leader, partition.leader_epoch, partition.isr, partition.offline) == (1, 0, (1, 2), (3,))


def test_all_topics_are_described_by_name():
    cluster = Cluster()
    for name in ("b", "a"):
        cluster.create_topic(name=name)
    assert [topic.name for topic in describe(cluster, 1).topics] == ["a", "b"]


def test_an_unknown_topic_is_created_where_that_is_allowed():
    cluster = Cluster()
    assert describe(cluster, 1, "new").topics[0].error.name == "UNKNOWN_TOPIC_OR_PARTITION"
    assert describe(cluster, 1, "new", create=True).topics[0].error.name == "LEADER_NOT_AVAILABLE"
    cluster.pass_time(40)
    assert describe(cluster, 1, "new").topics[0].error.name == "NONE"
    assert describe(cluster, 1, "a b", create=True).topics[0].error.name == "INVALID_TOPIC_EXCEPTION"


def test_a_partition_without_a_leader_is_described_as_such():
    cluster = Cluster(brokers=2)
    cluster.create_topic(replication=1)
    cluster.crash(1)
    cluster.pass_time(10_000)
    partition = describe(cluster, 2, "t").topics[0].partitions[0]
    assert (partition.leader, partition.error.name) == (-1, "LEADER_NOT_AVAILABLE")


def test_creation_is_answered_also_when_the_controller_is_not_there():
    cluster = Cluster()
    cluster.crash(CONTROLLER)
    topic = NewTopic(name="u", partition_count=1, replication_factor=1)
    key = cluster.ask(1, CreateTopics((topic,), 1_000, False))
    cluster.pass_time(2_000)
    assert cluster.replies[key].topics[0].error.name == "REQUEST_TIMED_OUT"


# ---------------------------------------------------------------- producer ids
def test_every_producer_id_is_handed_out_once():
    cluster = Cluster(brokers=2)
    answers = [cluster.answer(number, InitProducerId(None, -1, -1)) for number in (1, 2, 1)]
    assert [(answer.error.name, answer.producer_epoch) for answer in answers] == [("NONE", 0)] * 3
    assert [answer.producer_id for answer in answers] == [0, 1_000, 1]
    cluster.restart(1)
    cluster.pass_time(10_000)
    assert cluster.answer(1, InitProducerId(None, -1, -1)).producer_id == 2_000


def test_without_a_controller_there_are_no_new_producer_ids():
    cluster = Cluster()
    cluster.crash(CONTROLLER)
    key = cluster.ask(1, InitProducerId(None, -1, -1))
    cluster.pass_time(2_000)
    assert cluster.replies[key].error.name == "COORDINATOR_NOT_AVAILABLE"


def test_transactions_are_refused():
    assert Cluster(brokers=1).answer(1, InitProducerId("tx", -1, -1)).error.name == "INVALID_REQUEST"


# ---------------------------------------------------------------- the controller comes and goes
def test_the_cluster_goes_on_without_a_controller_and_after_it_came_back():
    cluster = Cluster()
    cluster.create_topic()
    cluster.crash(CONTROLLER)
    cluster.pass_time(12_000)
    assert cluster.produced(cluster.produce(1, 7)) == ("NONE", 0)
    cluster.start(CONTROLLER)
    cluster.pass_time(12_000)
    assert cluster.leader() == 1
    assert not cluster.nodes[1].core.fenced
    cluster.crash(1)
    cluster.pass_time(12_000)
    assert cluster.produced(cluster.produce(2, 8)) == ("NONE", 1)


def test_a_proposal_is_sent_again_unchanged_until_the_controller_has_it():
    cluster = Cluster()
    cluster.create_topic()
    cluster.crash(3)
    cluster.pass_time(10_000)
    cluster.isolate(3, 1)
    cluster.start(3)
    cluster.pass_time(1_000)
    cluster.cut = {(1, CONTROLLER)}
    cluster.pass_time(4_000)
    assert len(cluster.facts_of(ExpandIsr)) == 1
    assert cluster.partition(1).maximal_isr == (1, 2, 3)
    assert cluster.isr() == (1, 2)
    cluster.heal()
    cluster.pass_time(4_000)
    assert cluster.isr() == (1, 2, 3)
    assert len(cluster.facts_of(ExpandIsr)) == 1
    sent = {
        effect.request.partitions
        for _, effect in cluster.effects
        if isinstance(effect, Send) and isinstance(effect.request, AlterPartitionRequest)
    }
    assert len(sent) == 1
    assert len(cluster.facts_of(AlterPartition)) == 1


def test_a_broker_says_what_it_recovered_and_acts_on_nothing_before_it_is_registered():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.produce(1, 8)
    cluster.nodes[1].logs[P].high_watermark = 1
    cluster.crash(CONTROLLER)
    cluster.restart(1)
    cluster.pass_time(3_000)
    restart = cluster.facts_of(Restart, 1)[0]
    assert (restart.log_end, restart.high_watermark, restart.tail_from) == (2, 1, 1)
    assert [stored.crc for stored in restart.tail] == [8]
    partition = cluster.partition(1)
    assert (partition.leading, partition.leader_epoch, partition.log_end) == (False, -1, 2)
    assert cluster.produced(cluster.produce(1, 9)) == ("NOT_LEADER_OR_FOLLOWER", -1)


def test_a_log_of_a_topic_nobody_knows_is_deleted_once_the_metadata_was_read():
    cluster = Cluster(brokers=1)
    stray = P._replace(topic="gone")
    cluster.nodes[1].logs[stray] = Log(bytes(16))
    cluster.restart(1)
    assert stray in cluster.nodes[1].core.partitions
    cluster.pass_time(10_000)
    assert not cluster.nodes[1].core.fenced
    assert stray not in cluster.nodes[1].core.partitions
    assert stray not in cluster.nodes[1].logs
    assert [fact.partition for fact in cluster.facts_of(DeleteReplica)] == ["gone-0"]


# ---------------------------------------------------------------- stopping
def test_a_stopping_broker_hands_over_first():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.shut_down(1)
    assert cluster.leader() == 2
    assert not cluster.nodes[1].stopped
    cluster.pass_time(2_600)
    assert cluster.nodes[1].stopped
    assert cluster.nodes[1].logs[P].high_watermark == 1
    cluster.restart(1)
    cluster.pass_time(2_000)
    assert cluster.isr() == (1, 2, 3)


def test_a_stopping_broker_does_not_wait_for_ever():
    cluster = Cluster(high_watermark_checkpoint_interval_ms=60_000)
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.crash(CONTROLLER)
    cluster.shut_down(1)
    assert not cluster.nodes[1].stopped
    cluster.pass_time(6_000)
    assert cluster.nodes[1].stopped
    last = [effect for number, effect in cluster.effects if number == 1][-2:]
    assert [type(effect) for effect in last] == [WriteHighWatermarks, Stopped]
    assert cluster.nodes[1].core.step(Tick(), cluster.now) == []


def test_all_brokers_stop_at_once_and_come_back():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    for number in (1, 2, 3):
        cluster.shut_down(number)
    cluster.pass_time(7_000)
    assert all(cluster.nodes[number].stopped for number in (1, 2, 3))
    for number in (1, 2, 3):
        cluster.restart(number)
    cluster.pass_time(3_000)
    assert cluster.leader() > 0
    assert cluster.produced(cluster.produce(cluster.leader(), 8)) == ("NONE", 1)
    epochs = [fact.leader_epoch for fact in cluster.facts_of(BecomeLeader)]
    assert len(epochs) == len(set(epochs))


# ---------------------------------------------------------------- time and manners
def test_a_tick_with_nothing_due_does_nothing():
    cluster = Cluster()
    cluster.create_topic()
    cluster.pass_time(500)
    cluster.effects.clear()
    for number in (1, 2, 3):
        assert cluster.nodes[number].core.step(Tick(), cluster.now) == []


def test_a_dead_leader_is_not_asked_without_pause():
    cluster = Cluster()
    cluster.create_topic()
    cluster.crash(1)
    cluster.effects.clear()
    cluster.pass_time(1_000)
    sends = [
        effect for number, effect in cluster.effects if number == 2 and isinstance(effect, Send) and effect.node == 1
    ]
    assert 5 <= len(sends) <= 12


def test_whoever_hung_up_is_not_answered():
    cluster = Cluster()
    cluster.create_topic()
    key = cluster.fetch(1, 0, wait=300)
    cluster.give(cluster.nodes[1], Disconnected(key[0]))
    cluster.produce(1, 7)
    cluster.pass_time(400)
    assert key not in cluster.replies
    assert not [
        effect for _, effect in cluster.effects if isinstance(effect, SendReply) and effect.connection == key[0]
    ]


def test_a_batch_refused_before_the_core_saw_it_is_refused_by_the_leader():
    cluster = Cluster()
    cluster.create_topic()
    request = Produce(acks=-1, timeout_ms=100, partitions=(ProducePartition(P, ErrorCode.CORRUPT_MESSAGE),))
    assert cluster.produced(cluster.ask(1, request)) == ("CORRUPT_MESSAGE", -1)
    assert cluster.produced(cluster.ask(2, request)) == ("NOT_LEADER_OR_FOLLOWER", -1)
