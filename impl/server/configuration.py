"""Kafka's broker configuration: names, defaults and ranges are Kafka's; an unknown name is an error.

One rule: a value is parsed and checked where it enters, once, and every process gets the same checked text.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping

import msgspec

from impl.core.settings import Settings
from impl.core.types import NodeId
from impl.server.errors import ConfigurationError
from impl.server.framing import REQUEST_BYTES_MAX
from impl.server.kafka_names import BOOLEANS, NUMBERS, inert, refused
from impl.storage.log_config import LogConfig

INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1


class NetworkConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What only the network code needs to know."""

    request_bytes_max: int = REQUEST_BYTES_MAX
    """socket.request.max.bytes"""
    reconnect_backoff_ms: int = 50
    """reconnect.backoff.ms"""
    reconnect_backoff_ms_max: int = 1_000
    """reconnect.backoff.max.ms"""
    connections_max: int = INT_MAX
    """max.connections"""
    idle_ms_max: int = 600_000
    """connections.max.idle.ms"""


class Entry(msgspec.Struct, frozen=True):
    """One configuration: the field it sets, and the values it may have."""

    field: str
    lowest: int
    highest: int
    boolean: bool = False


SETTINGS: Mapping[str, Entry] = {
    "replica.lag.time.max.ms": Entry("replica_lag_time_ms_max", 1, LONG_MAX),
    "replica.fetch.wait.max.ms": Entry("replica_fetch_wait_ms_max", 0, INT_MAX),
    "replica.fetch.max.bytes": Entry("replica_fetch_bytes_max", 0, INT_MAX),
    "replica.fetch.backoff.ms": Entry("replica_fetch_backoff_ms", 0, INT_MAX),
    "max.incremental.fetch.session.cache.slots": Entry("fetch_session_slots", 0, INT_MAX),
    "request.timeout.ms": Entry("request_timeout_ms", 1, INT_MAX),
    "min.insync.replicas": Entry("min_insync_replicas", 1, INT_MAX),
    "unclean.leader.election.enable": Entry("unclean_leader_election_enable", 0, 1, boolean=True),
    "broker.heartbeat.interval.ms": Entry("broker_heartbeat_interval_ms", 1, INT_MAX),
    "broker.session.timeout.ms": Entry("broker_session_timeout_ms", 1, INT_MAX),
    "num.partitions": Entry("num_partitions", 1, INT_MAX),
    "default.replication.factor": Entry("default_replication_factor", 1, 32_767),
    "auto.create.topics.enable": Entry("auto_create_topics_enable", 0, 1, boolean=True),
    "replica.high.watermark.checkpoint.interval.ms": Entry("high_watermark_checkpoint_interval_ms", 1, LONG_MAX),
    "message.max.bytes": Entry("message_bytes_max", 0, INT_MAX),
    "controller.quorum.election.timeout.ms": Entry("quorum_election_timeout_ms", 1, INT_MAX),
    "controller.quorum.fetch.timeout.ms": Entry("quorum_fetch_timeout_ms", 1, INT_MAX),
    "controller.quorum.election.backoff.max.ms": Entry("quorum_election_backoff_ms_max", 1, INT_MAX),
    "controller.quorum.request.timeout.ms": Entry("quorum_request_timeout_ms", 1, INT_MAX),
    "controller.quorum.retry.backoff.ms": Entry("quorum_retry_backoff_ms", 1, INT_MAX),
}
NETWORK: Mapping[str, Entry] = {
    "socket.request.max.bytes": Entry("request_bytes_max", 1, INT_MAX),
    "reconnect.backoff.ms": Entry("reconnect_backoff_ms", 1, INT_MAX),
    "reconnect.backoff.max.ms": Entry("reconnect_backoff_ms_max", 1, INT_MAX),
    "max.connections": Entry("connections_max", 0, INT_MAX),
    "connections.max.idle.ms": Entry("idle_ms_max", -1, LONG_MAX),
}
_SEGMENT_BYTES = Entry("segment_bytes", 14, INT_MAX)
_SEGMENT_MS = Entry("segment_ms", 1, LONG_MAX)
_SEGMENT_INDEX_BYTES = Entry("segment_index_bytes", 12, INT_MAX)
_INDEX_INTERVAL_BYTES = Entry("index_interval_bytes", 0, INT_MAX)
_FLUSH_MESSAGES = Entry("flush_messages", 1, LONG_MAX)
LOG: Mapping[str, Entry] = {
    "log.segment.bytes": _SEGMENT_BYTES,
    "log.roll.ms": _SEGMENT_MS,
    "log.index.size.max.bytes": _SEGMENT_INDEX_BYTES,
    "log.index.interval.bytes": _INDEX_INTERVAL_BYTES,
    "log.flush.interval.messages": _FLUSH_MESSAGES,
    # The same under the topics' names, which is how people remember them.
    "segment.bytes": _SEGMENT_BYTES,
    "segment.ms": _SEGMENT_MS,
    "segment.index.bytes": _SEGMENT_INDEX_BYTES,
    "index.interval.bytes": _INDEX_INTERVAL_BYTES,
    "flush.messages": _FLUSH_MESSAGES,
}
TABLES: tuple[Mapping[str, Entry], ...] = (SETTINGS, NETWORK, LOG)


