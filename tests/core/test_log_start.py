"""Where logs begin: DeleteRecords and retention on the leader, followers behind it, and compaction's gaps."""

import msgspec
import pytest

from impl.core.decided_facts import LosePower
from impl.core.epochs import LeaderEpochCache
from impl.core.events import AdvanceLogStart, Disconnected, LogStartDue, ResetLog
from impl.core.facts import DeleteBelow, FallBehind
from impl.core.messages import EARLIEST, DeletePartition, DeleteRecords, FetchedPartition, ListOffsets, OffsetQuery
from impl.core.types import CONTROLLER, NO_ERROR, Connection, EpochStart, ErrorCode, TopicPartition
from invariants.step import Checker
from invariants.verdict import Violated
from tests.core.pump import Cluster, P, batch
from traces.abstraction import DivergedError
from traces.following import Follower


def filled(records=6, **settings):
    cluster = Cluster(**settings)
    cluster.create_topic()
    for value in range(records):
        cluster.produce(1, value)
    cluster.pass_time(1_000)
    return cluster


def ask_to_delete(cluster, offset, number=1, name=P):
    return cluster.ask(number, DeleteRecords((DeletePartition(name, offset),), 2_000))


def answered(cluster, key):
    """What became of it; None as long as it waits."""
    if key not in cluster.replies:
        return None
    (part,) = cluster.replies[key].partitions
    return part.error.name, part.low_watermark


def delete(cluster, offset, number=1, name=P):
    key = ask_to_delete(cluster, offset, number, name)
    while answered(cluster, key) is None:
        cluster.pass_time(20)
    return answered(cluster, key)


def starts(cluster):
    return [cluster.partition(number).log_start for number in (1, 2, 3)]


def test_deleted_records_are_gone_everywhere():
    cluster = filled()
    assert delete(cluster, 4) == ("NONE", 4)
    assert cluster.partition(1).log_start == 4
    cluster.pass_time(1_000)
    assert starts(cluster) == [4, 4, 4]
    assert [cluster.nodes[number].logs[P].start for number in (1, 2, 3)] == [4, 4, 4]
    assert cluster.fetched(cluster.fetch(1, 3)).error.name == "OFFSET_OUT_OF_RANGE"
    assert cluster.fetched(cluster.fetch(1, 4)).error.name == "NONE"
    listed = cluster.answer(1, ListOffsets((OffsetQuery(P, -1, EARLIEST),)))
    assert listed.offsets[0].offset == 4
    assert delete(cluster, 2) == ("NONE", 4)
    assert delete(cluster, -1) == ("NONE", 6)


def test_a_client_is_answered_when_the_replicas_have_followed():
    cluster = filled()
    key = ask_to_delete(cluster, 4)
    assert (answered(cluster, key), starts(cluster)) == (None, [4, 0, 0])
    cluster.pass_time(1_000)
    assert (answered(cluster, key), starts(cluster)) == (("NONE", 4), [4, 4, 4])


def test_a_client_waits_no_longer_than_it_said_for_a_replica_that_does_not_follow():
    cluster = filled()
    cluster.isolate(3)
    key = ask_to_delete(cluster, 4)
    cluster.pass_time(1_900)
    assert (answered(cluster, key), starts(cluster)) == (None, [4, 4, 0])
    cluster.pass_time(200)
    assert answered(cluster, key) == ("REQUEST_TIMED_OUT", 0)


def test_a_replica_on_a_broker_that_is_fenced_is_not_waited_for():
    cluster = filled()
    cluster.crash(3)
    cluster.pass_time(15_000)
    assert cluster.partition(1).image.is_fenced(3)
    assert delete(cluster, 4) == ("NONE", 4)


def test_a_leader_that_resigns_does_not_say_that_records_are_gone():
    cluster = filled()
    cluster.isolate(3)
    key = ask_to_delete(cluster, 4)
    cluster.shut_down(1)
    cluster.pass_time(1_000)
    assert answered(cluster, key) == ("NOT_LEADER_OR_FOLLOWER", -1)


def test_who_has_gone_is_not_answered():
    cluster = filled()
    key = ask_to_delete(cluster, 4)
    cluster.give(cluster.nodes[1], Disconnected(Connection(key[0])))
    cluster.pass_time(2_500)
    assert (answered(cluster, key), starts(cluster)) == (None, [4, 4, 4])


