"""A running broker under hostile input: every other client is served, memory stays bounded, nothing is left behind.

pytest tests/server/test_hostile.py              # a few thousand inputs
pytest -m long tests/server/test_hostile.py      # a hundred thousand
"""

import itertools
import resource
import socket
import struct

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from campaign.conditions import wait_for
from campaign.live import make_topic, whole
from impl.core.types import ErrorCode
from impl.server.cluster import Cluster, ClusterPlan
from impl.wire.apis import ApiKey
from impl.wire.framing import RequestHeader, encode_request
from impl.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from invariants.verdict import Holds
from tests.server.hostile.attack import Attack, descriptors, forget_peak, peak_bytes, resident_bytes
from tests.server.hostile.bystanders import Bystanders
from tests.server.hostile.inputs import TOPIC, Source, bombs, produced
from tests.server.raw import SECONDS, Raw, one_batch, produce

SEED = 20_261_123
MEBIBYTE = 1 << 20
GROWTH_BYTES_MAX = 300 * MEBIBYTE
"""What an attack may add to a broker's memory, though a batch be opened."""
IDLE = 1_000
QUIET = "quiet"
"""A topic that no attack names."""
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    configuration = {"auto.create.topics.enable": "false", "log.cleaner.backoff.ms": "100"}
    plan = ClusterPlan(data=tmp_path_factory.mktemp("cluster"), brokers=1, port=0, configuration=configuration)
    with Cluster(plan) as running:
        make_topic(running.bootstrap, TOPIC, 1, 1)
        make_topic(running.bootstrap, QUIET, 1, 1)
        yield running


@pytest.fixture
def bystanders(cluster, tmp_path):
    """Clients that must be served all along; judged when the test is over."""
    people = Bystanders(tmp_path, cluster.bootstrap, 1, f"bystanders-{next(NUMBERS)}")
    with people:
        wait_for(lambda: all(served > 10 for served in people.served()), SECONDS, "the bystanders to be served")
        yield people
        before = people.served()
        wait_for(
            lambda: all(now > then for now, then in zip(people.served(), before, strict=True)),
            SECONDS,
            "the bystanders to be served on",
        )
    judgement, verdict = people.judged()
    assert isinstance(verdict, Holds), verdict
    assert judgement.acknowledged == len(people.writer.producer.acknowledged)
    assert (people.writer.producer.unknown, people.writer.producer.failed) == ([], [])
    assert cluster.died() == []


def attacked(cluster, count, seed=SEED):
    """Attack broker 1; what became of the inputs, once its connections are gone."""
    process = cluster.brokers[1].pid
    held = descriptors(process)
    before = resident_bytes(process)
    forget_peak(process)
    attack = Attack(cluster.address(1), Source(seed), count)
    attack.run()
    # At its peak, because some input makes the topic a compacted one, and the cleaner then opens the bombs in it.
    growth = peak_bytes(process) - before
    assert growth < GROWTH_BYTES_MAX, f"memory grew by {growth // MEBIBYTE} MiB under {count} inputs of seed {seed}"
    # A few descriptors are the bystanders' own, and those of files that were opened meanwhile.
    wait_for(lambda: descriptors(process) <= held + 16, SECONDS, "the attack's descriptors to be given back")
    assert attack.became("nonsense") == 0
    assert attack.became("answered") > count // 10
    assert attack.became("closed") > count // 10
    silent = len(attack.unanswered)
    assert silent < count // 20, f"{silent} whole frames met silence, such as {attack.unanswered[0]}"
    return attack


@pytest.mark.usefixtures("bystanders")
def test_three_thousand_hostile_inputs(cluster):
    attack = attacked(cluster, 3_000)
    assert len({outcome.kind for outcome in attack.outcomes}) >= 10


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("bystanders")
def test_a_hundred_thousand_hostile_inputs(cluster):
    attack = attacked(cluster, 100_000, SEED + 1)
    for outcome, count in sorted(attack.outcomes.items()):
        print(f"{count:8,} {outcome.became:9} {outcome.kind}")


@pytest.mark.usefixtures("bystanders")
@pytest.mark.parametrize("codec", sorted(bombs()))
def test_a_bomb_is_refused_or_kept_closed(cluster, codec):
    process = cluster.brokers[1].pid
    before = resident_bytes(process)
    forget_peak(process)
    with Raw(cluster.address(1)) as connection:
        for _ in range(3):
            connection.send(produced(bombs()[codec]))
            assert connection.frame()
        assert produce(connection, QUIET, one_batch([b"good"]))[0] == ErrorCode.NONE
    assert peak_bytes(process) - before < GROWTH_BYTES_MAX


