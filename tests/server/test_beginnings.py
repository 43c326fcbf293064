"""Live runs on data that nobody has told of: what processes find is told, and the trace is validated from there."""

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from campaign.judges import check_steps
from campaign.live import make_topic
from impl.server.cluster import Cluster, ClusterPlan
from invariants.verdict import Holds
from traces.merge import merge
from traces.validate import validate

TOPIC = "t"
QUICK = {
    "broker.heartbeat.interval.ms": "200",
    "broker.session.timeout.ms": "1500",
    "replica.fetch.backoff.ms": "100",
    "min.insync.replicas": "2",
}


@pytest.fixture
def started(tmp_path):
    """Start a cluster on the same data, with a trace or without."""
    running = []

    def start(trace=None):
        plan = ClusterPlan(
            data=tmp_path / "data",
            brokers=3,
            controllers=3,
            port=0,
            configuration=QUICK,
            trace=None if trace is None else tmp_path / trace,
        )
        cluster = Cluster(plan)
        running.append(cluster)
        cluster.start()
        return cluster

    yield start
    for cluster in running:
        cluster.stop()


def produce(cluster, count):
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "acks": "all", "enable.idempotence": True})
    for number in range(count):
        producer.produce(TOPIC, f"v{number}", partition=0)
    assert producer.flush(30) == 0


def delete_below(cluster, offset):
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    (deleted,) = admin.delete_records([TopicPartition(TOPIC, 0, offset)]).values()
    assert deleted.result(30).low_watermark == offset


def told(trace, name):
    return [fact for line in trace.lines for fact in getattr(line, "facts", ()) if fact["fact"] == name]


@pytest.mark.timeout(120)
def test_a_trace_may_begin_on_data_after_a_crash_and_after_deletions(tmp_path, started):
    before = started()
    make_topic(before.bootstrap, TOPIC, 1, 3)
    produce(before, 50)
    before.kill(3)
    produce(before, 20)
    delete_below(before, 65)
    before.stop()
    cluster = started("traces")
    produce(cluster, 10)
    delete_below(cluster, 75)
    cluster.stop()
    trace = merge(sorted((tmp_path / "traces").glob("*.jsonl")))
    assert len(told(trace, "begin_replica")) == 3
    assert told(trace, "begin_partition")
    assert told(trace, "delete_below")
    assert told(trace, "append")
    found = validate(trace)
    assert found.divergence is None
    assert found.quorum
    assert found.actions["append"] >= 10
    assert isinstance(check_steps(trace, ""), Holds)