@pytest.mark.parametrize(
    ("offset", "error"), [(7, "OFFSET_OUT_OF_RANGE"), (-2, "OFFSET_OUT_OF_RANGE"), (2**62, "OFFSET_OUT_OF_RANGE")]
)
def test_only_what_is_committed_can_be_deleted(offset, error):
    cluster = filled()
    assert delete(cluster, offset) == (error, -1)
    assert starts(cluster) == [0, 0, 0]


def test_only_the_leader_deletes_and_only_where_the_policy_allows_it():
    cluster = filled()
    assert delete(cluster, 2, number=2) == ("NOT_LEADER_OR_FOLLOWER", -1)
    assert delete(cluster, 2, name=TopicPartition("unheard-of", 0)) == ("UNKNOWN_TOPIC_OR_PARTITION", -1)
    cluster.create_topic(name="keyed", configs=(("cleanup.policy", "compact"),))
    keyed = TopicPartition("keyed", 0)
    assert delete(cluster, 0, number=cluster.leader(keyed), name=keyed) == ("POLICY_VIOLATION", -1)


def test_retention_never_passes_the_high_watermark():
    cluster = filled()
    cluster.isolate(1)
    cluster.produce(1, 9, acks=1)
    assert cluster.partition(1).log_end == 7
    cluster.give(cluster.nodes[1], LogStartDue(P, 7))
    assert cluster.partition(1).log_start == cluster.partition(1).high_watermark == 6


def test_a_follower_whose_next_record_is_gone_begins_where_the_leader_does():
    """KAFKA-9491: its high watermark goes there too, or it would lie below the log's start."""
    cluster = filled(replica_lag_time_ms_max=500)
    cluster.isolate(3)
    cluster.pass_time(2_000)
    for value in range(10, 15):
        cluster.produce(1, value)
    cluster.pass_time(3_000)
    assert 3 not in cluster.isr()
    key = ask_to_delete(cluster, 10)
    cluster.heal()
    cluster.pass_time(4_000)
    assert answered(cluster, key) == ("NONE", 10)
    assert [effect.to for number, effect in cluster.effects if number == 3 and isinstance(effect, ResetLog)] == [10]
    behind = cluster.partition(3)
    assert (behind.log_start, behind.log_end, behind.high_watermark) == (10, 11, 11)
    assert cluster.log(3) == cluster.log(1)
    assert set(cluster.isr()) == {1, 2, 3}


def test_a_log_may_begin_inside_a_batch_which_a_follower_copies_whole():
    """Kafka's UnexpectedAppendOffsetException: nothing begins where the follower asks from, for ever."""
    cluster = Cluster()
    cluster.create_topic()
    cluster.crash(3)
    cluster.pass_time(10_000)
    for value in (7, 8):
        cluster.produce(1, batch(value, count=10))
        cluster.pass_time(500)
    assert delete(cluster, 5) == ("NONE", 5)
    cluster.nodes[3].logs.clear()
    cluster.start(3)
    cluster.pass_time(10_000)
    behind = cluster.partition(3)
    assert (behind.log_start, behind.log_end, behind.high_watermark) == (5, 20, 20)
    assert cluster.log(3) == cluster.log(1)
    assert set(cluster.isr()) == {1, 2, 3}
    told = [fact for number, fact in cluster.facts if number == 3 and isinstance(fact, FallBehind | DeleteBelow)]
    assert [fact.to for fact in told] == [5, 5]
    assert followed(cluster).partitions[str(P)].ends(3) == (20, 20)
    crashed = next(index for index, (_, fact) in enumerate(cluster.facts) if isinstance(fact, LosePower))
    assert checked(cluster, crashed, 3).partitions[str(P)].replicas[3].log.end == 20


def followed(cluster):
    """What was told is followed by the model to the end."""
    follower = Follower("survival")
    for number, fact in cluster.facts:
        follower.fact(number, fact)
    assert follower.end(0) is None
    assert follower.partitions[str(P)].taken["receive_fetch"] > 2
    return follower


