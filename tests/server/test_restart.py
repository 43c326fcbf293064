"""What was acknowledged is there after every kind of end, and damage is either repaired or named."""

import re
import resource

import pytest
from confluent_kafka.admin import AdminClient

from campaign.clients import History, RecordingProducer, read_back
from campaign.conditions import wait_for
from campaign.live import CONFIGURATION, make_topic, whole
from impl.server.cluster import Cluster, ClusterPlan
from impl.server.errors import ChildFailed
from tests.server.raw import Raw, one_batch, produce

TOPIC = "t"
SECONDS = 60


def plan(data, brokers=3):
    replicas = str(min(2, brokers))
    return ClusterPlan(
        data=data, brokers=brokers, port=0, configuration={**CONFIGURATION, "min.insync.replicas": replicas}
    )


class Client:
    """Writes with acks=all, and knows what it was promised."""

    def __init__(self, directory):
        self.directory = directory
        self.promised = []
        self._runs = 0

    def write(self, cluster, count=200):
        self._runs += 1
        history = History(self.directory / f"write-{self._runs}.jsonl", "c1")
        producer = RecordingProducer(
            history, TOPIC, {"bootstrap.servers": cluster.bootstrap, "enable.idempotence": True, "log_level": 0}
        )
        for number in range(count):
            producer.send(0, "k", f"{self._runs}:{number}")
        producer.finish(SECONDS)
        history.close()
        assert (producer.unknown, producer.failed) == ([], [])
        self.promised += producer.acknowledged

    def read(self, cluster):
        self._runs += 1
        history = History(self.directory / f"read-{self._runs}.jsonl", "c1")
        configuration = {"bootstrap.servers": cluster.bootstrap, "log_level": 0}
        try:
            return read_back(history, TOPIC, [0], configuration, SECONDS)
        finally:
            history.close()


@pytest.fixture
def client(tmp_path):
    return Client(tmp_path)


def leader_of(cluster):
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
    return admin.list_topics(TOPIC, timeout=SECONDS).topics[TOPIC].partitions[0].leader


def wait_until_whole(cluster):
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
    replicas = min(3, len(cluster.brokers))
    wait_for(lambda: whole(admin, TOPIC, 1, replicas), SECONDS, "the in-sync set to be whole")


def test_a_clean_stop_and_start_keeps_everything(tmp_path, client):
    with Cluster(plan(tmp_path / "data")) as cluster:
        cluster_id = cluster.cluster_id
        make_topic(cluster.bootstrap, TOPIC, 1, 3)
        client.write(cluster)
        assert cluster.stop() == []
    with Cluster(plan(tmp_path / "data")) as cluster:
        assert cluster.cluster_id == cluster_id
        assert client.read(cluster) == client.promised
        wait_until_whole(cluster)
        client.write(cluster)
        assert client.read(cluster) == client.promised


def test_a_killed_leader_comes_back_and_nothing_is_lost(tmp_path, client):
    with Cluster(plan(tmp_path / "data")) as cluster:
        make_topic(cluster.bootstrap, TOPIC, 1, 3)
        client.write(cluster)
        victim = leader_of(cluster)
        cluster.kill(victim)
        client.write(cluster)
        assert leader_of(cluster) != victim
        cluster.restart(victim)
        wait_until_whole(cluster)
        client.write(cluster)
        assert client.read(cluster) == client.promised
        cluster.stop()
        logs = {path.read_bytes() for path in (tmp_path / "data").glob(f"broker-*/{TOPIC}-0/*.log")}
        assert len(logs) == 1, "the replicas' logs are the same bytes"


def test_a_broker_whose_disk_refuses_a_write_ends_with_one_line_and_the_others_go_on(tmp_path, client):
    with Cluster(plan(tmp_path / "data")) as cluster:
        make_topic(cluster.bootstrap, TOPIC, 1, 3)
        client.write(cluster)
        victim = leader_of(cluster)
        # No file of this process may grow any more: the system answers its writes with EFBIG.
        resource.prlimit(cluster.brokers[victim].pid, resource.RLIMIT_FSIZE, (0, 0))
        client.write(cluster)
        (dead,) = cluster.died()
        assert dead is cluster.brokers[victim]
        assert re.fullmatch(rf"n{victim}: log directory failed at .*: File too large; .*", dead.last_words())
        cluster.restart(victim)
        wait_until_whole(cluster)
        assert client.read(cluster) == client.promised


