"""What one version of a message looks like on the wire, as data.

One rule: this is the only file that knows how kio writes down a schema: dataclasses whose fields carry `kafka_type`
and `tag` in their metadata, whose types say array (`tuple[X, ...]`) and nullable (`X | None`), and whose class carries
`__flexible__` and `__version__` (KIP-482's compact lengths and tagged fields).
"""

import dataclasses
import functools
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

FORMATS = {
    "int8": "b",
    "int16": "h",
    "int32": "i",
    "int64": "q",
    "uint8": "B",
    "uint16": "H",
    "uint32": "I",
    "uint64": "Q",
    "float64": "d",
    "bool": "?",
    "error_code": "h",
    "timedelta_i32": "i",
    "timedelta_i64": "q",
    "datetime_i64": "q",
    "uuid": "16s",
}
"""`struct` letters of the types of fixed size."""

STRUCTURE = "structure"
"""The kind of a field that holds another entity."""


class Field(NamedTuple):
    """One field. `is_nullable` is about the array where it is one, else about the value."""

    name: str
    kind: str
    is_array: bool
    is_nullable: bool
    tag: int | None
    entity: "Entity | None"

    @property
    def is_fixed(self) -> bool:
        """A value whose size does not depend on the data, in a place that does not either."""
        return self.kind in FORMATS and not self.is_array and self.tag is None


class Entity(NamedTuple):
    """A message, or a structure inside one, in one version."""

    name: str
    version: int
    is_flexible: bool
    fields: tuple[Field, ...]


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """`X | None` as (X, True); anything else as (itself, False)."""
    if get_origin(annotation) not in (UnionType, Union):
        return annotation, False
    (inner,) = (argument for argument in get_args(annotation) if argument is not NoneType)
    return inner, True


def _describe_field(field: "dataclasses.Field[Any]") -> Field:
    inner, is_nullable = _without_none(field.type)
    is_array = get_origin(inner) is tuple
    if is_array:
        inner, element_is_nullable = _without_none(get_args(inner)[0])
        # A uuid has no null of its own on the wire: zero stands for it.
        assert not element_is_nullable or field.metadata["kafka_type"] == "uuid", field
    is_structure = dataclasses.is_dataclass(inner)
    entity = describe(inner) if is_structure else None
    kind = STRUCTURE if entity else str(field.metadata["kafka_type"])
    return Field(field.name, kind, is_array, is_nullable, field.metadata.get("tag"), entity)


@functools.cache
def describe(schema: Any) -> Entity:
    """The description of a schema class: a dataclass in kio's manner."""
    fields = tuple(_describe_field(field) for field in dataclasses.fields(schema))
    return Entity(schema.__name__, int(schema.__version__), bool(schema.__flexible__), fields)


@functools.cache
def size_min(entity: Entity) -> int:
    """The fewest bytes this entity takes: what bounds how many of them a frame can hold."""
    untagged = sum(_field_size_min(field, entity.is_flexible) for field in entity.fields if field.tag is None)
    return untagged + (1 if entity.is_flexible else 0)


def _field_size_min(field: Field, is_flexible: bool) -> int:
    if field.is_array:
        return 1 if is_flexible else 4
    return value_size_min(field, is_flexible)


def value_size_min(field: Field, is_flexible: bool) -> int:
    """The fewest bytes one value of this field takes: of an array, one element."""
    if field.entity:
        return 1 if field.is_nullable and not field.is_array else max(1, size_min(field.entity))
    if field.kind in FORMATS:
        return struct_size(field.kind)
    if is_flexible:
        return 1
    return length_size(field.kind)


def struct_size(kind: str) -> int:
    return {"b": 1, "B": 1, "?": 1, "h": 2, "H": 2, "i": 4, "I": 4, "16s": 16}.get(FORMATS[kind], 8)


def length_size(kind: str) -> int:
    """Bytes of the length before a string, bytes or records, where the version is not flexible."""
    return 2 if kind == "string" else 4
