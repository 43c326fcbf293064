"""Third set, sessions, who waits, and what clients are answered."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "start-is-no-news",
        "A session is not told where a log begins now, unless there is something else to say.",
        "impl.core.fetch_sessions",
        "return high_watermark != self.high_watermark or log_start != self.log_start",
        "return high_watermark != self.high_watermark",
        "stuck",
    ),
    Edit(
        "abandoned-and-forgotten",
        "What a fetch given up with its connection would have been told is not looked at by the next one.",
        "impl.core.fetch_sessions",
        "            self._stirred |= dict.fromkeys(self.parked.names())\n",
        "",
        "slow",
    ),
    Edit(
        "latest-and-not-committed",
        "The latest offset is that where the log ends, and not that up to which it is committed.",
        "impl.core.serving",
        "            offset = self.high_watermark\n",
        "            offset = self.log_end\n",
        "stale read",
    ),
    Edit(
        "epoch-ends-at-the-watermark",
        "Who asks where the newest epoch ends is told the watermark, which a new leader may have yet to find.",
        "impl.core.serving",
        "*self.epochs.end_offset_for(query.leader_epoch, self.log_end))",
        "*self.epochs.end_offset_for(query.leader_epoch, self.high_watermark))",
        "wrong answer",
    ),
    Edit(
        "deleted-already-and-refused",
        "Who asks to delete what is deleted already is told that there is no such offset.",
        "impl.core.deletions",
        "        if not 0 <= offset <= partition.high_watermark:",
        "        if not partition.log_start <= offset <= partition.high_watermark:",
        "wrong answer",
    ),
    Edit(
        "no-leader-and-no-error",
        "Clients are told of a partition whose leader is fenced that nobody leads it, and not that this is an error.",
        "impl.core.topics",
        "error=ErrorCode.LEADER_NOT_AVAILABLE if leader == NO_LEADER else NO_ERROR,",
        "error=ErrorCode.LEADER_NOT_AVAILABLE if partition.leader == NO_LEADER else NO_ERROR,",
        "slow",
    ),
)
