"""A consumer with a rack reads from the replica in it (KIP-392); a session there gets what sendfile hands over."""

import json
import os

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from campaign.conditions import wait_for
from campaign.live import leaders, make_topic
from impl.server.cluster import Cluster, ClusterPlan
from impl.wire.apis import ApiKey
from impl.wire.batches import split
from impl.wire.messages.fetch import FetchPartition, FetchRequest, FetchResponse, FetchTopic
from impl.wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from tests.server.raw import Raw, one_batch, produce

SECONDS = 30
RECORDS = 500
TOPIC = "racks"
SELECTOR = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
FETCH_VERSION = 16


@pytest.fixture(scope="module")
def racks(tmp_path_factory):
    """Broker n in rack-n; its topic is replicated three times."""
    plan = ClusterPlan(
        data=tmp_path_factory.mktemp("racks"),
        brokers=3,
        port=0,
        configuration={"replica.selector.class": SELECTOR},
        racks={number: f"rack-{number}" for number in (1, 2, 3)},
    )
    with Cluster(plan) as running:
        make_topic(running.bootstrap, TOPIC, 1, 3)
        yield running


@pytest.fixture(scope="module")
def leader(racks):
    return leaders(AdminClient({"bootstrap.servers": racks.bootstrap}), TOPIC)[0]


def test_a_consumer_reads_everything_from_the_replica_in_its_rack(racks, leader):
    producer = Producer({"bootstrap.servers": racks.bootstrap, "acks": "all"})
    for number in range(RECORDS):
        producer.produce(TOPIC, str(number).encode(), partition=0)
    assert producer.flush(SECONDS) == 0
    near = leader % 3 + 1
    asked = []

    def note(text):
        partition = json.loads(text)["topics"].get(TOPIC, {}).get("partitions", {}).get("0")
        if partition is not None:
            asked.append(partition["broker"])

    consumer = Consumer(
        {
            "bootstrap.servers": racks.bootstrap,
            "group.id": "unused",
            "enable.auto.commit": False,
            "client.rack": f"rack-{near}",
            "statistics.interval.ms": 100,
            "stats_cb": note,
        }
    )
    try:
        consumer.assign([TopicPartition(TOPIC, 0, OFFSET_BEGINNING)])
        messages = consumer.consume(RECORDS, timeout=SECONDS)
        assert [message.value() for message in messages] == [str(number).encode() for number in range(RECORDS)]
        wait_for(lambda: consumer.poll(0.1) is None and near in asked, SECONDS, f"the consumer to ask broker {near}")
    finally:
        consumer.close()


def topic_id_of(connection):
    asked = MetadataRequest(topics=(MetadataRequestTopic(name=TOPIC),), allow_auto_topic_creation=False)
    return connection.ask(ApiKey.METADATA, 12, asked).topics[0].topic_id


def fetch(connection, topic_id, session, epoch, offsets=(), rack=""):
    asked = tuple(
        FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=10_000_000) for offset in offsets
    )
    topics = (FetchTopic(topic_id=topic_id, partitions=asked),) if offsets else ()
    request = FetchRequest(
        max_wait=5_000,
        min_bytes=1,
        max_bytes=10_000_000,
        session_id=session,
        session_epoch=epoch,
        topics=topics,
        rack_id=rack,
    )
    answer = connection.ask(ApiKey.FETCH, FETCH_VERSION, request)
    assert isinstance(answer, FetchResponse)
    return answer


def test_a_session_at_a_follower_gets_records_too_many_to_be_copied(racks, leader):
    follower = leader % 3 + 1
    value = os.urandom(700_000)
    with Raw(racks.address(leader)) as at_leader, Raw(racks.address(follower)) as connection:
        topic_id = topic_id_of(connection)
        _, offset = produce(at_leader, TOPIC, one_batch([b"small"]))
        sent = fetch(at_leader, topic_id, 0, -1, [offset], rack=f"rack-{follower}").responses[0].partitions[0]
        assert (sent.preferred_read_replica, len(sent.records)) == (follower, 0)
        begun = fetch(connection, topic_id, 0, 0, [offset])
        assert begun.session_id > 0
        while not begun.responses[0].partitions[0].records:
            begun = fetch(connection, topic_id, 0, 0, [offset])  # until the follower has it; `ask` sets the deadline
        produce(at_leader, TOPIC, one_batch([value]))
        news = fetch(connection, topic_id, begun.session_id, 1, [offset + 1])
        (part,) = news.responses[0].partitions
        (batch,) = split(part.records)
        assert (batch.base_offset, value in bytes(batch.data)) == (offset + 1, True)
        produce(at_leader, TOPIC, one_batch([b"next"]))
        again = fetch(connection, topic_id, begun.session_id, 2, [offset + 2]).responses[0].partitions[0]
        assert split(again.records)[0].base_offset == offset + 2
        refused = fetch(connection, topic_id, begun.session_id, 2)
        assert (refused.error_code, refused.session_id, refused.responses) == (71, 0, ())
