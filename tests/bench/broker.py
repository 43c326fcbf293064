"""Throughput and latency of the live broker beside its peers: same client, same machine, one run.

    python -m tests.bench.broker                      # about two minutes on two idle cores
    python -m tests.bench.broker --rounds 5 --out docs/benchmarks-broker-table.md

confluent-kafka, acks=all, one partition, no compression, one producer and one consumer. Sides take turns within each
round, so that whatever else the machine does falls on all of them; the table has the median of the rounds, and the
ratio of ours to the fastest peer. Processor seconds are those of the broker's processes for a million records.
"""

import argparse
import contextlib
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from campaign.conditions import wait_for
from campaign.live import whole
from tests.bench.peers import Side, Unavailable, fencepost, mock, noida, tansu

SECONDS_MAX = 120.0
ACKS_MEASURED = 500
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
NUMBERS = itertools.count()
CLIENT = {"log_level": 0, "receive.message.max.bytes": 1_000_000_000}
"""The second, because noida-db answers a fetch with everything it has, whatever the client's fetch.max.bytes."""


class Workload(NamedTuple):
    name: str
    record_bytes: int
    records: int
    client: dict[str, int]
    """How the producer batches."""


class Measured(NamedTuple):
    """One round of one side. Rates in records per second; 0 where the side cannot."""

    produced: float
    consumed: float
    processor_seconds_per_million: float
    ack_ms_p50: float
    ack_ms_p99: float


def processor_seconds(side: Side) -> float:
    """User and system time so far of the side's processes."""
    total = 0
    for process in side.processes:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS_PER_SECOND


def new_topic(side: Side) -> str:
    name = f"bench-{next(NUMBERS)}"
    if side.creates_topics:
        admin = AdminClient({"bootstrap.servers": side.bootstrap, **CLIENT})
        admin.create_topics([NewTopic(name, 1, side.replicas)])[name].result(SECONDS_MAX)
        wait_for(lambda: whole(admin, name, 1, side.replicas), SECONDS_MAX, f"{side.name} to lead {name}")
    return name


def produce(side: Side, topic: str, workload: Workload) -> float:
    """Records acknowledged per second."""
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
    began = time.monotonic()
    for number in range(workload.records):
        producer.produce(topic, value, partition=0, on_delivery=delivered)
        if number % 10_000 == 0:
            producer.poll(0)
    producer.flush(SECONDS_MAX)
    seconds = time.monotonic() - began
    if acknowledged != workload.records:
        raise Unavailable(f"{side.name} acknowledged {acknowledged} of {workload.records} records")
    return workload.records / seconds


