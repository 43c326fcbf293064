"""aiokafka: every acks, every compression, idempotence, assignment, seeking, admin calls."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

SECONDS = 30
RECORDS = [(f"k{number % 3}".encode(), f"value {number}".encode() * 10) for number in range(100)]
CODECS = ("gzip", "snappy", "lz4", "zstd")
FIRST_TIMESTAMP = 1_700_000_000_000


async def produce(cluster, topic, **configuration):
    """Send the records; the offsets they were acknowledged at."""
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, linger_ms=5, **configuration) as producer:
        futures = [
            await producer.send(topic, key=key, value=value, partition=0, timestamp_ms=FIRST_TIMESTAMP + 1000 * number)
            for number, (key, value) in enumerate(RECORDS)
        ]
        await producer.flush()
        sent = [await future for future in futures]
        return [metadata.offset if metadata else -1 for metadata in sent]


async def consume(cluster, topic, count, offset=0):
    async with AIOKafkaConsumer(bootstrap_servers=cluster.bootstrap, enable_auto_commit=False) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek(partition, offset)
        return [(record.key, record.value) for record in [await consumer.getone() for _ in range(count)]]


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, SECONDS))


@pytest.mark.parametrize("acks", [0, 1, "all"])
def test_every_acks(cluster, topic, acks):
    async def scenario():
        offsets = await produce(cluster, topic, acks=acks)
        assert offsets == ([-1] * len(RECORDS) if acks == 0 else list(range(len(RECORDS))))
        assert await consume(cluster, topic, len(RECORDS)) == RECORDS

    run(scenario())


@pytest.mark.parametrize("compression", CODECS)
def test_compression(cluster, topic, compression):
    async def scenario():
        await produce(cluster, topic, acks="all", compression_type=compression)
        assert await consume(cluster, topic, len(RECORDS)) == RECORDS

    run(scenario())


def test_an_idempotent_producer(cluster, topic):
    async def scenario():
        assert await produce(cluster, topic, enable_idempotence=True) == list(range(len(RECORDS)))
        assert await consume(cluster, topic, len(RECORDS)) == RECORDS

    run(scenario())


def test_seeking_by_offset_and_by_time(cluster, topic):
    async def scenario():
        await produce(cluster, topic, acks="all")
        assert await consume(cluster, topic, 5, offset=60) == RECORDS[60:65]
        async with AIOKafkaConsumer(bootstrap_servers=cluster.bootstrap, enable_auto_commit=False) as consumer:
            partition = TopicPartition(topic, 0)
            consumer.assign([partition])
            found = (await consumer.offsets_for_times({partition: FIRST_TIMESTAMP + 19_500}))[partition]
            assert (found.offset, found.timestamp) == (20, FIRST_TIMESTAMP + 20_000)
            assert await consumer.beginning_offsets([partition]) == {partition: 0}
            assert await consumer.end_offsets([partition]) == {partition: len(RECORDS)}

    run(scenario())


def test_creating_topics_and_listing_metadata(cluster):
    async def scenario():
        admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
        await admin.start()
        try:
            await admin.create_topics([NewTopic("by-aiokafka", 3, 3)])
            while "by-aiokafka" not in await admin.list_topics():
                await asyncio.sleep(0.01)  # until the broker asked has read it; `run` sets the deadline
            (described,) = await admin.describe_topics(["by-aiokafka"])
            assert [sorted(partition["replicas"]) for partition in described["partitions"]] == [[1, 2, 3]] * 3
        finally:
            await admin.close()

    run(scenario())
