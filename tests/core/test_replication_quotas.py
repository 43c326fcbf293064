"""Throttled catch-up (KIP-73): who lags is held to a rate, on either side, and who is in sync never is."""

import pytest

from impl.core.admin_messages import AlterConfig, AlterConfigs, ConfigChange
from impl.core.config_changes import SET
from impl.core.events import AppendBatch
from impl.core.image import MetadataImage
from impl.core.metadata import BROKER_RESOURCE, ConfigRecord
from impl.core.replication_quotas import (
    FOLLOWER_RATE,
    FOLLOWER_REPLICAS,
    LEADER_RATE,
    LEADER_REPLICAS,
    SAMPLES,
    ReplicationQuota,
    names,
)
from tests.core.pump import Cluster, Log, batch

RATE = 100
SIZE = 500


@pytest.mark.parametrize(
    ("listed", "throttled"),
    [("", False), ("*", True), ("0:1", False), ("3:1", True), ("0:1, 3:1", True), ("13:1,3:11", False)],
)
def test_a_replica_is_named_by_partition_and_broker(listed, throttled):
    assert names({"x": listed}, "x", 3, 1) is throttled


def quota(rate=None):
    image = MetadataImage()
    if rate is not None:
        image.apply(ConfigRecord(BROKER_RESOURCE, "", LEADER_RATE, str(rate)))
    return ReplicationQuota(image, 1, LEADER_RATE), image


def test_without_a_rate_nothing_is_exceeded():
    unlimited, _ = quota()
    unlimited.record(10**12)
    assert not unlimited.exceeded()


def test_ten_seconds_worth_may_go_at_once_and_then_the_rate_holds():
    limited, _ = quota(rate=RATE)
    limited.record(10 * RATE)
    assert not limited.exceeded()
    limited.record(1)
    assert limited.exceeded()
    limited.advance(10_999)
    assert not limited.exceeded()
    limited.record(RATE)
    assert limited.exceeded()
    limited.advance(11_000)
    assert not limited.exceeded()


def test_a_brokers_own_rate_wins():
    limited, image = quota(rate=RATE)
    image.apply(ConfigRecord(BROKER_RESOURCE, "1", LEADER_RATE, "7"))
    assert limited.rate == 7


def configure(cluster, name, value):
    change = AlterConfig(resource=BROKER_RESOURCE, name="", changes=(ConfigChange(name, SET, value),))
    answered = cluster.answer(1, AlterConfigs((change,), validate_only=False))
    assert [outcome.error.name for outcome in answered.resources] == ["NONE"]
    cluster.pass_time(40)


def lagging(rate, replicas):
    """Broker 3 is out of the in-sync set and lacks twenty batches; the cluster, and what it takes in by second."""
    cluster = Cluster(replica_fetch_bytes_max=SIZE)
    configure(cluster, rate, str(RATE))
    cluster.create_topic(configs=((replicas, "*"),))
    cluster.isolate(3)
    cluster.pass_time(45_000)
    assert cluster.isr() == (1, 2)
    for value in range(20):
        assert cluster.produced(cluster.produce(1, batch(value, size=SIZE))) == ("NONE", value)
    return cluster


def taken_in(cluster, seconds):
    """Bytes that broker 3 has appended after each second."""
    cluster.heal()
    totals = []
    for _ in range(seconds):
        cluster.pass_time(1_000)
        totals.append(
            sum(
                effect.batch.size
                for number, effect in cluster.effects
                if number == 3 and isinstance(effect, AppendBatch)
            )
        )
    return totals


@pytest.mark.parametrize(("rate", "replicas"), [(LEADER_RATE, LEADER_REPLICAS), (FOLLOWER_RATE, FOLLOWER_REPLICAS)])
def test_who_lags_is_held_to_the_rate_until_it_is_in_sync(rate, replicas, monkeypatch):
    cluster = lagging(rate, replicas)
    one_batch_each(monkeypatch)
    totals = taken_in(cluster, 140)
    assert totals[-1] == 20 * SIZE
    assert cluster.isr() == (1, 2, 3)
    for second, total in enumerate(totals):
        # Within the samples that count, what the rate allows and the batch that went past it.
        assert total <= (second // SAMPLES + 1) * ((SAMPLES - 1) * RATE + SIZE)
    assert totals[40] < 20 * SIZE
    assert cluster.log(3) == cluster.log(1)


def one_batch_each(monkeypatch):
    """The pump's logs give all they have; a real one gives one batch where that is all a fetch asks for."""
    read = Log.read
    monkeypatch.setattr(Log, "read", lambda log, wanted: read(log, wanted)[:1])


def test_without_the_list_nobody_is_held_back():
    cluster = Cluster()
    configure(cluster, LEADER_RATE, "1")
    cluster.create_topic()
    cluster.isolate(3)
    cluster.pass_time(45_000)
    for value in range(20):
        cluster.produce(1, batch(value, size=SIZE))
    assert taken_in(cluster, 3)[-1] == 20 * SIZE


def test_who_is_in_sync_is_never_held_back():
    cluster = Cluster()
    configure(cluster, LEADER_RATE, "1")
    cluster.create_topic(configs=((LEADER_REPLICAS, "*"),))
    for value in range(20):
        assert cluster.produced(cluster.produce(1, batch(value, size=SIZE))) == ("NONE", value)
