"""What a partition remembers of its idempotent producers, so that a batch sent twice is stored once (KIP-98).

One rule: the memory is a function of the log. Leader and follower record the same batches, and what is cut from the
log is cut here, so a new leader knows every producer as well as the old one did.

A batch is known by (producer id, producer epoch, first sequence, last sequence). The last five of a producer are
recognised (KAFKA-5494: a client may have five in flight), and answered with the offset they were given. Batches past
the high watermark are all kept, because a truncation may make older ones the last five again.

Differs from Apache Kafka in one place: a producer this log knows nothing of must begin with sequence 0. Kafka accepts
any sequence, for the sake of producers whose records retention has deleted; then a second batch can be stored before
the first, when only the first met a leader that refused it.
"""

from collections.abc import Iterator

from impl.core.events import RecoveredProducer
from impl.core.types import (
    NO_ERROR,
    Batch,
    ErrorCode,
    Offset,
    Value,
)

SEQUENCE_MAX = 2**31 - 1
WINDOW = 5
NO_PRODUCER = -1


class ProducedBatch(Value, frozen=True, gc=False):
    """One batch of one producer, as stored."""

    epoch: int
    first_sequence: int
    last_sequence: int
    base_offset: Offset
    end_offset: Offset
    timestamp: int = -1
    """Of its youngest record, in ms since 1970."""


def sequence_after(sequence: int, steps: int = 1) -> int:
    """Sequences run from 0 to 2^31-1 and then begin again at 0 (KAFKA-7692)."""
    return (sequence + steps) & SEQUENCE_MAX


class ProducerStates:
    """All producers of one partition."""

    __slots__ = ("_batches",)

    def __init__(self) -> None:
        self._batches: dict[int, list[ProducedBatch]] = {}

    def find(self, batch: Batch) -> ProducedBatch | None:
        """The stored batch that this one repeats, if it is among its producer's last five."""
        stored = self._batches.get(batch.producer_id)
        if stored is None:
            return None
        for known in stored[-WINDOW:]:
            if (
                known.first_sequence == batch.base_sequence
                and known.epoch == batch.producer_epoch
                and known.last_sequence == sequence_after(batch.base_sequence, batch.record_count - 1)
            ):
                return known
        return None

    def check(self, batch: Batch) -> ErrorCode:
        """Whether a batch that is no repetition continues its producer's sequence."""
        if batch.base_sequence < 0 or batch.producer_epoch < 0:
            return ErrorCode.INVALID_RECORD
        stored = self._batches.get(batch.producer_id)
        if stored is None:
            expected = 0
        else:
            last = stored[-1]
            if batch.producer_epoch < last.epoch:
                return ErrorCode.INVALID_PRODUCER_EPOCH
            expected = 0 if batch.producer_epoch > last.epoch else sequence_after(last.last_sequence)
        return NO_ERROR if batch.base_sequence == expected else ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER

    def record(self, batch: Batch, base_offset: Offset, high_watermark: Offset) -> None:
        """The batch is in the log at `base_offset`."""
        known = ProducedBatch(
            batch.producer_epoch,
            batch.base_sequence,
            sequence_after(batch.base_sequence, batch.record_count - 1),
            base_offset,
            Offset(base_offset + batch.record_count),
            batch.max_timestamp,
        )
        stored = self._batches.get(batch.producer_id)
        if stored is None:
            self._batches[batch.producer_id] = [known]
            return
        stored.append(known)
        while len(stored) > WINDOW and stored[WINDOW].base_offset < high_watermark:
            del stored[0]

    def truncate(self, to: Offset) -> None:
        """The log was cut to `to`. A producer with nothing left is unknown again."""
        emptied = []
        for producer_id, stored in self._batches.items():
            while stored and stored[-1].base_offset >= to:
                stored.pop()
            if not stored:
                emptied.append(producer_id)
        for producer_id in emptied:
            del self._batches[producer_id]

    def clear(self) -> None:
        """The log is empty: nobody has written to it."""
        self._batches.clear()

    def restore(self, recovered: tuple[RecoveredProducer, ...], tail: tuple[Batch, ...]) -> None:
        """What recovery found: the last batches of each producer, and every batch past the high watermark."""
        first_of_tail = tail[0].base_offset if tail else None
        for producer in recovered:
            for place, (first, last, base_offset) in enumerate(producer.batches):
                if first_of_tail is not None and base_offset >= first_of_tail:
                    continue
                count = ((last - first) & SEQUENCE_MAX) + 1
                known = ProducedBatch(
                    producer.producer_epoch,
                    first,
                    last,
                    base_offset,
                    Offset(base_offset + count),
                    producer.timestamps[place] if producer.timestamps else -1,
                )
                self._batches.setdefault(producer.producer_id, []).append(known)
        for batch in tail:
            if batch.producer_id != NO_PRODUCER and batch.base_sequence >= 0:
                self.record(batch, batch.base_offset, Offset(0))

    def written_below(self, to: Offset) -> Iterator[tuple[int, ProducedBatch]]:
        """Producer id and batch, oldest first for each producer: what a snapshot of the log up to `to` says."""
        for producer_id in sorted(self._batches):
            for known in self._batches[producer_id]:
                if known.end_offset <= to:
                    yield producer_id, known

    def of(self, producer_id: int) -> tuple[ProducedBatch, ...]:
        """For tests and inspection: oldest first."""
        return tuple(self._batches.get(producer_id, ()))
