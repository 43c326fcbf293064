"""The configurations of topics, under Kafka's names and with its defaults (org.apache.kafka.common.config.TopicConfig).

One rule: what is recorded is valid, so that no broker ever meets a value it cannot read.

Each has a name of its own on the broker, where it is the default of every topic.
"""

import re
from collections.abc import Callable

from impl.core.types import Value

Check = Callable[[str], str | None]
BOOLEAN, STRING, INT, LONG, DOUBLE, LIST = 1, 2, 3, 5, 6, 7
"""Kafka's numbers for the types of configurations."""
INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1
DIGITS_MAX = 20
"""No number of Kafka's has more; Python refuses to read one of thousands."""
_WHOLE = re.compile(r"\s*([+-]?)0*([0-9]+)\s*")
_THROTTLED = re.compile(r"\*|[0-9]{1,9}:[0-9]{1,9}(,[0-9]{1,9}:[0-9]{1,9})*|")


WITHOUT_EFFECT = frozenset({"compression.type", "message.timestamp.type", "preallocate"})
"""Taken and told, and nothing else: batches stay as their producer made them, and files grow as they are written."""


class Key(Value, frozen=True, gc=False):
    """One configuration."""

    name: str
    kind: int
    default: str
    check: Check
    broker_name: str
    """What it is called as the broker's default for all topics; empty: it has none."""
    about: str


def whole_number(text: str) -> int | None:
    """The number that a configuration spells, as Kafka's ConfigDef reads it (trimmed, a sign, digits); else None.

    One of too many digits is read as one that is out of every range.
    """
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    number = int(found[2]) if len(found[2]) <= DIGITS_MAX else 10**DIGITS_MAX
    return -number if found[1] == "-" else number


def number(text: str | None, default: int) -> int:
    """The number that a valid configuration spells; `default` where there is none."""
    found = None if text is None else whole_number(text)
    return default if found is None else found


def parts_of(text: str) -> list[str]:
    """The members of a list, as Kafka's ConfigDef reads one."""
    return [part.strip() for part in text.split(",")] if text.strip() else []


# ---------------------------------------------------------------- checks, in Kafka's words
def _number(kind: str, lowest: int, highest: int) -> Check:
    def check(value: str) -> str | None:
        number = whole_number(value)
        if number is None:
            return f"Not a number of type {kind}"
        if number < lowest:
            return f"Value must be at least {lowest}"
        if number > highest:
            return f"Value must be no more than {highest}"
        return None

    return check


def _one_of(*choices: str, several: bool = False) -> Check:
    def check(value: str) -> str | None:
        given = parts_of(value) or [""] if several else [value]
        wrong = [part for part in given if part not in choices]
        return f"String must be one of: {', '.join(choices)}" if wrong else None

    return check


def _share(value: str) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return "Not a number of type DOUBLE"
    return None if 0 <= number <= 1 else "Value must be between 0 and 1"


def _truth(value: str) -> str | None:
    known = value.strip().lower() in ("true", "false")
    return None if known else "Expected value to be either true or false"


def _throttled(value: str) -> str | None:
    known = _THROTTLED.fullmatch(value.replace(" ", ""))
    return None if known else "must be the literal '*' or a list of replicas in the form partition:broker"


# ---------------------------------------------------------------- the table
def _int(name: str, default: int, lowest: int, broker_name: str, about: str) -> Key:
    return Key(name, INT, str(default), _number("INT", lowest, INT_MAX), broker_name, about)


def _long(name: str, default: int, lowest: int, broker_name: str, about: str) -> Key:
    return Key(name, LONG, str(default), _number("LONG", lowest, LONG_MAX), broker_name, about)


def _boolean(name: str, broker_name: str, about: str) -> Key:
    return Key(name, BOOLEAN, "false", _truth, broker_name, about)


