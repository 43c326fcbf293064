"""Clients keep what they promise: a batch keeps its identity, order is kept, and what they report is true."""

from impl.core.events import ConnectionLost, ReplyArrived, Tick
from impl.core.messages import (
    BrokerAddress,
    DescribedPartition,
    DescribedTopic,
    DescribedTopics,
    DescribeTopics,
    Fetch,
    Fetched,
    FetchedPartition,
    InitializedProducerId,
    InitProducerId,
    Produce,
    Produced,
    ProducedPartition,
)
from impl.core.types import ErrorCode, TopicPartition
from impl.sim.client import BACKOFF_MS, TIMEOUT_MS, Target
from impl.sim.consumer import Consumer
from impl.sim.ledger import Ledger
from impl.sim.producer import IN_FLIGHT_MAX, Producer
from impl.wire.batches import build, records, split, stamp

PARTITION = TopicPartition("t", 0)


def described(leader=1, epoch=0):
    partition = DescribedPartition(
        index=0, error=ErrorCode.NONE, leader=leader, leader_epoch=epoch, replicas=(1, 2, 3), isr=(1, 2, 3), offline=()
    )
    brokers = tuple(BrokerAddress(node, f"n{node}", 9092) for node in (1, 2, 3))
    return DescribedTopics(brokers, 1, (DescribedTopic("t", b"", ErrorCode.NONE, (partition,)),))


class Driven:
    """A producer, answered by hand."""

    def __init__(self, **changed):
        self.ops = []
        options = {"keys": 2, "acks": -1, "idempotent": True} | changed
        self.producer = Producer("c1", 1, Target("t", 1, 3), report=self.ops.append, **options)
        self.now = 0

    def connect(self):
        """Answer the questions before the first batch; the sends that follow."""
        sends = self.producer.produce(0, self.now)
        assert isinstance(sends[0].request, DescribeTopics)
        sends = self.answer(sends[0], described())
        if self.producer.idempotent:
            assert isinstance(sends[0].request, InitProducerId)
            sends = self.answer(sends[0], InitializedProducerId(ErrorCode.NONE, 70, 0))
        return sends

    def answer(self, send, reply):
        return self.producer.handle(ReplyArrived(send.node, send.correlation, reply), self.now)

    def produced(self, send, error=ErrorCode.NONE, offset=0):
        return self.answer(send, Produced((ProducedPartition(PARTITION, error, offset, 0),)))

    def after(self, milliseconds):
        self.now += milliseconds
        return self.producer.handle(Tick(), self.now)

    def phases(self):
        return [(op["value"], op["phase"]) for op in self.ops]


def batch(send):
    return send.request.partitions[0].batch


def test_an_acknowledged_batch_is_reported_with_its_offset():
    driven = Driven()
    [send] = driven.connect()
    assert send.node == 1
    assert isinstance(send.request, Produce)
    driven.produced(send, offset=9)
    assert driven.phases() == [("k1.0:0", "invoke"), ("k1.0:0", "ok")]
    assert driven.ops[1]["offset"] == 9
    assert driven.producer.idle


def test_up_to_five_batches_fly_and_number_on():
    driven = Driven()
    sends = driven.connect()
    for _ in range(IN_FLIGHT_MAX + 3):
        sends += driven.producer.produce(0, 0)
    assert len(sends) == IN_FLIGHT_MAX
    sequences = [(batch(send).base_sequence, batch(send).record_count) for send in sends]
    assert sequences == [(0, 1), (1, 1), (2, 2), (4, 1), (5, 3)]


def test_a_moved_leader_is_found_and_gets_the_same_batches_in_the_same_order():
    driven = Driven()
    sends = [*driven.connect(), *driven.producer.produce(1, 0)]
    driven.produced(sends[1], ErrorCode.NOT_LEADER_OR_FOLLOWER)
    assert driven.after(BACKOFF_MS - 1) == []
    [asking] = driven.after(1)
    again = driven.answer(asking, described(leader=2, epoch=1))
    assert [send.node for send in again] == [2, 2]
    assert [batch(send).crc for send in again] == [batch(send).crc for send in sends]
    driven.produced(sends[0])
    assert not driven.producer.idle, "the answer to the first attempt came too late to count"
    driven.produced(again[0])
    driven.produced(again[1])
    assert [phase for _, phase in driven.phases()] == ["invoke", "invoke", "ok", "ok"]


def test_a_stale_answer_does_not_move_the_leader_back():
    driven = Driven()
    [send] = driven.connect()
    driven.producer.described(described(leader=3, epoch=5), 0)
    driven.producer.described(described(leader=1, epoch=4), 0)
    assert driven.producer.leaders[PARTITION] == (3, 5)
    assert send.node == 1


def test_a_lost_connection_or_a_silence_means_sending_again():
    driven = Driven()
    [send] = driven.connect()
    driven.producer.handle(ConnectionLost(1), 0)
    [asking] = driven.after(BACKOFF_MS)
    [again] = driven.answer(asking, described())
    assert batch(again).base_sequence == batch(send).base_sequence == 0
    assert driven.after(TIMEOUT_MS - 1) == []
    driven.after(1)
    [asking] = driven.after(BACKOFF_MS)
    assert isinstance(asking.request, DescribeTopics)


def test_a_plain_producer_has_one_in_flight_and_no_sequence():
    driven = Driven(idempotent=False)
    [send] = driven.connect()
    assert driven.producer.produce(0, 0) == []
    assert batch(send).producer_id == batch(send).base_sequence == -1
    assert driven.ops[0]["key"] == "p1.0"


