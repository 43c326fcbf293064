"""How long our broker takes to start with much on its disk, and how much of that it reads.

One rule: what was read is what the kernel counts for the process (`rchar` in /proc/PID/io), so a file that is in the
page cache counts as well.
"""

import os
import time
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from campaign.conditions import wait_for
from campaign.live import whole
from impl.server.cluster import Cluster, ClusterPlan
from tests.bench.broker_measures import CLIENT
from tests.bench.broker_tables import table_head, table_row
from tests.bench.peers import Unavailable

TOPIC = "many"
RECORD_BYTES = 65_536
VALUE = os.urandom(RECORD_BYTES)
SEGMENT_BYTES = 4_194_304
SECONDS_MAX = 180.0
LATER_RECORDS = 1_000
CHECKPOINT_SECONDS = 11.0
"""Two rounds of replica.high.watermark.checkpoint.interval.ms: what is finished is synced, and written down."""


class Started(NamedTuple):
    how: str
    seconds: float
    processor_seconds: float
    read_mib: float


def start_up(directory: Path, partitions: int, gib: float) -> list[str]:
    """One broker, filled, stopped cleanly and started; then written to, killed and started. Raises Unavailable."""
    plan = ClusterPlan(data=directory, brokers=1, port=0)
    with Cluster(plan) as cluster:
        admin = AdminClient({"bootstrap.servers": cluster.bootstrap, **CLIENT})
        config = {"segment.bytes": str(SEGMENT_BYTES)}
        began = time.monotonic()
        admin.create_topics([NewTopic(TOPIC, partitions, 1, config=config)])[TOPIC].result(SECONDS_MAX)
        wait_for(lambda: whole(admin, TOPIC, partitions, 1), SECONDS_MAX, f"the leaders of {partitions} partitions")
        produce(cluster, partitions, partitions, b"")
        made = time.monotonic() - began
        records = int(gib * 2**30 / RECORD_BYTES)
        produce(cluster, partitions, records)
        began = time.monotonic()
        broker = cluster.brokers[1]
        broker.terminate()
        if broker.wait(began + SECONDS_MAX) != 0:
            raise Unavailable(f"the broker did not stop cleanly within {SECONDS_MAX:.0f} s")
        stopped = time.monotonic() - began
        seen = [again("after a clean stop", cluster, admin, partitions)]
        produce(cluster, partitions, LATER_RECORDS)
        cluster.kill(1)
        seen.append(again(f"killed, {LATER_RECORDS:,} records later", cluster, admin, partitions))
        produce(cluster, partitions, records // 10)
        time.sleep(CHECKPOINT_SECONDS)  # the checkpoint is a matter of time
        cluster.kill(1)
        seen.append(again("killed, a tenth more of the records later", cluster, admin, partitions))
    return [
        "### Start with many segments",
        "",
        f"fencepost, 1 broker, {partitions:,} partitions (made in {made:.1f} s), {gib:g} GiB in segments of "
        f"{SEGMENT_BYTES // 2**20} MiB, records of {RECORD_BYTES // 1024} KiB. A clean stop took {stopped:.1f} s. "
        "Timed from the start of the process until every partition has its leader again; read is what the process read "
        "of files, whether or not they were in the page cache. After a kill the controller waits for the old "
        "session to end, as Kafka's does (broker.session.timeout.ms, 9 s).",
        "",
        *table_head(["start", "seconds", "CPU seconds", "read, MiB"]),
        *(
            table_row([one.how, f"{one.seconds:.1f}", f"{one.processor_seconds:.1f}", f"{one.read_mib:,.0f}"])
            for one in seen
        ),
        "",
    ]


def again(how: str, cluster: Cluster, admin: AdminClient, partitions: int) -> Started:
    """Start the broker, until it leads everything."""
    began = time.monotonic()
    cluster.restart(1, SECONDS_MAX)
    wait_for(lambda: whole(admin, TOPIC, partitions, 1), SECONDS_MAX, f"the leaders of {partitions} partitions")
    seconds = time.monotonic() - began
    process = cluster.brokers[1].pid
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    read = Path(f"/proc/{process}/io").read_text().partition("rchar:")[2].split()[0]
    ticks = os.sysconf("SC_CLK_TCK")
    return Started(how, seconds, (int(fields[11]) + int(fields[12])) / ticks, int(read) / 2**20)


def produce(cluster: Cluster, partitions: int, records: int, value: bytes = VALUE) -> None:
    """Over all partitions in turn. Raises Unavailable."""
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: object) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer(
        {
            "bootstrap.servers": cluster.bootstrap,
            "acks": "all",
            "linger.ms": 50,
            "queue.buffering.max.kbytes": 300_000,
            **CLIENT,
        }
    )
    for number in range(records):
        while True:
            try:
                producer.produce(TOPIC, value, partition=number % partitions, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    if producer.flush(SECONDS_MAX) or failed:
        raise Unavailable(f"fencepost did not acknowledge all of {records} records: {failed[:1]}")
