"""kafka-python: every acks, every compression, idempotence, assignment, seeking, admin calls."""

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError

from campaign.conditions import wait_for

SECONDS = 30
RECORDS = [(f"k{number % 3}".encode(), f"value {number}".encode() * 10) for number in range(100)]
CODECS = ("gzip", "snappy", "lz4", "zstd")
FIRST_TIMESTAMP = 1_700_000_000_000


def produce(cluster, topic, **configuration):
    """Send the records; the offsets they were acknowledged at."""
    producer = KafkaProducer(bootstrap_servers=cluster.bootstrap.split(","), linger_ms=20, **configuration)
    try:
        futures = [
            producer.send(topic, key=key, value=value, partition=0, timestamp_ms=FIRST_TIMESTAMP + 1000 * number)
            for number, (key, value) in enumerate(RECORDS)
        ]
        producer.flush(SECONDS)
        return [future.get(SECONDS).offset for future in futures]
    finally:
        producer.close(SECONDS)


@pytest.fixture
def consumer(cluster, topic):
    consumer = KafkaConsumer(
        bootstrap_servers=cluster.bootstrap.split(","), enable_auto_commit=False, consumer_timeout_ms=SECONDS * 1000
    )
    consumer.assign([TopicPartition(topic, 0)])
    yield consumer
    consumer.close()


def take(consumer, count):
    return [(record.key, record.value) for _, record in zip(range(count), consumer, strict=False)]


@pytest.mark.parametrize("acks", [0, 1, "all"])
def test_every_acks(cluster, topic, consumer, acks):
    offsets = produce(cluster, topic, acks=acks)
    if acks != 0:
        assert offsets == list(range(len(RECORDS)))
    consumer.seek_to_beginning()
    assert take(consumer, len(RECORDS)) == RECORDS


@pytest.mark.parametrize("compression", CODECS)
def test_compression(cluster, topic, consumer, compression):
    produce(cluster, topic, acks="all", compression_type=compression)
    consumer.seek_to_beginning()
    assert take(consumer, len(RECORDS)) == RECORDS


def test_an_idempotent_producer(cluster, topic, consumer):
    assert produce(cluster, topic, enable_idempotence=True) == list(range(len(RECORDS)))
    consumer.seek_to_beginning()
    assert take(consumer, len(RECORDS)) == RECORDS


def test_seeking_by_offset_and_by_time(cluster, topic, consumer):
    produce(cluster, topic, acks="all")
    partition = TopicPartition(topic, 0)
    consumer.seek(partition, 60)
    assert take(consumer, 5) == RECORDS[60:65]
    found = consumer.offsets_for_times({partition: FIRST_TIMESTAMP + 19_500})[partition]
    assert (found.offset, found.timestamp) == (20, FIRST_TIMESTAMP + 20_000)
    consumer.seek(partition, found.offset)
    assert take(consumer, 3) == RECORDS[20:23]
    assert consumer.beginning_offsets([partition]) == {partition: 0}
    assert consumer.end_offsets([partition]) == {partition: len(RECORDS)}


def test_creating_topics_and_listing_metadata(cluster):
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap.split(","))
    try:
        admin.create_topics([NewTopic("by-kafka-python", 3, 3)])
        wait_for(lambda: "by-kafka-python" in admin.list_topics(), SECONDS, "every broker to know the topic")
        (described,) = admin.describe_topics(["by-kafka-python"])
        assert [sorted(partition["replica_nodes"]) for partition in described["partitions"]] == [[1, 2, 3]] * 3
        assert sorted(broker["broker_id"] for broker in admin.describe_cluster()["brokers"]) == [1, 2, 3]
        with pytest.raises(TopicAlreadyExistsError):
            admin.create_topics([NewTopic("by-kafka-python", 3, 3)])
    finally:
        admin.close()
