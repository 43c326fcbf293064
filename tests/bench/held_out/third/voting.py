"""Third set, the quorum and the metadata that brokers read of it."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "download-is-silence",
        "A leader of the quorum does not take it for a sign of life when a voter reads its snapshot.",
        "impl.core.quorum.raft",
        "        if progress is not None:\n            progress.fetched_at = now\n",
        "",
        "slow",
    ),
    Edit(
        "refused-and-patient",
        "A voter has patience with a leader that refuses its fetches, as if it had been answered.",
        "impl.core.quorum.following",
        """            self.due = Millis(now + replica.settings.quorum_retry_backoff_ms)
            return
        replica.heard = True
        replica.wait(now, replica.settings.quorum_fetch_timeout_ms)
        if reply.snapshot is not None:""",
        """            self.due = Millis(now + replica.settings.quorum_retry_backoff_ms)
            replica.wait(now, replica.settings.quorum_fetch_timeout_ms)
            return
        replica.heard = True
        replica.wait(now, replica.settings.quorum_fetch_timeout_ms)
        if reply.snapshot is not None:""",
        "stuck",
    ),
    Edit(
        "established-a-record-early",
        "A leader of the quorum says how far the log is committed before its own first record is: `>=` for `>`.",
        "impl.core.quorum.leading",
        "self._replica.high_watermark > self.epoch_start",
        "self._replica.high_watermark >= self.epoch_start",
        "stale read",
    ),
    Edit(
        "id-of-a-deleted-topic-known",
        "The id of a deleted topic goes on to stand for its name.",
        "impl.core.image",
        "gone = self.topics_by_id.pop(record.topic_id)",
        "gone = self.topics_by_id[record.topic_id]",
        "wrong answer",
    ),
    Edit(
        "acts-halfway",
        "A process acts on the metadata once it has read its registration, be there more.",
        "impl.core.metadata_reader",
        "member.broker_epoch < member.image.offset >= reply.high_watermark >= 0",
        "member.broker_epoch < member.image.offset",
        "loss",
    ),
)
