"""The page of docs/ that names every module: its folder, and the first sentence of what it says of itself.

One rule: nothing is said here that the module does not say. Which folders there are, and why, ARCHITECTURE.md tells.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("model", "impl", "invariants", "traces", "campaign")
BENCHMARKS = "tests/bench"


def modules(root: Path = ROOT) -> Iterator[str]:
    """The lines of the page."""
    yield "# Modules"
    yield ""
    yield "Every module of the five parts, and the benchmarks, by folder; how they hang together is in"
    yield "[ARCHITECTURE.md](../ARCHITECTURE.md)."
    for folder in (*sorted(_folders(root)), BENCHMARKS):
        told = [(path.stem, purpose(path)) for path in sorted((root / folder).glob("*.py"))]
        yield ""
        yield f"## {folder}"
        yield ""
        yield from (f"- `{name}`: {what}" for name, what in told if name != "__init__" and what)


def _folders(root: Path) -> Iterator[str]:
    """Folders with modules of their own below the parts."""
    for part in PARTS:
        for path in (root / part, *(root / part).rglob("*")):
            if any(each.stem != "__init__" for each in path.glob("*.py")):
                yield path.relative_to(root).as_posix()


def purpose(path: Path) -> str:
    """The first sentence of a module's docstring, on one line; nothing where it has none."""
    opening = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")[0]
    line = " ".join(opening.split())
    end = line.find(". ")
    return line if end < 0 else line[: end + 1]
