"""A bug as it would stand in a review: some lines of one module, and what they were changed to.

One rule: the lines stand in the module exactly once; where they do not, the code has moved and the bug is refused.
"""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
EFFECTS = ("loss", "disorder", "stuck", "stale read", "wrong answer", "slow", "none")


class Moved(Exception):
    """The lines that a bug changes do not stand in their module (exactly once)."""


class Edit(NamedTuple):
    """One bug of one module."""

    id: str
    title: str
    module: str
    old: str
    new: str
    effect: str = ""
    """What a user sees of it, in the judgement of who wrote it down: one of `EFFECTS`. The first set does not say."""

    def applied(self) -> str:
        """The module's source with the bug in it. Raises Moved."""
        source = source_of(self.module)
        found = source.count(self.old)
        if found != 1:
            raise Moved(f"{self.id}: its lines are {found} times in {self.module}; write it into what is there now")
        return source.replace(self.old, self.new)

    def line(self) -> int:
        """In which line of the module it begins. Raises Moved."""
        self.applied()
        source = source_of(self.module)
        same = 0
        for before, after in zip(self.old, self.new, strict=False):
            if before != after:
                break
            same += 1
        return source.count("\n", 0, source.index(self.old) + same) + 1


def path_of(module: str) -> Path:
    """The file of a module of this tree."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def source_of(module: str) -> str:
    """What the file says."""
    return path_of(module).read_text(encoding="utf-8")
