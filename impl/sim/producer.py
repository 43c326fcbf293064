"""A producer: idempotent or plain, several keys, batches retried as they are until they are acknowledged.

One rule: a batch keeps its identity (producer id, epoch, sequence, bytes) through every retry. An idempotent producer
has up to five in flight per partition and sends all that is unanswered again, in order, when one is not answered well;
a plain one has one in flight and may write it twice.

Values are `key:number`, numbered per key, so that order per key can be read off a log.
"""

from collections import Counter

from impl.core.events import Send
from impl.core.messages import InitializedProducerId, InitProducerId, Produce, Produced, ProducePartition, Reply
from impl.core.types import (
    NO_ERROR,
    ErrorCode,
    TopicPartition,
)
from impl.sim.client import BACKOFF_MS, Client, Target, moved
from impl.sim.ledger import IDEMPOTENT, PLAIN, Phase, Report
from impl.sim.observer import Wrote
from impl.sim.tombstones import TOMBSTONE, ending_in_tombstone
from impl.wire.batches import build, validate_produce

IN_FLIGHT_MAX = 5
PRODUCE_TIMEOUT_MS = 500
"""How long a leader may wait for the in-sync set."""
RECORDS = (1, 1, 2, 1, 3)
"""Records in each batch, in turn."""
PROCESSES = 16
"""Room for this many operations at a time in the numbers of one client's processes."""

_LOST_TRACK = frozenset(
    {
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        ErrorCode.UNKNOWN_PRODUCER_ID,
        ErrorCode.INVALID_PRODUCER_EPOCH,
    }
)
_REFUSED = frozenset(
    {
        ErrorCode.CORRUPT_MESSAGE,
        ErrorCode.MESSAGE_TOO_LARGE,
        ErrorCode.INVALID_REQUIRED_ACKS,
        ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT,
        ErrorCode.INVALID_RECORD,
        ErrorCode.INVALID_TIMESTAMP,
    }
)


class _Batch:
    """One batch until it is acknowledged."""

    __slots__ = ("contents", "correlation", "key", "label", "operations", "partition", "sent", "tombstone", "values")

    def __init__(
        self, partition: TopicPartition, key: str, values: list[str], operations: list[tuple[int, int]]
    ) -> None:
        self.partition = partition
        self.key = key
        self.values = values
        self.operations = operations
        """(process, id) of each record's operation."""
        self.contents: ProducePartition | None = None
        """What is sent, made once: every retry sends the same."""
        self.sent = False
        self.correlation = 0
        self.label = ""
        """What its partition was called when it was made."""
        self.tombstone = values[-1].startswith(TOMBSTONE)
        """The last of its records deletes its key."""


