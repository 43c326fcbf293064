"""Per-key order (I9): what a producer sent stands in the committed log in the order sent, each once.

Records of one key go to one partition and come from one producer's sequence there, so the order of sequences is the
order of keys. Judged on the committed prefix: a batch that is later truncated has promised nothing.

A producer of which all records are deleted may be a new one to a leader, and repeat itself; to one that was elected
uncleanly, also one that has sent less: of what was deleted it has what was synced, and that may be the state before.

A producer's sequence starts at 0 for each producer epoch, goes up by the batch's records, and wraps from 2**31 - 1 to 0
(KAFKA-7692). Batches without a producer id are not idempotent: Kafka promises no order over their retries.
"""

from typing import Any

from invariants.step.ghost import SEQUENCES, Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.words import batch_words
from invariants.verdict import Violated
from traces.facts import Content

ID = "per_key_order"


def _committed(partition: Partition, _replica: Replica, _fact: Any) -> None:
    """The committed prefix may have grown: take what is new in it."""
    for batch in partition.committed.batches[partition.sequenced :]:
        _in_order(partition, batch)
    partition.sequenced = len(partition.committed.batches)


def _in_order(partition: Partition, batch: Content) -> None:
    """Take one newly committed batch. Raises Violated unless it is the next of its producer."""
    if batch.producer_id < 0:
        return
    epoch = partition.producer_epochs.get(batch.producer_id, -1)
    if batch.producer_epoch < epoch:
        raise Violated(
            ID,
            f"{batch_words(batch)} of producer {batch.producer_id} is committed in producer epoch "
            f"{batch.producer_epoch}, after a batch of epoch {epoch}",
        )
    partition.producer_epochs[batch.producer_id] = batch.producer_epoch
    key = (batch.producer_id, batch.producer_epoch)
    expected = partition.sequences.get(key, 0)
    if batch.base_sequence != expected and _may_repeat(partition, batch) and _forgotten(partition, batch):
        expected = batch.base_sequence
    if batch.base_sequence != expected:
        raise Violated(ID, _out_of_order_words(partition.committed.batches, batch, expected))
    partition.sequences[key] = (expected + batch.record_count) % SEQUENCES


def _may_repeat(partition: Partition, batch: Content) -> bool:
    """A repetition that somebody may take for new who has forgotten: the first batch of a producer; after an unclean
    election any that was committed before."""
    if batch.base_sequence == 0:
        return True
    return partition.last_unclean >= 0 and any(
        _sequence(earlier) == _sequence(batch) and earlier.base_offset < batch.base_offset
        for earlier in partition.committed.batches
    )


def _forgotten(partition: Partition, batch: Content) -> bool:
    """All that its producer had written before is deleted: a replica that has fallen behind does not know of it, and
    takes the producer for a new one (as Kafka does; KIP-360)."""
    deleted = max(replica.start for replica in partition.replicas.values())
    before = partition.committed.batches[: partition.committed.batches_below(batch.base_offset)]
    # Where the log begins inside a batch that is given up since, it has a gap in front of this one.
    mine = [each for each in before if each.producer_id == batch.producer_id and each.base_offset < batch.base_offset]
    return not mine or mine[-1].base_offset + mine[-1].record_count <= deleted


def _out_of_order_words(committed: list[Content], batch: Content, expected: int) -> str:
    """Twice, or before its turn."""
    words = f"{batch_words(batch)} is sequence {batch.base_sequence} of producer {batch.producer_id}"
    for earlier in committed:
        if earlier.base_offset < batch.base_offset and _sequence(earlier) == _sequence(batch):
            return f"{words}, which is committed already as {batch_words(earlier)}"
    return f"{words}, committed where sequence {expected} is due"


def _sequence(batch: Content) -> tuple[int, int, int]:
    return (batch.producer_id, batch.producer_epoch, batch.base_sequence)


def _everywhere(partition: Partition) -> None:
    """The same over the whole committed prefix."""
    last: dict[tuple[int, int], int] = {}
    for batch in partition.committed.batches:
        if batch.producer_id >= 0:
            key = (batch.producer_id, batch.producer_epoch)
            if batch.base_sequence != last.get(key, 0):
                raise Violated(ID, f"{batch_words(batch)} of producer {batch.producer_id} is not the next")
            last[key] = (batch.base_sequence + batch.record_count) % SEQUENCES


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("I9",),
    statement=(
        "In the committed log, the batches of one producer stand in the order in which they were sent, each "
        "exactly once; "
        "what consumers read of one key is in the order in which it was produced."
    ),
    argument=(
        "A leader takes only the next sequence of a producer, and knows what is next from its log, which holds "
        "all that "
        "was committed."
    ),
    breaks="producer-state-forgotten",
    after={"AdvanceHighWatermark": _committed},
    everywhere=_everywhere,
)
