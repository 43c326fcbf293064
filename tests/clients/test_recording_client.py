"""The recording client writes what happened, against librdkafka's own mock brokers."""

import pytest
from confluent_kafka import Producer

from campaign.clients import UNSAID, History, RecordingProducer, read_back
from traces.reader import read

TOPIC = "t"


@pytest.fixture
def mock_brokers():
    """Bootstrap servers of a mock cluster that lives in this process."""
    owner = Producer({"test.mock.num.brokers": 1})
    brokers = owner.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    owner.flush(1)


def phases(path):
    return [(op.operation, op.phase) for op in read(path).lines]


def test_acknowledged_records_are_recorded_and_read_back(tmp_path, mock_brokers):
    history = History(tmp_path / "c1.jsonl", "c1")
    producer = RecordingProducer(history, TOPIC, {"bootstrap.servers": mock_brokers, "acks": "all"})
    for sequence in range(20):
        producer.send(0, "k", f"k:{sequence}")
    producer.finish(20)
    assert [written.value for written in producer.acknowledged] == [f"k:{n}" for n in range(20)]
    assert producer.unknown == producer.failed == []
    records = read_back(history, TOPIC, [0], {"bootstrap.servers": mock_brokers}, 20)
    history.close()
    assert records == producer.acknowledged
    recorded = phases(history.path)
    assert recorded.count(("produce", "invoke")) == recorded.count(("produce", "ok")) == 20
    assert recorded[40:] == [("consume", "ok")] * 21
    assert read(history.path).lines[-1].error == "PARTITION_EOF"


def test_an_acknowledgement_without_an_offset_is_one_all_the_same(tmp_path, mock_brokers):
    history = History(tmp_path / "c1.jsonl", "c1")
    producer = RecordingProducer(history, TOPIC, {"bootstrap.servers": mock_brokers, "acks": "0"})
    producer.send(0, "k", "k:0")
    producer.finish(20)
    history.close()
    assert producer.acknowledged == [(0, UNSAID, "k", "k:0")]
    (_, ended) = read(history.path).lines
    assert (ended.phase, ended.offset) == ("ok", None)


def test_processes_never_overlap_and_a_number_that_ended_unknown_is_retired(tmp_path):
    history = History(tmp_path / "c1.jsonl", "c1")
    producer = RecordingProducer(history, TOPIC, {"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
    producer.send(0, "k", "k:0")
    producer.send(0, "k", "k:1")
    producer.finish(0.1)
    assert producer.unknown == ["k:0", "k:1"]
    assert history.produce(partition="t-0").process == 2
    history.close()
    busy: set[int] = set()
    for op in read(history.path).lines:
        assert (op.process in busy) == (op.phase != "invoke")
        busy ^= {op.process}


def test_a_record_the_library_refuses_certainly_failed(tmp_path):
    history = History(tmp_path / "c1.jsonl", "c1")
    producer = RecordingProducer(
        history, TOPIC, {"bootstrap.servers": "127.0.0.1:1", "message.max.bytes": 1000, "log_level": 0}
    )
    producer.send(0, "k", "x" * 2000)
    history.close()
    assert producer.failed == ["x" * 2000]
    assert phases(history.path) == [("produce", "invoke"), ("produce", "fail")]
