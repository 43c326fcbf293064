"""A log directory that fails: its replicas answer nothing but that, and the controller lets others lead."""

from impl.core.controller_messages import LoseReplicas
from impl.core.events import LogsLost
from tests.core.pump import CONTROLLER, Cluster, P, batch


def lost(number=1, **settings):
    cluster = Cluster(**settings)
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.pass_time(500)
    cluster.give(cluster.nodes[number], LogsLost((P,)))
    return cluster


def test_another_replica_leads_and_the_broker_lives_on():
    cluster = lost()
    cluster.run()
    cluster.pass_time(200)
    assert cluster.leader() == 2
    assert set(cluster.isr()) == {2, 3}
    assert cluster.produced(cluster.produce(2, 8)) == ("NONE", 1)
    assert not cluster.nodes[1].core.fenced
    cluster.create_topic(name="other")
    assert cluster.produced(cluster.produce(cluster.leader(P), 9)) == ("NONE", 2)


def test_what_waits_and_what_comes_is_a_storage_error():
    cluster = Cluster()
    cluster.create_topic()
    cluster.isolate(1)
    waiting = cluster.produce(1, 7, timeout_ms=10_000)
    fetching = cluster.fetch(1, 0, wait=10_000)
    cluster.give(cluster.nodes[1], LogsLost((P,)))
    assert cluster.produced(waiting) == ("KAFKA_STORAGE_ERROR", -1)
    assert cluster.fetched(fetching).error.name == "KAFKA_STORAGE_ERROR"
    assert cluster.produced(cluster.produce(1, batch(8))) == ("KAFKA_STORAGE_ERROR", -1)
    assert cluster.fetched(cluster.fetch(1, 0)).error.name == "KAFKA_STORAGE_ERROR"


def test_a_lost_follower_leaves_the_in_sync_set_and_copies_no_more():
    cluster = lost(number=3)
    cluster.run()
    cluster.pass_time(200)
    assert set(cluster.isr()) == {1, 2}
    before = cluster.log(3)
    assert cluster.produced(cluster.produce(1, 8)) == ("NONE", 1)
    cluster.pass_time(3_000)
    assert cluster.log(3) == before
    assert set(cluster.isr()) == {1, 2}


def test_the_controller_is_told_until_it_has_heard():
    cluster = Cluster()
    cluster.create_topic()
    cluster.cut |= {(1, CONTROLLER)}
    cluster.give(cluster.nodes[1], LogsLost((P,)))
    cluster.pass_time(1_500)
    assert cluster.leader() == 1
    cluster.heal()
    cluster.pass_time(3_000)
    assert cluster.leader() == 2


def test_a_lost_replica_is_not_eligible_to_lead():
    """What its disk has nobody can read: it must not be waited for as one that has everything."""
    cluster = Cluster(min_insync_replicas=2)
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.give(cluster.nodes[1], LogsLost((P,)))
    cluster.run()
    cluster.give(cluster.nodes[2], LogsLost((P,)))
    cluster.run()
    cluster.pass_time(200)
    assert cluster.leader() == 3
    assert 1 not in (*cluster.isr(), *cluster.elr())
    assert 2 not in (*cluster.isr(), *cluster.elr())


def test_a_former_registration_is_not_heard():
    cluster = Cluster()
    cluster.create_topic()
    reply = cluster.answer(CONTROLLER, LoseReplicas(broker=1, broker_epoch=0, partitions=(P,)))
    assert reply.error.name == "STALE_BROKER_EPOCH"
    assert cluster.leader() == 1
