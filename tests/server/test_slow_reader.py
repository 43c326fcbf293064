"""Readers that stop at their sockets cost a live broker no memory, no descriptor, and nobody else anything."""

import os
from pathlib import Path

import pytest

from campaign.conditions import wait_for
from campaign.live import make_topic
from impl.server.cluster import Cluster, ClusterPlan
from impl.wire.apis import ApiKey
from impl.wire.framing import RequestHeader, encode_request
from impl.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from tests.server.raw import Raw, one_batch, produce

SECONDS = 20
TOPIC = "large"
BATCHES = 40
BATCH_BYTES = 900_000
STOPPED = 10
VERSION = 12


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(ClusterPlan(data=tmp_path_factory.mktemp("slow"), brokers=1, port=0)) as running:
        make_topic(running.bootstrap, TOPIC, 1, 1)
        with Raw(running.bootstrap) as connection:
            for _ in range(BATCHES):
                assert produce(connection, TOPIC, one_batch([os.urandom(BATCH_BYTES)]))[0] == 0
        yield running


def fetch_all(offset=0):
    part = FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=BATCHES * BATCH_BYTES)
    topic = FetchTopic(topic=TOPIC, partitions=(part,))
    return FetchRequest(min_bytes=1, max_bytes=BATCHES * BATCH_BYTES, topics=(topic,))


def memory(process):
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) * 1024


def descriptors(process):
    """What is open: the kind of each socket and pipe, the name of each file."""
    return sorted(os.readlink(entry).split(":")[0] for entry in Path(f"/proc/{process}/fd").iterdir())


def test_readers_that_stop_cost_nobody_anything(cluster):
    process = cluster.brokers[1].pid
    with Raw(cluster.bootstrap) as reader:
        size = len(reader.ask(ApiKey.FETCH, VERSION, fetch_all()).responses[0].partitions[0].records)
        assert size > (BATCHES - 1) * BATCH_BYTES
        before, open_before = memory(process), descriptors(process)
        stopped = [Raw(cluster.bootstrap) for _ in range(STOPPED)]
        for each in stopped:
            each.send(encode_request(RequestHeader(ApiKey.FETCH, VERSION, 1, "stopped"), fetch_all()))
        for offset in range(0, BATCHES, 5):
            answer = reader.ask(ApiKey.FETCH, VERSION, fetch_all(offset)).responses[0].partitions[0]
            assert len(answer.records) > 0
        # Were their answers held in memory, that alone would be ten times one answer.
        assert memory(process) - before < size
        for each in stopped:
            with each:
                pass
        wait_for(lambda: descriptors(process) == open_before, SECONDS, "the broker to let go of who went away")
