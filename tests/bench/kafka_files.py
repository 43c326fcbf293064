"""Whether our files are Kafka's: Apache Kafka reads what we wrote, and we read what it wrote.

    python -m tests.bench.kafka_files --kafka DIR [--out docs/kafka-files-table.md]

DIR: see tests/bench/kafka.py. Nothing of this is needed to install or test the project. It takes about a minute.

Ours, read by Kafka: a directory with every compression, an idempotent producer, several segments, and a log that our
cleaner has compacted. Kafka's kafka-dump-log reads every log, index and snapshot of it, and a Kafka broker starts on it
and serves every record. Kafka's, read by us: the same kinds of batches produced to a Kafka broker by librdkafka, after
a clean stop and after kill -9. Our recovery opens both and finds every record, producer and time.
"""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from impl.core.types import EpochStart, LeaderEpoch, Offset
from impl.core.types import TopicPartition as Partition
from impl.server.disk import RealDisk
from impl.storage import checkpoints
from impl.storage.cleaning.cleaner import Cleaner
from impl.storage.cleaning.plan import plan
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import LogDirectory
from impl.storage.producer_snapshots import ProducerEntry
from impl.wire import batches
from impl.wire.opened import closed, open_batch, records_in
from tests.bench.kafka import KafkaCluster

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
PLAIN, COMPACTED = Partition("plain", 0), Partition("compacted", 0)
CONFIG = LogConfig(segment_bytes=20_000, index_interval_bytes=500, min_cleanable_dirty_ratio=0.0)
BATCHES = 300
NOW = 1_700_000_000_000
DUMPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (".log", ("--deep-iteration",)),
    (".index", ("--index-sanity-check",)),
    (".index", ()),
    (".timeindex", ()),
    (".snapshot", ()),
)
COMPLAINTS = ("isvalid: false", "ismatch", "Exception", "ould not", "corrupt")
Values = list[tuple[int, bytes | None, bytes | None]]
"""Offset, key and value of every record."""


