"""Syntax trees made out of others, which stay as they are.

One rule: a model's trees are shared by all its readings. What is rewritten is made anew, the rest is taken over.
"""

import ast
from collections.abc import Callable
from typing import Any


def changed(node: Any, change: Callable[[Any], Any]) -> Any:
    """A tree with each of its nodes changed, parts first; the node itself where nothing in it was."""
    remade: dict[str, Any] = {}
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            made: Any = changed(value, change)
            if made is not value:
                remade[name] = made
        elif isinstance(value, list):
            members = [changed(member, change) if isinstance(member, ast.AST) else member for member in value]
            if any(mine is not theirs for mine, theirs in zip(members, value, strict=True)):
                remade[name] = members
    if remade:
        fields = {name: getattr(node, name) for name in (*node._fields, *node._attributes) if hasattr(node, name)}
        node = type(node)(**{**fields, **remade})
    return change(node)


def statement_of(source: str, at: ast.AST) -> Any:
    """One statement of ours, with the place of what it stands for."""
    (made,) = ast.parse(source).body
    for node in ast.walk(made):
        ast.copy_location(node, at)
    return made
