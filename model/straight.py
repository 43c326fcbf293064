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
    writer = _Writer(function, statements)
    written = [changed(statement, writer.straight) for statement in statements]
    return [statement_of(source, statements[0]) for source in writer.sources] + written


class _Writer:
    """Knows what has a name of its own in one action, and puts that name in its place."""

    def __init__(self, function: Function, statements: list[ast.stmt]) -> None:
        nodes = [node for statement in statements for node in ast.walk(statement)]
        loops = [node.target for node in nodes if type(node) is ast.comprehension]
        bound = {name.id for loop in loops for name in ast.walk(loop) if type(name) is ast.Name}
        self._state = function.tree.args.args[0].arg
        self._variables = function.variables
        self._written = function.writes(ghosts=False)
        self._fixed = {parameter.name for parameter in function.parameters} - bound
        self._replicas = {p.name for p in function.parameters if p.domain == "Replica"} - bound
        reads = Counter(read for node in nodes if (read := self._read(node)) is not None)
        self._reads = {read: f"_{'_'.join(read)}" for read, times in reads.items() if times > 1}
        keys = Counter(key for node in nodes if (key := self._key(node)))
        repeated = [key for key, times in keys.items() if times > 1]
        self._keys = {key: f"_key_{number}" for number, key in enumerate(repeated)}
        self._logs = {name for (table, _), name in self._reads.items() if self._variables[table].kind == "log"}
        self.sources = [f"{name} = {self._state}.{table}[{replica}]" for (table, replica), name in self._reads.items()]
        self.sources += [f"{name} = ({', '.join(key)})" for key, name in self._keys.items()]
        """The assignments of those names, which come first."""

    # ------------------------------------------------------------ what there is
    def _table(self, node: ast.AST) -> str:
        """The variable in whose table a node looks something up; nothing where it is something else."""
        if type(node) is not ast.Subscript or type(node.value) is not ast.Attribute:
            return ""
        base = node.value.value
        return node.value.attr if type(base) is ast.Name and base.id == self._state else ""

    def _read(self, node: ast.AST) -> tuple[str, str] | None:
        """What a node reads of one replica, and the action does not write."""
        if type(node) is not ast.Subscript or type(node.slice) is not ast.Name or node.slice.id not in self._replicas:
            return None
        table = self._table(node)
        if not table or table in self._written or self._variables[table].keys != ("Replica",):
            return None
        return table, node.slice.id

    def _key(self, node: ast.AST) -> tuple[str, ...]:
        """The names that a key of several parts is made of; none where it is made of anything else."""
        if type(node) is not ast.Tuple or type(node.ctx) is not ast.Load or len(node.elts) < 2:
            return ()
        names = []
        for part in node.elts:
            name = part.id if type(part) is ast.Name else self._reads.get(self._read(part) or ("", ""), "")
            if name not in self._fixed and not name.startswith("_"):
                return ()
            names.append(name)
        return tuple(names)

    def _is_log(self, node: ast.AST) -> bool:
        table = self._table(node)
        if table:
            return self._variables[table].kind == "log"
        return type(node) is ast.Name and node.id in self._logs

    # ------------------------------------------------------------ what becomes of it
    def straight(self, node: Any) -> Any:
        """A node whose parts are written straight already."""
        kind = type(node)
        if kind is ast.Subscript:
            name = self._reads.get(self._read(node) or ("", ""))
        elif kind is ast.Tuple:
            name = self._keys.get(self._key(node))
        elif kind is ast.Call and type(node.func) is ast.Name and node.func.id == "len" and self._is_log(node.args[0]):
            return ast.copy_location(ast.Attribute(node.args[0], "length", ast.Load()), node)
        elif kind is ast.BinOp and type(node.op) is ast.Add and self._is_log(node.left):
            return _extended(node)
        else:
            return node
        return node if name is None else ast.copy_location(ast.Name(name, ast.Load()), node)


def _extended(node: ast.BinOp) -> ast.expr:
    """`log + (entry,)` and `log + other[start:end]`."""
    more = node.right
    part = more.slice if isinstance(more, ast.Subscript) else None
    if isinstance(more, ast.Tuple):
        method, arguments = "extended", more.elts
    elif isinstance(more, ast.Subscript) and isinstance(part, ast.Slice) and part.lower and part.upper:
        method, arguments = "copied", [more.value, part.lower, part.upper]
    else:
        return node
    bound = ast.copy_location(ast.Attribute(node.left, method, ast.Load()), node)
    return ast.copy_location(ast.Call(bound, arguments, []), node)