class Producer(Client):
    """One producing client; `number` is its place among the clients, from 1."""

    def __init__(
        self,
        name: str,
        number: int,
        target: Target,
        *,
        keys: int,
        acks: int,
        idempotent: bool,
        report: Report,
    ) -> None:
        super().__init__(name, target)
        self.idempotent = idempotent
        self.given_up = 0
        self.refusals: Counter[str] = Counter()
        """How often which error was the answer, whatever became of the batch after."""
        self.keys = tuple(f"{IDEMPOTENT if idempotent else PLAIN}{number}.{index}" for index in range(keys))
        self.wrote: Wrote | None = None
        """Told of each batch that is made; None: nobody wants to know."""
        self._number = number
        self._acks = acks
        self._report = report
        self._numbers = dict.fromkeys(self.keys, 0)
        self._batches = 0
        self._operations = 0
        self._free = list(range(PROCESSES - 1, -1, -1))
        self._unacknowledged: dict[TopicPartition, list[_Batch]] = {partition: [] for partition in self.partitions}
        self._sequences = dict.fromkeys(self.partitions, 0)
        self._unsent = False
        """Something unacknowledged is to be sent, or sent again."""
        self._resume_at = 0
        self._producer = (-1, -1)
        self._initializing = False

    @property
    def idle(self) -> bool:
        """Every record sent is acknowledged or given up."""
        return not any(self._unacknowledged.values())

    def partition_of(self, key: int) -> TopicPartition:
        """Where all of one key goes."""
        return self.partitions[(self._number + key) % len(self.partitions)]

    def produce(self, key: int, now: int, *, tombstone: bool = False) -> list[Send]:
        """Send the next batch of one key, unless as many as may be are in flight. `tombstone`: its last record has no
        value."""
        partition = self.partition_of(key)
        waiting = self._unacknowledged[partition]
        sends: list[Send] = []
        count = RECORDS[self._batches % len(RECORDS)]
        if len(waiting) < (IN_FLIGHT_MAX if self.idempotent else 1) and count <= len(self._free):
            waiting.append(self._invoke(partition, self.keys[key], count, now, TOMBSTONE if tombstone else ""))
            self._unsent = True
            self.proceed(now, sends)
        return sends

    def _invoke(self, partition: TopicPartition, key: str, count: int, now: int, last: str) -> _Batch:
        """`last`: what the name of the last record begins with."""
        first = self._numbers[key]
        self._numbers[key] = first + count
        self._batches += 1
        values = [f"{key}:{first + index}" for index in range(count)]
        values[-1] = last + values[-1]
        operations = [(self._number * PROCESSES + self._free.pop(), self._operations + index) for index in range(count)]
        self._operations += count
        batch = _Batch(partition, key, values, operations)
        batch.label = self.label(partition)
        self._tell(batch, "invoke", now)
        return batch

    def _tell(self, batch: _Batch, phase: Phase, now: int, base_offset: int | None = None, error: str = "") -> None:
        label = batch.label
        for index, (process, identity) in enumerate(batch.operations):
            self._report(
                {
                    "at": now,
                    "client": self.name,
                    "process": process,
                    "id": identity,
                    "operation": "produce",
                    "phase": phase,
                    "partition": label,
                    "key": batch.key,
                    "value": batch.values[index],
                    "offset": None if base_offset is None or base_offset < 0 else base_offset + index,
                    "acks": self._acks,
                    "error": error,
                }
            )
            if phase != "invoke":
                self._free.append(process % PROCESSES)

    # ------------------------------------------------------------ sending
    def flow(self, now: int, sends: list[Send]) -> None:
        if not self._unsent or now < self._resume_at:
            return
        if self.idempotent and self._producer[0] < 0:
            if not self._initializing:
                self._initializing = True
                self.request(self.next_contact(), InitProducerId(None, -1, -1), "producer id", now, sends)
            return
        for partition, waiting in self._unacknowledged.items():
            for batch in waiting:
                if not batch.sent:
                    self._send(partition, batch, now, sends)
        self._unsent = False

    def _send(self, partition: TopicPartition, batch: _Batch, now: int, sends: list[Send]) -> None:
        if batch.contents is None:
            made = validate_produce(self._encode(partition, batch, now))
            batch.contents = ProducePartition(partition, made)
            if self.wrote is not None:
                self.wrote(made.crc, batch.key, batch.values, now)
        batch.sent = True
        request = Produce(acks=self._acks, timeout_ms=PRODUCE_TIMEOUT_MS, partitions=(batch.contents,))
        batch.correlation = self.request(self.leaders[partition][0], request, batch, now, sends)

    def _encode(self, partition: TopicPartition, batch: _Batch, now: int) -> bytes:
        records = [(batch.key.encode(), value.encode()) for value in batch.values]
        if not self.idempotent:
            data = build(records, timestamp=now)
        else:
            sequence = self._sequences[partition]
            self._sequences[partition] = sequence + len(records)
            identity, epoch = self._producer
            data = build(records, timestamp=now, producer_id=identity, producer_epoch=epoch, base_sequence=sequence)
        return ending_in_tombstone(data, batch.key, batch.values[-1]) if batch.tombstone else data

    # ------------------------------------------------------------ answers
    def answered(self, about: _Batch | str, reply: Reply, now: int) -> None:
        if isinstance(reply, InitializedProducerId):
            self._initializing = False
            if reply.error == NO_ERROR:
                self._producer = (reply.producer_id, reply.producer_epoch)
            else:
                self._resume_at = now + BACKOFF_MS
            return
        assert isinstance(reply, Produced)
        assert isinstance(about, _Batch)
        answer = reply.partitions[0]
        error = answer.error
        if error != NO_ERROR:
            self.refusals[error.name] += 1
        if error in (NO_ERROR, ErrorCode.DUPLICATE_SEQUENCE_NUMBER):
            self._unacknowledged[about.partition].remove(about)
            self._tell(about, "ok", now, answer.base_offset)
        elif error in _REFUSED:
            self._unacknowledged[about.partition].remove(about)
            self._tell(about, "fail", now, error=error.name)
        elif error in _LOST_TRACK and self._unacknowledged[about.partition][0] is about:
            self._start_anew(now, error)
        else:
            self._again(about.partition, now, moved=moved(error))

    def unanswered(self, about: _Batch | str, now: int) -> None:
        if isinstance(about, str):
            self._initializing = False
        else:
            self._again(about.partition, now, moved=True)

    def _again(self, partition: TopicPartition, now: int, *, moved: bool) -> None:
        """Send everything unanswered of a partition once more, in order, after a moment."""
        for batch in self._unacknowledged[partition]:
            self.forget(batch.correlation)
            batch.sent = False
            self._unsent = True
        self._resume_at = now + BACKOFF_MS
        if moved:
            self.refresh(now)

    def _start_anew(self, now: int, error: ErrorCode) -> None:
        """The broker does not know what came before: it lost it. Nobody knows what became of what is unanswered."""
        self.given_up += 1
        self._give_up_all(now, error)

    def renew(self, topic_id: bytes, now: int) -> None:
        """What is unanswered the topic of before may have, or not; this one does not know this producer."""
        del topic_id
        self.forget_all(str)
        self._initializing = False
        self._give_up_all(now, ErrorCode.UNKNOWN_TOPIC_ID)

    def _give_up_all(self, now: int, error: ErrorCode) -> None:
        self._unsent = False
        self._producer = (-1, -1)
        for partition, waiting in self._unacknowledged.items():
            for batch in waiting:
                self.forget(batch.correlation)
                self._tell(batch, "unknown", now, error=error.name)
            waiting.clear()
            self._sequences[partition] = 0
