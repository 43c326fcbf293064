"""How one partition's log is kept: Kafka's topic configurations, under Kafka's names and with Kafka's defaults.

One rule: the broker's configuration gives every log its defaults; a topic overrides some of them when it is created.
"""

from collections.abc import Iterable

import msgspec

from impl.core.topic_configs import whole_number

LONG_MAX = 2**63 - 1
INT_MAX = 2**31 - 1


class LogConfig(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Sizes in bytes. The broker-wide name of a configuration is given where it differs from the topic's."""

    segment_bytes: int = 1_073_741_824
    """segment.bytes (log.segment.bytes): a segment that would grow past this is closed and a new one begun."""
    segment_ms: int = 604_800_000
    """segment.ms (log.roll.ms): likewise when a batch is this much younger than the segment's first, by timestamps."""
    segment_index_bytes: int = 10_485_760
    """segment.index.bytes (log.index.size.max.bytes): likewise when the offset or time index is this large."""
    index_interval_bytes: int = 4_096
    """index.interval.bytes (log.index.interval.bytes): log bytes between two index entries."""
    segment_jitter_ms: int = 0
    """segment.jitter.ms (log.roll.jitter.ms): by up to this much sooner, so that not all logs roll at once."""
    flush_messages: int = LONG_MAX
    """flush.messages (log.flush.interval.messages): records after which the log is synced; 1: before every reply."""
    flush_ms: int = LONG_MAX
    """flush.ms (log.flush.interval.ms): how long records may wait before the log is synced."""
    file_delete_delay_ms: int = 60_000
    """file.delete.delay.ms (log.segment.delete.delay.ms): how long a deleted file still lies there, renamed."""

    cleanup_policy: tuple[str, ...] = ("delete",)
    """cleanup.policy (log.cleanup.policy): `delete` old segments, `compact` them, or both."""
    retention_ms: int = 604_800_000
    """retention.ms (log.retention.ms): age past which segments are deleted, by their youngest record; -1: never."""
    retention_bytes: int = -1
    """retention.bytes (log.retention.bytes): size past which a log's oldest segments are deleted; -1: never."""
    delete_retention_ms: int = 86_400_000
    """delete.retention.ms (log.cleaner.delete.retention.ms): how long a tombstone stays once it is cleaned."""
    min_cleanable_dirty_ratio: float = 0.5
    """min.cleanable.dirty.ratio (log.cleaner.min.cleanable.ratio): share of uncleaned bytes that makes a log due."""
    min_compaction_lag_ms: int = 0
    """min.compaction.lag.ms (log.cleaner.min.compaction.lag.ms): younger records stay as they are."""
    max_compaction_lag_ms: int = LONG_MAX
    """max.compaction.lag.ms (log.cleaner.max.compaction.lag.ms): with older records a log is due however clean."""

    @property
    def compacts(self) -> bool:
        return "compact" in self.cleanup_policy

    @property
    def deletes(self) -> bool:
        return "delete" in self.cleanup_policy

    @property
    def roll_ms(self) -> int:
        """How long a segment may be written to: what waits in it cannot be compacted."""
        return min(self.segment_ms, self.max_compaction_lag_ms) if self.compacts else self.segment_ms

    def overridden(self, configs: Iterable[tuple[str, str]]) -> "LogConfig":
        """With a topic's own configurations (Kafka name, value). Names that are not about storage are others' business.

        Raises ValueError, naming configuration and value, for one that is not a number in range; the controller has
        checked them before they reach a log.
        """
        changes: dict[str, object] = {}
        for name, text in configs:
            if name == "cleanup.policy":
                changes["cleanup_policy"] = policies(text)
            elif name == "min.cleanable.dirty.ratio":
                changes["min_cleanable_dirty_ratio"] = ratio(text)
            elif name in _RANGES:
                low, high = _RANGES[name]
                value = whole_number(text)
                if value is None or not low <= value <= high:
                    raise ValueError(f"{name}={text} is not a whole number from {low} to {high}")
                changes[name.replace(".", "_")] = value
        return msgspec.structs.replace(self, **changes) if changes else self


_RANGES = {
    "segment.bytes": (14, INT_MAX),
    "segment.ms": (1, LONG_MAX),
    "segment.index.bytes": (4, INT_MAX),
    "index.interval.bytes": (0, INT_MAX),
    "segment.jitter.ms": (0, LONG_MAX),
    "flush.messages": (1, LONG_MAX),
    "flush.ms": (0, LONG_MAX),
    "file.delete.delay.ms": (0, LONG_MAX),
    "retention.ms": (-1, LONG_MAX),
    "retention.bytes": (-1, LONG_MAX),
    "delete.retention.ms": (0, LONG_MAX),
    "min.compaction.lag.ms": (0, LONG_MAX),
    "max.compaction.lag.ms": (1, LONG_MAX),
}


def policies(text: str) -> tuple[str, ...]:
    """What cleanup.policy spells. Raises ValueError."""
    found = tuple(sorted({part.strip() for part in text.split(",")}))
    if not found or not set(found) <= {"compact", "delete"}:
        raise ValueError(f"cleanup.policy={text} is not compact, delete, or both with a comma")
    return found


def ratio(text: str) -> float:
    """What min.cleanable.dirty.ratio spells. Raises ValueError."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"min.cleanable.dirty.ratio={text} is not a number from 0 to 1")
    return value
