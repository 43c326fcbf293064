"""Second set, the controllers' quorum: votes, epochs, snapshots, the metadata log on the disk."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "leader-of-an-older-epoch",
        "A voter without a leader follows whomever a late answer names, also one of an epoch before its own.",
        "impl.core.quorum.replica",
        "leader in self.others and epoch == self.epoch:",
        "leader in self.others:",
        "stuck",
    ),
    Edit(
        "answer-to-an-earlier-election",
        "A vote counts in whichever election its answer comes: what was promised in a pre-vote may elect a leader.",
        "impl.core.quorum.elections",
        "if number != self._round or replica.role not in",
        "if replica.role not in",
        "loss",
    ),
    Edit(
        "one-refusal-is-enough",
        "A candidate gives up when as many refuse as it can do without: `>=` for `>`.",
        "impl.core.quorum.elections",
        "elif len(self._rejected) > len(replica.voters) - replica.majority:",
        "elif len(self._rejected) >= len(replica.voters) - replica.majority:",
        "slow",
    ),
    Edit(
        "snapshot-of-the-epoch-now",
        "A snapshot is said to end with the epoch its voter is in, and not with that of its last record.",
        "impl.core.quorum.controller",
        "log.epoch_before(self._image.offset))",
        "self.raft.epoch)",
        "loss",
    ),
    Edit(
        "log-that-does-not-follow",
        "After a start a log is taken to go on after the snapshot where its offsets do, whatever its epochs.",
        "impl.host.metadata_log",
        "(first.base_offset == snapshot.end and first.epoch >= snapshot.epoch)",
        "first.base_offset == snapshot.end",
        "loss",
    ),
)
