"""Admin calls of librdkafka and kafka-python against the live cluster: what they send is understood, and obeyed."""

import pytest
from confluent_kafka import ElectionType, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    ResourceType,
)
from confluent_kafka.cimpl import KafkaError
from kafka import KafkaProducer
from kafka import TopicPartition as PythonPartition
from kafka.admin import ConfigResource as PythonResource
from kafka.admin import ConfigResourceType as PythonType
from kafka.admin import KafkaAdminClient
from kafka.admin import NewPartitions as PythonPartitions
from kafka.admin import NewTopic as PythonTopic
from kafka.errors import UnknownTopicOrPartitionError

from campaign.conditions import wait_for

SECONDS = 30


@pytest.fixture
def python(cluster):
    client = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    yield client
    client.close()


def done(futures):
    """The results of one call of confluent-kafka, by what was asked for."""
    return {asked: future.result(SECONDS) for asked, future in futures.items()}


def error_of(futures):
    with pytest.raises(KafkaException) as raised:
        next(iter(futures.values())).result(SECONDS)
    return raised.value.args[0]


# ---------------------------------------------------------------- librdkafka
def test_a_topic_is_deleted(admin, new_topic):
    topic = new_topic()
    done(admin.delete_topics([topic]))
    wait_for(lambda: topic not in admin.list_topics(timeout=SECONDS).topics, SECONDS, "the topic to go")
    assert error_of(admin.delete_topics([topic])).code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_a_topic_gets_more_partitions(admin, new_topic):
    topic = new_topic()
    done(admin.create_partitions([NewPartitions(topic, 3)]))
    wait_for(lambda: len(admin.list_topics(topic, timeout=SECONDS).topics[topic].partitions) == 3, SECONDS, "three")
    assert error_of(admin.create_partitions([NewPartitions(topic, 2)])).code() == KafkaError.INVALID_PARTITIONS


def test_configurations_are_described_and_altered(admin, new_topic):
    topic = new_topic()

    def entry(name):
        asked = ConfigResource(ResourceType.TOPIC, topic)
        return done(admin.describe_configs([asked]))[asked][name]

    assert (entry("retention.ms").value, entry("retention.ms").source) == (
        "604800000",
        ConfigSource.DEFAULT_CONFIG.value,
    )
    # The cluster was started with it.
    assert (entry("min.insync.replicas").value, entry("min.insync.replicas").source) == (
        "2",
        ConfigSource.STATIC_BROKER_CONFIG.value,
    )
    change = ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET)
    done(admin.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[change])]))
    wait_for(lambda: entry("retention.ms").value == "1000", SECONDS, "the change to arrive")
    assert entry("retention.ms").source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value
    wrong = ConfigEntry("retention.mx", "1", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[wrong])
    refused = error_of(admin.incremental_alter_configs([resource]))
    assert (refused.code(), refused.str()) == (KafkaError.INVALID_CONFIG, "Unknown topic config name: retention.mx")


def test_all_of_a_configuration_is_replaced(admin, new_topic):
    topic = new_topic()
    for configs in ({"retention.ms": "1"}, {"segment.bytes": "2000"}):
        with pytest.warns(DeprecationWarning, match="incremental"):
            done(admin.alter_configs([ConfigResource(ResourceType.TOPIC, topic, set_config=configs)]))
    asked = ConfigResource(ResourceType.TOPIC, topic)

    def own():
        found = done(admin.describe_configs([asked]))[asked].values()
        return {each.name: each.value for each in found if each.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}

    wait_for(lambda: own() == {"segment.bytes": "2000"}, SECONDS, "only the last to be set")


def test_a_broker_is_described(admin):
    asked = ConfigResource(ResourceType.BROKER, "1")
    found = done(admin.describe_configs([asked]))[asked]
    assert (found["node.id"].value, found["node.id"].is_read_only) == ("1", True)
    assert found["default.replication.factor"].value == "3"


def test_the_cluster_and_topics_are_described(admin, new_topic):
    topic = new_topic()
    described = admin.describe_cluster(request_timeout=SECONDS).result(SECONDS)
    assert sorted(node.id for node in described.nodes) == [1, 2, 3]
    found = done(admin.describe_topics(TopicCollection([topic]), request_timeout=SECONDS))[topic]
    assert sorted(node.id for node in found.partitions[0].isr) == [1, 2, 3]


def test_an_operator_elects(admin, new_topic):
    topic = new_topic()
    elected = admin.elect_leaders(ElectionType.PREFERRED, [TopicPartition(topic, 0)]).result(SECONDS)
    assert [error.code() for error in elected.values()] == [KafkaError.ELECTION_NOT_NEEDED]


# ---------------------------------------------------------------- kafka-python
def test_kafka_python_makes_and_deletes(cluster, python):
    python.create_topics([PythonTopic("made-by-python", num_partitions=1, replication_factor=3)])
    python.create_partitions({"made-by-python": PythonPartitions(total_count=2)})
    producer = KafkaProducer(bootstrap_servers=cluster.bootstrap, acks="all")
    assert producer.send("made-by-python", b"v", partition=1).get(SECONDS).offset == 0
    producer.close()
    python.delete_topics(["made-by-python"])
    with pytest.raises(UnknownTopicOrPartitionError):
        python.delete_topics(["made-by-python"])


def test_kafka_python_describes_and_alters(python, new_topic):
    topic = new_topic()

    def entries():
        asked = [PythonResource(PythonType.TOPIC, topic, configs=None)]
        return next(iter(python.describe_configs(asked, config_filter="all").values()))[topic]

    assert entries()["cleanup.policy"]["value"] == "delete"
    python.alter_configs([PythonResource(PythonType.TOPIC, topic, configs={"cleanup.policy": "compact"})])
    wait_for(lambda: entries()["cleanup.policy"]["value"] == "compact", SECONDS, "the change to arrive")
    assert sorted(broker["broker_id"] for broker in python.describe_cluster()["brokers"]) == [1, 2, 3]


def test_kafka_python_moves_replicas_and_leaders(cluster, python):
    topic = "moved-by-python"
    python.create_topics([PythonTopic(topic, replica_assignments={0: [1, 2]})])
    name = PythonPartition(topic, 0)

    def partition():
        return python.describe_topic_partitions([topic])["topics"][0]["partitions"][0]

    assert python.alter_partition_reassignments({name: [3, 2]}) == {name: None}
    wait_for(lambda: sorted(partition()["isr_nodes"]) == [2, 3], SECONDS, "replica 3 to be in sync, and 1 to go")
    wait_for(lambda: python.list_partition_reassignments() == {}, SECONDS, "the reassignment to end")
    assert list(partition()["replica_nodes"]) == [3, 2]
    assert partition()["leader_id"] == 3
    assert not partition()["eligible_leader_replicas"]
    python.alter_partition_reassignments({name: [2, 3]})
    python.elect_leaders(0, {topic: [0]})
    wait_for(lambda: partition()["leader_id"] == 2, SECONDS, "the preferred leader to lead")
    producer = KafkaProducer(bootstrap_servers=cluster.bootstrap, acks="all")
    assert producer.send(topic, b"v", partition=0).get(SECONDS).offset == 0
    producer.close()
