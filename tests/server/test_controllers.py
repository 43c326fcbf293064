"""Three controllers and three brokers as real processes: the cluster outlives whoever decides."""

import pytest
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient, NewTopic
from kafka.admin import KafkaAdminClient

from campaign.clients import History, RecordingProducer, read_back
from campaign.conditions import wait_for
from campaign.live import CONFIGURATION, make_topic
from impl.core.types import CONTROLLER
from impl.host.metadata_log import DIRECTORY
from impl.server.cluster import Cluster, ClusterPlan
from impl.server.errors import DirectoryUnusable, ServerError
from impl.wire.metadata_batches import decode

TOPIC = "t"
SECONDS = 60
QUORUM = {
    "controller.quorum.election.timeout.ms": "300",
    "controller.quorum.fetch.timeout.ms": "600",
    "min.insync.replicas": "2",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    configuration = {**CONFIGURATION, **QUORUM}
    data = tmp_path_factory.mktemp("controllers")
    with Cluster(ClusterPlan(data=data, brokers=3, controllers=3, port=0, configuration=configuration)) as running:
        make_topic(running.bootstrap, TOPIC, 1, 3)
        yield running


def client(cluster):
    return AdminClient({"bootstrap.servers": cluster.bootstrap, "log_level": 0})


def ask_for_topic(admin, name):
    """The future of a request to make a topic; `admin` must outlive it."""
    (made,) = admin.create_topics([NewTopic(name, 1, 3)], request_timeout=SECONDS).values()
    return made


def create(cluster, name):
    """Make a topic, asking again where nobody could say in time what became of it."""
    admin = client(cluster)

    def made():
        refusal = ask_for_topic(admin, name).exception(SECONDS)
        code = None if refusal is None else refusal.args[0].code()
        # It is there already where a controller that was cut off had written it down and could not say so.
        assert code in (None, KafkaError.TOPIC_ALREADY_EXISTS, KafkaError.REQUEST_TIMED_OUT), refusal
        return code != KafkaError.REQUEST_TIMED_OUT

    wait_for(made, SECONDS, f"topic {name}")


def log_of(cluster, node):
    """What a controller has on its disk: the epoch and the records of each batch, by offset."""
    file = cluster.plan.data / f"controller-{node - CONTROLLER}" / DIRECTORY / f"{0:020d}.log"
    return {batch.base_offset: (batch.epoch, batch.records) for batch in decode(file.read_bytes())}


def test_the_active_controller_is_killed_while_a_producer_writes(cluster, tmp_path):
    history = History(tmp_path / "write.jsonl", "c1")
    configuration = {"bootstrap.servers": cluster.bootstrap, "enable.idempotence": True, "log_level": 0}
    producer = RecordingProducer(history, TOPIC, configuration)
    for number in range(100):
        producer.send(0, "k", f"1:{number}")
    active = cluster.active_controller()
    cluster.kill(active)
    for number in range(100, 200):
        producer.send(0, "k", f"1:{number}")
    create(cluster, "made-by-the-next")
    following = cluster.active_controller()
    assert following != active
    cluster.restart(active)
    producer.finish(SECONDS)
    assert (producer.unknown, producer.failed) == ([], [])
    assert len(producer.acknowledged) == 200
    found = read_back(history, TOPIC, [0], {"bootstrap.servers": cluster.bootstrap, "log_level": 0}, SECONDS)
    history.close()
    assert {record.value for record in found} >= {f"1:{number}" for number in range(200)}


def test_a_controller_that_was_down_has_the_same_log_again(cluster):
    create(cluster, "while-all-are-up")
    active = cluster.active_controller()
    away = next(node for node in cluster.controllers if node != active)
    cluster.kill(away)
    create(cluster, "while-one-is-down")
    cluster.restart(away)

    def alike():
        logs = [log_of(cluster, node) for node in cluster.controllers]
        names = {getattr(record, "name", "") for _, records in logs[0].values() for record in records}
        return logs[0] == logs[1] == logs[2] and {"while-all-are-up", "while-one-is-down"} <= names

    wait_for(alike, SECONDS, "three equal logs")
    assert alike()


def test_without_a_majority_nothing_is_decided_and_with_one_it_is_again(cluster):
    active = cluster.active_controller()
    others = [node for node in cluster.controllers if node != active]
    for node in others:
        cluster.kill(node)
    admin = client(cluster)
    assert not ask_for_topic(admin, "late").done()
    cluster.restart(others[0])
    create(cluster, "late")
    cluster.restart(others[1])
    assert "late" in admin.list_topics(timeout=SECONDS).topics


def test_the_quorum_is_described_by_any_broker(cluster):
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    try:
        described = admin.describe_metadata_quorum()
    finally:
        admin.close()
    (partition,) = described["topics"][0]["partitions"]
    assert partition["leader_id"] == cluster.active_controller()
    assert sorted(voter["replica_id"] for voter in partition["current_voters"]) == list(cluster.controllers)
    assert sorted(observer["replica_id"] for observer in partition["observers"]) == list(cluster.brokers)
    assert partition["high_watermark"] > 0


def test_who_was_away_for_long_begins_with_a_snapshot(tmp_path):
    configuration = {**CONFIGURATION, **QUORUM, "metadata.log.max.record.bytes.between.snapshots": "1500"}

    def checkpoints(node):
        return sorted(path.name for path in (tmp_path / f"controller-{node - CONTROLLER}").rglob("*.checkpoint"))

    plan = ClusterPlan(data=tmp_path, brokers=1, controllers=3, port=0, configuration=configuration)
    with Cluster(plan) as cluster:
        away = next(node for node in cluster.controllers if node != cluster.active_controller())
        cluster.kill(away)
        before = checkpoints(away)
        names = [f"topic-{number}" for number in range(12)]
        for name in names:
            make_topic(cluster.bootstrap, name, 1, 1)
        cluster.restart(away)
        wait_for(lambda: checkpoints(away) > before, SECONDS, "a snapshot at the controller that was away")
        cluster.kill(1)
        cluster.restart(1)
        assert set(names) <= set(client(cluster).list_topics(timeout=SECONDS).topics)
        assert all(len(checkpoints(node)) == 1 for node in cluster.controllers)
    with Cluster(plan) as cluster:
        assert set(names) <= set(client(cluster).list_topics(timeout=SECONDS).topics)


def test_controllers_share_the_processes_of_brokers(tmp_path):
    configuration = {**CONFIGURATION, **QUORUM}
    plan = ClusterPlan(data=tmp_path, brokers=3, controllers=3, combined=True, port=0, configuration=configuration)
    with Cluster(plan) as cluster:
        assert [child.name for child in cluster.children] == ["n1", "n2", "n3"]
        active = cluster.active_controller()
        cluster.kill(active)
        create(cluster, "made-by-the-next")
        assert cluster.active_controller() != active
        cluster.restart(active)
        assert "made-by-the-next" in client(cluster).list_topics(timeout=SECONDS).topics
    with pytest.raises(ServerError, match=r"3 controllers cannot share the processes of 1 broker\(s\)"):
        Cluster(ClusterPlan(data=tmp_path / "other", brokers=1, controllers=3, combined=True, port=0))


def test_another_number_of_controllers_is_refused(tmp_path):
    with Cluster(ClusterPlan(data=tmp_path, brokers=1, port=0)):
        pass
    refusal = r"1 controller\(s\) \(controller\), not 3: start it with --controllers 1"
    with pytest.raises(DirectoryUnusable, match=refusal):
        Cluster(ClusterPlan(data=tmp_path, brokers=1, controllers=3, port=0))
    with pytest.raises(ServerError, match="2 controllers: a quorum has 1, 3, 5 voters"):
        Cluster(ClusterPlan(data=tmp_path, brokers=1, controllers=2, port=0))
