"""Planted bugs of retention: what it takes for old, and how far it may go.

One rule: each is found only in runs in which retention has something to do.
"""

from itertools import pairwise

from campaign.mutants.registry import mutant
from impl.core.events import Effect
from impl.core.partition import Partition
from impl.core.types import Offset
from impl.host.upkeep import Upkeep
from impl.storage.log import Log
from impl.storage.retention import retained_from


@mutant("retention-by-the-oldest", "deletion_due")
class JudgesByTheOldest(Upkeep):
    """Retention takes a segment to be as old as its oldest record.

    As brokers did that took a segment's age from its file's (before KIP-33 gave records their timestamps): what was
    written last into a segment goes as soon as what was written first.
    """

    def begins(self, log: Log, wall: int, high_watermark: Offset) -> int:
        kept = super().begins(log, wall, high_watermark)
        ends = [*(later.base_offset for _, later in pairwise(log.segments)), log.end_offset]
        for segment, end in zip(log.segments, ends, strict=True):
            first = segment.first_timestamp
            if first is None or end > high_watermark or first >= wall - log.config.retention_ms:
                break
            kept = max(kept, end)
        return kept


class BeginsWhereItIsTold(Partition):
    """As it was when nobody but retention moved a log's start: no watermark bounds it."""

    def advance_log_start(self, to: Offset, out: list[Effect]) -> None:
        watermark, self.high_watermark = self.high_watermark, max(self.high_watermark, min(to, self.log_end))
        super().advance_log_start(to, out)
        self.high_watermark = watermark


@mutant("retention-past-the-watermark", "high_watermark_bound", "log_start", also=(BeginsWhereItIsTold,))
class DeletesWhatIsOld(Upkeep):
    """Retention deletes what is old, committed or not.

    KAFKA-5634: a replica that had not caught up for longer than retention.ms deleted segments past its high watermark,
    and began above it.
    """

    def begins(self, log: Log, wall: int, high_watermark: Offset) -> int:
        del high_watermark
        return retained_from(log, wall, log.end_offset)


def _kept_by_size(log: Log, size: int, high_watermark: Offset) -> int:
    """What retention by size would keep of a log that it takes to be so large."""
    kept, left = log.start_offset, size
    for segment, later in pairwise(log.segments):
        left -= segment.size
        if left < log.config.retention_bytes or later.base_offset > high_watermark:
            break
        kept = later.base_offset
    return kept


@mutant("retention-by-a-former-size", "retained_by_size")
class GoesByAFormerSize(Upkeep):
    """Retention by size goes by how large the log was when it looked last.

    As one would that takes the sizes from what was measured for the metrics: a log that was just shortened is taken for
    as long as it was before, and shortened again by as much. Kafka sums up the segments anew each time
    (UnifiedLog.deleteRetentionSizeBreachedSegments).
    """

    def begins(self, log: Log, wall: int, high_watermark: Offset) -> int:
        sizes = self.__dict__.setdefault("_sizes", {})
        former, sizes[log] = sizes.get(log, log.size), log.size
        if log.config.retention_bytes < 0:
            return super().begins(log, wall, high_watermark)
        return _kept_by_size(log, former, high_watermark)


@mutant("retention-without-the-newest", "retained_by_size")
class LeavesOutTheNewest(Upkeep):
    """Retention by size does not count the segment that is written to, which it may not delete.

    What may not go is taken for what does not count, and a partition keeps up to a segment more than it must: as much
    as log.segment.bytes, a gigabyte by default, of every partition of a broker.
    """

    def begins(self, log: Log, wall: int, high_watermark: Offset) -> int:
        if log.config.retention_bytes < 0:
            return super().begins(log, wall, high_watermark)
        return _kept_by_size(log, log.size - log.segments[-1].size, high_watermark)
