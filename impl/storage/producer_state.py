"""What the log says about idempotent producers: each one's last batches, so that a retry is known for what it is.

One rule: only batches in the log count, in their order (Kafka's ProducerStateManager): those of a snapshot, and then
those read from the log. The last five of the latest epoch are kept, as many as a producer may have in flight
(KAFKA-5494).
"""

from collections import deque
from collections.abc import Iterable

from impl.core.events import RecoveredProducer
from impl.core.types import Batch, Offset
from impl.storage.producer_snapshots import SEQUENCES, ProducerEntry

BATCHES_KEPT = 5


class ProducerState:
    """Every producer seen so far. `kept` bounds the batches of each: None where a snapshot chose them already."""

    def __init__(self, snapshot: Iterable[ProducerEntry] = (), kept: int | None = BATCHES_KEPT) -> None:
        self._producers: dict[int, tuple[int, deque[ProducerEntry]]] = {}
        self._kept = kept
        for entry in snapshot:
            self._add(entry)

    def note(self, batch: Batch) -> None:
        """The next batch of the log."""
        if batch.producer_id < 0 or batch.base_sequence < 0:
            return
        last = (batch.base_sequence + batch.record_count - 1) % SEQUENCES
        entry = ProducerEntry(
            batch.producer_id,
            batch.producer_epoch,
            batch.base_sequence,
            last,
            batch.base_offset,
            batch.max_timestamp,
        )
        self._add(entry)

    def _add(self, entry: ProducerEntry) -> None:
        """A new producer epoch starts a new sequence."""
        known = self._producers.get(entry.producer_id)
        if known is None or known[0] != entry.producer_epoch:
            known = (entry.producer_epoch, deque(maxlen=self._kept))
            self._producers[entry.producer_id] = known
        known[1].append(entry)

    def recovered(self) -> tuple[RecoveredProducer, ...]:
        """By producer id."""
        return tuple(
            RecoveredProducer(
                producer_id,
                epoch,
                tuple((each.first_sequence, each.last_sequence, Offset(each.base_offset)) for each in batches),
                tuple(each.timestamp for each in batches),
            )
            for producer_id, (epoch, batches) in sorted(self._producers.items())
        )
