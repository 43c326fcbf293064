"""Clients that write down what they did: the client's view of a live run, as op lines of the trace format.

One rule: an operation is written before it is handed to the library, and its end only once the library has said so.
Whatever has not ended when the client stops is *unknown*: nobody can tell whether it happened.

A record read is one `ok` without an invoke.

The library is confluent-kafka, which is librdkafka, which we did not write. A producer keeps many messages in flight;
in the history each of them is an operation of its own process number, since operations of one process never overlap.
A number whose operation ended unknown is not used again.
"""

import contextlib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from traces.recorder import LiveRecorder
from traces.schema import VERSION, Header

POLL_SECONDS = 0.1
PURGE_SECONDS = 5.0
MODEL = "survival"
"""The model that live executions are followed by: the one that knows of crashes and lost disks."""
CERTAIN_FAILURES = frozenset((KafkaError._QUEUE_FULL, KafkaError.MSG_SIZE_TOO_LARGE))
"""Errors after which the record is certainly in no log. Every other error leaves it unknown: it tells how the last
attempt ended, and an earlier one may have been written."""

UNSAID = -1
"""With acks=0 nobody says where a record stands; and a producer takes a batch for acknowledged, without having heard of
it, once the broker repeats the acknowledgement of one that it had sent later: sequences stand in the log in order."""


class Written(NamedTuple):
    """An acknowledged record: where the broker said it stands."""

    partition: int
    offset: int
    """UNSAID: the library does not say."""
    key: str
    value: str


Read = Written
"""A record read back, where it stood."""


class History:
    """One client's file of op lines."""

    def __init__(self, path: Path, client: str, configuration: Mapping[str, Any] | None = None) -> None:
        self._client = client
        self._started = time.monotonic()
        header = Header(
            version=VERSION,
            origin="live",
            model=MODEL,
            node=client,
            configuration={"started_ms": int(time.time() * 1000), **(configuration or {})},
        )
        self.path = path
        self._recorder = LiveRecorder(path, header)
        self._free: list[int] = []
        self._processes = 0
        self._operations = 0

    def fault(self, kind: str, target: str) -> None:
        """Something was done to a process of the cluster."""
        self._recorder.fault(self._at(), kind, (target,))

    def read(self, record: Written, partition: str) -> None:
        """Write that a record was read."""
        begun = Operation(self, self._process(), self._operations, "consume", {"partition": partition})
        self._operations += 1
        self.end(begun, "ok", {"key": record.key, "value": record.value, "offset": record.offset})

    def read_to(self, partition: str, offset: int) -> None:
        """Write that nothing more can be read at `offset`."""
        begun = Operation(self, self._process(), self._operations, "consume", {"partition": partition})
        self._operations += 1
        self.end(begun, "ok", {"offset": offset, "error": "PARTITION_EOF"})

    def produce(self, **fields: Any) -> "Operation":
        """Write that a record is about to be handed to the library."""
        begun = Operation(self, self._process(), self._operations, "produce", fields)
        self._operations += 1
        self._write(begun, "invoke", fields)
        return begun

    def _process(self) -> int:
        """A process number with no operation under way."""
        if self._free:
            return self._free.pop()
        self._processes += 1
        return self._processes - 1

    def end(self, operation: "Operation", phase: Literal["ok", "fail", "unknown"], fields: Mapping[str, Any]) -> None:
        """Write how it ended. Called once for each operation."""
        self._write(operation, phase, {**operation.fields, **fields})
        if phase != "unknown":
            self._free.append(operation.process)

    def close(self) -> None:
        self._recorder.close()

    def _write(self, operation: "Operation", phase: Any, fields: Mapping[str, Any]) -> None:
        self._recorder.op(
            at=self._at(),
            client=self._client,
            process=operation.process,
            id=operation.number,
            operation=operation.kind,
            phase=phase,
            **fields,
        )

    def _at(self) -> int:
        return int((time.monotonic() - self._started) * 1000)


class Operation(NamedTuple):
    """An operation that has begun and not yet ended."""

    history: History
    process: int
    number: int
    kind: Literal["produce", "consume"]
    fields: Mapping[str, Any]

    def ok(self, **fields: Any) -> None:
        self.history.end(self, "ok", fields)

    def fail(self, error: str) -> None:
        self.history.end(self, "fail", {"error": error})

    def unknown(self, error: str) -> None:
        self.history.end(self, "unknown", {"error": error})