# ---------------------------------------------------------------- ours
class Ours:
    """A log directory of ours, with all that the module says."""

    def __init__(self, place: Path, ids: dict[Partition, bytes]) -> None:
        self.place = place
        self._producers: dict[Partition, list[ProducerEntry]] = {PLAIN: [], COMPACTED: []}
        self._directory = LogDirectory(RealDisk(place), CONFIG, self._written)
        for partition, topic_id in ids.items():
            policy = "compact" if partition is COMPACTED else "delete"
            self._directory.create(partition, topic_id, (("cleanup.policy", policy),))
            self._fill(partition)
        self._clean()
        self.values = {partition: values_of(self._directory, partition) for partition in ids}
        ends = [(partition, Offset(log.end_offset)) for partition, log in self._directory.logs.items()]
        self._directory.write_high_watermarks(ends)
        self._directory.close(broker_epoch=5)

    def _written(self, partition: Partition, to: int) -> Iterator[ProducerEntry]:
        return (entry for entry in self._producers[partition] if entry.last_offset < to)

    def _fill(self, partition: Partition) -> None:
        log = self._directory.logs[partition]
        log.write_epochs((EpochStart(LeaderEpoch(0), Offset(0)), EpochStart(LeaderEpoch(3), Offset(3 * BATCHES // 2))))
        for number in range(BATCHES):
            pairs = [(b"key-%d" % (number * place % 17), b"value %d" % number * 9) for place in range(1, 4)]
            if number % 11 == 5:
                pairs[1] = (pairs[1][0], None)
            plain = batches.build(
                pairs, timestamp=NOW + number, producer_id=70, producer_epoch=1, base_sequence=3 * number
            )
            header = open_batch(plain)._replace(attributes=number % len(CODECS))
            data = closed(header, records_in(plain), None)
            end = log.end_offset
            log.append(batches.parse_header(data), end, 0 if end < 3 * BATCHES // 2 else 3)
            self._producers[partition].append(ProducerEntry(70, 1, 3 * number, 3 * number + 2, end, NOW + number))

    def _clean(self) -> None:
        log = self._directory.logs[COMPACTED]
        due = plan(log, 0, NOW + 1_000, log.end_offset)
        assert due is not None, "every key is written many times"
        cleaner = Cleaner(self._directory, COMPACTED, due, now=NOW + 1_000)
        while not cleaner.step():
            pass


def values_of(directory: LogDirectory, partition: Partition) -> Values:
    """Every record of a log, through reads as fetches make them."""
    log = directory.logs[partition]
    found: Values = []
    start = log.start_offset
    while start < log.end_offset:
        data = log.read(start, log.end_offset, 100_000)
        if not data:
            break
        found += [(offset, key, value) for offset, _, key, value in batches.records(data)]
        start = batches.split(data)[-1].base_offset + batches.split(data)[-1].record_count
    return found


def dumped(node: KafkaCluster, place: Path) -> str:
    """kafka-dump-log over every file of the directory: what was read, or raises where it finds anything wrong."""
    counts = []
    for suffix, more in DUMPS:
        files = sorted(str(path) for path in place.glob(f"*-0/*{suffix}"))
        said = node.tool("kafka.tools.DumpLogSegments", "--files", ",".join(files), *more)
        for line in said.splitlines():
            if any(word in line for word in COMPLAINTS):
                raise AssertionError(f"kafka-dump-log: {line}")
        counts.append(f"{len(files)} {suffix}")
    return ", ".join(counts)


def served_by_kafka(node: KafkaCluster, partition: Partition) -> Values:
    consumer = Consumer({"bootstrap.servers": node.bootstrap, "group.id": "bench", "check.crcs": True, "log_level": 0})
    try:
        asked = TopicPartition(partition.topic, partition.index, 0)
        _, end = consumer.get_watermark_offsets(asked, timeout=30)
        consumer.assign([asked])
        found: Values = []
        while consumer.position([asked])[0].offset < end:
            for message in consumer.consume(10_000, timeout=5):
                if message.error():
                    raise AssertionError(str(message.error()))
                found.append((message.offset(), message.key(), message.value()))
            if found and found[-1][0] == end - 1:
                break
        return found
    finally:
        consumer.close()


def ours_by_kafka(jars: Path, place: Path) -> Iterator[tuple[str, str]]:
    """Kafka makes the topics, so that it knows their ids; then our directories take the place of its empty ones."""
    node = KafkaCluster(place / "kafka", 1, jars, {"log.cleaner.enable": "false", "log.retention.ms": "-1"})
    node.start()
    try:
        admin = AdminClient({"bootstrap.servers": node.bootstrap, "log_level": 0})
        made = admin.create_topics([NewTopic(name, 1, 1) for name in ("plain", "compacted")])
        for result in made.values():
            result.result(30)
    finally:
        node.stop()
    ids = {}
    for partition in (PLAIN, COMPACTED):
        path = node.data(1) / str(partition) / checkpoints.PARTITION_METADATA
        ids[partition] = checkpoints.parse_metadata(str(path), path.read_bytes())
    ours = Ours(place / "ours", ids)
    yield "kafka-dump-log reads our files", dumped(node, ours.place)
    for partition in ids:
        shutil.rmtree(node.data(1) / str(partition))
        shutil.copytree(ours.place / str(partition), node.data(1) / str(partition))
    for name in (checkpoints.HIGH_WATERMARKS, checkpoints.RECOVERY_POINTS):
        shutil.copy(ours.place / name, node.data(1) / name)
    node.start()
    try:
        for partition in ids:
            found = served_by_kafka(node, partition)
            if found != ours.values[partition]:
                raise AssertionError(f"Kafka serves {len(found)} records of {partition}, not what we wrote")
            yield f"a Kafka broker serves our `{partition}`", f"{len(found)} records"
    finally:
        node.stop()


# ---------------------------------------------------------------- Kafka's
def produced(node: KafkaCluster) -> dict[str, set[tuple[bytes | None, bytes | None]]]:
    """What was acknowledged, by topic: one for each compression, and one of an idempotent producer."""
    written: dict[str, set[tuple[bytes | None, bytes | None]]] = {}
    for codec in (*CODECS, "idempotent"):
        settings = {"bootstrap.servers": node.bootstrap, "linger.ms": 1, "batch.size": 20_000, "log_level": 0}
        settings |= {"enable.idempotence": True} if codec == "idempotent" else {"compression.type": codec}
        producer = Producer(settings)
        acknowledged = written.setdefault(codec, set())

        def delivered(
            error: object, message: object, into: set[tuple[bytes | None, bytes | None]] = acknowledged
        ) -> None:
            if error is None:
                into.add((message.key(), message.value()))

        for number in range(20_000):
            producer.produce(codec, key=b"%d" % number, value=b"%d " % number * 20, on_delivery=delivered)
            producer.poll(0)
            if number % 5_000 == 0:
                producer.flush(30)
        producer.flush(30)
    return written


def check_times(directory: LogDirectory, partition: Partition) -> None:
    """A time is found where a scan of the log finds it."""
    log = directory.logs[partition]
    data = b"".join(segment.log.read(0, segment.size) for segment in log.segments)
    times = [(at, offset) for offset, at, _, _ in batches.records(data)]
    for place in range(0, len(times), len(times) // 20):
        asked = times[place][0]
        scanned = next(offset for at, offset in times if at >= asked)
        found = log.offset_for_time(asked, log.end_offset)
        if found is None or found.offset != scanned:
            raise AssertionError(f"{partition}: time {asked} is at offset {scanned}, not where we find it: {found}")


def kafkas_by_us(jars: Path, place: Path, how: int) -> Iterator[tuple[str, str]]:
    node = KafkaCluster(place, 1, jars, {"log.segment.bytes": "1048576"})
    node.start()
    try:
        written = produced(node)
    finally:
        node.stop(how)
    stop = "a clean stop" if how == signal.SIGTERM else "kill -9"
    directory = LogDirectory(RealDisk(node.data(1)), LogConfig())
    segments = records = 0
    for topic, expected in sorted(written.items()):
        partition = Partition(topic, 0)
        found = values_of(directory, partition)
        if {(key, value) for _, key, value in found} != expected or len(found) != 20_000:
            raise AssertionError(f"{topic}: {len(found)} records found after {stop}, {len(expected)} acknowledged")
        log = directory.logs[partition]
        segments, records = segments + len(log.segments), records + len(found)
        check_times(directory, partition)
    states = {state.partition.topic: state for state in directory.recovered}
    (producer,) = states["idempotent"].producers or (None,)
    tail = [batch for batch in states["idempotent"].tail if batch.producer_id >= 0]
    last = tail[-1].base_sequence + tail[-1].record_count - 1 if tail else producer and producer.batches[-1][1]
    if last != 19_999:
        raise AssertionError(f"the idempotent producer's last sequence is {last}, not 19999")
    for cut in directory.cuts:
        yield f"cut after {stop}", cut
    yield f"we read what Kafka wrote, after {stop}", f"{records} records in {segments} segments; its producer known"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kafka", type=Path, required=True, help="directory with libs/*.jar")
    parser.add_argument("--out", type=Path, help="also write the table here")
    options = parser.parse_args()
    rows = ["| | |", "|---|---|"]
    checks: list[Callable[[Path], Iterator[tuple[str, str]]]] = [
        lambda place: ours_by_kafka(options.kafka, place / "a"),
        lambda place: kafkas_by_us(options.kafka, place / "b", signal.SIGTERM),
        lambda place: kafkas_by_us(options.kafka, place / "c", signal.SIGKILL),
    ]
    with tempfile.TemporaryDirectory() as place:
        for check in checks:
            for what, result in check(Path(place)):
                rows.append(f"| {what} | {result} |")
                print(f"{what}: {result}", flush=True)
    if options.out is not None:
        options.out.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    sys.exit(main())
