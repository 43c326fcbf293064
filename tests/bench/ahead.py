"""The codecs of the wire written out before they are needed, as one module that mypyc compiles.

    python -m tests.bench.ahead     # prints the module; tests/bench/compiled.py puts it into the compiled copy

One rule: what is written out does what `impl.wire.codec` would have run. The generators there make the text; here it
gets types, and what its names stand for is written beside it. A codec that is not among these is made when it is first
used, in the copy as in the sources.

The module keeps the rule of `impl.wire.codec.source`: `__fields__` names the field that each of its lines is about.
"""

import re
from collections.abc import Callable
from typing import Any

from impl.api.handler import CoreHandler
from impl.api.registry import BROKER_SERVES, CONTROLLER_SERVES
from impl.wire import metadata_schemas
from impl.wire.apis import ApiKey, request_codec, response_codec
from impl.wire.codec import codec_for
from impl.wire.codec.reader import reader_for
from impl.wire.codec.source import FIELDS, Source
from impl.wire.codec.writer import writer_for
from tests.bench.written_out import KEYS, key_of

HEAD = '''"""Written by tests/bench/ahead.py."""
from struct import Struct, pack, unpack_from
from typing import Any, Callable, Final
from librt.strings import read_f64_be, read_i16_be, read_i32_be, read_i64_be
from impl.wire.codec.reader import refuse_count, refuse_length, refuse_null, refuse_tag_size
from impl.wire.varint import SHORT, continue_unsigned, encode_unsigned
NULL_STRUCTURE: Final = b"\\xff"
STRUCTURE: Final = b"\\x01"
def sixteen(data: bytes, at: int) -> bytes:
    found = data[at:at + 16]
    if len(found) != 16:
        raise IndexError("16 bytes")
    return found'''
FIXED = {
    "h": (2, "read_i16_be(data, at + {})"),
    "H": (2, "int(read_i16_be(data, at + {})) & 0xffff"),
    "i": (4, "read_i32_be(data, at + {})"),
    "I": (4, "int(read_i32_be(data, at + {})) & 0xffffffff"),
    "q": (8, "read_i64_be(data, at + {})"),
    "d": (8, "read_f64_be(data, at + {})"),
    "b": (1, "(data[at + {}] ^ 128) - 128"),
    "B": (1, "data[at + {}]"),
    "?": (1, "data[at + {}] != 0"),
    "16s": (16, "sixteen(data, at + {})"),
}
"""How each letter of `struct` is read, and its bytes; a layout with another letter is unpacked as it was."""
SENT = (
    *(ApiKey.PRODUCE, ApiKey.FETCH, ApiKey.LIST_OFFSETS, ApiKey.METADATA, ApiKey.INIT_PRODUCER_ID),
    *(ApiKey.OFFSET_FOR_LEADER_EPOCH, ApiKey.VOTE, ApiKey.BEGIN_QUORUM_EPOCH, ApiKey.END_QUORUM_EPOCH),
    *(ApiKey.ALTER_PARTITION, ApiKey.BROKER_REGISTRATION, ApiKey.BROKER_HEARTBEAT),
)
"""What simulated processes send one another often."""
UNPACKS = re.compile(r"( +)(.+), = (unpack\d+)\(data, at\)")
ADDS = re.compile(r"\b(add|add_to_message)\((.*)\)$")
BOUND = re.compile(r"\b((?:unpack|pack|read|write|default|tag)\d+|make)\b")
TEXT = 'str(data[at:at + length], "utf-8")'
ASSIGNED = re.compile(r"\b(v_\w+|element|elements|length|value|values|parts)(?=(?:, \w+)*,? = )")
TYPES = {"length": "int", "elements": "list[Any]", "values": "list[Any]", "parts": "list[Any]"}
"""Of what a function assigns; anything else may be anything."""
COPY = "bytes(data[at:at + length])"


