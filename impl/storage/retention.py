"""From which offset a log is kept: retention by time and by size.

One rule: only whole segments go, oldest first, and none that reaches past the high watermark (KAFKA-5634): what is not
committed is nobody's to delete.

The answer is a new start for the log. Who asks tells the core, which raises the start, and storage then deletes.
"""

from itertools import pairwise

from impl.storage.log import Log
from impl.storage.segment import Segment


def retained_from(log: Log, now: int, high_watermark: int) -> int:
    """The first offset that cleanup.policy `delete` keeps: the log's start where it keeps all. `now` in ms."""
    if not log.config.deletes:
        return log.start_offset
    ends = [*(later.base_offset for _, later in pairwise(log.segments)), log.end_offset]
    bounded = [(segment, end) for segment, end in zip(log.segments, ends, strict=True) if end <= high_watermark]
    return max(log.start_offset, _kept_by_time(log, bounded, now), _kept_by_size(log, bounded))


def _kept_by_time(log: Log, segments: list[tuple[Segment, int]], now: int) -> int:
    """Also the active segment may go, whose log then begins anew at its end. Without timestamps nothing is old."""
    kept = log.start_offset
    if log.config.retention_ms >= 0:
        for segment, end in segments:
            if not segment.size or not 0 <= segment.max_timestamp < now - log.config.retention_ms:
                if segment.size:
                    break
                continue
            kept = end
    return kept


def _kept_by_size(log: Log, segments: list[tuple[Segment, int]]) -> int:
    """What is deleted leaves at least retention.bytes, and the active segment."""
    kept = log.start_offset
    if log.config.retention_bytes >= 0:
        excess = log.size - log.config.retention_bytes
        for segment, end in segments:
            excess -= segment.size
            if excess < 0 or segment is log.segments[-1]:
                break
            kept = end
    return kept
