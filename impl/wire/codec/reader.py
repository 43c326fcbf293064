"""Readers: the source of one function per structure, `generated(data, at, end) -> (value, at)`.

`data` is the frame, `at` the position, `end` the position that must not be passed, `length` a length or count just
read. What is short raises IndexError or struct.error by itself; what is too long, null or overlong raises `Refused`.

One rule: no length and no count is used before it has been held against `end - at`.
"""

import functools
import struct
from collections.abc import Callable
from typing import Any

from impl.wire.codec.schema import FORMATS, Entity, Field, length_size, struct_size, value_size_min
from impl.wire.codec.source import Source
from impl.wire.codec.types import structure_classes
from impl.wire.varint import continue_unsigned

Reader = Callable[[Any, int, int], tuple[Any, int]]

STRING_BYTES_MAX = 0x7FFF
"""Kafka holds strings to this in flexible versions too."""


class Refused(ValueError):
    """A value no message may hold; the line that raised it knows the field."""


def refuse_length(length: int, left: int) -> None:
    raise Refused(f"length {length} where {left} bytes are left")


def refuse_count(count: int, left: int, size: int) -> None:
    raise Refused(f"{count} elements of at least {size} bytes where {left} bytes are left")


def refuse_null() -> None:
    raise Refused("null, which this field may not be")


def refuse_tag_size(size: int, read: int) -> None:
    raise Refused(f"a tagged field of {size} bytes whose value takes {read}")


@functools.cache
def reader_for(entity: Entity, value_class: type) -> Reader:
    """The compiled reader of an entity into a class that takes its fields by keyword."""
    return _ReaderSource(entity, value_class).build().compile()


