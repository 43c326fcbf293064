"""The topic configurations that can be set, under Kafka's names (org.apache.kafka.common.config.TopicConfig).

One rule: what is recorded is valid, so that no broker ever meets a value it cannot read.
"""

import re
from collections.abc import Callable

Check = Callable[[str], str | None]
_WHOLE = re.compile(r"\s*([+-]?[0-9]+)\s*")


def whole_number(text: str) -> int | None:
    """The number that a configuration spells, as Kafka's ConfigDef reads it (trimmed, a sign, digits); else None."""
    found = _WHOLE.fullmatch(text)
    return None if found is None else int(found[1])


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
        given = [part.strip() for part in value.split(",")] if several else [value]
        wrong = [part for part in given if part not in choices]
        return f"String must be one of: {', '.join(choices)}" if wrong else None

    return check


_INT = 2**31 - 1
_LONG = 2**63 - 1
_BOOLEAN = _one_of("true", "false")
CHECKS: dict[str, Check] = {
    "cleanup.policy": _one_of("compact", "delete", several=True),
    "compression.type": _one_of("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
    "delete.retention.ms": _number("LONG", 0, _LONG),
    "file.delete.delay.ms": _number("LONG", 0, _LONG),
    "flush.messages": _number("LONG", 1, _LONG),
    "flush.ms": _number("LONG", 0, _LONG),
    "index.interval.bytes": _number("INT", 0, _INT),
    "max.compaction.lag.ms": _number("LONG", 1, _LONG),
    "max.message.bytes": _number("INT", 0, _INT),
    "message.timestamp.type": _one_of("CreateTime", "LogAppendTime"),
    "min.compaction.lag.ms": _number("LONG", 0, _LONG),
    "min.insync.replicas": _number("INT", 1, _INT),
    "preallocate": _BOOLEAN,
    "retention.bytes": _number("LONG", -1, _LONG),
    "retention.ms": _number("LONG", -1, _LONG),
    "segment.bytes": _number("INT", 14, _INT),
    "segment.index.bytes": _number("INT", 4, _INT),
    "segment.jitter.ms": _number("LONG", 0, _LONG),
    "segment.ms": _number("LONG", 1, _LONG),
    "unclean.leader.election.enable": _BOOLEAN,
}


def complaint(name: str, value: str | None) -> str | None:
    """What is wrong with one configuration, in Kafka's words; None if it can be set. A value of None is the default."""
    check = CHECKS.get(name)
    if check is None:
        return f"Unknown topic config name: {name}"
    if value is None:
        return None
    wrong = check(value)
    return None if wrong is None else f"Invalid value {value} for configuration {name}: {wrong}"