def checked(cluster, crashed=-1, victim=0):
    """The invariants, fact by fact; before one of them a process has ended."""
    checker = Checker()
    for index, (number, fact) in enumerate(cluster.facts):
        if index == crashed:
            checker.fault("power loss", (f"n{victim}",))
        checker.facts(f"n{number}" if number < CONTROLLER else "controller", 0, [fact])
    return checker


def test_what_is_deleted_is_followed_and_judged():
    cluster = filled(replica_lag_time_ms_max=500)
    delete(cluster, 4)
    cluster.isolate(3)
    cluster.pass_time(2_000)
    for value in range(10, 15):
        cluster.produce(1, value)
    cluster.pass_time(3_000)
    ask_to_delete(cluster, 10)
    cluster.heal()
    cluster.pass_time(4_000)
    cluster.restart(2)
    cluster.pass_time(12_000)
    followed(cluster)
    checked(cluster)
    reset = next(index for index, (_, fact) in enumerate(cluster.facts) if isinstance(fact, FallBehind))
    number, fact = cluster.facts[reset]
    cluster.facts[reset] = number, msgspec.structs.replace(fact, to=99)
    with pytest.raises(DivergedError):
        followed(cluster)


def test_what_is_not_committed_is_not_deleted():
    cluster = filled()
    told = DeleteBelow(partition=str(P), to=7)
    cluster.facts.append((1, told))
    with pytest.raises(DivergedError, match="it deletes what lies below 7, in the model the high watermark of n1 is 6"):
        followed(cluster)
    with pytest.raises(Violated, match="n1 deletes what lies below 7, and what is committed ends at 6"):
        checked(cluster)


def test_a_restarted_broker_begins_where_its_log_does():
    cluster = filled()
    delete(cluster, 4)
    cluster.pass_time(1_000)
    cluster.restart(2)
    cluster.pass_time(1_000)
    assert cluster.partition(2).log_start == 4
    assert cluster.partition(2).high_watermark >= 4


def test_a_fetch_that_waited_while_its_records_went_is_out_of_range():
    cluster = filled()
    key = cluster.fetch(1, 6, wait=1_000)
    assert cluster.fetched(key) is None
    cluster.produce(1, 7)
    key = cluster.fetch(1, 7, wait=1_000)
    cluster.produce(1, 8, run=False, acks=1)
    cluster.partition(1).high_watermark = 8
    cluster.partition(1).advance_log_start(8, [])
    cluster.pass_time(1_100)
    assert cluster.fetched(key).error.name == "OFFSET_OUT_OF_RANGE"


def test_a_follower_copies_a_compacted_log_gaps_and_all():
    cluster = filled()
    cluster.isolate(3)
    leader = cluster.nodes[1].logs[P]
    for value in range(10, 13):
        cluster.produce(1, value, acks=1)
    leader.batches = [stored for stored in leader.batches if stored.crc not in (10, 11)]
    cluster.heal()
    cluster.pass_time(2_000)
    assert [stored.base_offset for stored in cluster.nodes[3].logs[P].batches] == [0, 1, 2, 3, 4, 5, 8]
    assert cluster.partition(3).log_end == 9


def test_the_epochs_of_what_is_deleted_are_forgotten():
    cache = LeaderEpochCache((EpochStart(1, 0), EpochStart(4, 10), EpochStart(6, 20)))
    assert not cache.truncate_from_start(0)
    assert cache.truncate_from_start(15)
    assert cache.entries == (EpochStart(4, 15), EpochStart(6, 20))
    assert cache.end_offset_for(1, 30) == (1, 15)
    assert cache.truncate_from_start(40)
    assert cache.entries == (EpochStart(6, 40),)
    assert cache.last_known == 6
    assert cache.truncate_from_end(40)
    assert (cache.entries, cache.latest, cache.last_known) == ((), -1, 6)
    cache.clear()
    assert cache.last_known == -1


def test_the_epochs_before_one_that_begins_where_the_log_does_are_forgotten():
    """Else the log is taken for one that has lost its first segment."""
    cache = LeaderEpochCache((EpochStart(1, 0), EpochStart(4, 10), EpochStart(6, 20)))
    assert cache.truncate_from_start(20)
    assert cache.entries == (EpochStart(6, 20),)
    assert cache.deleted == 4
    assert not cache.truncate_from_start(20)


