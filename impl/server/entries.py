"""Kafka's broker configurations that do something here: the field that each sets, and the values it may have.

One rule: a name's meaning, range and unit are Kafka's; a value that is not in it is one line that says so.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from impl.server.errors import ConfigurationError
from impl.storage.log_config import policies, ratio

INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
LEADER_SELECTOR = "org.apache.kafka.common.replica.LeaderSelector"
RACK_SELECTOR = "org.apache.kafka.common.replica.RackAwareReplicaSelector"


class Entry(NamedTuple):
    """One configuration."""

    field: str
    parse: Callable[[str], Any]
    """Raises ValueError for a text that is no such value."""
    expected: str
    """What a text should have been, in words."""
    lowest: float | None = None
    highest: float | None = None
    scale: int = 1
    """The field's units in one of the name's; a negative value (never, unlimited) stays as it is."""

    def read(self, name: str, text: str) -> Any:
        """The value that the text sets. Raises ConfigurationError."""
        try:
            value = self.parse(text)
        except ValueError as error:
            raise ConfigurationError(f"{name}={text} is not {self.expected}") from error
        if self.lowest is not None and self.highest is not None and not self.lowest <= value <= self.highest:
            raise ConfigurationError(f"{name}={text} is out of range: {self.lowest} to {self.highest}")
        return value if self.scale == 1 or value < 0 else value * self.scale


def number(field: str, lowest: int, highest: int, scale: int = 1) -> Entry:
    return Entry(field, int, "a whole number", lowest, highest, scale)


def flag(field: str) -> Entry:
    return Entry(field, _boolean, "true or false")


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _selects_by_rack(text: str) -> bool:
    if text not in ("", LEADER_SELECTOR, RACK_SELECTOR):
        raise ValueError(text)
    return text == RACK_SELECTOR


SETTINGS: Mapping[str, Entry] = {
    "replica.lag.time.max.ms": number("replica_lag_time_ms_max", 1, LONG_MAX),
    "replica.fetch.wait.max.ms": number("replica_fetch_wait_ms_max", 0, INT_MAX),
    "replica.fetch.max.bytes": number("replica_fetch_bytes_max", 0, INT_MAX),
    "replica.fetch.backoff.ms": number("replica_fetch_backoff_ms", 0, INT_MAX),
    "max.incremental.fetch.session.cache.slots": number("fetch_session_slots", 0, INT_MAX),
    "broker.rack": Entry("broker_rack", str, "a word"),
    "replica.selector.class": Entry(
        "replica_selector_by_rack", _selects_by_rack, f"{LEADER_SELECTOR} or {RACK_SELECTOR}"
    ),
    "request.timeout.ms": number("request_timeout_ms", 1, INT_MAX),
    "min.insync.replicas": number("min_insync_replicas", 1, INT_MAX),
    "unclean.leader.election.enable": flag("unclean_leader_election_enable"),
    "auto.leader.rebalance.enable": flag("auto_leader_rebalance_enable"),
    "leader.imbalance.check.interval.seconds": number("leader_imbalance_check_interval_seconds", 1, LONG_MAX),
    "broker.heartbeat.interval.ms": number("broker_heartbeat_interval_ms", 1, INT_MAX),
    "broker.session.timeout.ms": number("broker_session_timeout_ms", 1, INT_MAX),
    "num.partitions": number("num_partitions", 1, INT_MAX),
    "default.replication.factor": number("default_replication_factor", 1, 32_767),
    "auto.create.topics.enable": flag("auto_create_topics_enable"),
    "delete.topic.enable": flag("delete_topic_enable"),
    "replica.high.watermark.checkpoint.interval.ms": number("high_watermark_checkpoint_interval_ms", 1, LONG_MAX),
    "message.max.bytes": number("message_bytes_max", 0, INT_MAX),
    "log.message.timestamp.after.max.ms": number("message_timestamp_after_ms_max", 0, LONG_MAX),
    "log.message.timestamp.before.max.ms": number("message_timestamp_before_ms_max", 0, LONG_MAX),
    "controller.quorum.election.timeout.ms": number("quorum_election_timeout_ms", 1, INT_MAX),
    "controller.quorum.fetch.timeout.ms": number("quorum_fetch_timeout_ms", 1, INT_MAX),
    "controller.quorum.election.backoff.max.ms": number("quorum_election_backoff_ms_max", 1, INT_MAX),
    "controller.quorum.request.timeout.ms": number("quorum_request_timeout_ms", 1, INT_MAX),
    "metadata.log.max.record.bytes.between.snapshots": number("metadata_snapshot_bytes", 1, LONG_MAX),
    "controller.quorum.retry.backoff.ms": number("quorum_retry_backoff_ms", 1, INT_MAX),
}
NETWORK: Mapping[str, Entry] = {
    "socket.request.max.bytes": number("request_bytes_max", 1, INT_MAX),
    "reconnect.backoff.ms": number("reconnect_backoff_ms", 1, INT_MAX),
    "reconnect.backoff.max.ms": number("reconnect_backoff_ms_max", 1, INT_MAX),
    "max.connections": number("connections_max", 0, INT_MAX),
    "connections.max.idle.ms": number("idle_ms_max", -1, LONG_MAX),
}
_SEGMENT_BYTES = number("segment_bytes", 14, INT_MAX)
_SEGMENT_MS = number("segment_ms", 1, LONG_MAX)
_SEGMENT_INDEX_BYTES = number("segment_index_bytes", 12, INT_MAX)
_INDEX_INTERVAL_BYTES = number("index_interval_bytes", 0, INT_MAX)
_FLUSH_MESSAGES = number("flush_messages", 1, LONG_MAX)
_FLUSH_MS = number("flush_ms", 0, LONG_MAX)
LOG: Mapping[str, Entry] = {
    "log.segment.bytes": _SEGMENT_BYTES,
    "log.roll.hours": number("segment_ms", 1, INT_MAX, HOUR_MS),
    "log.roll.ms": _SEGMENT_MS,
    "log.index.size.max.bytes": _SEGMENT_INDEX_BYTES,
    "log.index.interval.bytes": _INDEX_INTERVAL_BYTES,
    "log.roll.jitter.hours": number("segment_jitter_ms", 0, INT_MAX, HOUR_MS),
    "log.roll.jitter.ms": number("segment_jitter_ms", 0, LONG_MAX),
    "log.flush.interval.messages": _FLUSH_MESSAGES,
    "log.flush.interval.ms": _FLUSH_MS,
    "log.segment.delete.delay.ms": number("file_delete_delay_ms", 0, LONG_MAX),
    "log.cleanup.policy": Entry("cleanup_policy", policies, "compact, delete, or both with a comma"),
    "log.retention.hours": number("retention_ms", -1, INT_MAX, HOUR_MS),
    "log.retention.minutes": number("retention_ms", -1, INT_MAX, MINUTE_MS),
    "log.retention.ms": number("retention_ms", -1, LONG_MAX),
    "log.retention.bytes": number("retention_bytes", -1, LONG_MAX),
    "log.cleaner.delete.retention.ms": number("delete_retention_ms", 0, LONG_MAX),
    "log.cleaner.min.cleanable.ratio": Entry("min_cleanable_dirty_ratio", ratio, "a number from 0 to 1"),
    "log.cleaner.min.compaction.lag.ms": number("min_compaction_lag_ms", 0, LONG_MAX),
    "log.cleaner.max.compaction.lag.ms": number("max_compaction_lag_ms", 1, LONG_MAX),
    # The same under the topics' names, which is how people remember them.
    "segment.bytes": _SEGMENT_BYTES,
    "segment.ms": _SEGMENT_MS,
    "segment.index.bytes": _SEGMENT_INDEX_BYTES,
    "index.interval.bytes": _INDEX_INTERVAL_BYTES,
    "flush.messages": _FLUSH_MESSAGES,
    "flush.ms": _FLUSH_MS,
}
"""Of names for one field the later wins, as with Kafka: milliseconds before minutes before hours."""
UPKEEP: Mapping[str, Entry] = {
    "log.retention.check.interval.ms": number("retention_check_interval_ms", 1, LONG_MAX),
    "log.flush.scheduler.interval.ms": number("flush_check_interval_ms", 1, LONG_MAX),
    "log.initial.task.delay.ms": number("initial_task_delay_ms", 0, LONG_MAX),
    "log.cleaner.enable": flag("cleaner_enable"),
    "log.cleaner.backoff.ms": number("cleaner_backoff_ms", 0, LONG_MAX),
}
