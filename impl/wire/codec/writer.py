"""Writers: the source of one function per structure, `generated(message, add)`: adds the parts of `message`.

Parts are bytes, or buffers as they were given: records go out without being copied here.

One rule: a tagged field is written when it differs from its default, and tags are written in ascending order (KIP-482).
"""

import functools
import struct
from collections.abc import Callable
from typing import Any

from impl.wire.codec.schema import FORMATS, Entity, Field, length_size
from impl.wire.codec.source import Source
from impl.wire.codec.types import structure_classes
from impl.wire.varint import SHORT, encode_unsigned

Writer = Callable[[Any, Callable[[Any], object]], None]


@functools.cache
def writer_for(entity: Entity, value_class: type) -> Writer:
    """The compiled writer of an entity out of a class with (at least) its fields."""
    return _WriterSource(entity, value_class).build().compile()


class _WriterSource:
    """Writes one writer, field by field in the order of the schema."""

    def __init__(self, entity: Entity, value_class: type) -> None:
        self.entity = entity
        self.value_class = value_class
        self.classes = structure_classes(value_class)
        self.source = Source(f"writer of {entity.name} version {entity.version}", "message, add")
        self.source.names |= {
            "SHORT": SHORT,
            "encode_unsigned": encode_unsigned,
            "pack": struct.pack,
            "NULL_STRUCTURE": b"\xff",
            "STRUCTURE": b"\x01",
        }

    def build(self) -> Source:
        self.source.add(0, "pass")
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
            tagged = [field for field in self.entity.fields if field.tag is not None]
            self.tagged(sorted(tagged, key=lambda field: field.tag or 0))
        return self.source

    def fixed(self, run: list[Field]) -> None:
        """Neighbouring values of fixed size are packed in one go."""
        if not run:
            return
        self.source.field = ", ".join(field.name for field in run)
        layout = struct.Struct(">" + "".join(FORMATS[field.kind] for field in run))
        pack = self.source.bind("pack", layout.pack)
        self.source.add(0, f"add({pack}({', '.join(f'message.{field.name}' for field in run)}))")
        run.clear()

    def untagged(self, indent: int, field: Field) -> None:
        self.source.add(indent, f"value = message.{field.name}")
        if field.is_array:
            self.array(indent, field)
        elif field.entity:
            self.structure(indent, field)
        elif field.kind in FORMATS:
            self.source.add(indent, f'add(pack(">{FORMATS[field.kind]}", value))')
        else:
            self.sized(indent, field, field.is_nullable)

    def length(self, indent: int, expression: str, size: int) -> None:
        if self.entity.is_flexible:
            self.source.add(indent, f"length = {expression} + 1")
            self.source.add(indent, f"add(SHORT[length] if length < {len(SHORT)} else encode_unsigned(length))")
        else:
            self.source.add(indent, f"add({self.length_packer(size)}({expression}))")

    def length_packer(self, size: int) -> str:
        return self.source.bind("pack", struct.Struct(">h" if size == 2 else ">i").pack)

    def null(self, indent: int, size: int, is_nullable: bool) -> int:
        """Writes null where `value` is None and may be; the indent of what follows."""
        if not is_nullable:
            return indent
        null = b"\0" if self.entity.is_flexible else b"\xff" * size
        self.source.add(indent, "if value is None:")
        self.source.add(indent + 1, f"add({null!r})")
        self.source.add(indent, "else:")
        return indent + 1

    def sized(self, indent: int, field: Field, is_nullable: bool) -> None:
        """A string, bytes or records in `value`."""
        size = length_size(field.kind)
        indent = self.null(indent, size, is_nullable)
        if field.kind == "string":
            self.source.add(indent, "value = value.encode()")
        self.length(indent, "len(value)", size)
        self.source.add(indent, "add(value)")

    def array(self, indent: int, field: Field) -> None:
        indent = self.null(indent, 4, field.is_nullable)
        self.length(indent, "len(value)", 4)
        if field.kind == "uuid":
            self.source.add(indent, 'add(b"".join(value))')
        elif field.kind in FORMATS:
            self.source.add(indent, f'add(pack(f">{{len(value)}}{FORMATS[field.kind]}", *value))')
        elif field.entity:
            write = self.source.bind("write", writer_for(field.entity, self.classes[field.name]))
            self.source.add(indent, "for element in value:")
            self.source.add(indent + 1, f"{write}(element, add)")
        else:
            self.source.add(indent, "for value in value:")
            self.sized(indent + 1, field, is_nullable=False)

    def structure(self, indent: int, field: Field) -> None:
        assert field.entity is not None
        write = self.source.bind("write", writer_for(field.entity, self.classes[field.name]))
        if field.is_nullable and field.tag is None:
            self.source.add(indent, "if value is None:")
            self.source.add(indent + 1, "add(NULL_STRUCTURE)")
            self.source.add(indent, "else:")
            indent += 1
            self.source.add(indent, "add(STRUCTURE)")
        self.source.add(indent, f"{write}(value, add)")

    def tagged(self, fields: list[Field]) -> None:
        """How many tagged fields follow, and each as tag, size, value. The value's size must be known before it."""
        self.source.field = "tagged fields"
        if not fields:
            self.source.add(0, 'add(b"\\0")')
            return
        self.source.add(0, "add_to_message = add", "values = []")
        for field in fields:
            self.source.field = field.name
            default = self.source.bind("default", getattr(self.value_class(), field.name))
            self.source.add(0, f"if message.{field.name} is not {default} and message.{field.name} != {default}:")
            self.source.add(1, "parts = []", "add = parts.append")
            self.untagged(1, field)
            tag = self.source.bind("tag", encode_unsigned(field.tag or 0))
            self.source.add(1, 'value = b"".join(parts)')
            self.source.add(1, f"values.append({tag} + encode_unsigned(len(value)) + value)")
        self.source.add(0, "add_to_message(SHORT[len(values)])", "for value in values:")
        self.source.add(1, "add_to_message(value)")