def test_out_of_order_behind_an_unanswered_batch_is_sent_again():
    driven = Driven()
    sends = [*driven.connect(), *driven.producer.produce(0, 0)]
    driven.produced(sends[1], ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    assert [batch(send).base_sequence for send in driven.after(BACKOFF_MS)] == [0, 1]
    assert driven.producer.given_up == 0


def test_out_of_order_of_the_oldest_means_the_broker_lost_what_it_acknowledged():
    driven = Driven()
    driven.produced(driven.connect()[0])
    [send] = driven.producer.produce(0, 0)
    driven.produced(send, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    assert driven.producer.given_up == 1
    assert driven.phases()[-1] == ("k1.0:1", "unknown")
    [asking] = driven.producer.produce(0, 0)
    assert isinstance(asking.request, InitProducerId)


def test_operations_of_one_process_never_overlap():
    driven = Driven()
    sends = driven.connect()
    for _ in range(4):
        sends += driven.producer.produce(0, 0)
    for send in reversed(sends):
        driven.produced(send)
        driven.producer.produce(1, 0)
    running = set()
    for op in driven.ops:
        if op["phase"] == "invoke":
            assert op["process"] not in running
            running.add(op["process"])
        else:
            running.remove(op["process"])
    assert sum(op["phase"] == "invoke" for op in driven.ops) > 4


def test_a_consumer_reads_on_from_the_middle_of_a_batch():
    ops = []
    consumer = Consumer("c2", 2, Target("t", 1, 3), ops.append)
    [asking] = consumer.handle(Tick(), 0)
    [fetching] = consumer.handle(ReplyArrived(asking.node, asking.correlation, described()), 0)
    data = b"".join(map(bytes, stamp(build([(b"k", b"k:0"), (b"k", b"k:1")], timestamp=0), 5, 0)))
    assert [offset for offset, _, _, _ in records(data)] == [5, 6]
    consumer.positions[PARTITION] = 6
    answer = FetchedPartition(
        partition=PARTITION, error=ErrorCode.NONE, high_watermark=7, log_start=0, records=split(data)
    )
    [again] = consumer.handle(ReplyArrived(1, fetching.correlation, Fetched((answer,))), 0)
    assert [(op["value"], op["offset"], op["phase"]) for op in ops] == [("k:1", 6, "ok")]
    assert isinstance(again.request, Fetch)
    assert again.request.partitions[0].fetch_offset == 7
    assert consumer.caught_up()


def ledger_of(*values, acknowledged=()):
    ledger = Ledger(lambda _op: None)
    ledger.reader = "c9"
    for value in acknowledged:
        key = value.partition(":")[0]
        ledger.op({"operation": "produce", "phase": "ok", "partition": "t-0", "key": key, "value": value})
    for value in values:
        key = value.partition(":")[0]
        ledger.op(
            {"operation": "consume", "phase": "ok", "client": "c9", "partition": "t-0", "key": key, "value": value}
        )
    return ledger


def test_the_ledger_misses_what_was_acknowledged_and_is_not_read():
    ledger = ledger_of("k:0", acknowledged=("k:0", "k:1"))
    assert ledger.lost() == ("t-0 k:1",)


def test_the_ledger_sees_order_and_repetition_per_key():
    assert ledger_of("k:0", "j:0", "k:1", "k:3").disordered() == ()
    assert ledger_of("k:1", "k:0").disordered() == ("t-0 k:0 after k:1",)
    assert ledger_of("k:0", "k:0").disordered() == ("t-0 k:0 after k:0",)
    assert ledger_of("p:0", "p:1", "p:0", "p:2").disordered() == ()
    assert ledger_of("p:1", "p:0").disordered() == ("t-0 p:0 after p:1",)


def test_the_final_reading_goes_on_to_the_last_copy_that_was_acknowledged():
    ledger = Ledger(lambda _: None)
    ledger.reader = "c3"
    written = {
        "at": 0,
        "client": "c1",
        "process": 1,
        "id": 1,
        "operation": "produce",
        "partition": "t-0",
        "key": "p1.0",
    }
    ledger.op({**written, "phase": "ok", "value": "p1.0:0", "offset": 1})
    read = {**written, "client": "c3", "operation": "consume", "phase": "ok", "value": "p1.0:0"}
    ledger.op({**read, "offset": 0})
    assert (ledger.lost(), ledger.read_out()) == ((), False)
    ledger.op({**read, "offset": 1})
    assert ledger.read_out()


def test_of_a_topic_that_was_made_again_nobody_had_anything_deleted_before_it_was_sent_to():
    """Who asks says no topic id: what is under way may meet the next topic of the name, what is granted does not."""
    ledger = Ledger(lambda _: None)
    delete = {"at": 0, "client": "c3", "process": 1, "id": 1, "operation": "delete", "partition": "t-0", "offset": 5}
    produce = {"at": 0, "client": "c1", "process": 2, "id": 1, "operation": "produce", "key": "k", "value": "k:0"}
    ledger.op({**delete, "phase": "invoke"})
    ledger.op({**produce, "phase": "invoke", "partition": "t-0@aaaaaaaa"})
    assert ledger.deleted_below("t-0@aaaaaaaa") == 5
    ledger.op({**delete, "phase": "ok"})
    ledger.op({**delete, "id": 2, "offset": 3, "phase": "invoke"})
    ledger.op({**produce, "phase": "invoke", "partition": "t-0@bbbbbbbb"})
    assert (ledger.deleted_below("t-0@aaaaaaaa"), ledger.deleted_below("t-0@bbbbbbbb")) == (5, 3)
