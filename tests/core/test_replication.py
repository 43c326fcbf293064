"""Replication in fair weather: records reach the followers, the watermark follows, clients are answered."""

from impl.core.decided_facts import CreatePartition
from impl.core.events import AppendBatch, Send, SendReply, WriteHighWatermarks
from impl.core.facts import AcknowledgeProduce, AdvanceHighWatermark, Append, Reconcile
from impl.core.messages import EARLIEST, LATEST, Fetch, ListOffsets, OffsetQuery
from tests.core.pump import Cluster, P


def test_brokers_register_and_are_unfenced():
    cluster = Cluster()
    assert [node.core.fenced for number, node in cluster.nodes.items() if number < 100] == [False, False, False]


def test_a_created_topic_has_a_leader_and_reconciled_followers():
    cluster = Cluster()
    created = cluster.create_topic()
    assert (created.error.name, created.partition_count, created.replication_factor) == ("NONE", 1, 3)
    assert [fact.leader for fact in cluster.facts_of(CreatePartition)] == [1]
    assert cluster.partition(1).leading
    assert len(cluster.facts_of(Reconcile)) == 2


def test_a_record_reaches_every_replica_and_is_acknowledged():
    cluster = Cluster()
    cluster.create_topic()
    key = cluster.produce(1, 7)
    assert cluster.produced(key) == ("NONE", 0)
    assert [cluster.log(number) for number in (1, 2, 3)] == [[(0, 7)]] * 3
    assert [fact.to for fact in cluster.facts_of(AdvanceHighWatermark)] == [1]
    assert [cluster.partition(number).high_watermark for number in (1, 2, 3)] == [1, 1, 1]


def test_acks_all_waits_for_the_in_sync_set():
    cluster = Cluster()
    cluster.create_topic()
    cluster.isolate(3)
    key = cluster.produce(1, 7, timeout_ms=5_000)
    assert cluster.produced(key) is None
    assert cluster.partition(1).high_watermark == 0
    cluster.heal()
    cluster.pass_time(2_000)
    assert cluster.produced(key) == ("NONE", 0)


def test_acks_all_times_out_and_the_record_stays():
    cluster = Cluster()
    cluster.create_topic()
    cluster.isolate(3)
    key = cluster.produce(1, 7, timeout_ms=200)
    cluster.pass_time(300)
    assert cluster.produced(key) == ("REQUEST_TIMED_OUT", -1)
    assert cluster.log(1) == [(0, 7)]
    assert not cluster.facts_of(AcknowledgeProduce)


def test_acks_one_is_answered_by_the_leader_alone():
    cluster = Cluster()
    cluster.create_topic()
    cluster.isolate(1)
    assert cluster.produced(cluster.produce(1, 7, acks=1)) == ("NONE", 0)


def test_acks_zero_is_never_answered():
    cluster = Cluster()
    cluster.create_topic()
    key = cluster.produce(1, 7, acks=0)
    cluster.pass_time(2_000)
    assert cluster.produced(key) is None
    assert cluster.log(3) == [(0, 7)]
    assert not cluster.facts_of(AcknowledgeProduce)


def test_other_acks_are_refused():
    cluster = Cluster()
    cluster.create_topic()
    assert cluster.produced(cluster.produce(1, 7, acks=2)) == ("INVALID_REQUIRED_ACKS", -1)


def test_a_batch_of_several_records_moves_offsets_by_their_number():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7, count=3)
    assert cluster.produced(cluster.produce(1, 8, count=2)) == ("NONE", 3)
    assert cluster.partition(2).log_end == 5


def test_a_reply_leaves_after_what_it_promises_was_written():
    cluster = Cluster(brokers=1)
    cluster.create_topic(replication=1)
    cluster.effects.clear()
    cluster.produce(1, 7)
    kinds = [type(effect) for _, effect in cluster.effects]
    assert kinds == [AppendBatch, Append, AdvanceHighWatermark, AcknowledgeProduce, SendReply]


def test_a_follower_reports_a_position_only_after_it_was_written():
    cluster = Cluster()
    cluster.create_topic()
    cluster.effects.clear()
    cluster.produce(1, 7)
    kinds = [type(effect) for number, effect in cluster.effects if number == 2]
    fetch = next(index for index, kind in enumerate(kinds) if kind is Send)
    assert AppendBatch in kinds[:fetch]


def test_consumers_see_what_is_committed_and_no_more():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.isolate(1)
    cluster.produce(1, 8, acks=1)
    part = cluster.fetched(cluster.fetch(1, 0))
    assert [stored.crc for stored in part.records] == [7]
    assert part.high_watermark == 1


def test_offsets_outside_the_log_are_refused():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    assert cluster.fetched(cluster.fetch(1, 2)).error.name == "OFFSET_OUT_OF_RANGE"
    assert cluster.fetched(cluster.fetch(1, 1)).error.name == "NONE"


