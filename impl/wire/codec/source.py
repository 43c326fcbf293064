"""The text of a generated function, each line knowing which field it is about.

One rule: whatever a generated function trips over, its line tells the field. So the fast path carries no names, and
an error still names the field (`path_of` walks the traceback).
"""

from collections.abc import Callable
from types import TracebackType
from typing import Any

FIELDS = "__fields__"
"""Under this name a generated function's globals hold the field of each of its lines."""


class Source:
    """Lines of one function, and the objects they use by name."""

    def __init__(self, title: str, signature: str) -> None:
        self.title = title
        self.names: dict[str, Any] = {}
        self._lines = [f"def generated({signature}):"]
        self._fields = [""]
        self.field = ""
        """The field that lines added from here on are about."""

    def add(self, indent: int, *lines: str) -> None:
        for line in lines:
            self._lines.append("    " * (indent + 1) + line)
            self._fields.append(self.field)

    def bind(self, prefix: str, value: Any) -> str:
        """A name, not used before, under which the function finds `value`."""
        name = f"{prefix}{len(self.names)}"
        self.names[name] = value
        return name

    def text(self) -> str:
        return "\n".join(self._lines)

    def compile(self) -> Callable[..., Any]:
        namespace = {**self.names, FIELDS: tuple(self._fields)}
        exec(compile(self.text(), f"<{self.title}>", "exec"), namespace)
        function: Callable[..., Any] = namespace["generated"]
        return function


def path_of(traceback: TracebackType | None) -> str:
    """The field an error in generated code is about, outermost structure first: `topics.partitions.fetch_offset`."""
    path = []
    while traceback is not None:
        fields = traceback.tb_frame.f_globals.get(FIELDS)
        if fields is not None:
            path.append(fields[traceback.tb_lineno - 1])
        traceback = traceback.tb_next
    return ".".join(path)
