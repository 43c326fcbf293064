"""What a broker was started with, as it is told to who asks; it stays so until the next start.

One rule: values are what the broker goes by. Where a configuration was given as text, it is told as it was given.
"""

from impl.core.admin_messages import DescribedConfig
from impl.core.effective_configs import DEFAULT, STATIC
from impl.core.settings import Settings
from impl.core.topic_configs import BOOLEAN, INT, LONG

READ_ONLY: dict[str, tuple[int, str]] = {
    "auto.create.topics.enable": (BOOLEAN, "auto_create_topics_enable"),
    "auto.leader.rebalance.enable": (BOOLEAN, "auto_leader_rebalance_enable"),
    "broker.heartbeat.interval.ms": (INT, "broker_heartbeat_interval_ms"),
    "broker.session.timeout.ms": (INT, "broker_session_timeout_ms"),
    "default.replication.factor": (INT, "default_replication_factor"),
    "delete.topic.enable": (BOOLEAN, "delete_topic_enable"),
    "leader.imbalance.check.interval.seconds": (LONG, "leader_imbalance_check_interval_seconds"),
    "node.id": (INT, "node"),
    "num.partitions": (INT, "num_partitions"),
    "replica.fetch.backoff.ms": (INT, "replica_fetch_backoff_ms"),
    "replica.fetch.max.bytes": (INT, "replica_fetch_bytes_max"),
    "replica.fetch.wait.max.ms": (INT, "replica_fetch_wait_ms_max"),
    "replica.high.watermark.checkpoint.interval.ms": (LONG, "high_watermark_checkpoint_interval_ms"),
    "replica.lag.time.max.ms": (LONG, "replica_lag_time_ms_max"),
    "request.timeout.ms": (INT, "request_timeout_ms"),
}
"""Kafka's type, and the field of the settings, by Kafka's name."""
DYNAMIC: dict[str, str] = {
    "log.message.timestamp.after.max.ms": "message_timestamp_after_ms_max",
    "log.message.timestamp.before.max.ms": "message_timestamp_before_ms_max",
    "message.max.bytes": "message_bytes_max",
    "min.insync.replicas": "min_insync_replicas",
    "unclean.leader.election.enable": "unclean_leader_election_enable",
}
"""Fields that can be overridden while the broker runs."""


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def static(settings: Settings) -> dict[str, str]:
    """By Kafka's name, what differs from Kafka's default or was given."""
    given = dict(settings.configs)
    default = Settings(node=settings.node)
    for name, field in DYNAMIC.items():
        value = getattr(settings, field)
        if value != getattr(default, field):
            given.setdefault(name, _text(value))
    return given


def read_only(settings: Settings, given: dict[str, str]) -> list[DescribedConfig]:
    """What no request changes."""
    return [
        DescribedConfig(
            name=name,
            value=given.get(name, _text(getattr(settings, field))),
            source=STATIC if name in given or name == "node.id" else DEFAULT,
            kind=kind,
            read_only=True,
        )
        for name, (kind, field) in READ_ONLY.items()
    ]
