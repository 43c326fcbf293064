"""What is measured of one side: throughput, latency, processor time, memory and descriptors, all with confluent-kafka.

One rule: the same client code runs against every side, and a side that cannot do something says so (`Unavailable`).
"""

import contextlib
import itertools
import os
import time
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from campaign.conditions import wait_for
from campaign.live import whole
from tests.bench.peers import Side, Unavailable

SECONDS_MAX = 60.0
TIMED_RECORDS = 2_000
TIMED_SECONDS_MAX = 5.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
NUMBERS = itertools.count()
CLIENT: dict[str, str | int] = {"log_level": 0, "receive.message.max.bytes": 1_000_000_000}
"""The second, because noida-db answers a fetch with everything it has, whatever the client's fetch.max.bytes."""


class Workload(NamedTuple):
    """`client` is how the producer batches."""

    name: str
    record_bytes: int
    records: int
    client: dict[str, int]
    timed: bool = False
    """Acknowledgements of single records of this size are timed, too."""
    partitions: int = 1


class Latency(NamedTuple):
    """Milliseconds."""

    p50: float
    p99: float
    p999: float


class Measured(NamedTuple):
    """One round of one side. Rates in records per second; processor seconds for a million records; 0: it cannot."""

    produced: float
    consumed: float
    produce_processor: float
    consume_processor: float
    created_seconds: float
    acknowledged: Latency | None = None
    """Until a single record is acknowledged."""
    delivered: Latency | None = None
    """Until a single record is in the hands of a consumer that waits for it."""
    failures: tuple[str, ...] = ()
    """Why one of these is missing."""


def processor_seconds(side: Side) -> float:
    """User and system time so far of the side's processes."""
    total = 0
    for process in side.processes:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS_PER_SECOND


def memory_bytes(side: Side) -> int:
    """Resident memory of the side's processes that is their own."""
    total = 0
    for process in side.processes:
        status = Path(f"/proc/{process}/status").read_text()
        total += int(status.partition("RssAnon:")[2].split()[0]) * 1024
    return total


def descriptors(side: Side) -> int:
    return sum(len(os.listdir(f"/proc/{process}/fd")) for process in side.processes)


def new_topic(side: Side, partitions: int = 1) -> str:
    """A topic whose every partition has acknowledged a record: before, some may be known and not yet led."""
    name = f"bench-{next(NUMBERS)}"
    if side.creates_topics:
        admin = AdminClient({"bootstrap.servers": side.bootstrap, **CLIENT})
        admin.create_topics([NewTopic(name, partitions, side.replicas)])[name].result(SECONDS_MAX)
        wait_for(lambda: whole(admin, name, partitions, side.replicas), SECONDS_MAX, f"{side.name} to lead {name}")
        produce(side, name, Workload("first", 1, partitions, {"linger.ms": 5}, partitions=partitions))
    return name


def produce(side: Side, topic: str, workload: Workload) -> float:
    """Records acknowledged per second, to the partitions in turn."""
    acknowledged = 0

    def delivered(error: KafkaError | None, _message: object) -> None:
        nonlocal acknowledged
        if error is None:
            acknowledged += 1

    producer = Producer(
        {
            "bootstrap.servers": side.bootstrap,
            "acks": "all",
            **workload.client,
            "queue.buffering.max.messages": 1_000_000,
            "queue.buffering.max.kbytes": 1_000_000,
            **CLIENT,
        }
    )
    value = os.urandom(workload.record_bytes)
    partitions = workload.partitions
    began = time.monotonic()
    for number in range(workload.records):
        producer.produce(topic, value, partition=number % partitions, on_delivery=delivered)
        if number % 10_000 == 0:
            producer.poll(0)
    producer.flush(SECONDS_MAX)
    seconds = time.monotonic() - began
    if acknowledged != workload.records:
        raise Unavailable(f"{side.name} acknowledged {acknowledged} of {workload.records} records")
    return workload.records / seconds


