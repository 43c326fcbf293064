"""What `make fast` compiles: modules that are there and that marking changes no further; no bug is planted in them."""

import ast

from campaign.mutants.registry import stale
from tests.bench.compiled import MARK, ROOT, hot, opened


def test_every_module_to_compile_is_there() -> None:
    assert [path for path in hot() if not (ROOT / path).is_file()] == []
    assert len(set(hot())) == len(hot())


def test_a_bug_is_not_planted_in_compiled_code() -> None:
    class Planted(dict[str, int]):
        def update(self) -> None:
            """Of what it overrides nobody can ask the parameters."""

    Planted.__module__ = "campaign.mutants.none"
    assert "compiled code" in stale(Planted)


def test_marking_opens_native_classes_and_changes_nothing_else() -> None:
    source = '''"""A module."""

from dataclasses import dataclass


@dataclass
class Part:
    size: int


class Fault(Exception):
    """Not native."""
'''
    marked = opened(source).split("\n")
    assert marked.count(MARK) == 1
    assert marked[marked.index(MARK) + 1] == "@dataclass"
    added = [line for line in marked if line not in source.split("\n")]
    assert added == ["from mypy_extensions import mypyc_attr as _open_to_subclasses", MARK]


def test_every_module_can_still_be_read_when_marked() -> None:
    for path in hot():
        before = (ROOT / path).read_text()
        assert len(ast.parse(opened(before)).body) - len(ast.parse(before).body) in (0, 1), path
