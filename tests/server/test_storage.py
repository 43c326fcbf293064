"""Storage as clients see it: records deleted, logs compacted and aged, log directories several."""

import re
import shutil
import time

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from campaign.conditions import wait_for
from impl.core.types import ErrorCode
from impl.server.cluster import Cluster, ClusterPlan
from impl.server.errors import ChildFailed
from impl.wire.apis import ApiKey
from impl.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from impl.wire.opened import open_batch
from tests.server import raw
from tests.server.raw import SECONDS, Raw

CONFIGURATION = {
    "log.initial.task.delay.ms": "200",
    "log.retention.check.interval.ms": "200",
    "log.cleaner.backoff.ms": "100",
    "auto.create.topics.enable": "false",
}
PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    place = tmp_path_factory.mktemp("cluster")
    plan = ClusterPlan(
        data=place / "first", more_data=(place / "second",), brokers=1, port=0, configuration=CONFIGURATION
    )
    with Cluster(plan) as running:
        yield running


@pytest.fixture
def admin(cluster):
    return AdminClient({"bootstrap.servers": cluster.bootstrap})


def create(admin, name, partitions=1, **configs):
    topic = NewTopic(name, partitions, 1, config={key.replace("_", "."): value for key, value in configs.items()})
    for made in admin.create_topics([topic]).values():
        made.result(30)


def produce(cluster, name, values, key=None, timestamp=None):
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "linger.ms": 0, "batch.num.messages": 10})
    for number in range(values):
        producer.produce(
            name, key=key(number) if key else None, value=b"%d" % number, timestamp=timestamp or int(time.time() * 1000)
        )
    assert producer.flush(30) == 0


def earliest(admin, name, partition=0):
    asked = {TopicPartition(name, partition): OffsetSpec.earliest()}
    return next(iter(admin.list_offsets(asked).values())).result(30).offset


def consumed(cluster, name, start=0):
    # Without groups there is nobody to commit to: closing would wait for a coordinator until the session times out.
    unused = {"group.id": "unused", "enable.auto.commit": False}
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "enable.partition.eof": True, **unused})
    try:
        consumer.assign([TopicPartition(name, 0, start)])
        found, deadline = [], time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for message in consumer.consume(1_000, timeout=1):
                if message.error():
                    return found
                found.append((message.offset(), message.key(), message.value()))
        raise AssertionError(f"{name} has no end after {len(found)} records")
    finally:
        consumer.close()


def fetched(connection, name, offset):
    """The first batch that a fetch finds which would rather wait, longer than anybody here does, than find nothing."""
    partition = FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=1)
    topic = FetchTopic(topic=name, partitions=(partition,))
    request = FetchRequest(max_wait=int(2_000 * SECONDS), min_bytes=1, max_bytes=1, topics=(topic,))
    answer = connection.ask(ApiKey.FETCH, 12, request)
    return answer.responses[0].partitions[0].records


def test_deleted_records_are_not_there_any_more(cluster, admin):
    create(admin, "deleted")
    produce(cluster, "deleted", 50)
    (answer,) = admin.delete_records([TopicPartition("deleted", 0, 30)]).values()
    assert answer.result(30).low_watermark == 30
    assert earliest(admin, "deleted") == 30
    (refused,) = admin.delete_records([TopicPartition("deleted", 0, 51)]).values()
    with pytest.raises(KafkaException):
        refused.result(30)


def test_old_records_go_by_the_wall_clock(cluster, admin):
    create(admin, "aged", retention_ms="60000", segment_bytes="2000")
    produce(cluster, "aged", 200, timestamp=int(time.time() * 1000) - 3_600_000)
    wait_for(lambda: earliest(admin, "aged") == 200, PATIENCE_SECONDS, "old records to go")
    produce(cluster, "aged", 3)
    assert [value for _, _, value in consumed(cluster, "aged", 200)] == [b"0", b"1", b"2"]


