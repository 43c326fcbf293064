"""librdkafka, through confluent-kafka: every acks and compression, idempotence, assignment, seeking, admin calls."""

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.cimpl import NewTopic

from campaign.conditions import wait_for
from campaign.live import whole

SECONDS = 30
RECORDS = [(f"k{number % 3}".encode(), f"value {number}".encode() * 20) for number in range(200)]


def produce(cluster, topic, records=RECORDS, **configuration):
    """Send records to partition 0; returns (error, offset) of each in the order of their delivery."""
    delivered = []
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "linger.ms": 20, **configuration})
    for number, (key, value) in enumerate(records):
        producer.produce(
            topic,
            key=key,
            value=value,
            partition=0,
            timestamp=1_700_000_000_000 + 1000 * number,
            on_delivery=lambda error, message: delivered.append((error, message.offset())),
        )
    assert producer.flush(SECONDS) == 0
    return delivered


def consumer_of(cluster):
    return Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "unused", "enable.auto.commit": False})


def consume(cluster, topic, count, offset=OFFSET_BEGINNING):
    consumer = consumer_of(cluster)
    try:
        consumer.assign([TopicPartition(topic, 0, offset)])
        messages = consumer.consume(count, timeout=SECONDS)
        assert [message.error() for message in messages] == [None] * count
        return messages
    finally:
        consumer.close()


def pairs(messages):
    return [(message.key(), message.value()) for message in messages]


@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_every_acks(cluster, topic, acks):
    delivered = produce(cluster, topic, acks=acks)
    assert [error for error, _ in delivered] == [None] * len(RECORDS)
    if acks != "0":
        assert [offset for _, offset in delivered] == list(range(len(RECORDS)))
    assert pairs(consume(cluster, topic, len(RECORDS))) == RECORDS


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_compression_passes_through_unopened(cluster, topic, codec):
    produce(cluster, topic, **{"compression.type": codec, "acks": "all"})
    assert pairs(consume(cluster, topic, len(RECORDS))) == RECORDS
    stored = sum(path.stat().st_size for path in cluster.plan.data.glob(f"broker-1/{topic}-0/*.log"))
    plain = sum(len(key) + len(value) for key, value in RECORDS)
    assert (stored < plain / 2) == (codec != "none")


def test_an_idempotent_producer(cluster, topic):
    delivered = produce(cluster, topic, **{"enable.idempotence": True, "batch.num.messages": 10})
    assert delivered == [(None, offset) for offset in range(len(RECORDS))]
    assert pairs(consume(cluster, topic, len(RECORDS))) == RECORDS


def test_seeking_by_offset_and_by_time(cluster, topic):
    produce(cluster, topic, **{"acks": "all", "batch.num.messages": 25})
    assert pairs(consume(cluster, topic, 10, offset=150)) == RECORDS[150:160]
    consumer = consumer_of(cluster)
    try:
        asked = [TopicPartition(topic, 0, 1_700_000_000_000 + 99_500)]
        (found,) = consumer.offsets_for_times(asked, timeout=SECONDS)
        assert found.offset == 100
        (after_all,) = consumer.offsets_for_times([TopicPartition(topic, 0, 1_800_000_000_000)], timeout=SECONDS)
        assert after_all.offset == -1
        assert consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=SECONDS) == (0, len(RECORDS))
        consumer.assign([TopicPartition(topic, 0, found.offset)])
        assert pairs(consumer.consume(5, timeout=SECONDS)) == RECORDS[100:105]
        consumer.seek(TopicPartition(topic, 0, 7))
        assert pairs(consumer.consume(5, timeout=SECONDS)) == RECORDS[7:12]
    finally:
        consumer.close()


def test_a_consumer_waits_for_what_comes_later(cluster, topic):
    consumer = consumer_of(cluster)
    try:
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        assert consumer.poll(0.2) is None
        produce(cluster, topic, [(b"k", b"late")], acks="all")
        message = consumer.poll(SECONDS)
        assert message is not None
        assert message.value() == b"late"
    finally:
        consumer.close()


def test_creating_topics_and_listing_metadata(cluster, admin):
    admin.create_topics([NewTopic("wide", 6, 2)])["wide"].result(SECONDS)
    wait_for(lambda: whole(admin, "wide", 6, 2), SECONDS, "the topic to have its leaders")
    metadata = admin.list_topics(timeout=SECONDS)
    assert sorted(metadata.brokers) == [1, 2, 3]
    assert {f"{broker.host}:{broker.port}" for broker in metadata.brokers.values()} == set(cluster.bootstrap.split(","))
    wide = metadata.topics["wide"].partitions
    assert sorted(wide) == list(range(6))
    assert all(len(partition.replicas) == 2 for partition in wide.values())
    assert sorted({partition.leader for partition in wide.values()}) == [1, 2, 3]


@pytest.mark.parametrize(
    ("topic_name", "partitions", "replicas", "error"),
    [
        ("bad name", 1, 1, KafkaError.TOPIC_EXCEPTION),
        ("too-wide", 1, 4, KafkaError.INVALID_REPLICATION_FACTOR),
        ("none-at-all", 0, 1, KafkaError.INVALID_PARTITIONS),
    ],
)
def test_a_topic_that_cannot_be_is_refused_as_kafka_refuses_it(admin, topic_name, partitions, replicas, error):
    future = admin.create_topics([NewTopic(topic_name, partitions, replicas)])[topic_name]
    with pytest.raises(KafkaException) as caught:
        future.result(SECONDS)
    assert caught.value.args[0].code() == error


def test_a_topic_twice_is_refused(admin, topic):
    with pytest.raises(KafkaException) as caught:
        admin.create_topics([NewTopic(topic, 1, 3)])[topic].result(SECONDS)
    assert caught.value.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS


def test_a_record_too_large_is_refused_and_the_next_goes_through(cluster, topic):
    records = [(b"k", bytes(1_200_000)), (b"k", b"small")]
    delivered = produce(cluster, topic, records, **{"acks": "all", "message.max.bytes": 2_000_000, "linger.ms": 0})
    assert sorted(error.code() if error else 0 for error, _ in delivered) == [0, KafkaError.MSG_SIZE_TOO_LARGE]
    assert [message.value() for message in consume(cluster, topic, 1)] == [b"small"]
