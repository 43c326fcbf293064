"""What a trace begins with where a broker has data already: its logs as its first process finds them.

One rule: this is read once, before the broker does anything, and only where its trace file is new. Reading the header
of every batch of a long log takes its time: a trace is asked for by who wants it.
"""

from impl.core.decided_facts import Fact
from impl.core.facts import BeginReplica
from impl.core.replica import content
from impl.core.types import Offset
from impl.storage.log_directories import LogDirectories


def begin_replicas(directories: LogDirectories) -> list[Fact]:
    """One fact for each log that was recovered, by name. Raises CorruptLog, OSError."""
    found: list[Fact] = []
    for log in sorted(directories.recovered, key=lambda log: log.partition):
        # What was deleted and lies in a segment that is still needed is there, too, and `restart` may tell of it.
        headers = directories.logs[log.partition].headers(0)
        batches = tuple(content(batch, batch.base_offset, batch.leader_epoch) for batch in headers)
        found.append(
            BeginReplica(
                partition=str(log.partition),
                start=batches[0].base_offset if batches else log.log_end,
                high_watermark=Offset(max(min(log.high_watermark, log.log_end), log.log_start)),
                batches=batches,
            )
        )
    return found
