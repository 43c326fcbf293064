"""Leaders change: nothing committed is lost, what diverged is cut, and nobody leads out of turn."""

from impl.core.decided_facts import AlterPartition, FailOver, Fence, TakeOffline
from impl.core.facts import BecomeFollower, BecomeLeader, ExpandIsr, LearnIsr, Reconcile, Restart, ShrinkIsr, Truncate
from impl.core.messages import EpochQuery, ListOffsets, OffsetForLeaderEpoch, OffsetQuery
from impl.core.types import CONTROLLER
from tests.core.pump import Cluster, P


def move(cluster, to, name=P):
    controller = cluster.nodes[CONTROLLER]
    effects = controller.core.move_leader(name, to, cluster.now)
    cluster.perform(controller, effects)
    return effects


def test_a_dead_leader_is_replaced_from_the_in_sync_set():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.crash(1)
    cluster.pass_time(10_000)
    assert (cluster.leader(), cluster.isr()) == (2, (2, 3))
    assert [(fact.leader, fact.removed, fact.leader_epoch) for fact in cluster.facts_of(FailOver)] == [(2, 1, 1)]
    assert cluster.produced(cluster.produce(2, 8)) == ("NONE", 1)
    assert cluster.log(3) == [(0, 7), (1, 8)]


def test_a_dead_follower_leaves_the_in_sync_set_without_a_new_leader_epoch():
    cluster = Cluster()
    cluster.create_topic()
    cluster.crash(3)
    cluster.pass_time(10_000)
    assert [(fact.removed, fact.leader_epoch, fact.isr) for fact in cluster.facts_of(Fence)] == [(3, 0, (1, 2))]
    assert cluster.facts_of(LearnIsr, 1)[-1].isr == (1, 2)
    assert cluster.produced(cluster.produce(1, 7)) == ("NONE", 0)


def test_a_follower_that_comes_back_rejoins():
    cluster = Cluster()
    cluster.create_topic()
    cluster.crash(3)
    cluster.pass_time(10_000)
    cluster.produce(1, 7)
    cluster.start(3)
    cluster.pass_time(3_000)
    assert cluster.log(3) == [(0, 7)]
    assert cluster.isr() == (1, 2, 3)
    assert [fact.follower for fact in cluster.facts_of(ExpandIsr)] == [3]
    assert cluster.facts_of(AlterPartition)[-1].isr == (1, 2, 3)


def test_a_lagging_follower_is_proposed_out_and_counted_until_it_is():
    cluster = Cluster(replica_lag_time_ms_max=1_000)
    cluster.create_topic()
    cluster.isolate(3, 1)
    cluster.isolate(1, CONTROLLER)
    key = cluster.produce(1, 7, timeout_ms=60_000)
    cluster.pass_time(2_000)
    assert [fact.isr for fact in cluster.facts_of(ShrinkIsr)] == [(1, 2)]
    assert cluster.partition(1).high_watermark == 0
    cluster.cut -= {(1, CONTROLLER), (CONTROLLER, 1)}
    cluster.pass_time(3_000)
    assert cluster.isr() == (1, 2)
    assert cluster.produced(key) == ("NONE", 0)


def test_kip_101_a_new_leader_keeps_a_committed_record_that_lay_above_its_watermark():
    """R1. The follower's watermark lags by one fetch; it restarts, does not cut the record, and is elected."""
    cluster = Cluster(brokers=2)
    cluster.create_topic(replication=2)
    cluster.isolate(1, 2)
    cluster.cut.clear()
    key = cluster.produce(1, 7, run=False)
    while cluster.produced(key) is None:
        cluster.deliver()
    assert cluster.log(2) == [(0, 7)]
    assert cluster.partition(2).high_watermark == 0
    cluster.queue.clear()
    cluster.nodes[2].logs[P].high_watermark = 0
    cluster.restart(2)
    cluster.pass_time(12_000)
    cluster.crash(1)
    cluster.pass_time(12_000)
    assert cluster.leader() == 2
    assert cluster.log(2)[0] == (0, 7)
    assert not [fact for fact in cluster.facts_of(Truncate) if fact.to < 1]


def test_an_uncommitted_tail_is_cut_when_the_old_leader_returns():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.isolate(1)
    cluster.produce(1, 8, acks=1)
    cluster.produce(1, 9, acks=1)
    cluster.pass_time(10_000)
    assert cluster.leader() == 2
    cluster.produce(2, 18)
    cluster.heal()
    cluster.pass_time(5_000)
    assert cluster.log(1) == cluster.log(2) == [(0, 7), (1, 18)]
    assert [(fact.to, fact.leader_epoch) for fact in cluster.facts_of(Truncate, 1)] == [(1, 1)]
    assert cluster.facts_of(Reconcile, 1)[-1].log_end == 1
    assert cluster.isr() == (1, 2, 3)


