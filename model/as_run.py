"""Model functions as Python runs them: compiled once, from their own trees under their own lines.

One rule: code knows no bounds. Every reading of a model binds the same code to its own domains.
"""

import ast
import copy
from collections.abc import Callable
from functools import cache
from types import CodeType
from typing import Any

from model.design import syntax
from model.syntax import Function, require_condition, without_ghosts


class AsRun(ast.NodeTransformer):
    """A set written out, `{leader}`, is a frozenset: what a state holds is compared and hashed. A `require` costs no
    call: it is asked in every step of every run that is followed."""

    def visit_Set(self, node: ast.Set) -> ast.expr:
        self.generic_visit(node)
        return ast.copy_location(ast.Call(ast.Name("frozenset", ast.Load()), [node], []), node)

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        self.generic_visit(node)
        condition = require_condition(node)
        if condition is None:
            return node
        refuse = ast.copy_location(ast.Raise(ast.Name("Disabled", ast.Load()), None), node)
        return ast.copy_location(ast.If(ast.UnaryOp(ast.Not(), condition), [refuse], []), node)


@cache
def code_of(python: Callable[..., Any], ghosts: bool) -> CodeType:
    """The code of a model function, which every reading of it shares."""
    function = syntax(python)
    return code(function, function.tree if ghosts else without_ghosts(function.tree))


def code(function: Function, tree: ast.FunctionDef) -> CodeType:
    """The code that defines the Python function of a tree."""
    parameters = [ast.copy_location(ast.arg(a.arg), a) for a in tree.args.args]
    bare = ast.FunctionDef(
        name=tree.name,
        args=ast.arguments([], parameters, None, [], [], None, []),
        body=[AsRun().visit(copy.deepcopy(statement)) for statement in tree.body],
        decorator_list=[],
        returns=None,
    )
    ast.copy_location(bare, tree)
    return compile(ast.fix_missing_locations(ast.Module([bare], [])), function.file, "exec")


def defined(shared: CodeType, name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """The function that the code defines, with its global names looked up in the namespace."""
    found: dict[str, Any] = {}
    exec(shared, namespace, found)
    made: Callable[..., Any] = found[name]
    return made
