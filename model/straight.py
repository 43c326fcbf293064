"""The body of an action written straighter, for a machine that takes many steps.

One rule: it does what the action as written does, in any state in which its arguments are members and its logs are
`SharedLog`s; `tests/model/test_straight.py` holds the two to one another.

What an action reads of one replica more than once, and does not write, it reads once; so with a key of several parts.
The length of a log is an attribute, and a log is extended without making a slice or a tuple first.
"""

import ast
from collections import Counter
from typing import Any

from model.remade import changed, statement_of
from model.syntax import Function


def straight(function: Function, statements: list[ast.stmt]) -> list[ast.stmt]:
    """The same statements in fewer instructions."""
    place = statements[0]
    reads = _Reads(function, statements)
    statements = [changed(statement, reads.local) for statement in statements]
    keys = _Keys(function, statements, reads.names)
    statements = [changed(statement, keys.local) for statement in statements]
    logs = _Logs(function, reads.logs)
    statements = [changed(statement, logs.local) for statement in statements]
    return [statement_of(source, place) for source in (*reads.sources, *keys.sources)] + statements


def _table(function: Function, node: ast.AST) -> str:
    """The variable in whose table a node looks something up; nothing where it is something else."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Attribute):
        return ""
    base = node.value.value
    return node.value.attr if isinstance(base, ast.Name) and base.id == function.tree.args.args[0].arg else ""


def _parameters(function: Function, nodes: list[ast.AST], domain: str = "") -> set[str]:
    """The parameters, of this domain if one is named, whose names mean nothing else anywhere."""
    loops = [node.target for node in nodes if isinstance(node, ast.comprehension)]
    bound = {name.id for loop in loops for name in ast.walk(loop) if isinstance(name, ast.Name)}
    return {p.name for p in function.parameters if not domain or p.domain == domain} - bound


class _Reads:
    """What is read of one replica more than once."""

    def __init__(self, function: Function, statements: list[ast.stmt]) -> None:
        self._function = function
        self._written = function.writes(ghosts=False)
        nodes = [node for statement in statements for node in ast.walk(statement)]
        self._replicas = _parameters(function, nodes, "Replica")
        found = Counter(read for node in nodes if (read := self._read(node)) is not None)
        self._known = {read: f"_{'_'.join(read)}" for read, times in found.items() if times > 1}
        state = function.tree.args.args[0].arg
        self.sources = [f"{local} = {state}.{table}[{replica}]" for (table, replica), local in self._known.items()]
        self.names = set(self._known.values())
        self.logs = {n for (table, _), n in self._known.items() if function.variables[table].kind == "log"}

    def _read(self, node: ast.AST) -> tuple[str, str] | None:
        table = _table(self._function, node)
        if not table or table in self._written or self._function.variables[table].keys != ("Replica",):
            return None
        assert isinstance(node, ast.Subscript)
        of = node.slice
        return (table, of.id) if isinstance(of, ast.Name) and of.id in self._replicas else None

    def local(self, node: Any) -> Any:
        local = self._known.get(self._read(node) or ("", ""))
        return node if local is None else ast.copy_location(ast.Name(local, ast.Load()), node)


class _Keys:
    """Keys of several parts that stand more than once."""

    def __init__(self, function: Function, statements: list[ast.stmt], locals_known: set[str]) -> None:
        nodes = [node for statement in statements for node in ast.walk(statement)]
        self._fixed = _parameters(function, nodes) | locals_known
        found = Counter(key for node in nodes if (key := self._key(node)))
        keys = [key for key, times in found.items() if times > 1]
        self._known = {key: f"_key_{number}" for number, key in enumerate(keys)}
        self.sources = [f"{local} = ({', '.join(key)})" for key, local in self._known.items()]

    def _key(self, node: ast.AST) -> tuple[str, ...]:
        """The names it is made of; none where it is made of anything else."""
        if not isinstance(node, ast.Tuple) or not isinstance(node.ctx, ast.Load):
            return ()
        names = tuple(part.id for part in node.elts if isinstance(part, ast.Name) and part.id in self._fixed)
        return names if len(names) == len(node.elts) > 1 else ()

    def local(self, node: Any) -> Any:
        local = self._known.get(self._key(node))
        return node if local is None else ast.copy_location(ast.Name(local, ast.Load()), node)


class _Logs:
    """Lengths and extensions of logs."""

    def __init__(self, function: Function, locals_known: set[str]) -> None:
        self._function = function
        self._locals = locals_known

    def _is_log(self, node: ast.AST) -> bool:
        table = _table(self._function, node)
        if table:
            return self._function.variables[table].kind == "log"
        return isinstance(node, ast.Name) and node.id in self._locals

    def local(self, node: Any) -> Any:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
            if self._is_log(node.args[0]):
                return ast.copy_location(ast.Attribute(node.args[0], "length", ast.Load()), node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and self._is_log(node.left):
            more = node.right
            if isinstance(more, ast.Tuple):
                return _called(node.left, "extended", more.elts, node)
            if isinstance(more, ast.Subscript) and isinstance(more.slice, ast.Slice):
                return _called(node.left, "copied", [more.value, more.slice.lower, more.slice.upper], node)
        return node


def _called(log: ast.expr, method: str, arguments: list[Any], at: ast.AST) -> ast.expr:
    bound = ast.copy_location(ast.Attribute(log, method, ast.Load()), at)
    return ast.copy_location(ast.Call(bound, arguments, []), at)
