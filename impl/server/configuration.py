"""Kafka's broker configuration: names, defaults and ranges are Kafka's; an unknown name is an error.

One rule: a value is parsed and checked where it enters, once, and every process gets the same checked text.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from impl.core.settings import Settings
from impl.core.types import NodeId
from impl.host.upkeep import UpkeepConfig
from impl.server.entries import INT_MAX, LOG, NETWORK, SETTINGS, UPKEEP, Entry
from impl.server.errors import ConfigurationError
from impl.server.framing import REQUEST_BYTES_MAX
from impl.server.kafka_names import BOOLEANS, NUMBERS, inert, refused
from impl.storage.log_config import LogConfig


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


TABLES: tuple[Mapping[str, Entry], ...] = (SETTINGS, NETWORK, LOG, UPKEEP)


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
    return sorted(name for table in TABLES for name in table)


def settings(node: int, cluster_id: str, configuration: Mapping[str, str]) -> Settings:
    """What the core decides by."""
    given = tuple(sorted(configuration.items()))
    defaults = Settings(node=NodeId(node), cluster_id=cluster_id, configs=given)
    return msgspec.structs.replace(defaults, **_chosen(SETTINGS, configuration))


def network_config(configuration: Mapping[str, str]) -> NetworkConfig:
    return NetworkConfig(**_chosen(NETWORK, configuration))


def log_config(configuration: Mapping[str, str]) -> LogConfig:
    """The broker's defaults for every log; a topic may override them."""
    return LogConfig(**_chosen(LOG, configuration))


def upkeep_config(configuration: Mapping[str, str]) -> UpkeepConfig:
    """How often a broker looks after its logs."""
    return UpkeepConfig(**_chosen(UPKEEP, configuration))


def _chosen(table: Mapping[str, Entry], configuration: Mapping[str, str]) -> dict[str, Any]:
    """Field to value. Where several names set one field, the last in the table wins."""
    return {
        entry.field: entry.read(name, configuration[name]) for name, entry in table.items() if name in configuration
    }


def _value(name: str, text: str) -> Any:
    entry = next((table[name] for table in TABLES if name in table), None)
    return _inert_value(name, text) if entry is None else entry.read(name, text)


def _inert_value(name: str, text: str) -> int:
    """A name of Kafka's that changes nothing here: its value has the right type. Any other name is refused."""
    if refused(name):
        raise ConfigurationError(f"{name}={text} is not built here: leave it out, and know that it is missing")
    if not inert(name):
        near = difflib.get_close_matches(name, known_names(), 1)
        meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(known_names())}"
        raise ConfigurationError(f"unknown configuration {name}: {meant}")
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
    decided = settings(1, "", configuration) if name in SETTINGS else network_config(configuration)
    value = getattr(decided, (SETTINGS if name in SETTINGS else NETWORK)[name].field)
    assert isinstance(value, int)
    return value
