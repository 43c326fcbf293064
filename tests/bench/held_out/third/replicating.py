"""Third set, replication and producers: epochs, starts and what is remembered of who wrote what."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "longer-in-the-same-epoch",
        "That a follower's log leaves its leader's is told by its last epoch, and not by how long that was.",
        "impl.core.serving",
        "        if epoch < last or end < asked.fetch_offset:",
        "        if epoch < last:",
        "disorder",
    ),
    Edit(
        "enough-of-the-first-version",
        "A leader goes on with whether enough were in sync when its epoch began.",
        "impl.core.leader",
        "        self.proposal = None\n        self.enough = version.enough\n        self.count_set(version.isr)",
        "        self.proposal = None\n        self.count_set(version.isr)",
        "stuck",
    ),
    Edit(
        "start-only-with-news",
        "A follower takes over where its leader's log begins only with records or with another watermark.",
        "impl.core.follower",
        "            self.advance_log_start(part.log_start, out)\n            return\n",
        "            return\n",
        "stuck",
    ),
    Edit(
        "begins-anew-and-remembers",
        "A replica that begins its log anew remembers what producers wrote to the one it dropped.",
        "impl.core.replica",
        "        self.producers.clear()\n",
        "",
        "loss",
    ),
    Edit(
        "epoch-of-the-first-left",
        "The last epoch of what a replica has deleted is taken to be that of the first record it has left.",
        "impl.core.epochs",
        "starts[kept if starts[kept].start < start else kept - 1].epoch",
        "starts[kept].epoch",
        "disorder",
    ),
    Edit(
        "cut-and-still-remembered",
        "A batch that begins just where the log is cut is still known as its producer's: `>` for `>=`.",
        "impl.core.producers",
        "            while stored and stored[-1].base_offset >= to:",
        "            while stored and stored[-1].base_offset > to:",
        "loss",
    ),
    Edit(
        "last-id-of-a-block-twice",
        "The last producer id of a block is the first of the next one.",
        "impl.core.controller",
        "                next_producer_id=first + PRODUCER_IDS_IN_BLOCK,",
        "                next_producer_id=first + PRODUCER_IDS_IN_BLOCK - 1,",
        "loss",
    ),
)
