"""Every error of the replication protocol, as Kafka answers it: a situation, a request, the code."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from impl.core.controller_messages import AlterIsr, AlterPartition
from impl.core.events import LogsLost
from impl.core.messages import (
    EARLIEST,
    LATEST,
    EpochQuery,
    ListOffsets,
    OffsetForLeaderEpoch,
    OffsetQuery,
    Produce,
    ProducePartition,
)
from tests.core.pump import Cluster, P, batch
from tests.core.test_controller_core import Driven
from tests.core.test_failover import move

ELSEWHERE = P._replace(topic="elsewhere")
A_MILLION = 1_000_000


# ---------------------------------------------------------------- situations
def whole(**settings):
    """Three brokers; n1 leads epoch 0 and has two committed records."""
    cluster = Cluster(**settings)
    cluster.create_topic(configs=(("min.insync.replicas", "2"),))
    cluster.produce(1, 7)
    cluster.produce(1, 8)
    cluster.pass_time(600)
    return cluster


def moved():
    """n2 leads epoch 1, and n1 follows."""
    cluster = whole()
    move(cluster, 2)
    cluster.run()
    return cluster


def alone():
    """n1 leads, and is alone in sync."""
    cluster = whole(replica_lag_time_ms_max=1_000)
    cluster.isolate(1, 2, 3)
    cluster.produce(1, 9, acks=1)
    cluster.pass_time(2_000)
    assert cluster.isr() == (1,)
    return cluster


def just_elected():
    """n2 leads epoch 1 from offset 3 and does not know yet how far the third record was committed."""
    cluster = whole()
    cluster.produce(1, 9, run=False)
    while cluster.partition(1).high_watermark < 3:
        cluster.deliver()
    cluster.queue.clear()
    assert cluster.partition(2).high_watermark == 2
    cluster.cut |= {(2, 3), (3, 2), (1, 2), (2, 1)}
    move(cluster, 2)
    cluster.run()
    assert (cluster.partition(2).start_offset, cluster.partition(2).high_watermark) == (3, 2)
    return cluster


def without_directory():
    """The directory that n1 keeps the log in has failed."""
    cluster = whole()
    cluster.give(cluster.nodes[1], LogsLost((P,)))
    cluster.run()
    return cluster


# ---------------------------------------------------------------- requests
def produce(broker, *, acks=-1, size=100, name=P, timeout_ms=1_000, wait=0, **producer):
    def ask(cluster):
        sent = batch(99, size=size, **producer)
        request = Produce(acks=acks, timeout_ms=timeout_ms, partitions=(ProducePartition(name, sent),))
        key = cluster.ask(broker, request)
        cluster.pass_time(wait)
        return cluster.replies[key].partitions[0].error.name

    return ask


def fetch(broker, offset, *, replica=-1, epoch=-1, last=-1, registered=True, name=P):
    def ask(cluster):
        return cluster.fetched(
            cluster.fetch(
                broker,
                offset,
                replica=replica,
                epoch=epoch,
                last=last,
                registered=registered and replica > 0,
                name=name,
            )
        ).error.name

    return ask


def list_offsets(broker, timestamp, *, epoch=-1, name=P):
    def ask(cluster):
        return cluster.answer(broker, ListOffsets((OffsetQuery(name, epoch, timestamp),))).offsets[0].error.name

    return ask


def epoch_end(broker, asked, *, epoch=-1, name=P):
    def ask(cluster):
        return cluster.answer(broker, OffsetForLeaderEpoch((EpochQuery(name, epoch, asked),))).ends[0].error.name

    return ask


class Case(NamedTuple):
    error: str
    situation: Callable[[], Any]
    request: Callable[[Any], str]


CASES = [
    # Produce (ReplicaManager.appendToLocalLog, Partition.appendRecordsToLeader, checkEnoughReplicasReachOffset)
    Case("NONE", whole, produce(1)),
    Case("NOT_LEADER_OR_FOLLOWER", whole, produce(2)),
    Case("NOT_LEADER_OR_FOLLOWER", moved, produce(1)),
    Case("UNKNOWN_TOPIC_OR_PARTITION", whole, produce(1, name=ELSEWHERE)),
    Case("INVALID_REQUIRED_ACKS", whole, produce(1, acks=2)),
    Case("MESSAGE_TOO_LARGE", whole, produce(1, size=2 * A_MILLION)),
    Case("NOT_ENOUGH_REPLICAS", alone, produce(1)),
    Case("NONE", alone, produce(1, acks=1)),
    Case("OUT_OF_ORDER_SEQUENCE_NUMBER", whole, produce(1, producer=5, sequence=3)),
    Case("KAFKA_STORAGE_ERROR", without_directory, produce(1)),
    # Fetch (Partition.readRecords, KIP-320, KIP-903)
    Case("NONE", whole, fetch(1, 2, epoch=0)),
    Case("NOT_LEADER_OR_FOLLOWER", whole, fetch(1, 0, epoch=0, replica=4, registered=False)),
    Case("NOT_LEADER_OR_FOLLOWER", whole, fetch(1, 2, epoch=0, replica=2, registered=False)),
    Case("OFFSET_OUT_OF_RANGE", whole, fetch(1, 9, epoch=0)),
    Case("UNKNOWN_LEADER_EPOCH", whole, fetch(1, 2, epoch=1)),
    Case("FENCED_LEADER_EPOCH", moved, fetch(2, 2, epoch=0, replica=3)),
    Case("UNKNOWN_TOPIC_OR_PARTITION", whole, fetch(1, 0, name=ELSEWHERE)),
    Case("KAFKA_STORAGE_ERROR", without_directory, fetch(1, 0)),
    # ListOffsets (Partition.fetchOffsetForTimestamp, KIP-207)
    Case("NONE", whole, list_offsets(1, LATEST)),
    Case("OFFSET_NOT_AVAILABLE", just_elected, list_offsets(2, LATEST)),
    Case("OFFSET_NOT_AVAILABLE", just_elected, list_offsets(2, 1_000)),
    Case("NONE", just_elected, list_offsets(2, EARLIEST)),
    Case("NOT_LEADER_OR_FOLLOWER", whole, list_offsets(2, LATEST)),
    Case("FENCED_LEADER_EPOCH", moved, list_offsets(2, LATEST, epoch=0)),
    Case("UNKNOWN_LEADER_EPOCH", whole, list_offsets(1, LATEST, epoch=1)),
    Case("UNKNOWN_TOPIC_OR_PARTITION", whole, list_offsets(1, LATEST, name=ELSEWHERE)),
    # OffsetForLeaderEpoch (Partition.lastOffsetForLeaderEpoch)
    Case("NONE", moved, epoch_end(2, 0, epoch=1)),
    Case("FENCED_LEADER_EPOCH", moved, epoch_end(2, 0, epoch=0)),
    Case("UNKNOWN_LEADER_EPOCH", whole, epoch_end(1, 0, epoch=1)),
    Case("NOT_LEADER_OR_FOLLOWER", whole, epoch_end(3, 0)),
]


@pytest.mark.parametrize(
    ("error", "situation", "request_"),
    [pytest.param(*case, id=f"{case.situation.__name__}-{case.error}-{index}") for index, case in enumerate(CASES)],
)
def test_what_a_broker_answers(error, situation, request_):
    assert request_(situation()) == error


def test_a_batch_that_was_appended_before_too_few_were_in_sync():
    """A leader whose own minimum is higher than the controller's may commit what it may not promise."""
    cluster = Cluster(replica_lag_time_ms_max=1_000)
    cluster.create_topic(configs=(("min.insync.replicas", "1"),))
    cluster.partition(1).min_insync_replicas = 2
    cluster.isolate(1, 2, 3)
    key = cluster.produce(1, 7, timeout_ms=60_000)
    cluster.pass_time(2_000)
    assert cluster.produced(key) == ("NOT_ENOUGH_REPLICAS_AFTER_APPEND", -1)


