"""What `make fast` compiles: modules that are there, values that stay what they are, a copy that knows its sources."""

import ast
from pathlib import Path
from typing import Any

import pytest

from campaign.mutants.registry import stale
from impl.core.events import Send, Tick
from impl.core.messages import ListOffsets, ProducedPartition
from impl.core.types import NO_ERROR, NodeId, Offset, TopicPartition
from tests.bench.compiled import ROOT, hot
from tests.bench.fresh import PACKAGES, check, digest, mark
from tests.bench.native import OPEN, prepared


def test_every_module_to_compile_is_there() -> None:
    assert [path for path in hot() if not (ROOT / path).is_file()] == []
    assert len(set(hot())) == len(hot())


def test_a_bug_is_not_planted_in_compiled_code() -> None:
    class Planted(dict[str, int]):
        def update(self) -> None:
            """Of what it overrides nobody can ask the parameters."""

    Planted.__module__ = "campaign.mutants.none"
    assert "compiled code" in stale(Planted)


def native(*paths: str) -> dict[str, Any]:
    """The values of these modules as the copy has them, not compiled."""
    names: dict[str, Any] = {"__name__": "native"}
    for path in ("impl/core/types.py", *paths):
        module = ast.parse(prepared(path, (ROOT / path).read_text(), compiled=True))
        for node in module.body:
            if isinstance(node, ast.ImportFrom):
                node.names = [each for each in node.names if each.name != "Value"] or [ast.alias("Offset")]
        exec(compile(module, path, "exec"), names)
    return names


def test_values_of_the_copy_are_those_of_the_sources() -> None:
    names = native("impl/core/messages.py", "impl/core/events.py")
    produced = ProducedPartition(TopicPartition("t", 0), NO_ERROR, Offset(3), Offset(4))
    for value in (Tick(), Tick(7), Send(NodeId(1), 2, ListOffsets(())), produced):
        fields = [getattr(value, name) for name in value.__struct_fields__]
        same = names[type(value).__name__](*fields)
        assert repr(same) == repr(value)
        assert same == names[type(value).__name__](*fields)
        assert hash(same) == hash(names[type(value).__name__](*fields))
        assert same != value
    assert names["Tick"](1) != names["Tick"](2)
    with pytest.raises(TypeError):
        names["Fetch"](1)


def test_a_value_of_the_copy_is_replaced_as_a_struct_is() -> None:
    names = native("impl/core/events.py")
    sent = names["Send"](1, 2, None)
    assert names["replace"](sent, correlation=3) == names["Send"](1, 3, None)
    assert sent.correlation == 2
    assert names["replace"](Tick(1), wall=5) == Tick(5)


def test_classes_are_open_and_constants_final_and_nothing_else_is_changed() -> None:
    source = '''"""A module."""

LIMIT = 3
count = 0


class Part:
    kind: type[int] = int
    size: int


class Fault(Exception):
    """Not native."""
'''
    lines = prepared("impl/core/part.py", source, compiled=True).split("\n")
    assert "LIMIT: _Final = 3" in lines
    assert "count = 0" in lines
    assert lines[lines.index("class Part:") - 1] == f"@{OPEN}"
    assert "    kind: _ClassVar[type[int]] = int" in lines
    assert sum(OPEN in line for line in lines) == 1
    assert prepared("impl/core/part.py", source, compiled=False) == source


def test_a_copy_runs_nothing_once_its_sources_have_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources, copy = tmp_path / "sources", tmp_path / "copy"
    for package in PACKAGES:
        (sources / package).mkdir(parents=True)
        (sources / package / "part.py").write_text("size = 1\n")
    copy.mkdir()
    mark(copy, sources, digest(sources))
    check(copy)
    assert capsys.readouterr().err == f"compiled copy of {sources}\n"
    (sources / "impl" / "part.py").write_text("size = 2\n")
    with pytest.raises(SystemExit, match="make fast"):
        check(copy)