def consume(side: Side, topic: str, workload: Workload) -> float:
    """Records read per second, from the beginning."""
    consumer = Consumer(
        {
            "bootstrap.servers": side.bootstrap,
            "group.id": "bench",
            "enable.auto.commit": False,
            "queued.min.messages": 1_000_000,
            **CLIENT,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        read = 0
        began = time.monotonic()
        while read < workload.records:
            read += sum(message.error() is None for message in consumer.consume(10_000, timeout=1.0))
            if time.monotonic() - began > SECONDS_MAX:
                raise Unavailable(f"{side.name} gave back {read} of {workload.records} records")
        return read / (time.monotonic() - began)
    finally:
        consumer.close()


def acknowledgements(side: Side, topic: str) -> list[float]:
    """Milliseconds until a single record is acknowledged, one at a time, ascending."""
    producer = Producer({"bootstrap.servers": side.bootstrap, "acks": "all", "linger.ms": 0, **CLIENT})
    took: list[float] = []
    errors: list[KafkaError] = []
    for _ in range(ACKS_MEASURED):
        began = time.perf_counter()
        producer.produce(topic, b"x" * 100, partition=0, on_delivery=lambda error, _: error and errors.append(error))
        if producer.flush(SECONDS_MAX) or errors:
            raise Unavailable(f"{side.name} did not acknowledge a record: {errors}")
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took[ACKS_MEASURED // 10 :])


def measure(side: Side, workload: Workload) -> Measured:
    topic = new_topic(side)
    before = processor_seconds(side)
    produced = produce(side, topic, workload)
    consumed = consume(side, topic, workload) if side.keeps_all else 0.0
    spent = processor_seconds(side) - before
    took = acknowledgements(side, topic)
    return Measured(
        produced, consumed, 1e6 * spent / workload.records, took[len(took) // 2], took[int(len(took) * 0.99)]
    )


def median(rounds: list[Measured]) -> Measured:
    return Measured(*(statistics.median(values) for values in zip(*rounds, strict=True)))


def table(workload: Workload, results: dict[str, list[Measured]]) -> list[str]:
    """Markdown: a line for each side, then ours as a share of the fastest peer."""
    lines = [
        f"### {workload.name}: {workload.records:,} records of {workload.record_bytes} B, medians of "
        f"{max(map(len, results.values()))} rounds",
        "",
        "| | produce, records/s | consume, records/s | ack p50, ms | p99, ms | broker CPU, s per 1 M |",
        "|---|---|---|---|---|---|",
    ]
    for name, rounds in results.items():
        middle = median(rounds)
        lines.append(
            f"| {name} | {_rate(middle.produced, [one.produced for one in rounds])} "
            f"| {_rate(middle.consumed, [one.consumed for one in rounds])} "
            f"| {middle.ack_ms_p50:.2f} | {middle.ack_ms_p99:.2f} | {_cpu(middle.processor_seconds_per_million)} |"
        )
    peers = [median(rounds) for name, rounds in results.items() if not name.startswith("fencepost")]
    for name, rounds in results.items():
        if name.startswith("fencepost") and peers:
            ours = median(rounds)
            produced = ours.produced / max(peer.produced for peer in peers)
            consumed = ours.consumed / max(peer.consumed for peer in peers)
            lines += ["", f"{name}, to the fastest peer: produce {produced:.2f}, consume {consumed:.2f}."]
    return [*lines, ""]


def _rate(middle: float, rounds: list[float]) -> str:
    return f"{middle / 1000:,.0f} k ({min(rounds) / 1000:,.0f} to {max(rounds) / 1000:,.0f})" if middle else "not kept"


def _cpu(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds else "in the client"


def run(directory: Path, workloads: list[Workload], rounds: int, say: Callable[[str], None]) -> list[str]:
    """All sides running at once, taking turns; the tables."""
    with contextlib.ExitStack() as stack:
        sides: list[Side] = []
        for start in (
            lambda: fencepost(directory, 1),
            lambda: fencepost(directory, 3),
            lambda: tansu(directory),
            lambda: noida(directory),
            lambda: mock(1),
        ):
            try:
                sides.append(stack.enter_context(start()))
            except Unavailable as reason:
                say(f"left out: {reason}")
        lines = []
        for workload in workloads:
            results: dict[str, list[Measured]] = {}
            for number, side in itertools.product(range(rounds), sides):
                try:
                    result = measure(side, workload)
                except Unavailable as reason:
                    say(f"{workload.name}, round {number + 1}: {reason}")
                    continue
                results.setdefault(side.name, []).append(result)
                say(f"{workload.name}, round {number + 1}: {side.name} {result.produced:,.0f} {result.consumed:,.0f}")
            lines += table(workload, results)
        return lines


@contextlib.contextmanager
def place(kept: Path | None) -> Iterator[Path]:
    """Where peers are installed and data goes: given, or temporary."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
    else:
        with tempfile.TemporaryDirectory(prefix="fencepost-bench-") as made:
            yield Path(made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", type=int, default=500_000, help="records of 100 B")
    parser.add_argument("--large", type=int, default=100_000, help="records of 1 KiB")
    parser.add_argument("--tiny", type=int, default=20_000, help="records of 100 B, each in a request of its own")
    parser.add_argument("--directory", type=Path, help="keep the peers' environments and all data here")
    parser.add_argument("--out", type=Path, help="write the tables here as well")
    options = parser.parse_args()
    workloads = [
        Workload("small records", 100, options.small, {"linger.ms": 5}),
        Workload("large records", 1024, options.large, {"linger.ms": 5}),
        Workload("a request for each record", 100, options.tiny, {"linger.ms": 0, "batch.num.messages": 1}),
    ]
    with place(options.directory) as directory:
        lines = run(directory, workloads, options.rounds, lambda line: print(line, flush=True))
    print("\n".join(["", *lines]))
    if options.out is not None:
        options.out.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
