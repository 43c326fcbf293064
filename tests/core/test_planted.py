"""The scenarios of these tests notice the bugs they are about: each small decision, planted broken, loses its case."""

import pytest

from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.controller_messages import AlterIsr, AlterPartition
from impl.core.events import RequestArrived
from impl.core.facts import AcknowledgeProduce, Truncate
from impl.core.partition import Partition
from impl.core.producers import ProducerStates
from impl.core.types import CONTROLLER, Offset
from tests.core.pump import Cluster, P


def move(cluster, to):
    controller = cluster.nodes[CONTROLLER]
    cluster.perform(controller, controller.core.move_leader(P, to, cluster.now))
    cluster.run()


def planted(partition):
    return type("PlantedBroker", (Broker,), {"partition_class": partition})


class TruncatesToHighWatermark(Partition):
    """KIP-101."""

    __slots__ = ()

    def become_follower(self, version, now, out):
        super().become_follower(version, now, out)
        self.truncate(self.high_watermark, out)
        self.reconcile(out)


class AsksOnce(Partition):
    """KIP-279: the first answer is taken for the last."""

    __slots__ = ()

    def truncation_point(self, diverging):
        return Offset(min(diverging[1], self.log_end))

    def diverged(self, diverging, out):
        super().diverged(diverging, out)
        self.reconcile(out)

    def divergence(self, asked):
        return None if asked.max_bytes else super().divergence(asked)


class AcknowledgesAtOnce(Partition):
    __slots__ = ()

    def is_acknowledged(self, _acks, _end):
        return True


class ForgetsProducers(Partition):
    """P1: a new leader takes every producer for a new one."""

    __slots__ = ()

    def become_leader(self, version, now, out):
        self.producers = ProducerStates()
        super().become_leader(version, now, out)


class NoEntryWithoutRecords(Partition):
    """KAFKA-7415."""

    __slots__ = ()

    def assign_own_epoch(self):
        return False


class AcceptsOutdated(Controller):
    def is_outdated(self, _proposal, _partition):
        return False


def test_a_follower_that_cuts_to_its_watermark_loses_a_committed_record():
    def history(broker_class):
        cluster = Cluster(brokers=2, broker_class=broker_class)
        cluster.create_topic(replication=2)
        key = cluster.produce(1, 7, run=False)
        while cluster.produced(key) is None:
            cluster.deliver()
        cluster.queue.clear()
        cluster.nodes[2].logs[P].high_watermark = 0
        cluster.restart(2)
        cluster.cut |= {(2, 1)}
        cluster.pass_time(12_000)
        return cluster

    assert history(Broker).log(2) == [(0, 7)]
    broken = history(planted(TruncatesToHighWatermark))
    assert broken.log(2) == []
    assert broken.facts_of(Truncate)[-1].to == 0


def test_a_follower_that_asks_once_keeps_a_foreign_record():
    def history(broker_class):
        cluster = Cluster(brokers=2, broker_class=broker_class)
        cluster.create_topic(replication=2)
        cluster.isolate(1, 2)
        cluster.produce(1, 10, acks=1)
        move(cluster, 2)
        cluster.produce(2, 20, acks=1)
        move(cluster, 1)
        cluster.produce(1, 30, acks=1)
        cluster.heal()
        cluster.pass_time(3_000)
        return cluster

    sound, broken = history(Broker), history(planted(AsksOnce))
    assert sound.log(2) == sound.log(1) == [(0, 10), (2, 30)]
    assert broken.log(2) == [(1, 20), (2, 30)]


def test_an_acknowledgement_before_the_in_sync_set_has_it_is_a_false_promise():
    for broker_class, answer in ((Broker, None), (planted(AcknowledgesAtOnce), ("NONE", 0))):
        cluster = Cluster(broker_class=broker_class)
        cluster.create_topic()
        cluster.isolate(1)
        key = cluster.produce(1, 7, timeout_ms=60_000)
        assert cluster.produced(key) == answer
        assert bool(cluster.facts_of(AcknowledgeProduce)) == (answer is not None)


def test_a_leader_that_forgets_its_producers_stores_twice():
    values = {}
    for broker_class in (Broker, planted(ForgetsProducers)):
        cluster = Cluster(broker_class=broker_class)
        cluster.create_topic()
        cluster.produce(1, 7, producer=5, sequence=0)
        cluster.crash(1)
        cluster.pass_time(10_000)
        cluster.produce(2, 7, producer=5, sequence=0)
        values[broker_class] = [value for _, value in cluster.log(2)]
    assert list(values.values()) == [[7], [7, 7]]


def test_an_epoch_that_is_not_entered_leaves_a_foreign_record():
    def history(broker_class):
        cluster = Cluster(brokers=2, broker_class=broker_class)
        cluster.create_topic(replication=2)
        cluster.produce(1, 1)
        cluster.isolate(1, 2)
        move(cluster, 2)
        cluster.produce(2, 20, acks=1)
        move(cluster, 1)
        cluster.heal()
        cluster.pass_time(3_000)
        return cluster

    assert history(Broker).log(2) == [(0, 1)]
    # The leader does not know the epoch it is asked about, and the follower can find no place to cut.
    assert history(planted(NoEntryWithoutRecords)).log(2) != [(0, 1)]


@pytest.mark.parametrize(("controller_class", "isr"), [(Controller, (1, 2)), (AcceptsOutdated, (1, 2, 3))])
def test_an_outdated_proposal_overwrites_a_newer_set_where_it_is_not_compared(controller_class, isr):
    """R15: the proposal to add 3 is made; meanwhile 3 leaves and the leader knows; then the proposal arrives."""
    cluster = Cluster(controller_class=controller_class)
    cluster.create_topic()
    leader = cluster.partition(1)
    cluster.crash(3)
    cluster.pass_time(10_000)
    cluster.start(3)
    cluster.cut |= {(3, 1)}
    cluster.pass_time(2_000)
    assert (cluster.isr(), leader.partition_epoch) == ((1, 2), 1)
    epochs = tuple(cluster.nodes[CONTROLLER].core.image.brokers[node].epoch for node in (1, 2, 3))
    outdated = AlterIsr(partition=P, leader_epoch=0, partition_epoch=0, isr=(1, 2, 3), broker_epochs=epochs)
    epoch = cluster.nodes[CONTROLLER].core.image.brokers[1].epoch
    request = RequestArrived(-101, 1, AlterPartition(1, epoch, (outdated,)))
    cluster.give(cluster.nodes[CONTROLLER], request)
    assert cluster.isr() == isr
