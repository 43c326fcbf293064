"""Eligible leader replicas, min.insync.replicas, registrations, unclean election: who leads, what is committed."""

import pytest

from impl.core.admin_messages import AlterConfig, AlterConfigs, ConfigChange, ElectLeaders
from impl.core.controller import Controller
from impl.core.controller_messages import RegisterBroker
from impl.core.decided_facts import (
    ElectEligible,
    ElectUnclean,
    FailOver,
    LosePower,
    MemberLosesPower,
    Register,
    TakeOffline,
)
from impl.core.decisions import Decisions
from impl.core.facts import BecomeLeader, ExpandIsr, Restart
from impl.core.types import CONTROLLER
from tests.core.outages import back, down, stop
from tests.core.pump import Cluster, P


def a_cluster(minimum="2", unclean="false", **settings):
    cluster = Cluster(**settings)
    cluster.create_topic(
        configs=(("min.insync.replicas", minimum), ("unclean.leader.election.enable", unclean)),
    )
    return cluster


def image(cluster, name=P):
    return cluster.nodes[CONTROLLER].core.image.partition(name)


# ---------------------------------------------------------------- who stays eligible
def test_whoever_leaves_while_too_few_are_in_sync_stays_eligible():
    cluster = a_cluster()
    down(cluster, 3)
    assert (cluster.isr(), cluster.elr(), image(cluster).enough) == ((1, 2), (), True)
    down(cluster, 2)
    assert (cluster.isr(), cluster.elr(), image(cluster).enough) == ((1,), (2,), False)
    down(cluster, 1)
    assert (cluster.isr(), cluster.elr(), image(cluster).enough) == ((), (1, 2), False)
    assert image(cluster).last_known_elr == (1,)


def test_an_eligible_replica_that_stopped_cleanly_leads_again():
    cluster = a_cluster()
    cluster.produce(1, 7)
    stop(cluster, 3, 2, 1)
    assert (cluster.isr(), cluster.elr()) == ((), (1, 2))
    back(cluster, 2)
    assert (cluster.leader(), cluster.isr(), cluster.elr()) == (2, (2,), (1,))
    assert [fact.leader for fact in cluster.facts_of(ElectEligible)] == [2]
    assert cluster.partition(2).high_watermark == 1
    assert [fact.replica for fact in cluster.facts_of(Register)] == [2]
    assert cluster.facts_of(Restart, 2)[-1].clean
    back(cluster, 1, 3)
    assert (cluster.isr(), cluster.elr(), image(cluster).last_known_elr) == ((1, 2, 3), (), ())


def test_a_replica_that_is_not_eligible_does_not_lead_though_it_is_alive():
    cluster = a_cluster()
    stop(cluster, 3, 2, 1)
    back(cluster, 3)
    assert (cluster.leader(), cluster.isr(), cluster.elr()) == (-1, (), (1, 2))


def test_one_that_did_not_stop_cleanly_is_eligible_no_longer():
    cluster = a_cluster()
    down(cluster, 3, 2)
    assert cluster.elr() == (2,)
    back(cluster, 2, 3)
    assert [(fact.replica, fact.elr) for fact in cluster.facts_of(MemberLosesPower)] == [(2, ())]
    assert [fact.replica for fact in cluster.facts_of(LosePower)] == [3]
    assert not cluster.facts_of(Restart, 2)[-1].clean
    assert (cluster.isr(), cluster.elr()) == ((1, 2, 3), ())


def test_a_leader_that_comes_back_uncleanly_leads_again_only_as_the_last_one():
    """Nobody is in sync or eligible: the last leader is elected, and that is an unclean election (KIP-966)."""
    cluster = a_cluster()
    down(cluster, 3, 2, 1)
    back(cluster, 2)
    assert (cluster.leader(), cluster.elr(), image(cluster).last_known_elr) == (-1, (1,), (1,))
    back(cluster, 1)
    assert (cluster.leader(), image(cluster).recovering) == (1, False)
    assert [(fact.leader, fact.isr, fact.elr) for fact in cluster.facts_of(ElectUnclean)] == [(1, (1,), ())]
    assert cluster.isr() == (1, 2)


# ---------------------------------------------------------------- what is committed
def test_nothing_is_committed_below_the_minimum():
    """Last replica standing: the high watermark waits, so whoever was in sync before still has everything."""
    cluster = a_cluster()
    down(cluster, 3, 2)
    assert cluster.produced(cluster.produce(1, 7)) == ("NOT_ENOUGH_REPLICAS", -1)
    assert cluster.produced(cluster.produce(1, 8, acks=1)) == ("NONE", 0)
    assert (cluster.partition(1).high_watermark, cluster.partition(1).enough) == (0, False)
    back(cluster, 2)
    assert cluster.partition(1).high_watermark == 1
    assert cluster.produced(cluster.produce(1, 9)) == ("NONE", 1)


