"""What brokers and controllers do at an administrator's word, and through losses, are steps of `survival`."""

import pytest

from campaign.lockstep import Lockstep
from impl.core.admin_messages import (
    AlterConfig,
    AlterConfigs,
    AlterReassignments,
    ConfigChange,
    DeleteTopics,
    ElectLeaders,
    Reassignment,
)
from impl.core.events import LogsLost
from impl.core.types import CONTROLLER
from tests.core.outages import back, down, stop
from tests.core.pump import Cluster, P


def made(**settings):
    cluster = Cluster(brokers=4, **settings)
    cluster.create_topic(configs=(("min.insync.replicas", "2"),))
    cluster.produce(1, 7)
    return cluster


def reassign(cluster, *replicas):
    cluster.answer(1, AlterReassignments((Reassignment(P, replicas),), 1_000, True))
    cluster.pass_time(4_000)


def configure(cluster, name, value):
    change = ConfigChange(name, 0, value)
    cluster.answer(1, AlterConfigs((AlterConfig(2, "t", (change,)),), False))
    cluster.pass_time(100)


# ---------------------------------------------------------------- scenarios
def clean_stops():
    cluster = made()
    stop(cluster, 3, 2, 1)
    back(cluster, 2)
    back(cluster, 1, 3)
    return cluster


def deaths():
    cluster = made()
    down(cluster, 3, 2, 1)
    back(cluster, 2, 1, 3)
    return cluster


def unclean_election():
    cluster = made()
    down(cluster, 3)
    cluster.produce(1, 8)
    down(cluster, 2, 1)
    back(cluster, 3)
    cluster.answer(3, ElectLeaders((P,), 1_000, True))
    cluster.pass_time(1_000)
    back(cluster, 1, 2)
    return cluster


def other_minimum():
    cluster = made()
    down(cluster, 3, 2)
    configure(cluster, "min.insync.replicas", "1")
    cluster.produce(1, 8)
    configure(cluster, "min.insync.replicas", "3")
    back(cluster, 2, 3)
    return cluster


def reassigned():
    cluster = made()
    reassign(cluster, 4, 2, 3)
    reassign(cluster, 2)
    reassign(cluster, 1, 2, 4)
    cluster.produce(2, 8)
    cluster.answer(1, ElectLeaders((P,), 1_000, False))
    cluster.pass_time(1_000)
    return cluster


def deleted_and_made_again():
    cluster = made()
    down(cluster, 3)
    cluster.answer(1, DeleteTopics(("t",), 1_000))
    cluster.pass_time(100)
    cluster.create_topic(replication=4)
    cluster.produce(cluster.leader(), 9)
    back(cluster, 3)
    return cluster


def directory_lost():
    cluster = made()
    cluster.give(cluster.nodes[2], LogsLost((P,)))
    cluster.pass_time(2_000)
    cluster.produce(1, 8)
    cluster.restart(2)
    cluster.pass_time(20_000)
    return cluster


def directory_of_the_leader_lost():
    cluster = made()
    cluster.give(cluster.nodes[1], LogsLost((P,)))
    cluster.pass_time(2_000)
    cluster.produce(cluster.leader(), 8)
    cluster.restart(1)
    cluster.pass_time(20_000)
    return cluster


SCENARIOS = (
    clean_stops,
    deaths,
    unclean_election,
    other_minimum,
    reassigned,
    deleted_and_made_again,
    directory_lost,
    directory_of_the_leader_lost,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_what_happened_is_an_execution_of_the_model(scenario):
    cluster = scenario()
    lockstep = Lockstep("survival", synced=False, stop=False)
    for node, fact in cluster.facts:
        lockstep.facts("controller" if node == CONTROLLER else f"n{node}", 0, [fact])
        assert lockstep.diverged is None, (fact, lockstep.diverged)
    lockstep.finish()
    assert image_whole(cluster)


def image_whole(cluster):
    """The cluster has come to rest: everybody is in sync."""
    partition = cluster.nodes[CONTROLLER].core.image.partition(P)
    return sorted(partition.isr) == sorted(partition.replicas) and partition.leader > 0
