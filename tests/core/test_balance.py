"""Preferred leaders come back by themselves, after an interval, and only where they may lead."""

from impl.core import balance
from impl.core.decided_facts import Elect
from impl.core.types import CONTROLLER, TopicPartition
from tests.core.pump import Cluster, P

INTERVAL_MS = 300_000
STEP_MS = 250


def a_cluster_led_by_another(**settings):
    cluster = Cluster(**settings)
    cluster.create_topic()
    assert image(cluster).replicas[0] == image(cluster).leader == 1
    cluster.crash(1)
    cluster.pass_time(10_000)
    cluster.start(1)
    cluster.pass_time(10_000)
    assert image(cluster).leader == 2
    return cluster


def image(cluster, name=P):
    return cluster.nodes[CONTROLLER].core.image.partition(name)


def test_a_preferred_leader_that_is_in_sync_again_leads_after_the_interval():
    cluster = a_cluster_led_by_another()
    cluster.pass_time(INTERVAL_MS - 60_000, STEP_MS)
    assert image(cluster).leader == 2
    epoch = image(cluster).leader_epoch
    cluster.pass_time(60_000, STEP_MS)
    assert (image(cluster).leader, image(cluster).leader_epoch) == (1, epoch + 1)
    told = [fact for _, fact in cluster.facts if isinstance(fact, Elect) and fact.leader == 1]
    assert [fact.leader_epoch for fact in told] == [epoch + 1]
    cluster.pass_time(INTERVAL_MS + 10_000, STEP_MS)
    assert image(cluster).leader_epoch == epoch + 1


def test_switched_off_nobody_is_preferred():
    cluster = a_cluster_led_by_another(auto_leader_rebalance_enable=False, leader_imbalance_check_interval_seconds=30)
    cluster.pass_time(100_000, STEP_MS)
    assert image(cluster).leader == 2


def test_a_preferred_leader_that_is_away_is_waited_for():
    cluster = a_cluster_led_by_another(leader_imbalance_check_interval_seconds=60)
    cluster.crash(1)
    cluster.pass_time(200_000, STEP_MS)
    assert (image(cluster).leader, image(cluster).isr) == (2, (2, 3))
    cluster.start(1)
    cluster.pass_time(120_000, STEP_MS)
    assert image(cluster).leader == 1


def test_a_check_elects_so_many_and_the_next_tick_the_rest(monkeypatch):
    monkeypatch.setattr(balance, "ELECTIONS_MAX", 1)
    cluster = Cluster()
    cluster.create_topic(partitions=6)
    names = [TopicPartition(P.topic, index) for index in range(6)]
    cluster.crash(1)
    cluster.pass_time(10_000)
    cluster.start(1)
    cluster.pass_time(INTERVAL_MS, STEP_MS)
    assert [image(cluster, name).leader for name in names] == [image(cluster, name).replicas[0] for name in names]
