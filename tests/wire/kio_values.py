"""Kio's message objects as ours: the same fields, with plain values (milliseconds, ints, bytes)."""

import dataclasses
import datetime
import uuid
from typing import Any

import hypothesis.strategies as st
from kio.schema.errors import ErrorCode
from kio.static.primitive import Records

from impl.wire.codec.types import structure_classes
from impl.wire.message import NO_ID

# The one type for which kio brings no strategy of its own.
st.register_type_strategy(Records, st.binary(max_size=80).map(Records))

_MILLISECOND = datetime.timedelta(milliseconds=1)


def to_ours(theirs: Any, our_class: type) -> Any:
    """An instance of `our_class` with the values of a kio message."""
    classes = structure_classes(our_class)
    values = {}
    for field in dataclasses.fields(theirs):
        value = getattr(theirs, field.name)
        values[field.name] = _plain(value, field.metadata.get("kafka_type"), classes[field.name])
    return our_class(**values)


def _plain(value: Any, kafka_type: str | None, our_class: type) -> Any:
    if isinstance(value, tuple):
        return tuple(_plain(element, kafka_type, our_class) for element in value)
    if dataclasses.is_dataclass(value):
        return to_ours(value, our_class)
    if kafka_type == "uuid":
        return NO_ID if value is None else value.bytes
    if kafka_type == "datetime_i64":
        return -1 if value is None else round(value.timestamp() * 1000)
    if isinstance(value, datetime.timedelta):
        return round(value / _MILLISECOND)
    if isinstance(value, ErrorCode):
        return value.value
    assert not isinstance(value, uuid.UUID)
    return value