def test_the_controllers_minimum_counts_and_not_the_leaders_own():
    cluster = a_cluster(minimum="1")
    down(cluster, 3, 2)
    assert image(cluster).enough
    change = ConfigChange("min.insync.replicas", 0, "2")
    assert cluster.answer(1, AlterConfigs((AlterConfig(2, "t", (change,)),), False)).resources[0].error.name == "NONE"
    cluster.run()
    assert not image(cluster).enough
    assert (cluster.partition(1).enough, cluster.partition(1).min_insync_replicas) == (False, 2)
    cluster.produce(1, 8, acks=1)
    assert cluster.partition(1).high_watermark == 0
    change = ConfigChange("min.insync.replicas", 1, None)
    cluster.answer(1, AlterConfigs((AlterConfig(2, "t", (change,)),), False))
    assert (cluster.partition(1).enough, cluster.partition(1).high_watermark) == (True, 1)


def test_a_controller_with_another_minimum_decides_anew_for_all_partitions():
    cluster = Cluster(min_insync_replicas=1)
    cluster.create_topic()
    down(cluster, 2, 3)
    assert image(cluster).enough
    cluster.settings["min_insync_replicas"] = 2
    cluster.restart(CONTROLLER)
    cluster.pass_time(2_000)
    assert not image(cluster).enough


# ---------------------------------------------------------------- unclean elections
@pytest.mark.parametrize(("unclean", "leader"), [("false", -1), ("true", 3)])
def test_a_replica_that_lacks_records_leads_only_where_that_is_allowed(unclean, leader):
    cluster = a_cluster(minimum="1", unclean=unclean)
    down(cluster, 3)
    cluster.produce(1, 7)
    down(cluster, 2, 1)
    assert (cluster.leader(), cluster.isr(), cluster.elr()) == (-1, (), (1,))
    back(cluster, 3)
    assert cluster.leader() == leader
    if leader == 3:
        assert [(fact.leader, fact.isr, fact.elr) for fact in cluster.facts_of(ElectUnclean)] == [(3, (3,), ())]
        assert image(cluster).recovering
        back(cluster, 1)
        assert cluster.log(1) == []
        assert (cluster.isr(), image(cluster).recovering) == ((1, 3), False)


def test_allowing_it_later_elects_at_once():
    cluster = a_cluster(minimum="1")
    down(cluster, 3, 2, 1)
    back(cluster, 2)
    assert cluster.leader() == -1
    change = ConfigChange("unclean.leader.election.enable", 0, "true")
    cluster.answer(2, AlterConfigs((AlterConfig(2, "t", (change,)),), False))
    assert cluster.leader() == 2


def test_an_operator_may_allow_it_once():
    cluster = a_cluster(minimum="1")
    down(cluster, 3, 2, 1)
    back(cluster, 2)
    answer = cluster.answer(2, ElectLeaders((P,), 1_000, False))
    assert [outcome.error.name for outcome in answer.partitions] == ["PREFERRED_LEADER_NOT_AVAILABLE"]
    answer = cluster.answer(2, ElectLeaders((P,), 1_000, True))
    assert [outcome.error.name for outcome in answer.partitions] == ["NONE"]
    assert cluster.leader() == 2
    answer = cluster.answer(2, ElectLeaders((P,), 1_000, True))
    assert [outcome.error.name for outcome in answer.partitions] == ["ELECTION_NOT_NEEDED"]
    assert cluster.answer(2, ElectLeaders(None, 1_000, True)).partitions == ()


# ---------------------------------------------------------------- registrations
def test_a_position_from_before_a_registration_adds_nobody():
    """KIP-903, R16: the leader still believes in what the follower had before it lost it."""
    cluster = a_cluster(minimum="1")
    cluster.produce(1, 7)
    before = cluster.nodes[CONTROLLER].core.image.brokers[2].epoch
    down(cluster, 2)
    proposed = len(cluster.facts_of(ExpandIsr))
    cluster.nodes[2].logs.clear()
    cluster.cut |= {(2, 1)}
    back(cluster, 2)
    leader = cluster.partition(1)
    assert leader.peers[2].log_end == 1
    assert leader.peers[2].broker_epoch == before
    assert not leader.is_registered(leader.peers[2])
    leader.consider_expanding(leader.peers[2], [])
    assert len(cluster.facts_of(ExpandIsr)) == proposed
    cluster.heal()
    cluster.pass_time(3_000)
    assert leader.peers[2].broker_epoch > before
    assert cluster.isr() == (1, 2, 3)
    late = cluster.fetched(cluster.fetch(1, 0, replica=2, epoch=leader.leader_epoch))
    assert late.error.name == "NOT_LEADER_OR_FOLLOWER"