class Text(msgspec.Struct, frozen=True):
    """One configuration whose value is words: the field of `Settings` it sets, and what each value means there."""

    field: str
    values: Mapping[str, bool | str] | None = None
    """None: any text, as it is."""


_SELECTORS = "org.apache.kafka.common.replica"
TEXTS: Mapping[str, Text] = {
    "broker.rack": Text("broker_rack"),
    "replica.selector.class": Text(
        "replica_selector_by_rack",
        {f"{_SELECTORS}.RackAwareReplicaSelector": True, f"{_SELECTORS}.LeaderSelector": False, "": False},
    ),
}


def parse_overrides(texts: Iterable[str]) -> dict[str, str]:
    """`name=value` as typed, to checked names and values. Raises ConfigurationError."""
    overrides: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise ConfigurationError(f"--config {text}: write it as name=value, as in min.insync.replicas=2")
        overrides[name.strip()] = value.strip()
    return checked(overrides)


def checked(configuration: Mapping[str, str]) -> dict[str, str]:
    """The same, once every name and value is known to be right and no two contradict. Raises ConfigurationError."""
    for name, value in configuration.items():
        _value(name, value)
    _check_together(configuration)
    return dict(configuration)


def without_effect(configuration: Mapping[str, str]) -> list[str]:
    """Names that Kafka knows and that change nothing here, sorted."""
    return sorted(name for name in configuration if inert(name) and not any(name in table for table in TABLES))


def known_names() -> list[str]:
    """Every configuration this server understands, sorted."""
    return sorted([name for table in TABLES for name in table] + list(TEXTS))


def settings(node: int, cluster_id: str, configuration: Mapping[str, str]) -> Settings:
    """What the core decides by."""
    defaults = Settings(node=NodeId(node), cluster_id=cluster_id)
    texts = {TEXTS[name].field: _text(name, value) for name, value in configuration.items() if name in TEXTS}
    given = tuple(sorted(configuration.items()))
    return msgspec.structs.replace(defaults, configs=given, **_chosen(SETTINGS, configuration), **texts)


def network_config(configuration: Mapping[str, str]) -> NetworkConfig:
    return NetworkConfig(**_chosen(NETWORK, configuration))


def log_config(configuration: Mapping[str, str]) -> LogConfig:
    """The broker's defaults for every log; a topic may override them."""
    return LogConfig(**_chosen(LOG, configuration))


def _chosen(table: Mapping[str, Entry], configuration: Mapping[str, str]) -> dict[str, int]:
    return {table[name].field: _value(name, value) for name, value in configuration.items() if name in table}


def _text(name: str, text: str) -> bool | str:
    values = TEXTS[name].values
    if values is None:
        return text
    if text not in values:
        raise ConfigurationError(
            f"{name}={text} is not known here: known are {', '.join(sorted(filter(None, values)))}"
        )
    return values[text]


def _value(name: str, text: str) -> int:
    if name in TEXTS:
        _text(name, text)
        return 0
    entry = next((table[name] for table in TABLES if name in table), None)
    if entry is None:
        return _inert_value(name, text)
    parse: Callable[[str], int] = _boolean if entry.boolean else int
    try:
        value = parse(text)
    except ValueError as error:
        expected = "true or false" if entry.boolean else "a whole number"
        raise ConfigurationError(f"{name}={text} is not {expected}") from error
    if not entry.lowest <= value <= entry.highest:
        raise ConfigurationError(f"{name}={text} is out of range: {entry.lowest} to {entry.highest}")
    return value


def _inert_value(name: str, text: str) -> int:
    """A name of Kafka's that changes nothing here: its value has the right type. Any other name is refused."""
    if refused(name):
        raise ConfigurationError(f"{name}={text} is not built here: leave it out, and know that it is missing")
    if not inert(name):
        near = difflib.get_close_matches(name, known_names(), 1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise ConfigurationError(f"unknown configuration {name}: {meant}known are {', '.join(known_names())}")
    if name in BOOLEANS and text.lower() not in ("true", "false"):
        raise ConfigurationError(f"{name}={text} is not true or false")
    if name in NUMBERS:
        try:
            float(text)
        except ValueError as error:
            raise ConfigurationError(f"{name}={text} is not a number") from error
    return 0


ORDERED = (
    ("broker.heartbeat.interval.ms", "broker.session.timeout.ms", "a broker would be fenced between two heartbeats"),
    ("replica.fetch.wait.max.ms", "replica.lag.time.max.ms", "an idle follower would leave the in-sync set"),
    ("reconnect.backoff.ms", "reconnect.backoff.max.ms", "the first pause would be longer than the longest"),
)
"""The first must not be above the second, or this happens."""


def _check_together(configuration: Mapping[str, str]) -> None:
    for low, high, then in ORDERED:
        smaller, larger = _effective(low, configuration), _effective(high, configuration)
        if smaller > larger:
            raise ConfigurationError(
                f"{low}={smaller} contradicts {high}={larger}: {then}; raise the second or lower the first"
            )


def _effective(name: str, configuration: Mapping[str, str]) -> int:
    """Its value as given, or the default."""
    if name in configuration:
        return _value(name, configuration[name])
    defaults = settings(1, "", {}) if name in SETTINGS else NetworkConfig()
    value = getattr(defaults, (SETTINGS if name in SETTINGS else NETWORK)[name].field)
    assert isinstance(value, int)
    return value


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"