_POLICY = _one_of("compact", "delete", several=True)
_CODECS = _one_of("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")
_CLOCKS = _one_of("CreateTime", "LogAppendTime")
_CLEANER = "log.cleaner."
_THROTTLE = "Replicas whose catching up is throttled, as partition:broker, or * for all (KIP-73)."
KEYS: dict[str, Key] = {
    key.name: key
    for key in (
        Key("cleanup.policy", LIST, "delete", _POLICY, "log.cleanup.policy", "What becomes of old segments."),
        Key(
            "compression.type",
            STRING,
            "producer",
            _CODECS,
            "compression.type",
            "As the producer sent them, whatever this says.",
        ),
        _long("delete.retention.ms", 86_400_000, 0, _CLEANER + "delete.retention.ms", "How long a tombstone stays."),
        _long("file.delete.delay.ms", 60_000, 0, "log.segment.delete.delay.ms", "How long a deleted file stays."),
        _long("flush.messages", LONG_MAX, 1, "log.flush.interval.messages", "Records after which a log is synced."),
        _long("flush.ms", LONG_MAX, 0, "log.flush.interval.ms", "Time after which a log is synced."),
        Key("follower.replication.throttled.replicas", LIST, "", _throttled, "", _THROTTLE),
        _int("index.interval.bytes", 4_096, 0, "log.index.interval.bytes", "Log bytes between two index entries."),
        Key("leader.replication.throttled.replicas", LIST, "", _throttled, "", _THROTTLE),
        _long("max.compaction.lag.ms", LONG_MAX, 1, _CLEANER + "max.compaction.lag.ms", "Age past which a log is due."),
        _int("max.message.bytes", 1_048_588, 0, "message.max.bytes", "The largest batch that is taken."),
        _long("message.timestamp.after.max.ms", 3_600_000, 0, "log.message.timestamp.after.max.ms", "How far ahead."),
        _long("message.timestamp.before.max.ms", LONG_MAX, 0, "log.message.timestamp.before.max.ms", "How far back."),
        Key(
            "message.timestamp.type",
            STRING,
            "CreateTime",
            _CLOCKS,
            "log.message.timestamp.type",
            "The producer's clock, whatever this says.",
        ),
        Key("min.cleanable.dirty.ratio", DOUBLE, "0.5", _share, _CLEANER + "min.cleanable.ratio", "When a log is due."),
        _long("min.compaction.lag.ms", 0, 0, _CLEANER + "min.compaction.lag.ms", "Younger records stay."),
        _int("min.insync.replicas", 1, 1, "min.insync.replicas", "Fewer in sync, and nothing is committed."),
        _boolean("preallocate", "log.preallocate", "Nothing: files grow as they are written."),
        _long("retention.bytes", -1, -1, "log.retention.bytes", "Size past which old segments go; -1: never."),
        _long("retention.ms", 604_800_000, -1, "log.retention.ms", "Age past which old segments go; -1: never."),
        _int("segment.bytes", 1_073_741_824, 14, "log.segment.bytes", "Size past which a new segment begins."),
        _int("segment.index.bytes", 10_485_760, 4, "log.index.size.max.bytes", "The largest index of a segment."),
        _long("segment.jitter.ms", 0, 0, "log.roll.jitter.ms", "By how much rolling is spread."),
        _long("segment.ms", 604_800_000, 1, "log.roll.ms", "Age past which a new segment begins."),
        _boolean("unclean.leader.election.enable", "unclean.leader.election.enable", "Whether data may be given up."),
    )
}
"""By name."""
_RATE = "Bytes a second for replicas that catch up throttled (KIP-73)."
BROKER_ONLY: dict[str, Key] = {
    name: _long(name, LONG_MAX, 0, name, _RATE)
    for name in ("follower.replication.throttled.rate", "leader.replication.throttled.rate")
}
"""Of brokers alone, and changed while they run."""
CHECKS: dict[str, Check] = {name: key.check for name, key in KEYS.items()}


def complaint(name: str, value: str | None) -> str | None:
    """What is wrong with one configuration, in Kafka's words; None if it can be set. A value of None is the default."""
    key = KEYS.get(name)
    if key is None:
        return f"Unknown topic config name: {name}"
    return invalid(key, name, value)


def invalid(key: Key, name: str, value: str | None) -> str | None:
    """The same of a configuration that is known, by whichever of its names."""
    wrong = None if value is None else key.check(value)
    return None if wrong is None else f"Invalid value {value} for configuration {name}: {wrong}"