def cleaned(cluster, topic, to):
    checkpoint = cluster.plan.data / "broker-1" / "cleaner-offset-checkpoint"
    return checkpoint.exists() and f"{topic} 0 {to}" in checkpoint.read_text().splitlines()


@pytest.mark.usefixtures("bystanders")
@pytest.mark.parametrize("codec", sorted(bombs()))
def test_a_bomb_that_has_to_be_opened_is_opened_to_a_bound(cluster, codec):
    """In a topic that is compacted the cleaner opens what producers have closed."""
    process = cluster.brokers[1].pid
    name = f"compacted-{codec}"
    configs = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0", "segment.bytes": str(MEBIBYTE)}
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
    admin.create_topics([NewTopic(name, 1, 1, config=configs)])[name].result(SECONDS)
    wait_for(lambda: whole(admin, name, 1, 1), SECONDS, "the topic to have its leader")
    forget_peak(process)
    before = resident_bytes(process)
    with Raw(cluster.address(1)) as connection:
        code = produce(connection, name, bombs()[codec])[0]
        if code == ErrorCode.NONE:
            # The next segment: the cleaner leaves the one that is written to alone.
            answers = [produce(connection, name, one_batch([bytes(900_000)])) for _ in range(2)]
            assert [code for code, _ in answers] == [ErrorCode.NONE] * 2
            wait_for(lambda: cleaned(cluster, name, answers[-1][1]), SECONDS, "the cleaner to have been there")
    assert peak_bytes(process) - before < GROWTH_BYTES_MAX


@pytest.fixture
def enough_descriptors():
    """This process needs more of them than some systems grant at first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * IDLE + 512)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("bystanders", "enough_descriptors")
@pytest.mark.parametrize(
    "said", [b"", struct.pack(">i", 90_000_000) + b"the beginning"], ids=["nothing", "a beginning"]
)
def test_a_thousand_idle_connections(cluster, said):
    process = cluster.brokers[1].pid
    before = resident_bytes(process)
    host, _, port = cluster.address(1).rpartition(":")
    idle = [socket.create_connection((host, int(port)), timeout=SECONDS) for _ in range(IDLE)]
    try:
        for connection in idle:
            connection.sendall(said)
        wait_for(lambda: descriptors(process) >= IDLE, SECONDS, "the broker to have accepted them")
        with Raw(cluster.address(1)) as connection:
            for _ in range(20):
                assert produce(connection, QUIET, one_batch([b"good"]))[0] == ErrorCode.NONE
        assert resident_bytes(process) - before < GROWTH_BYTES_MAX
    finally:
        for connection in idle:
            connection.close()
    wait_for(lambda: descriptors(process) < IDLE // 2, SECONDS, "the idle connections to be given back")


@pytest.mark.usefixtures("bystanders")
def test_slow_readers_cost_what_they_may(cluster):
    """Each asks for everything again and again, and never reads an answer."""
    process = cluster.brokers[1].pid
    with Raw(cluster.address(1)) as connection:
        for _ in range(40):
            assert produce(connection, QUIET, one_batch([bytes(900_000)]))[0] == ErrorCode.NONE
    before = resident_bytes(process)
    forget_peak(process)
    partition = FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=50_000_000)
    request = FetchRequest(
        max_wait=100, min_bytes=1, max_bytes=50_000_000, topics=(FetchTopic(topic=QUIET, partitions=(partition,)),)
    )
    frame = encode_request(RequestHeader(ApiKey.FETCH, 12, 1, "slow"), request)
    slow = [Raw(cluster.address(1)) for _ in range(20)]
    try:
        for connection in slow:
            connection.send(frame * 50)
        with Raw(cluster.address(1)) as connection:
            for _ in range(20):
                assert produce(connection, QUIET, one_batch([b"good"]))[0] == ErrorCode.NONE
        assert peak_bytes(process) - before < GROWTH_BYTES_MAX
    finally:
        for connection in slow:
            connection.__exit__()


@pytest.mark.usefixtures("bystanders")
def test_a_slow_writer_is_waited_for_and_nobody_waits_for_it(cluster):
    frame = produced(one_batch([b"slow"]))
    with Raw(cluster.address(1)) as slow, Raw(cluster.address(1)) as other:
        for byte in frame:
            slow.send(bytes((byte,)))
            assert produce(other, QUIET, one_batch([b"good"]))[0] == ErrorCode.NONE
        assert slow.frame()
