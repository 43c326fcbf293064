"""What one client does to the others, and what time does to a broker: readers at different paces, and a long run.

One rule: a reader that stops does it at its socket, as a hung process does: it asks for much and reads nothing.
"""

import socket
import threading
import time
from typing import NamedTuple

from confluent_kafka import KafkaException

from campaign.conditions import wait_for
from impl.wire.apis import ApiKey
from impl.wire.framing import RequestHeader, encode_request
from impl.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from tests.bench.broker_measures import (
    Workload,
    consume,
    consumer_of,
    descriptors,
    memory_bytes,
    new_topic,
    produce,
)
from tests.bench.broker_tables import table_head, table_row
from tests.bench.peers import Side, Unavailable

FETCH_VERSION = 12
PACES: tuple[int | None, ...] = (None, 200_000, 50_000)
"""Records per second that each reader wants; None: all it can get."""
HELD_BACK_BYTES = 50_000_000
READ_SECONDS = 5.0
READ_RECORDS_MAX = 500_000
SETTLED_SECONDS = 1.0
SECONDS_MAX = 60.0
CONTENT = Workload("what the readers read", 100, 400_000, {"linger.ms": 5})


class Paced(threading.Thread):
    """Reads the topic over and over at a pace, and counts."""

    def __init__(self, side: Side, topic: str, pace: int | None, seconds: float) -> None:
        super().__init__(daemon=True)
        self.read = 0
        self._side, self._topic, self._pace, self._seconds = side, topic, pace, seconds

    def run(self) -> None:
        began = time.monotonic()
        while (spent := time.monotonic() - began) < self._seconds:
            consumer = consumer_of(self._side, self._topic)
            left = CONTENT.records
            while left > 0 and (spent := time.monotonic() - began) < self._seconds:
                ahead = 0.0 if self._pace is None else self.read / self._pace - spent
                if ahead > 0:
                    time.sleep(min(ahead, 0.05))  # the pace
                    continue
                got = len(consumer.consume(min(5_000, left), timeout=0.2))
                self.read += got
                left -= got
            consumer.close()


def _stopped_reader(side: Side, topic: str) -> socket.socket:
    """It has asked the leader for fifty megabytes, and reads none of them."""
    host, _, port = side.bootstrap.partition(",")[0].rpartition(":")
    part = FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=HELD_BACK_BYTES)
    request = FetchRequest(
        min_bytes=1, max_bytes=HELD_BACK_BYTES, topics=(FetchTopic(topic=topic, partitions=(part,)),)
    )
    stopped = socket.create_connection((host, int(port)))
    stopped.sendall(encode_request(RequestHeader(ApiKey.FETCH, FETCH_VERSION, 1, "stopped"), request))
    return stopped


def _rates(side: Side, topic: str) -> list[float]:
    readers = [Paced(side, topic, pace, READ_SECONDS) for pace in PACES]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return [reader.read / READ_SECONDS for reader in readers]


def four_readers(side: Side) -> list[str]:
    """Three readers with and without a fourth that has stopped, in turn, three times; each one's best of both."""
    topic = new_topic(side)
    produce(side, topic, CONTENT)
    _rates(side, topic)
    without, beside = [0.0] * len(PACES), [0.0] * len(PACES)
    for _ in range(3):
        without = list(map(max, without, _rates(side, topic)))
        with _stopped_reader(side, topic):
            beside = list(map(max, beside, _rates(side, topic)))
    lines = [
        "### Four readers of one topic, one of them stopped",
        "",
        f"{side.name}; records of 100 B, read over and over for {READ_SECONDS:.0f} s, best of three. The fourth has "
        f"asked for {HELD_BACK_BYTES // 1_000_000} MB and reads nothing.",
        "",
        *table_head(["reader", "alone with its like, records/s", "beside the stopped one", "ratio"]),
    ]
    for pace, alone, crowded in zip(PACES, without, beside, strict=True):
        wanted = "all it can get" if pace is None else f"{pace:,} a second"
        lines.append(table_row([wanted, f"{alone:,.0f}", f"{crowded:,.0f}", f"{crowded / alone:.2f}"]))
    return [*lines, ""]


class Seen(NamedTuple):
    records: int
    memory: int
    descriptors: int


def long_run(side: Side, seconds: float) -> list[str]:
    """Produce and consume over and over; memory and descriptors as it goes on, and when all clients have gone."""
    workload = Workload("long run", 1024, 50_000, {"linger.ms": 5})
    topic = new_topic(side)
    produce(side, topic, workload)
    wait_for(lambda: descriptors_settled(side), SECONDS_MAX, "the first clients to be gone")
    before = descriptors(side)
    seen = []
    records = workload.records
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            produce(side, topic, workload)
            consume(side, topic, workload._replace(records=min(records, READ_RECORDS_MAX)))
        except KafkaException as error:
            raise Unavailable(f"{side.name}: {error}") from error
        records += workload.records
        seen.append(Seen(records, memory_bytes(side), descriptors(side)))
    wait_for(lambda: descriptors_settled(side), SECONDS_MAX, "the last clients to be gone")
    lines = [
        "### Memory over a long run",
        "",
        f"{side.name}, {seconds:.0f} s: 50,000 records of 1 KiB are produced and up to {READ_RECORDS_MAX:,} are read, "
        "over and over, each time by new clients. Memory is the processes' own (RssAnon), descriptors are all that are "
        f"open. Without clients {before} were open before and {descriptors(side)} afterwards.",
        "",
        *table_head(["after records", "memory, MiB", "descriptors"]),
    ]
    picked = sorted({0, len(seen) // 4, len(seen) // 2, 3 * len(seen) // 4, len(seen) - 1} & set(range(len(seen))))
    lines += [
        table_row([f"{one.records:,}", f"{one.memory / 2**20:.0f}", f"{one.descriptors}"])
        for one in (seen[number] for number in picked)
    ]
    return [*lines, ""]


def descriptors_settled(side: Side) -> bool:
    """Their number does not change for a while: librdkafka closes its connections in its own time."""
    first = descriptors(side)
    time.sleep(SETTLED_SECONDS)  # nothing tells when they are closed
    return descriptors(side) == first