def test_a_batch_whose_time_is_up():
    cluster = whole(replica_lag_time_ms_max=60_000)
    cluster.isolate(1, 2, 3)
    assert produce(1, timeout_ms=500, wait=1_000)(cluster) == "REQUEST_TIMED_OUT"


# ---------------------------------------------------------------- the controller
@pytest.fixture
def driven():
    """A controller by itself: brokers 1 to 3, and a topic led by 1."""
    made = Driven()
    assert made.create().error.name == "NONE"
    return made


ALTERED = [
    # sender, members, leader epoch, partition epoch, error (ReplicationControlManager.validateAlterPartitionData)
    ((1, (1, 2), 0, 0), "NONE"),
    ((1, (1, 2), 1, 0), "NOT_CONTROLLER"),
    ((1, (1, 2), 0, 1), "NOT_CONTROLLER"),
    ((2, (1, 2), 0, 0), "INVALID_REQUEST"),
    ((1, (2, 3), 0, 0), "INVALID_REQUEST"),
    ((1, (1, 1), 0, 0), "INVALID_REQUEST"),
    ((1, (1, 9), 0, 0), "INVALID_REQUEST"),
]


@pytest.mark.parametrize(("proposal", "error"), ALTERED)
def test_what_a_proposal_is_answered(driven, proposal, error):
    assert driven.altered(*proposal) == error


