"""Second set, storage: rolled segments, recovery points, cuts, snapshots of producers, retention."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "finished-time-index-not-synced",
        "The time index of a finished segment is not synced, and trusted after a start.",
        "impl.storage.log",
        "        finished.time_index.file.sync()\n",
        "",
        "stale read",
    ),
    Edit(
        "synced-as-far-as-now",
        "When segments are synced in the background, the recovery point rises to the segment that is active by then.",
        "impl.storage.log",
        "            to = self._syncing[0]\n",
        "            to = self._active.base_offset\n",
        "loss",
    ),
    Edit(
        "producers-outlive-the-cut",
        "Snapshots of producers beyond the place where a log is cut stay, for a later start to believe.",
        "impl.storage.log",
        "        self._remove_snapshots(offset)\n",
        "",
        "disorder",
    ),
    Edit(
        "retains-less-than-it-must",
        "Retention by size deletes until no more than retention.bytes are left, and not no fewer.",
        "impl.storage.retention",
        """            excess -= segment.size
            if excess < 0 or segment is log.segments[-1]:
                break
            kept = end
""",
        """            if excess <= 0 or segment is log.segments[-1]:
                break
            excess -= segment.size
            kept = end
""",
        "loss",
    ),
    Edit(
        "time-index-not-cut",
        "A cut of a segment leaves the entries of its time index as they are.",
        "impl.storage.segment",
        "        self.time_index.truncate_to(offset)\n",
        "",
        "stale read",
    ),
    Edit(
        "first-after-the-snapshot",
        "Recovery overlooks the batch with which a log goes on after a snapshot of its producers: `>` for `>=`.",
        "impl.storage.recovery",
        "elif batch.base_offset >= self._producers_from:",
        "elif batch.base_offset > self._producers_from:",
        "disorder",
    ),
    Edit(
        "flush-ms-begins-anew",
        "The wait for flush.ms begins anew with every look, and ends with none.",
        "impl.host.upkeep",
        "waiting[log] = since",
        "waiting[log] = now",
        "loss",
    ),
)
