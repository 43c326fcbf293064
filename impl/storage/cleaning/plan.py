"""Which compacted log is cleaned next, and how far.

One rule: nothing is cleaned at or past the first offset that may still change: the high watermark, the active segment,
and records younger than min.compaction.lag.ms (Kafka's LogCleanerManager).

A log is *dirty* from where the last cleaning ended. It is due when the dirty part makes up more than
min.cleanable.dirty.ratio of what could be cleaned, or when it has records older than max.compaction.lag.ms.
"""

from typing import NamedTuple

from impl.storage.log import Log
from impl.storage.segment import Segment


class Plan(NamedTuple):
    """Clean `log` from its start up to `to`; keys are gathered from `dirty_from` on."""

    log: Log
    dirty_from: int
    to: int
    ratio: float


def plan(log: Log, cleaned_to: int, now: int, high_watermark: int) -> Plan | None:
    """What there is to clean; None where it is not due. `cleaned_to` is from the cleaner-offset checkpoint."""
    if not log.config.compacts:
        return None
    dirty_from = cleaned_to if log.start_offset <= cleaned_to <= log.end_offset else log.start_offset
    to = uncleanable_from(log, dirty_from, now, high_watermark)
    if to <= dirty_from:
        return None
    clean = sum(segment.size for segment in log.segments if segment.end_offset <= dirty_from)
    dirty_segments = [each for each in log.segments if dirty_from < each.end_offset and each.base_offset < to]
    dirty = sum(segment.size for segment in dirty_segments)
    if not dirty:
        return None
    ratio = dirty / (clean + dirty)
    if ratio > log.config.min_cleanable_dirty_ratio or _has_waited(log, dirty_segments, now):
        return Plan(log, dirty_from, to, ratio)
    return None


def uncleanable_from(log: Log, dirty_from: int, now: int, high_watermark: int) -> int:
    """The first segment boundary that may not be passed."""
    to = dirty_from
    for segment, later in zip(log.segments, log.segments[1:], strict=False):
        if later.base_offset > high_watermark:
            break
        young = segment.max_timestamp > now - log.config.min_compaction_lag_ms
        if log.config.min_compaction_lag_ms > 0 and young and later.base_offset > dirty_from:
            break
        to = max(to, later.base_offset)
    return to


def groups(log: Log, to: int) -> list[list[Segment]]:
    """The segments below `to`, neighbours together as far as they fit into one (Kafka's groupSegmentsBySize)."""
    found: list[list[Segment]] = []
    for segment in log.segments[:-1]:
        if segment.base_offset >= to:
            break
        if found and _fits(log, found[-1], segment):
            found[-1].append(segment)
        else:
            found.append([segment])
    return found


def _fits(log: Log, group: list[Segment], segment: Segment) -> bool:
    together = [*group, segment]
    return (
        sum(each.size for each in together) <= log.config.segment_bytes
        and sum(each.offset_index.file.size() for each in together) <= log.config.segment_index_bytes
        and sum(each.time_index.file.size() for each in together) <= log.config.segment_index_bytes
        and segment.end_offset - group[0].base_offset < 2**31 - 1
    )


def _has_waited(log: Log, dirty: list[Segment], now: int) -> bool:
    oldest = next((segment.first_timestamp for segment in dirty if segment.size), None)
    return oldest is not None and oldest >= 0 and now - oldest > log.config.max_compaction_lag_ms