def test_a_compacted_topic_keeps_the_latest_of_each_key(cluster, admin):
    create(admin, "keyed", cleanup_policy="compact", segment_bytes="2000", min_cleanable_dirty_ratio="0.01")
    produce(cluster, "keyed", 2_000, key=lambda number: b"key%d" % (number % 7))
    wait_for(lambda: len(consumed(cluster, "keyed")) < 200, PATIENCE_SECONDS, "the cleaner to have been there")
    latest = {key: value for _, key, value in consumed(cluster, "keyed")}
    assert latest == {b"key%d" % (number % 7): b"%d" % number for number in range(1_993, 2_000)}
    with Raw(cluster.address(1)) as connection:
        ends = [open_batch(fetched(connection, "keyed", offset)).last_offset for offset in range(0, 2_000, 100)]
    assert all(end >= offset for end, offset in zip(ends, range(0, 2_000, 100), strict=True))
    assert len(set(ends)) < len(ends), "there are no gaps to be crossed"


def test_a_topic_may_take_larger_batches_than_its_broker(cluster, admin):
    create(admin, "large", max_message_bytes="3000000")
    create(admin, "small", max_message_bytes="1000")
    with Raw(cluster.address(1)) as connection:
        codes = [
            raw.produce(connection, name, raw.one_batch([bytes(size)]))[0]
            for name, size in (("large", 2_900_000), ("large", 3_000_000), ("small", 900), ("small", 1_000))
        ]
    assert codes == [ErrorCode.NONE, ErrorCode.MESSAGE_TOO_LARGE] * 2


def test_a_broker_goes_on_without_the_directory_that_failed(tmp_path):
    """Here it is taken away underneath a running broker, which cannot begin the next segment."""
    plan = ClusterPlan(data=tmp_path / "first", more_data=(tmp_path / "second",), brokers=1, port=0)
    with Cluster(plan) as running:
        admin = AdminClient({"bootstrap.servers": running.bootstrap})
        create(admin, "t", partitions=2, segment_bytes="2000")
        gone = tmp_path / "second" / "broker-1"
        wait_for(lambda: len(list(tmp_path.glob("*/broker-1/t-*/*.timeindex"))) == 2, PATIENCE_SECONDS, "both logs")
        (lost,) = [int(path.name[-1]) for path in gone.glob("t-*")]
        shutil.rmtree(gone)
        with Raw(running.address(1)) as connection:
            batch = raw.one_batch([bytes(1_500)])
            codes = [
                [raw.produce(connection, "t", batch, partition=each)[0] for _ in range(3)] for each in (lost, 1 - lost)
            ]
            # The first may still go to a file that is open.
            assert set(codes[0][1:]) <= {ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_LEADER_OR_FOLLOWER}
            assert codes[1] == [ErrorCode.NONE] * 3
        assert running.died() == []
        said = (plan.data / "logs" / "broker-1.log").read_text()
        assert re.search(rf"log directory failed at {gone}/\S+: No such file or directory; free", said)


def test_damage_in_one_of_several_directories_is_named_with_its_directory(tmp_path):
    plan = ClusterPlan(data=tmp_path / "first", more_data=(tmp_path / "second",), brokers=1, port=0)
    with Cluster(plan):
        pass
    damaged = tmp_path / "second" / "broker-1"
    (damaged / "replication-offset-checkpoint").write_bytes(b"0\nmany\n")
    with pytest.raises(ChildFailed) as caught:
        Cluster(plan).start()
    said = f"n1: in {damaged}: replication-offset-checkpoint line 2: 'many' is not a number; delete the file: "
    assert str(caught.value).startswith(said)


def test_logs_are_spread_over_the_directories_and_found_again(cluster, admin):
    create(admin, "spread", partitions=4)
    produce(cluster, "spread", 40)
    plan: ClusterPlan = cluster.plan
    places = [plan.data / "broker-1", plan.more_data[0] / "broker-1"]
    held = [sorted(path.name for path in place.glob("spread-*")) for place in places]
    assert [len(names) for names in held] == [2, 2]
    assert all((place / "meta.properties").exists() for place in places)
    child = cluster.brokers[1]
    child.terminate()
    assert child.wait(time.monotonic() + 20) == 0
    assert all((place / ".kafka_cleanshutdown").exists() for place in places)
    child.start()
    child.wait_ready(time.monotonic() + 30)
    total = 0
    for partition in range(4):
        asked = {TopicPartition("spread", partition): OffsetSpec.latest()}
        total += next(iter(admin.list_offsets(asked).values())).result(30).offset
    assert total == 40