def answer(cluster, number, **fields):
    """What a follower that has asked its leader is answered."""
    partition, out = cluster.partition(number), []
    part = FetchedPartition(partition=P, high_watermark=-1, **fields)
    partition.answered(part, cluster.now, out)
    return partition, [type(effect) for effect in out]


def test_a_log_that_leaves_its_leaders_below_where_that_begins_begins_there():
    """The leader's start may lie inside a batch of the follower's, where no log can be cut."""
    partition, done = answer(filled(), 2, error=NO_ERROR, log_start=5, diverging=(0, 5))
    assert ResetLog in done
    assert (partition.log_start, partition.log_end, partition.high_watermark) == (5, 5, 5)


def test_a_log_of_which_the_leader_has_deleted_all_is_not_taken_for_the_same():
    """Its records may be of an epoch that is gone, where the leader had others."""
    cluster = filled()
    cluster.partition(2).reconciled = False
    partition, done = answer(cluster, 2, error=NO_ERROR, log_start=6)
    assert ResetLog in done
    assert (partition.log_start, partition.log_end, partition.high_watermark) == (6, 6, 6)
    partition.reconciled = False
    assert ResetLog not in answer(cluster, 2, error=NO_ERROR, log_start=6)[1]


def test_an_empty_log_past_its_leaders_end_begins_where_that_does():
    """An unclean election has given up what was deleted: the follower would ask past the leader's end for ever."""
    cluster = filled()
    delete(cluster, 6)
    partition, done = answer(cluster, 2, error=ErrorCode.OFFSET_OUT_OF_RANGE, log_start=2)
    assert ResetLog in done
    assert (partition.log_start, partition.log_end, partition.high_watermark) == (2, 2, 2)


def test_a_log_compacted_to_nothing_past_its_leaders_end_begins_where_that_does():
    """An unclean election has given up what stood for its records; it has offsets, and no epoch to be compared by."""
    cluster = filled()
    partition = cluster.partition(2)
    partition.epochs.clear()
    assert partition.log_start < partition.log_end
    partition, done = answer(cluster, 2, error=ErrorCode.OFFSET_OUT_OF_RANGE, log_start=0)
    assert ResetLog in done
    assert (partition.log_start, partition.log_end, partition.high_watermark) == (0, 0, 0)


def test_a_log_with_records_past_its_leaders_end_is_not_dropped():
    _, done = answer(filled(), 2, error=ErrorCode.OFFSET_OUT_OF_RANGE, log_start=0)
    assert done == []


def test_what_an_unclean_election_gave_up_of_what_is_deleted_leaves_nothing_to_cut():
    """Kafka's truncateTo below a log's start. Cut to its own start, the log would lack what the leader has below it."""
    cluster = filled()
    delete(cluster, 4)
    partition, done = answer(cluster, 2, error=NO_ERROR, log_start=0, diverging=(0, 2))
    assert ResetLog in done
    assert (partition.log_start, partition.log_end, partition.high_watermark) == (0, 0, 0)


def test_a_log_of_which_all_is_deleted_is_compared_by_the_last_epoch_it_had():
    """Without an epoch nobody can tell whether an unclean election gave up what was deleted."""
    cluster = filled()
    delete(cluster, 6)
    cluster.pass_time(1_000)
    follower, leader = cluster.partition(2), cluster.partition(1)
    follower.become_follower(follower.image.partition(P), cluster.now, [])
    asked = follower.position(0)
    assert (asked.fetch_offset, asked.last_fetched_epoch) == (6, 0)
    assert leader.divergence(asked) is None
    leader.epochs = LeaderEpochCache((EpochStart(3, 0),))
    assert leader.divergence(asked) == (0, 0)
    partition, done = answer(cluster, 2, error=NO_ERROR, log_start=0, diverging=(0, 0))
    assert ResetLog in done
    assert (partition.log_start, partition.log_end) == (0, 0)
    assert partition.position(0).last_fetched_epoch == -1


def test_the_checkpoint_of_epochs_is_written_before_segments_go():
    """Recovery takes a log that begins after its epochs do for one that lost its first segment."""
    cluster = filled()
    cluster.effects.clear()
    delete(cluster, 3)
    kinds = [type(effect).__name__ for number, effect in cluster.effects if number == 1]
    assert kinds.index("WriteEpochs") < kinds.index(AdvanceLogStart.__name__)