def test_a_produce_that_waited_at_a_deposed_leader_is_refused():
    cluster = Cluster()
    cluster.create_topic()
    cluster.isolate(1)
    key = cluster.produce(1, 8, timeout_ms=60_000)
    cluster.pass_time(10_000)
    cluster.heal()
    cluster.pass_time(5_000)
    assert cluster.produced(key) == ("NOT_LEADER_OR_FOLLOWER", -1)


def test_kip_279_two_fast_failovers_leave_equal_logs():
    """R2: logs of equal length differ; the leader never had the follower's epoch; one round would not find it."""
    cluster = Cluster(brokers=2)
    cluster.create_topic(replication=2)
    cluster.produce(1, 1)
    cluster.isolate(1, 2)
    cluster.produce(1, 10, acks=1)
    cluster.produce(1, 11, acks=1)
    move(cluster, 2)
    cluster.run()
    cluster.produce(2, 20, acks=1)
    cluster.produce(2, 21, acks=1)
    move(cluster, 1)
    cluster.run()
    cluster.produce(1, 30, acks=1)
    cluster.heal()
    cluster.pass_time(5_000)
    assert cluster.log(2) == cluster.log(1) == [(0, 1), (0, 10), (0, 11), (2, 30)]


def test_an_epoch_without_records_is_known_all_the_same():
    """R7, KAFKA-7415: the leader of epoch 2 writes nothing and must say where epoch 0 ends."""
    cluster = Cluster(brokers=2)
    cluster.create_topic(replication=2)
    cluster.produce(1, 1)
    cluster.isolate(1, 2)
    move(cluster, 2)
    cluster.run()
    cluster.produce(2, 20, acks=1)
    move(cluster, 1)
    cluster.run()
    ends = cluster.answer(1, OffsetForLeaderEpoch((EpochQuery(P, 2, 1), EpochQuery(P, 2, 2), EpochQuery(P, 1, 0)))).ends
    assert [(end.error.name, end.leader_epoch, end.end_offset) for end in ends] == [
        ("NONE", 0, 1),
        ("NONE", 2, 1),
        ("FENCED_LEADER_EPOCH", -1, -1),
    ]
    cluster.heal()
    cluster.pass_time(5_000)
    assert cluster.log(2) == [(0, 1)]
    assert cluster.nodes[2].logs[P].epochs == ((0, 0),)


def test_fetches_of_another_epoch_are_refused_and_not_counted():
    cluster = Cluster()
    cluster.create_topic()
    cluster.isolate(3)
    cluster.produce(1, 7, acks=1)
    before = cluster.partition(1).peers[3].log_end
    assert cluster.fetched(cluster.fetch(1, 1, replica=3, epoch=5, last=0)).error.name == "UNKNOWN_LEADER_EPOCH"
    move(cluster, 2)
    cluster.run()
    assert cluster.fetched(cluster.fetch(2, 1, replica=3, epoch=0, last=0)).error.name == "FENCED_LEADER_EPOCH"
    assert (before, cluster.partition(2).peers[3].log_end) == (0, -1)


def test_a_diverging_fetch_is_not_counted():
    """R10, KAFKA-13141."""
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    move(cluster, 2)
    cluster.run()
    cluster.isolate(3)
    cluster.produce(2, 8, acks=1)
    cluster.produce(2, 9, acks=1)
    part = cluster.fetched(cluster.fetch(2, 3, replica=3, epoch=1, last=0, registered=True))
    assert part.diverging == (0, 1)
    assert cluster.partition(2).peers[3].log_end == 1


def test_a_stranger_is_not_counted():
    cluster = Cluster()
    cluster.create_topic(replication=2)
    assert cluster.fetched(cluster.fetch(1, 0, replica=3, epoch=0)).error.name == "NOT_LEADER_OR_FOLLOWER"