def test_only_the_leader_answers_and_unknown_partitions_are_unknown():
    cluster = Cluster()
    cluster.create_topic()
    assert cluster.fetched(cluster.fetch(2, 0)).error.name == "NOT_LEADER_OR_FOLLOWER"
    assert cluster.produced(cluster.produce(2, 7)) == ("NOT_LEADER_OR_FOLLOWER", -1)
    nowhere = P._replace(topic="nowhere")
    assert cluster.fetched(cluster.fetch(1, 0, name=nowhere)).error.name == "UNKNOWN_TOPIC_OR_PARTITION"
    assert cluster.produced(cluster.produce(1, 7, name=nowhere)) == ("UNKNOWN_TOPIC_OR_PARTITION", -1)


def test_below_min_insync_replicas_nothing_is_committed_and_acks_all_is_refused():
    cluster = Cluster(replica_lag_time_ms_max=1_000)
    cluster.create_topic(configs=(("min.insync.replicas", "2"),))
    cluster.isolate(2, 1)
    cluster.isolate(3, 1)
    key = cluster.produce(1, 7, timeout_ms=2_500)
    cluster.pass_time(2_000)
    assert (cluster.isr(), cluster.elr()) == ((1,), (2, 3))
    assert cluster.produced(key) is None
    cluster.pass_time(1_000)
    assert cluster.produced(key) == ("REQUEST_TIMED_OUT", -1)
    assert cluster.produced(cluster.produce(1, 8)) == ("NOT_ENOUGH_REPLICAS", -1)
    assert cluster.log(1) == [(0, 7)]
    assert cluster.produced(cluster.produce(1, 9, acks=1)) == ("NONE", 1)
    assert cluster.partition(1).high_watermark == 0
    cluster.heal()
    cluster.pass_time(3_000)
    assert (cluster.isr(), cluster.elr()) == ((1, 2, 3), ())
    assert cluster.partition(1).high_watermark == 2


def test_a_batch_larger_than_allowed_is_refused():
    cluster = Cluster()
    cluster.create_topic(configs=(("max.message.bytes", "1000"),))
    assert cluster.produced(cluster.produce(1, 7, size=1_001)) == ("MESSAGE_TOO_LARGE", -1)
    assert cluster.produced(cluster.produce(1, 7, size=1_000)) == ("NONE", 0)


def test_list_offsets():
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7)
    queries = (OffsetQuery(P, -1, LATEST), OffsetQuery(P, -1, EARLIEST), OffsetQuery(P, 3, LATEST))
    listed = cluster.answer(1, ListOffsets(queries)).offsets
    assert [(answer.error.name, answer.offset) for answer in listed] == [
        ("NONE", 1),
        ("NONE", 0),
        ("UNKNOWN_LEADER_EPOCH", -1),
    ]


# ---------------------------------------------------------------- fetches that wait
def test_a_fetch_waits_for_records_until_its_time_is_up():
    cluster = Cluster()
    cluster.create_topic()
    key = cluster.fetch(1, 0, wait=300)
    assert cluster.fetched(key) is None
    cluster.pass_time(320)
    assert cluster.fetched(key).records == ()


def test_a_waiting_fetch_is_answered_when_records_commit():
    cluster = Cluster()
    cluster.create_topic()
    key = cluster.fetch(1, 0, wait=300)
    cluster.produce(1, 7)
    assert [stored.crc for stored in cluster.fetched(key).records] == [7]


def test_a_fetch_waits_for_min_bytes():
    cluster = Cluster()
    cluster.create_topic()
    key = cluster.fetch(1, 0, wait=300, min_bytes=250)
    cluster.produce(1, 7)
    cluster.produce(1, 8)
    assert cluster.fetched(key) is None
    cluster.produce(1, 9)
    assert [stored.crc for stored in cluster.fetched(key).records] == [7, 8, 9]


def test_followers_fetch_once_while_nothing_happens():
    cluster = Cluster()
    cluster.create_topic()
    cluster.effects.clear()
    cluster.pass_time(400)
    fetches = [
        effect
        for number, effect in cluster.effects
        if number == 2 and isinstance(effect, Send) and isinstance(effect.request, Fetch)
    ]
    assert len(fetches) <= 1


def test_several_partitions_share_one_fetch_and_one_produce_answer():
    cluster = Cluster()
    cluster.create_topic(partitions=3, name="many")
    leaders = [cluster.leader(P._replace(topic="many", index=index)) for index in range(3)]
    assert sorted(leaders) == [1, 2, 3]
    for index, leader in enumerate(leaders):
        name = P._replace(topic="many", index=index)
        assert cluster.produced(cluster.produce(leader, 40 + index, name=name)) == ("NONE", 0)
        assert [cluster.log(number, name) for number in (1, 2, 3)] == [[(0, 40 + index)]] * 3


def test_high_watermarks_are_checkpointed_when_they_changed():
    cluster = Cluster(high_watermark_checkpoint_interval_ms=1_000)
    cluster.create_topic()
    cluster.produce(1, 7)
    cluster.pass_time(1_100)
    written = [effect for number, effect in cluster.effects if isinstance(effect, WriteHighWatermarks) and number == 1]
    assert [effect.watermarks for effect in written][-1] == ((P, 1),)
    cluster.effects.clear()
    cluster.pass_time(2_100)
    assert not [effect for _, effect in cluster.effects if isinstance(effect, WriteHighWatermarks)]
