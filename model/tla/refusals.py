"""What cannot be printed, and where it stands."""

import ast

from model.syntax import Function


class Unprintable(Exception):
    """A model function holds something that has no rendering in TLA+ here: file, line, what, and what to write."""

    def __init__(self, file: str, line: int, found: str, remedy: str) -> None:
        super().__init__(f"{file}:{line}: {found} cannot be printed as TLA+; {remedy}")
        self.file, self.line, self.found, self.remedy = file, line, found, remedy


def refuse(function: Function, node: ast.AST, found: str, remedy: str) -> Unprintable:
    return Unprintable(function.file, getattr(node, "lineno", function.tree.lineno), found, remedy)