class KeepsUnclean(Decisions):
    """A broker that lost power keeps its place among the eligible (R20)."""

    def remaining(self, partition, removed, isr, replicas):
        return tuple(sorted({*super().remaining(partition, removed, isr, replicas), removed}))


class KeepsUncleanController(Controller):
    decisions_class = KeepsUnclean


@pytest.mark.parametrize(("controller_class", "leader"), [(Controller, -1), (KeepsUncleanController, 2)])
def test_a_wiped_replica_leads_only_where_a_bug_keeps_it_eligible(controller_class, leader):
    cluster = Cluster(controller_class=controller_class)
    cluster.create_topic(configs=(("min.insync.replicas", "2"),))
    cluster.produce(1, 7)
    down(cluster, 3, 2, 1)
    cluster.nodes[2].logs.clear()
    back(cluster, 2)
    assert cluster.leader() == leader


def test_a_leader_that_registers_anew_while_it_leads_leaves_both_sets():
    """Ours never does: it is fenced first. The decision stands for a controller that allows it."""
    cluster = a_cluster()
    active = cluster.nodes[CONTROLLER].core.active
    out = []
    active._elections.lose_power(active.image.partition(P), 1)
    active._decisions.flush(out)
    assert [type(effect).__name__ for effect in out[1:]] == ["LeaderLosesPower", "Elect"]
    assert (out[1].replica, out[1].isr, out[1].leader_epoch) == (1, (2, 3), 1)
    assert (out[2].leader, out[2].isr) == (2, (2, 3))


# ---------------------------------------------------------------- stopping
def test_a_stopping_broker_is_moved_away_from_and_not_added_back():
    """KIP-841: what leads, hands over; what follows, leaves; and nobody adds it while it stops."""
    cluster = a_cluster(minimum="1")
    cluster.cut |= {(CONTROLLER, 1), (1, CONTROLLER)}
    cluster.shut_down(1)
    assert cluster.leader() == 1
    cluster.heal()
    cluster.cut |= {(3, CONTROLLER)}
    cluster.pass_time(1_500)
    broker = cluster.nodes[CONTROLLER].core.image.brokers[1]
    assert (broker.in_controlled_shutdown, broker.fenced) == (True, False)
    assert [fact.removed for fact in cluster.facts_of(FailOver)] == [1]
    assert (cluster.leader(), cluster.isr()) == (2, (2, 3))
    cluster.fetch(2, 0, replica=1, epoch=image(cluster).leader_epoch, registered=True)
    assert cluster.isr() == (2, 3)
    assert not cluster.nodes[1].stopped
    cluster.heal()
    cluster.pass_time(6_000)
    assert cluster.nodes[1].stopped


def test_the_only_replica_that_stops_stays_eligible_and_leads_when_it_is_back():
    cluster = Cluster(brokers=1)
    cluster.create_topic(replication=1)
    cluster.produce(1, 7)
    stop(cluster, 1)
    assert (cluster.leader(), cluster.isr(), cluster.elr()) == (-1, (), (1,))
    assert [fact.removed for fact in cluster.facts_of(TakeOffline)] == [1]
    back(cluster, 1)
    assert (cluster.leader(), cluster.isr()) == (1, (1,))
    assert cluster.facts_of(ElectUnclean) == []
    assert cluster.facts_of(BecomeLeader, 1)[-1].enough


def test_one_that_stops_before_it_has_registered_claims_no_more_than_it_found():
    """It lost its log, came back, and was stopped at once: that stop is not the clean stop of its registration."""
    cluster = a_cluster()
    cluster.produce(1, 7)
    cluster.crash(2)
    cluster.nodes[2].logs.clear()
    cluster.cut |= {(2, CONTROLLER)}
    cluster.start(2)
    cluster.run()
    cluster.shut_down(2)
    assert cluster.nodes[2].stopped
    assert cluster.nodes[2].clean_epoch == -1
    cluster.crash(2)
    cluster.heal()
    down(cluster, 3)
    back(cluster, 2)
    assert [fact.replica for fact in cluster.facts_of(Register)] == []
    assert cluster.log(2) == [(0, 7)]


def test_a_registration_names_the_epoch_of_the_clean_stop():
    cluster = Cluster()
    first = cluster.nodes[CONTROLLER].core.image.brokers[3].epoch
    stop(cluster, 3)
    cluster.start(3)
    asked = [
        effect.request
        for number, effect in cluster.effects
        if number == 3 and isinstance(getattr(effect, "request", None), RegisterBroker)
    ]
    assert next(request.previous_broker_epoch for request in asked) == -1
    assert asked[-1].previous_broker_epoch == first