def consumer_of(side: Side, topic: str, partitions: int = 1, settings: dict[str, str | int] | None = None) -> Consumer:
    """It reads everything from the beginning."""
    consumer = Consumer(
        {
            "bootstrap.servers": side.bootstrap,
            "group.id": "bench",
            "enable.auto.commit": False,
            "queued.min.messages": 1_000_000,
            **CLIENT,
            **(settings or {}),
        }
    )
    consumer.assign([TopicPartition(topic, index, 0) for index in range(partitions)])
    return consumer


def consume(side: Side, topic: str, workload: Workload) -> float:
    """Records read per second, from the beginning."""
    began = time.monotonic()
    consumer = consumer_of(side, topic, workload.partitions)
    try:
        read = 0
        while read < workload.records:
            wanted = min(10_000, workload.records - read)
            read += sum(message.error() is None for message in consumer.consume(wanted, timeout=1.0))
            if time.monotonic() - began > SECONDS_MAX:
                raise Unavailable(f"{side.name} gave back {read} of {workload.records} records")
        return read / (time.monotonic() - began)
    finally:
        consumer.close()


def latency(took: list[float]) -> Latency:
    """Of milliseconds; the first tenth is left out, a side may warm up."""
    counted = sorted(took[len(took) // 10 :])
    return Latency(*(counted[int(len(counted) * share)] for share in (0.5, 0.99, 0.999)))


def acknowledgements(side: Side, topic: str, size: int) -> Latency:
    """One record at a time, each waits for its acknowledgement. Raises Unavailable."""
    producer = single(side)
    took: list[float] = []
    errors: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: object) -> None:
        if error is not None:
            errors.append(error)

    value = os.urandom(size)
    end = time.monotonic() + TIMED_SECONDS_MAX
    while len(took) < TIMED_RECORDS and time.monotonic() < end:
        began = time.perf_counter()
        producer.produce(topic, value, partition=0, on_delivery=delivered)
        if producer.flush(SECONDS_MAX) or errors:
            raise Unavailable(f"{side.name} did not acknowledge a record: {errors}")
        took.append((time.perf_counter() - began) * 1000)
    return latency(took)


def deliveries(side: Side, topic: str, size: int) -> Latency:
    """One record at a time, until a consumer that waits for it has it. Raises Unavailable."""
    producer = single(side)
    consumer = consumer_of(side, topic, settings={"fetch.wait.max.ms": 500, "fetch.min.bytes": 1})
    took: list[float] = []
    value = os.urandom(size)
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        del low
        consumer.assign([TopicPartition(topic, 0, high)])
        end = time.monotonic() + TIMED_SECONDS_MAX
        while len(took) < TIMED_RECORDS and time.monotonic() < end:
            began = time.perf_counter()
            producer.produce(topic, value, partition=0)
            producer.poll(0)
            if not consumer.consume(1, timeout=10.0):
                raise Unavailable(f"{side.name} did not deliver a record within 10 s")
            took.append((time.perf_counter() - began) * 1000)
        producer.flush(SECONDS_MAX)
    finally:
        consumer.close()
    return latency(took)


def single(side: Side) -> Producer:
    """It sends each record at once."""
    return Producer({"bootstrap.servers": side.bootstrap, "acks": "all", "linger.ms": 0, **CLIENT})


def measure(side: Side, workload: Workload) -> Measured:
    """One round. Raises Unavailable."""
    try:
        began = time.monotonic()
        topic = new_topic(side, workload.partitions)
        created = time.monotonic() - began
        start = processor_seconds(side)
        produced = produce(side, topic, workload)
        between = processor_seconds(side)
        consumed = consume(side, topic, workload) if side.keeps_all else 0.0
        end = processor_seconds(side)
    except (KafkaException, TimeoutError) as error:
        raise Unavailable(f"{side.name}: {error}") from error
    million = 1e6 / workload.records
    spent = million * (between - start), million * (end - between)
    timed: list[Latency | None] = [None, None]
    failures: list[str] = []
    for place, timing in enumerate((acknowledgements, deliveries)):
        if workload.timed and (side.keeps_all or timing is acknowledgements):
            try:
                timed[place] = timing(side, topic, workload.record_bytes)
            except (Unavailable, KafkaException) as error:
                failures.append(str(error))
    return Measured(produced, consumed, *spent, created, timed[0], timed[1], tuple(failures))
