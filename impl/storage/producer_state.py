"""What the log says about idempotent producers: each one's last batches, so that a retry is known for what it is.

One rule: only batches in the log count, in their order (Kafka's ProducerStateManager, rebuilt from segments). The
last five are kept, as many as a producer may have in flight (KAFKA-5494).
"""

from collections import deque

from impl.core.events import RecoveredProducer
from impl.core.types import Batch, Offset

BATCHES_KEPT = 5
SEQUENCES = 2**31
"""Sequence numbers wrap from 2^31 - 1 to 0 (KAFKA-7692)."""


class ProducerState:
    """Every producer seen so far."""

    def __init__(self) -> None:
        self._producers: dict[int, tuple[int, deque[tuple[int, int, Offset]]]] = {}

    def note(self, batch: Batch) -> None:
        """The next batch of the log. A new producer epoch starts a new sequence."""
        if batch.producer_id < 0:
            return
        known = self._producers.get(batch.producer_id)
        if known is None or known[0] != batch.producer_epoch:
            known = (batch.producer_epoch, deque(maxlen=BATCHES_KEPT))
            self._producers[batch.producer_id] = known
        last = (batch.base_sequence + batch.record_count - 1) % SEQUENCES
        known[1].append((batch.base_sequence, last, batch.base_offset))

    def recovered(self) -> tuple[RecoveredProducer, ...]:
        """By producer id."""
        return tuple(
            RecoveredProducer(producer_id, epoch, tuple(batches))
            for producer_id, (epoch, batches) in sorted(self._producers.items())
        )
