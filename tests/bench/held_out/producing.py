"""Held-out bugs of idempotent producers: what is remembered of them, and from where."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "window-cut-with-the-log",
        "Of each producer the last five batches are kept, committed or not: a truncation leaves fewer.",
        "impl.core.producers",
        "        while len(stored) > WINDOW and stored[WINDOW].base_offset < high_watermark:\n",
        "        while len(stored) > WINDOW:\n",
    ),
    Edit(
        "repeats-by-its-beginning",
        "A batch is taken for a repetition if it begins with the same sequence, wherever it ends.",
        "impl.core.producers",
        """                and known.epoch == batch.producer_epoch
                and known.last_sequence == sequence_after(batch.base_sequence, batch.record_count - 1)
""",
        """                and known.epoch == batch.producer_epoch
""",
    ),
    Edit(
        "tail-counted-twice",
        "A batch with which the uncommitted tail begins is remembered twice after a start: `>` for `>=`.",
        "impl.core.producers",
        "if first_of_tail is not None and base_offset >= first_of_tail:",
        "if first_of_tail is not None and base_offset > first_of_tail:",
    ),
    Edit(
        "snapshot-without-producer-ids",
        "A snapshot of the metadata does not say which producer ids have been given away.",
        "impl.core.quorum.snapshots",
        "    if image.next_producer_id:\n",
        "    if not image.next_producer_id:\n",
    ),
    Edit(
        "unknown-begins-anywhere",
        "A producer of which nothing is known may begin with any sequence, as in Kafka.",
        "impl.core.producers",
        "        if stored is None:\n            expected = 0\n",
        "        if stored is None:\n            expected = batch.base_sequence\n",
    ),
)
