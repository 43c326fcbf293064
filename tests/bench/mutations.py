"""Mechanical mutations of a module: every place where one comparison, number, statement, condition or bound may change.

One rule: one place, one small change, and the same places in the same order each time.

    compared    `<` for `<=` and back, `>` for `>=` and back, `==` for `!=`, `is` for `is not`, `in` for `not in`
    off by one  a whole number one more, or one less
    removed     a call whose result nobody takes, or an assignment to an attribute or an item
    negated     the condition of `if`, `while`, a conditional expression or a comprehension
    exchanged   `min` for `max` and back

Left alone: what is not in a function; assertions and what they say; annotations; and assignments in `__init__`, without
which every run ends at once for want of a name.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
EXCHANGED = {"min": "max", "max": "min"}
LEFT_ALONE = ("annotation", "returns", "decorator_list", "type_comment")
"""Fields of nodes."""
_FUNCTIONS = (ast.FunctionDef, ast.Lambda)
_NAMED = (ast.FunctionDef, ast.ClassDef)
_PLACES = (ast.Attribute, ast.Subscript)


class Change(NamedTuple):
    """One place where something may change. `make` changes the tree that it was found in."""

    line: int
    within: str
    """The function, with its class."""
    kind: str
    before: str
    after: str
    make: Callable[[], None]


def changes(tree: ast.Module) -> list[Change]:
    """Every change, in the order of the source."""
    return list(_within(tree, "", changing=False))


def changed(source: str, number: int) -> str:
    """The module with its change of that number made. Comments are not kept."""
    tree = ast.parse(source)
    changes(tree)[number].make()
    return ast.unparse(ast.fix_missing_locations(tree))


def _within(node: ast.AST, name: str, *, changing: bool) -> Iterator[Change]:
    """What may change below a node. `changing`: it is in a function."""
    for field, value in ast.iter_fields(node):
        if field in LEFT_ALONE:
            continue
        children = value if isinstance(value, list) else [value]
        for place, child in enumerate(children):
            if not isinstance(child, ast.AST) or isinstance(child, ast.Assert | ast.JoinedStr | ast.arguments):
                continue
            inner = f"{name}.{child.name}".lstrip(".") if isinstance(child, _NAMED) else name
            if changing:
                yield from _of(child, name)
                if field in ("test", "ifs"):
                    yield _negated(node, field, place, child, name)
                if isinstance(value, list) and isinstance(child, ast.stmt) and _can_go(child, name):
                    yield _removed(value, place, child, name)
            yield from _within(child, inner, changing=changing or isinstance(child, _FUNCTIONS))


def _of(node: ast.AST, name: str) -> Iterator[Change]:
    """The changes of this node itself."""
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                ops = list(node.ops)
                ops[place] = COMPARED[type(operator)]()
                yield _replaced(node, "compared", name, "ops", ops)
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            yield _replaced(node, "off by one", name, "value", value + 1)
            yield _replaced(node, "off by one", name, "value", value - 1)
        case ast.Call(func=ast.Name(id="min" | "max" as called)):
            yield _replaced(node, "exchanged", name, "func", ast.Name(EXCHANGED[called], ast.Load()))
        case _:
            pass


def _replaced(node: ast.expr, kind: str, name: str, field: str, to: Any) -> Change:
    """One field of an expression is another."""
    was = getattr(node, field)
    before = ast.unparse(node)
    setattr(node, field, to)
    after = ast.unparse(ast.fix_missing_locations(node))
    setattr(node, field, was)
    return Change(node.lineno, name, kind, before, after, lambda: setattr(node, field, to))


def _negated(owner: ast.AST, field: str, place: int, test: ast.AST, name: str) -> Change:
    assert isinstance(test, ast.expr)
    negation = ast.copy_location(ast.UnaryOp(ast.Not(), test), test)

    def make() -> None:
        if field == "ifs":
            getattr(owner, field)[place] = negation
        else:
            setattr(owner, field, negation)

    return Change(test.lineno, name, "negated", ast.unparse(test), ast.unparse(negation), make)


def _can_go(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Expr(value=ast.Call()):
            return True
        case ast.Assign(targets=targets):
            return not name.endswith("__init__") and all(isinstance(each, _PLACES) for each in targets)
        case ast.AugAssign(target=target):
            return not name.endswith("__init__") and isinstance(target, _PLACES)
    return False


def _removed(body: list[ast.AST], place: int, statement: ast.stmt, name: str) -> Change:
    gone = ast.copy_location(ast.Pass(), statement)
    return Change(
        statement.lineno, name, "removed", ast.unparse(statement), "pass", lambda: body.__setitem__(place, gone)
    )
