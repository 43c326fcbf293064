"""Held-out bugs of replication: what leader and followers do with each other's positions, watermarks and logs."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "position-only-rises",
        "A leader takes the highest position that a follower has shown in the epoch for its position.",
        "impl.core.leader",
        "        self.log_end = offset\n        if offset >= leader_end:",
        "        self.log_end = max(self.log_end, offset)\n        if offset >= leader_end:",
    ),
    Edit(
        "joins-past-the-start",
        "A follower joins the in-sync set once it has more than was there when the epoch began: `>` for `>=`.",
        "impl.core.leader",
        "and peer.log_end >= self.start_offset",
        "and peer.log_end > self.start_offset",
    ),
    Edit(
        "lag-by-the-watermark",
        "Whether a follower lags is told by the watermark, which never passes a follower that lags.",
        "impl.core.leader",
        "return peer.log_end != self.log_end and now",
        "return peer.log_end < self.high_watermark and now",
    ),
    Edit(
        "own-end-forgotten",
        "A follower cuts its log to where the leader's epoch ends, without looking where that epoch ends in its own.",
        "impl.core.follower",
        "max(min(leader_end, own_end, self.log_end), 0)",
        "max(min(leader_end, self.log_end), 0)",
    ),
    Edit(
        "watermark-past-the-end",
        "A follower takes over its leader's watermark, also where its own log does not reach that far.",
        "impl.core.follower",
        "Offset(max(min(part.high_watermark, self.log_end), self.log_start))",
        "Offset(max(part.high_watermark, self.log_start))",
    ),
    Edit(
        "shrunk-and-not-advanced",
        "A leader that learns of a smaller in-sync set does not look whether the watermark may move now.",
        "impl.core.leader",
        "                enough=self.enough,\n            )\n        )\n        self.advance(out)\n\n    # ---",
        "                enough=self.enough,\n            )\n        )\n\n    # ---",
    ),
    Edit(
        "epoch-errors-exchanged",
        "Who asks in an older epoch is told that it is unknown, and who asks in a newer one that it is fenced.",
        "impl.core.leader",
        "        if current_leader_epoch < self.leader_epoch:",
        "        if current_leader_epoch > self.leader_epoch:",
    ),
)
