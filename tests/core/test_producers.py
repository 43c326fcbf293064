"""Idempotent producers: what is stored once, what is refused, and what a log that was cut still knows."""

from hypothesis import given
from hypothesis import strategies as st

from impl.core.producers import SEQUENCE_MAX, ProducerStates
from tests.core.pump import Cluster, batch


def states(*batches, high_watermark=0):
    known = ProducerStates()
    offset = 0
    for stored in batches:
        known.record(stored, offset, high_watermark)
        offset += stored.record_count
    return known


def sent(sequence, *, count=1, epoch=0, producer=5):
    return batch(sequence, producer=producer, epoch=epoch, sequence=sequence, count=count)


def test_sequences_continue():
    known = states(sent(0, count=3))
    assert known.check(sent(3)).name == "NONE"
    assert known.check(sent(4)).name == "OUT_OF_ORDER_SEQUENCE_NUMBER"
    assert known.check(sent(2)).name == "OUT_OF_ORDER_SEQUENCE_NUMBER"


def test_a_producer_nobody_knows_begins_at_zero():
    assert states().check(sent(0)).name == "NONE"
    assert states().check(sent(1)).name == "OUT_OF_ORDER_SEQUENCE_NUMBER"


def test_a_newer_epoch_begins_at_zero_and_an_older_one_is_refused():
    known = states(sent(0, epoch=1))
    assert known.check(sent(0, epoch=2)).name == "NONE"
    assert known.check(sent(1, epoch=2)).name == "OUT_OF_ORDER_SEQUENCE_NUMBER"
    assert known.check(sent(0, epoch=0)).name == "INVALID_PRODUCER_EPOCH"


def test_a_producer_id_without_sequence_or_epoch_is_refused():
    assert states().check(sent(-1)).name == "INVALID_RECORD"
    assert states().check(batch(1, producer=5, epoch=-5, sequence=0)).name == "NONE"
    assert states().check(batch(1, producer=5, epoch=0, sequence=-2)).name == "INVALID_RECORD"


def test_sequences_wrap():
    known = states(sent(SEQUENCE_MAX))
    assert known.check(sent(0)).name == "NONE"
    over = states(sent(SEQUENCE_MAX - 1, count=4))
    assert over.of(5)[0].last_sequence == 1
    assert over.check(sent(2)).name == "NONE"
    assert over.find(sent(SEQUENCE_MAX - 1, count=4)) is not None


def test_the_last_five_batches_are_recognised():
    known = states(*[sent(sequence) for sequence in range(7)], high_watermark=7)
    assert [known.find(sent(sequence)) is not None for sequence in range(7)] == [False] * 2 + [True] * 5
    assert known.find(sent(4)).base_offset == 4
    assert known.check(sent(1)).name == "OUT_OF_ORDER_SEQUENCE_NUMBER"


def test_a_batch_of_another_length_is_no_repetition():
    assert states(sent(0, count=2)).find(sent(0, count=3)) is None


def test_truncation_forgets_what_was_cut_and_remembers_what_was_not():
    known = states(*[sent(sequence) for sequence in range(12)])
    known.truncate(6)
    assert [stored.first_sequence for stored in known.of(5)][-5:] == [1, 2, 3, 4, 5]
    assert known.check(sent(6)).name == "NONE"
    known.truncate(0)
    assert known.check(sent(0)).name == "NONE"


@given(st.lists(st.integers(1, 3), min_size=1, max_size=20), st.data())
def test_truncated_above_the_watermark_it_is_as_if_the_rest_had_never_been(counts, data):
    """Memory after a cut equals the memory of a log that only ever had what is left."""
    batches, sequence = [], 0
    for count in counts:
        batches.append(sent(sequence, count=count))
        sequence += count
    keep = data.draw(st.integers(0, len(batches)))
    committed = data.draw(st.integers(0, keep))
    end = sum(counts[:keep])
    known = states(*batches, high_watermark=sum(counts[:committed]))
    known.truncate(end)
    fresh = states(*batches[:keep])
    assert known.of(5)[-5:] == fresh.of(5)[-5:]


# ---------------------------------------------------------------- in a cluster
def test_a_batch_sent_twice_is_stored_once_and_answered_alike():
    cluster = Cluster()
    cluster.create_topic()
    first = cluster.produce(1, 7, producer=5, sequence=0)
    again = cluster.produce(1, 7, producer=5, sequence=0)
    assert cluster.produced(first) == cluster.produced(again) == ("NONE", 0)
    assert cluster.log(1) == [(0, 7)]


def test_a_repetition_waits_for_the_in_sync_set_as_the_original_did():
    cluster = Cluster()
    cluster.create_topic()
    cluster.isolate(3)
    cluster.produce(1, 7, producer=5, sequence=0, timeout_ms=100)
    again = cluster.produce(1, 7, producer=5, sequence=0, timeout_ms=10_000)
    assert cluster.produced(again) is None
    cluster.heal()
    cluster.pass_time(2_000)
    assert cluster.produced(again) == ("NONE", 0)


def test_the_new_leader_knows_the_producer():
    """P1: the acknowledgement is lost, the leader dies, the producer sends again."""
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 7, producer=5, sequence=0)
    cluster.crash(1)
    cluster.pass_time(10_000)
    leader = cluster.leader()
    assert leader != 1
    assert cluster.produced(cluster.produce(leader, 7, producer=5, sequence=0)) == ("NONE", 0)
    assert cluster.produced(cluster.produce(leader, 8, producer=5, sequence=1)) == ("NONE", 1)
    assert [value for _, value in cluster.log(leader)] == [7, 8]


def test_a_restarted_leader_knows_the_producer():
    cluster = Cluster(brokers=1)
    cluster.create_topic(replication=1)
    for sequence in range(7):
        cluster.produce(1, sequence, producer=5, sequence=sequence)
    cluster.restart(1)
    cluster.pass_time(10_000)
    assert cluster.produced(cluster.produce(1, 6, producer=5, sequence=6)) == ("NONE", 6)
    assert cluster.produced(cluster.produce(1, 7, producer=5, sequence=7)) == ("NONE", 7)
    assert cluster.produced(cluster.produce(1, 9, producer=5, sequence=9)) == ("OUT_OF_ORDER_SEQUENCE_NUMBER", -1)
