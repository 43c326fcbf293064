"""Second set, replication: positions, the high watermark, in-sync sets, epochs, what a leader confirms."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "late-fetch-counts",
        "A fetch that a follower sent before its last registration, and that comes late, is counted all the same.",
        "impl.core.serving",
        "return peer is not None and broker_epoch >= peer.broker_epoch",
        "return peer is not None",
        "loss",
    ),
    Edit(
        "unheard-of-has-deleted",
        "A replica that this leader has not heard of yet is not waited for where records are deleted.",
        "impl.core.leader",
        "*(peer.log_start for peer in self.living())])",
        "*(peer.log_start for peer in self.living() if peer.log_start != UNKNOWN)])",
        "wrong answer",
    ),
    Edit(
        "empty-epoch-kept",
        "A leader that wrote nothing keeps the beginning of its epoch in the cache when it follows (KAFKA-7415).",
        "impl.core.follower",
        """        if self.epochs.truncate_from_end(self.log_end):
            self.write_epochs(out)

    def position""",
        """
    def position""",
        "stuck",
    ),
    Edit(
        "times-looked-up-too-early",
        "A new leader answers a look-up by time before its watermark has come to where its epoch begins (KIP-207).",
        "impl.core.serving",
        "query.timestamp != EARLIEST and self.high_watermark < self.start_offset",
        "query.timestamp == LATEST and self.high_watermark < self.start_offset",
        "stale read",
    ),
    Edit(
        "proposal-into-the-next-epoch",
        "A leader that is elected again, without another between, keeps the proposal of the epoch before open.",
        "impl.core.leader",
        """        self.proposal = None
        self.enough = version.enough
        self.count_set(in_sync)
""",
        """        self.enough = version.enough
        self.count_set(in_sync)
""",
        "stuck",
    ),
    Edit(
        "positions-of-the-former-epoch",
        "A leader counts a follower's position of an epoch it led before until the follower shows another.",
        "impl.core.leader",
        "            node: Peer(node, now if node in in_sync else Millis(0)) for",
        "            node: self.peers.get(node) or Peer(node, now if node in in_sync else Millis(0)) for",
        "loss",
    ),
    Edit(
        "old-records-without-enough",
        "What was written in earlier epochs is committed also while too few replicas are in sync (KIP-966).",
        "impl.core.leader",
        "        return self.enough\n",
        "        return self.enough or self.high_watermark < self.start_offset\n",
        "loss",
    ),
    Edit(
        "repetition-answered-at-once",
        "A batch that stands in the log already is confirmed at once, committed or not.",
        "impl.core.partition",
        "        if self.is_acknowledged(acks, Offset(base_offset + batch.record_count)):",
        "        if known is not None or self.is_acknowledged(acks, Offset(base_offset + batch.record_count)):",
        "loss",
    ),
    Edit(
        "watermark-never-falls",
        "A follower keeps its own watermark where its leader's is lower.",
        "impl.core.follower",
        "high_watermark = Offset(max(min(part.high_watermark, self.log_end), self.log_start))",
        "high_watermark = Offset(max(min(part.high_watermark, self.log_end), self.high_watermark))",
        "none",
    ),
    Edit(
        "answer-of-the-former-epoch",
        "An answer that was on its way from the same leader when a new epoch began is taken for one of the new epoch.",
        "impl.core.follower",
        "        self.asked = 0\n        self.retry_at = now\n",
        "        self.retry_at = now\n",
        "none",
    ),
)