class RecordingProducer:
    """A producer whose every message is an operation of a history. One thread at a time."""

    def __init__(self, history: History, topic: str, configuration: Mapping[str, Any]) -> None:
        self._history = history
        self._topic = topic
        acks = str(configuration.get("acks", "all"))
        self._acks = -1 if acks == "all" else int(acks)
        self._configuration = dict(configuration)
        self._producer = Producer(self._configuration)
        self._pending: dict[int, Operation] = {}
        self.acknowledged: list[Written] = []
        self.failed: list[str] = []
        """Values that certainly were not written."""
        self.unknown: list[str] = []
        """Values of which nobody knows."""

    def send(self, partition: int, key: str, value: str) -> None:
        """Hand one record to the library; its end is noticed in `poll`."""
        name = f"{self._topic}-{partition}"
        operation = self._history.produce(partition=name, key=key, value=value, acks=self._acks)

        def delivered(error: KafkaError | None, message: Message) -> None:
            if self._pending.pop(operation.number, None) is None:
                return
            if error is None:
                offset = message.offset()
                self.acknowledged.append(Written(partition, UNSAID if offset is None else offset, key, value))
                operation.ok(offset=offset)
            else:
                self._ended_badly(operation, value, error)

        self._pending[operation.number] = operation
        try:
            self._producer.produce(
                self._topic, key=key.encode(), value=value.encode(), partition=partition, on_delivery=delivered
            )
        except BufferError as error:
            del self._pending[operation.number]
            self.failed.append(value)
            operation.fail(str(error))
        except KafkaException as error:
            del self._pending[operation.number]
            self._ended_badly(operation, value, error.args[0])

    @property
    def in_flight(self) -> int:
        return len(self._pending)

    def poll(self, seconds: float) -> None:
        """Let deliveries be noticed, for at most so long. Raises KafkaException where the library gives up for good."""
        self._producer.poll(seconds)

    def finish(self, seconds: float) -> None:
        """Wait for what is in flight; what has not ended by then is unknown."""
        self._producer.flush(seconds)
        self._forget("the client stopped waiting")

    def begin_again(self) -> None:
        """A new library in place of one that has given up: what that one had in flight is unknown."""
        self._producer.purge()
        with contextlib.suppress(KafkaException):
            self._producer.flush(PURGE_SECONDS)
        self._forget("the library gave up")
        self._producer = Producer(self._configuration)

    def _forget(self, why: str) -> None:
        """Whatever has not ended is unknown."""
        for operation in sorted(self._pending.values(), key=lambda operation: operation.number):
            self.unknown.append(operation.fields["value"])
            operation.unknown(why)
        self._pending.clear()

    def _ended_badly(self, operation: Operation, value: str, error: KafkaError) -> None:
        if error.code() in CERTAIN_FAILURES:
            self.failed.append(value)
            operation.fail(error.name())
        else:
            self.unknown.append(value)
            operation.unknown(error.name())


class RecordingConsumer:
    """A consumer of all of a topic's partitions from the beginning, whose every record goes into a history.

    Where the library loses its place (the log ends before it), it begins again at the start: a new reading.
    """

    def __init__(
        self, history: History, topic: str, partitions: Iterable[int], configuration: Mapping[str, Any]
    ) -> None:
        self._history = history
        self._topic = topic
        defaults = {"group.id": "fencepost", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        self._consumer = Consumer({**defaults, **configuration})
        self._consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        self.read = 0

    def poll(self, seconds: float) -> None:
        """Take what has come, or wait for at most so long. Errors are the library's to retry."""
        for message in self._consumer.consume(num_messages=500, timeout=seconds):
            if message.error() is None:
                record = _record(message)
                self._history.read(record, f"{self._topic}-{record.partition}")
                self.read += 1

    def close(self) -> None:
        self._consumer.close()


def read_back(
    history: History, topic: str, partitions: Iterable[int], configuration: Mapping[str, Any], seconds: float
) -> list[Read]:
    """Every record of these partitions, from the first to the last readable when it began.

    Raises TimeoutError, naming the partition and the offset reached, when that takes longer than `seconds`.
    """
    deadline = time.monotonic() + seconds
    consumer = Consumer({"group.id": "fencepost", "enable.auto.commit": False, **configuration})
    try:
        ends: dict[int, int] = {}
        positions: dict[int, int] = {}
        for partition in partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=seconds)
            ends[partition], positions[partition] = high, low
        consumer.assign([TopicPartition(topic, partition, position) for partition, position in positions.items()])
        records: list[Read] = []
        while behind := {p: positions[p] for p in ends if positions[p] < ends[p]}:
            if time.monotonic() > deadline:
                raise TimeoutError(f"read {topic} up to {behind} of {ends} in {seconds:.0f} s")
            for message in consumer.consume(num_messages=1000, timeout=POLL_SECONDS):
                if message.error() is None:
                    record = _record(message)
                    history.read(record, f"{topic}-{record.partition}")
                    records.append(record)
                    positions[record.partition] = record.offset + 1
        for partition in sorted(ends):
            history.read_to(f"{topic}-{partition}", ends[partition])
        return records
    finally:
        consumer.close()


def _record(message: Message) -> Read:
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    return Read(partition, offset, (message.key() or b"").decode(), (message.value() or b"").decode())