class Module:
    """The module as it grows: its lines, and the field that each is about."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.fields: list[str] = []
        self._names: dict[Any, str] = {}
        """By generated function, what it is called here."""
        self._written: dict[str, str] = {}
        self.add(HEAD)

    def add(self, text: str, field: str = "") -> None:
        """One or more lines."""
        for line in text.split("\n"):
            self.lines.append(line)
            self.fields.append(field)

    def write(self, source: Source, made: Callable[..., Any]) -> None:
        """One function, and under its key what is called in its place."""
        key = KEYS[made] = key_of(source)
        number = len(self._names)
        name = self._names[made] = f"generated_{number}"
        self._bindings(source, number)
        lines, fields = source.text().split("\n")[1:], made.__globals__[FIELDS][1:]
        reads = "make" in source.names
        if reads:
            self.add(f"def {name}(data: bytes, at: int, end: int) -> tuple[Any, int]:")
        else:
            self.add(f"def {name}(message: Any, add: list[Any]) -> None:")
        text = "\n".join(lines)
        for variable in sorted(set(ASSIGNED.findall(text))):
            self.add(f"    {variable}: {TYPES.get(variable, 'Any')}")
        for line, field in zip(lines, fields, strict=True):
            self.add(self._line(line, source, number), field)
        if reads:
            self.add(f"def call_{number}(data: Any, at: int, end: int) -> tuple[Any, int]:")
            self.add(f"    return {name}(data if type(data) is bytes else bytes(data), at, end)")
        else:
            self.add(f"def call_{number}(message: Any, add: Callable[[Any], object]) -> None:")
            self.add(
                f"    parts: list[Any] = []\n    {name}(message, parts)\n    for part in parts:\n        add(part)"
            )
        self._written[key] = f"call_{number}"

    def _bindings(self, source: Source, number: int) -> None:
        """What the function's names stand for."""
        for name, value in source.names.items():
            if not BOUND.fullmatch(name) or name.startswith(("read", "write")):
                continue
            mine = f"{name}_{number}"
            if name == "make":
                self._class(value, mine)
            elif name.startswith(("unpack", "pack")):
                told = "unpack_from" if name.startswith("unpack") else "pack"
                self.add(f"{mine}: Final = Struct({value.__self__.format!r}).{told}")
            elif value is None or type(value) in (bool, int, float, str, bytes) or value == ():
                self.add(f"{mine}: Final[Any] = {value!r}")
            else:
                assert value == type(value)(), f"{source.title}: {name} is neither plain nor as its class begins"
                self._class(type(value), f"class_{mine}")
                self.add(f"{mine}: Final[Any] = class_{mine}()")

    def _class(self, named: type, mine: str) -> None:
        self.add(f"from {named.__module__} import {named.__qualname__} as {mine}")

    def _line(self, line: str, source: Source, number: int) -> str:
        """A line of a function as it stands here."""
        unpacks = UNPACKS.fullmatch(line)
        if unpacks:
            indent, targets, name = unpacks.groups()
            letters = re.findall(r"\d*[a-zA-Z?]", source.names[name].__self__.format)
            if all(letter in FIXED for letter in letters):
                at, told = 0, []
                for target, letter in zip(targets.split(", "), letters, strict=True):
                    size, read = FIXED[letter]
                    told.append(f"{indent}{target} = {read.format(at)}")
                    at += size
                return "\n".join(told)
        line = line.replace(TEXT, "data[at:at + length].decode()").replace(COPY, "data[at:at + length]")
        line = ADDS.sub(r"\1.append(\2)", line).replace("add = parts.append", "add = parts")
        return BOUND.sub(lambda found: self._called(found[1], source, number), line)

    def _called(self, name: str, source: Source, number: int) -> str:
        value = source.names.get(name)
        if name.startswith(("read", "write")):
            return self._names[value]
        return f"{name}_{number}" if name in source.names else name

    def text(self) -> str:
        """The whole module."""
        written = ", ".join(f"{key!r}: {name}" for key, name in sorted(self._written.items()))
        self.add(f"WRITTEN: dict[str, Callable[..., Any]] = {{{written}}}")
        self.add(f"{FIELDS} = {(*self.fields, '')!r}")
        return "\n".join(self.lines) + "\n"


def written() -> str:
    """The codecs of what simulated processes send one another, in the versions in which they do, and of the records of
    the controllers' log."""
    module = Module()
    compile_now = Source.compile

    def compile_and_write(source: Source) -> Callable[..., Any]:
        made = compile_now(source)
        module.write(source, made)
        return made

    # Each in its place after those that it calls.
    setattr(Source, "compile", compile_and_write)  # noqa: B010 - a method in place of another
    for cached in (reader_for, writer_for, codec_for, request_codec, response_codec):
        cached.cache_clear()
    served = {kind.key: kind for kind in (*BROKER_SERVES, *CONTROLLER_SERVES) if issubclass(kind, CoreHandler)}
    try:
        for key in SENT:
            request_codec(key, served[key].sent_version)
            response_codec(key, served[key].sent_version)
        for schema in metadata_schemas.SCHEMAS.values():
            codec_for(schema, schema)
    finally:
        setattr(Source, "compile", compile_now)  # noqa: B010 - the method as before
    return module.text()


if __name__ == "__main__":
    print(written(), end="")