def test_a_follower_joins_only_with_all_that_was_there_when_the_epoch_began():
    """R6, KAFKA-7128: the new leader's watermark lags; a follower at that watermark is not in sync."""
    cluster = Cluster()
    cluster.create_topic()
    cluster.crash(2)
    cluster.pass_time(10_000)
    key = cluster.produce(1, 7, run=False)
    while cluster.produced(key) is None:
        cluster.deliver()
    assert cluster.partition(3).high_watermark == 0
    cluster.queue.clear()
    cluster.crash(1)
    cluster.queue.clear()
    cluster.pass_time(10_000)
    leader = cluster.partition(3)
    assert (leader.leading, leader.start_offset) == (True, 1)
    leader.high_watermark = 0
    cluster.cut |= {(3, 2)}
    cluster.start(2)
    cluster.pass_time(1_000)
    proposed = len(cluster.facts_of(ExpandIsr, 3))
    cluster.fetch(3, 0, replica=2, epoch=leader.leader_epoch, registered=True)
    assert len(cluster.facts_of(ExpandIsr, 3)) == proposed
    assert cluster.isr() == (3,)
    cluster.fetch(3, 1, replica=2, epoch=leader.leader_epoch, last=0, registered=True)
    assert [fact.follower for fact in cluster.facts_of(ExpandIsr, 3)][proposed:] == [2]


def test_latest_is_not_known_before_the_watermark_has_reached_the_epoch():
    cluster = Cluster(brokers=2)
    cluster.create_topic(replication=2)
    cluster.isolate(1, 2)
    cluster.produce(1, 7, acks=1)
    for to in (2, 1):
        move(cluster, to)
        cluster.run()
    assert cluster.partition(1).start_offset == 1
    latest = ListOffsets((OffsetQuery(P, 2, -1),))
    assert cluster.answer(1, latest).offsets[0].error.name == "OFFSET_NOT_AVAILABLE"
    cluster.heal()
    cluster.pass_time(2_000)
    assert cluster.answer(1, latest).offsets[0].offset == 1


def test_the_last_in_sync_replica_stays_eligible_and_nobody_leads_without_it():
    cluster = Cluster()
    cluster.create_topic()
    for number in (2, 3):
        cluster.crash(number)
        cluster.pass_time(10_000)
    cluster.produce(1, 7)
    cluster.crash(1)
    cluster.pass_time(10_000)
    assert (cluster.leader(), cluster.isr(), cluster.elr()) == (-1, (), (1,))
    assert [(fact.removed, fact.leader_epoch) for fact in cluster.facts_of(TakeOffline)] == [(1, 1)]
    cluster.start(2)
    cluster.pass_time(3_000)
    assert cluster.leader() == -1
    assert cluster.facts_of(BecomeFollower, 2)[-1].leader == -1
    cluster.start(1)
    cluster.pass_time(5_000)
    assert (cluster.leader(), cluster.isr()) == (1, (1, 2))
    assert cluster.log(2) == [(0, 7)]
    assert cluster.facts_of(BecomeLeader, 1)[-1].leader_epoch == 2


def test_a_restarted_broker_waits_for_its_own_session_to_end_and_never_leads_an_epoch_again():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.restart(1)
    cluster.pass_time(5_000)
    assert cluster.nodes[1].core.fenced
    assert cluster.produced(cluster.produce(1, 8)) == ("NOT_LEADER_OR_FOLLOWER", -1)
    assert cluster.leader() == 1
    cluster.pass_time(5_000)
    assert not cluster.nodes[1].core.fenced
    assert cluster.leader() == 2
    led = [fact.leader_epoch for fact in cluster.facts_of(BecomeLeader, 1)]
    assert led == [0]
    assert cluster.facts_of(Restart, 1)[-1].log_end == 1


def test_a_restarted_follower_reconciles_again_in_the_same_epoch():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.crash(3)
    cluster.pass_time(10_000)
    cluster.facts.clear()
    cluster.start(3)
    cluster.pass_time(3_000)
    kinds = [type(fact).__name__ for fact in cluster.facts_of(object, 3)]
    assert kinds[:3] == ["Restart", "BecomeFollower", "Reconcile"]
    assert cluster.partition(3).high_watermark == 1


def test_a_paused_leader_learns_the_outcome_only():
    """Two elections while it slept: it never leads the first of them."""
    cluster = Cluster(brokers=2)
    cluster.create_topic(replication=2)
    cluster.isolate(1, CONTROLLER)
    move(cluster, 2)
    move(cluster, 1)
    cluster.heal()
    cluster.pass_time(3_000)
    assert [fact.leader_epoch for fact in cluster.facts_of(BecomeLeader, 1)] == [0, 2]
    assert not cluster.facts_of(BecomeFollower, 1)
    assert cluster.produced(cluster.produce(1, 7)) == ("NONE", 0)
