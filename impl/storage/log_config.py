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
    flush_messages: int = LONG_MAX
    """flush.messages (log.flush.interval.messages): records after which the log is synced; 1: before every reply."""

    def overridden(self, configs: Iterable[tuple[str, str]]) -> "LogConfig":
        """With a topic's own configurations (Kafka name, value). Names that are not about storage are others' business.

        Raises ValueError, naming configuration and value, for one that is not a number in range; the controller has
        checked them before they reach a log.
        """
        changes = {}
        for name, text in configs:
            if name in _RANGES:
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
    "flush.messages": (1, LONG_MAX),
}