def test_every_process_killed_at_once_loses_nothing_that_was_written(tmp_path, client):
    with Cluster(plan(tmp_path / "data")) as cluster:
        make_topic(cluster.bootstrap, TOPIC, 1, 3)
        client.write(cluster)
        for child in cluster.children:
            child.kill()
    with Cluster(plan(tmp_path / "data")) as cluster:
        wait_until_whole(cluster)
        assert client.read(cluster) == client.promised


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """One broker, and a client that goes on writing to it through everything that is done to it."""
    directory = tmp_path_factory.mktemp("alone")
    with Cluster(plan(directory / "data", brokers=1)) as cluster:
        make_topic(cluster.bootstrap, TOPIC, 1, 1)
        yield cluster, Client(directory)


def segment(cluster, suffix):
    (path,) = (cluster.plan.data / "broker-1" / f"{TOPIC}-0").glob(f"*{suffix}")
    return path


@pytest.mark.parametrize(
    "tail",
    [b"\0" * 100, b"\0\0\0\0\0\0\0\xc8\0\0\0\x60\0\0\0\0\x02 half a batch", b"\xa5"],
    ids=["zeros", "half a batch", "one byte"],
)
def test_a_torn_tail_is_cut_and_said(alone, tail):
    cluster, client = alone
    client.write(cluster)
    cluster.kill(1)
    whole_size = segment(cluster, ".log").stat().st_size
    with segment(cluster, ".log").open("ab") as log:
        log.write(tail)
    said = len(cluster.brokers[1].log.read_text())
    cluster.restart(1)
    assert segment(cluster, ".log").stat().st_size == whole_size
    assert " level=WARN node=n1 event=storage " in cluster.brokers[1].log.read_text()[said:]
    wait_until_whole(cluster)
    client.write(cluster)
    assert client.read(cluster) == client.promised


@pytest.mark.parametrize("damage", [b"", b"\xff" * 64], ids=["empty", "garbage"])
def test_a_damaged_index_is_made_anew(alone, damage):
    cluster, client = alone
    client.write(cluster)
    cluster.kill(1)
    segment(cluster, ".index").write_bytes(damage)
    segment(cluster, ".timeindex").write_bytes(damage)
    cluster.restart(1)
    wait_until_whole(cluster)
    assert client.read(cluster) == client.promised


def test_damage_to_what_was_synced_is_named_and_the_controller_does_not_start(tmp_path):
    with Cluster(plan(tmp_path / "data", brokers=1)) as cluster:
        make_topic(cluster.bootstrap, TOPIC, 1, 1)
    (log,) = (tmp_path / "data" / "controller" / "__cluster_metadata-0").glob("*.log")
    damaged = bytearray(log.read_bytes())
    damaged[80] ^= 0xFF
    log.write_bytes(damaged)
    with pytest.raises(ChildFailed) as caught:
        Cluster(plan(tmp_path / "data", brokers=1)).start()
    assert "__cluster_metadata-0/00000000000000000000.log at byte" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broker_that_was_told_acks_1_keeps_it_over_a_clean_stop(tmp_path):
    with Cluster(plan(tmp_path / "data", brokers=1)) as cluster:
        make_topic(cluster.bootstrap, TOPIC, 1, 1)
        with Raw(cluster.address(1)) as connection:
            assert produce(connection, TOPIC, one_batch([b"x"]), acks=1) == (0, 0)
        cluster.stop()
    with Cluster(plan(tmp_path / "data", brokers=1)) as cluster, Raw(cluster.address(1)) as connection:
        wait_until_whole(cluster)
        assert produce(connection, TOPIC, one_batch([b"y"]), acks=1) == (0, 1)