def test_a_proposal_of_an_older_version_or_epoch(driven):
    driven.altered(1, (1, 2))
    assert driven.altered(1, (1, 2, 3)) == "INVALID_UPDATE_VERSION"
    driven.core.move_leader(P, 2, driven.now)
    assert driven.altered(1, (1, 2, 3), 0, 1) == "FENCED_LEADER_EPOCH"


@pytest.mark.parametrize("shown", [(), (-1, -1, -1), (0, 0, 0)])
def test_a_proposal_for_one_that_has_registered_since(driven, shown):
    """KIP-903: a position under no registration, or an old one, adds nobody; nor does a fenced broker (KIP-841)."""
    driven.altered(1, (1, 2))
    assert driven.altered(1, (1, 2, 3), 0, 1, shown=shown) == "INELIGIBLE_REPLICA"
    assert [type(fact).__name__ for fact in driven.facts()] == ["RefusePartition", "Elect"]
    assert driven.facts()[0].member == 3


def test_a_proposal_of_a_broker_that_is_not_registered_so(driven):
    assert driven.alter(1, (1, 2), epoch=77).error.name == "STALE_BROKER_EPOCH"
    driven.epochs[9] = 5
    assert driven.alter(9, (9,)).error.name == "BROKER_ID_NOT_REGISTERED"


def test_a_proposal_that_recovers(driven):
    """KIP-704: who recovers is alone, and nobody begins to recover."""

    def propose(isr):
        proposal = AlterIsr(partition=P, leader_epoch=0, partition_epoch=0, isr=isr, recovering=True)
        return driven.ask(AlterPartition(1, driven.epochs[1], (proposal,))).partitions[0].error.name

    assert propose((1, 2)) == "INVALID_REQUEST"
    assert propose((1,)) == "INVALID_REQUEST"


def test_registrations_and_heartbeats(driven):
    assert driven.register(1, incarnation=2).error.name == "DUPLICATE_BROKER_REGISTRATION"
    assert driven.register(1, incarnation=1).error.name == "NONE"
    assert driven.register(4, cluster="another").error.name == "INVALID_REQUEST"
    assert driven.beat(1, epoch=77).error.name == "STALE_BROKER_EPOCH"
    assert driven.beat(9, epoch=77).error.name == "BROKER_ID_NOT_REGISTERED"