class _ReaderSource:
    """Writes one reader, field by field in the order of the schema."""

    def __init__(self, entity: Entity, value_class: type) -> None:
        self.entity = entity
        self.value_class = value_class
        self.classes = structure_classes(value_class)
        self.source = Source(f"reader of {entity.name} version {entity.version}", "data, at, end")
        self.source.names |= {
            "continue_unsigned": continue_unsigned,
            "refuse_length": refuse_length,
            "refuse_count": refuse_count,
            "refuse_null": refuse_null,
            "refuse_tag_size": refuse_tag_size,
            "unpack_from": struct.unpack_from,
            "make": value_class,
        }

    def build(self) -> Source:
        run: list[Field] = []
        for field in self.entity.fields:
            if field.is_fixed:
                run.append(field)
                continue
            self.fixed(run)
            if field.tag is None:
                self.source.field = field.name
                self.untagged(0, field)
        self.fixed(run)
        if self.entity.is_flexible:
            self.tagged([field for field in self.entity.fields if field.tag is not None])
        self.source.field = ""
        arguments = ", ".join(f"{field.name}=v_{field.name}" for field in self.entity.fields)
        self.source.add(0, f"return make({arguments}), at")
        return self.source

    def fixed(self, run: list[Field]) -> None:
        """Neighbouring values of fixed size are unpacked in one go."""
        if not run:
            return
        self.source.field = ", ".join(field.name for field in run)
        self.unpack(0, run)
        run.clear()

    def unpack(self, indent: int, run: list[Field]) -> None:
        layout = struct.Struct(">" + "".join(FORMATS[field.kind] for field in run))
        unpack = self.source.bind("unpack", layout.unpack_from)
        targets = ", ".join(f"v_{field.name}" for field in run)
        self.source.add(indent, f"{targets}, = {unpack}(data, at)", f"at += {layout.size}")

    def untagged(self, indent: int, field: Field) -> None:
        if field.is_array:
            self.array(indent, field)
        elif field.entity:
            self.structure(indent, field)
        elif field.kind in FORMATS:
            self.unpack(indent, [field])
        else:
            self.sized(indent, field, f"v_{field.name}", field.is_nullable)

    def length(self, indent: int, size: int) -> None:
        """`length` becomes the length or count that stands here, -1 for null."""
        if self.entity.is_flexible:
            self.source.add(indent, "length = data[at]", "at += 1", "if length > 127:")
            self.source.add(indent + 1, "length, at = continue_unsigned(data, length, at)")
            self.source.add(indent, "length -= 1")
        else:
            unpack = self.source.bind("unpack", struct.Struct(">h" if size == 2 else ">i").unpack_from)
            self.source.add(indent, f"length, = {unpack}(data, at)", f"at += {size}")

    def null(self, indent: int, target: str, is_nullable: bool) -> None:
        """Opens the branch of a value that is there, one level in."""
        self.source.add(indent, "if length < 0:")
        self.source.add(indent + 1, f"{target} = None" if is_nullable else "refuse_null()")
        self.source.add(indent, "else:")

    def sized(self, indent: int, field: Field, target: str, is_nullable: bool) -> None:
        """A string, bytes or records: a length, and that many bytes."""
        self.length(indent, length_size(field.kind))
        self.null(indent, target, is_nullable)
        bound = f"length > end - at or length > {STRING_BYTES_MAX}" if field.kind == "string" else "length > end - at"
        self.source.add(indent + 1, f"if {bound}:")
        self.source.add(indent + 2, "refuse_length(length, end - at)")
        value = {
            "string": 'str(data[at:at + length], "utf-8")',
            "bytes": "bytes(data[at:at + length])",
            "records": "memoryview(data)[at:at + length]",
        }
        self.source.add(indent + 1, f"{target} = {value[field.kind]}", "at += length")

    def array(self, indent: int, field: Field) -> None:
        target = f"v_{field.name}"
        size = value_size_min(field, self.entity.is_flexible)
        self.length(indent, 4)
        self.null(indent, target, field.is_nullable)
        self.source.add(indent + 1, f"if length * {size} > end - at:")
        self.source.add(indent + 2, f"refuse_count(length, end - at, {size})")
        if field.kind == "uuid":
            value = "tuple([bytes(data[i:i + 16]) for i in range(at, at + 16 * length, 16)])"
            self.source.add(indent + 1, f"{target} = {value}", "at += 16 * length")
        elif field.kind in FORMATS:
            value = f'unpack_from(f">{{length}}{FORMATS[field.kind]}", data, at)'
            self.source.add(indent + 1, f"{target} = {value}", f"at += {struct_size(field.kind)} * length")
        else:
            self.elements(indent + 1, field, target)

    def elements(self, indent: int, field: Field, target: str) -> None:
        self.source.add(indent, "elements = []", "for _ in range(length):")
        if field.entity:
            read = self.source.bind("read", reader_for(field.entity, self.classes[field.name]))
            self.source.add(indent + 1, f"element, at = {read}(data, at, end)")
        else:
            self.sized(indent + 1, field, "element", is_nullable=False)
        self.source.add(indent + 1, "elements.append(element)")
        self.source.add(indent, f"{target} = tuple(elements)")

    def structure(self, indent: int, field: Field) -> None:
        """A structure in a structure; a nullable one follows a byte that is negative for null (KIP-893)."""
        assert field.entity is not None
        read = self.source.bind("read", reader_for(field.entity, self.classes[field.name]))
        if field.is_nullable and field.tag is None:
            self.source.add(indent, "length = data[at]", "at += 1", "if length > 127:")
            self.source.add(indent + 1, f"v_{field.name} = None")
            self.source.add(indent, "else:")
            indent += 1
        self.source.add(indent, f"v_{field.name}, at = {read}(data, at, end)")

    def tagged(self, fields: list[Field]) -> None:
        """Tagged fields come last, any number in any order; those we do not know are passed over (KIP-482)."""
        for field in fields:
            default = self.source.bind("default", getattr(self.value_class(), field.name))
            self.source.add(0, f"v_{field.name} = {default}")
        self.source.field = "tagged fields"
        self.source.add(0, "count = data[at]", "at += 1", "if count:")
        self.source.add(1, "if count > 127:")
        self.source.add(2, "count, at = continue_unsigned(data, count, at)")
        self.source.add(1, "message_end = end", "for _ in range(count):")
        for name in ("tag", "size"):
            self.source.add(2, f"{name} = data[at]", "at += 1", f"if {name} > 127:")
            self.source.add(3, f"{name}, at = continue_unsigned(data, {name}, at)")
        self.source.add(2, "if size > message_end - at:")
        self.source.add(3, "refuse_length(size, message_end - at)")
        self.source.add(2, "end = at + size")
        for field in fields:
            self.source.field = field.name
            self.source.add(2, f"if tag == {field.tag}:")
            self.untagged(3, field)
            self.source.add(3, "if at != end:")
            self.source.add(4, "refuse_tag_size(size, size + at - end)")
        self.source.field = "tagged fields"
        self.source.add(2, "at = end")
        self.source.add(1, "end = message_end")
