"""What the compiled copy's sources are, from those of the project: the same program, said so that mypyc makes it fast.

One rule: what a module does stays; only how its values are held changes, and nobody reads what is written here.

- A value that crosses a seam (`impl.core.types.Value`) is a msgspec Struct, which compiled code reads no faster than
  the interpreter does. In the copy it is a native class with the same fields, equality, hash and `repr`; `replace` of
  `msgspec.structs` is one that knows those too. Values of modules that are not compiled stay Structs.
- A constant of a module is `Final`: compiled code has it at hand, and does not look it up by name.
- Other classes are open to subclasses that are not compiled, which those of planted bugs are.
"""

import ast

VALUE, VALUES_AT = "Value", "impl.core.types"
NOT_NATIVE = ("Struct", "NamedTuple", "Protocol", "Enum", "Flag", "Exception", "Error", "Warning")
"""Beginnings or ends of the names of base classes that mypyc leaves to Python anyway."""
OPEN = "_mypyc_attr(allow_interpreted_subclasses=True)"
CLOSED = "_mypyc_attr(acyclic=True)"
HEADER = """
from typing import Any as _Any, ClassVar as _ClassVar, Final as _Final, final as _final
from mypy_extensions import mypyc_attr as _mypyc_attr
"""
BASE = """
@_mypyc_attr(acyclic=True)
class Value:
    def _but(self, changes: dict[str, _Any]) -> _Any:
        raise AssertionError("only a value with fields can be changed")

class Written(msgspec.Struct, frozen=True, gc=False):
    pass

def replace(value: _Any, /, **changes: _Any) -> _Any:
    if hasattr(value, "_but"):
        return value._but(changes)
    return msgspec.structs.replace(value, **changes)
"""


def prepared(path: str, source: str, *, compiled: bool) -> str:
    """The copy's source of a module, from the project's."""
    if path == "impl/core/types.py":
        return ast.unparse(_finished(_Values().visit(ast.parse(source))))
    tree = ast.parse(source)
    declares = any(_bases(node)[:1] == [VALUE] for node in tree.body if isinstance(node, ast.ClassDef))
    if not compiled and not declares and "msgspec.structs" not in source:
        # As it stands: where a model is refused, the words of its source are shown.
        return source
    tree = _Replacing().visit(tree)
    if not compiled:
        return ast.unparse(_Written().visit(tree) if declares else tree)
    return ast.unparse(_finished(_Values().visit(tree)))


def _bases(node: ast.ClassDef) -> list[str]:
    return [ast.unparse(base).partition("[")[0] for base in node.bases]


class _Written(ast.NodeTransformer):
    """Values that stay Structs."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module == VALUES_AT:
            node.names = [ast.alias("Written", VALUE) if each.name == VALUE else each for each in node.names]
        return node


class _Replacing(ast.NodeTransformer):
    """`msgspec.structs.replace`, by whatever name, is the copy's own."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module == "msgspec.structs" and [each.name for each in node.names] == ["replace"]:
            return ast.ImportFrom(VALUES_AT, node.names, 0)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if ast.unparse(node) == "msgspec.structs.replace":
            return ast.parse(f"__import__({VALUES_AT!r}, fromlist=['replace']).replace", mode="eval").body
        self.generic_visit(node)
        return node


class _Values(ast.NodeTransformer):
    """Values as native classes, other classes open to subclasses."""

    def __init__(self) -> None:
        self._left: set[str] = set()

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST | list[ast.stmt]:
        for each in node.body:
            # What a class names may be another in a subclass: it is looked up.
            if isinstance(each, ast.AnnAssign) and ast.unparse(each.annotation).startswith("type["):
                each.annotation = _expression(f"_ClassVar[{ast.unparse(each.annotation)}]")
        bases = _bases(node)
        if node.name == VALUE:
            return ast.parse(BASE).body
        if bases == [VALUE]:
            return _native_value(node, acyclic=True)
        if bases == ["msgspec.Struct"]:
            node.bases = []
            return _native_value(node, acyclic=False)
        if bases == ["_TopicPartition"]:
            node.decorator_list.insert(0, _expression("_mypyc_attr(native_class=False)"))
        elif any(base.endswith(NOT_NATIVE) or base in self._left for base in bases):
            self._left.add(node.name)
        elif not node.keywords:
            node.decorator_list.insert(0, _expression(OPEN))
            node.body = [each for each in node.body if not _slots(each)] or [ast.Pass()]
            deleted = _deleted(node)
            if deleted:
                node.body.insert(0, ast.parse(f"__deletable__ = {deleted}").body[0])
        return node


def _slots(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__slots__"


def _deleted(node: ast.ClassDef) -> list[str]:
    """Attributes of itself that a class deletes: a native class says so."""
    deletes = [each for each in ast.walk(node) if isinstance(each, ast.Delete)]
    targets = [each for delete in deletes for each in delete.targets if isinstance(each, ast.Attribute)]
    return sorted({each.attr for each in targets if ast.unparse(each.value) == "self"})


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _native_value(node: ast.ClassDef, *, acyclic: bool) -> ast.ClassDef:
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
    names = [ast.unparse(each.target) for each in fields]
    by_keyword = any(each.arg == "kw_only" for each in node.keywords)
    parameters = [
        f"{name}: {ast.unparse(field.annotation)}" + ("" if field.value is None else f" = {ast.unparse(field.value)}")
        for name, field in zip(names, fields, strict=True)
    ]
    star = ["*"] if by_keyword and names else []
    lines = [f"class {node.name}:", f"    def __init__({', '.join(['self', *star, *parameters])}) -> None:"]
    lines += [f"        self.{name} = {name}" for name in names] or ["        pass"]
    same = " and ".join([f"isinstance(other, {node.name})", *(f"self.{name} == other.{name}" for name in names)])
    lines += ["    def __eq__(self, other: object) -> bool:", f"        return bool({same})"]
    held = ", ".join(f"self.{name}" for name in names)
    lines += ["    def __hash__(self) -> int:", f"        return hash(({held}{',' if names else ''}))"]
    shown = ", ".join(f"{name}={{self.{name}!r}}" for name in names)
    lines += ["    def __repr__(self) -> str:", f'        return f"{node.name}({shown})"']
    now = ", ".join(f"{name!r}: self.{name}" for name in names)
    lines += ["    def _but(self, changes: dict[str, _Any]) -> _Any:"]
    lines += [f"        fields: dict[str, _Any] = {{{now}}}", "        fields.update(changes)"]
    lines += [f"        return {node.name}(**fields)"]
    made = ast.parse("\n".join(lines)).body[0]
    assert isinstance(made, ast.ClassDef)
    for field in fields:
        field.value = None
    node.keywords = []
    node.decorator_list = [_expression(CLOSED), _expression("_final")] if acyclic else [_expression("_final")]
    node.body += made.body
    return node


def _finished(tree: ast.Module) -> ast.Module:
    """With the names that the above needs, and constants as such."""
    assigned: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned[node.id] = assigned.get(node.id, 0) + 1
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name == name.upper() and assigned[name] == 1 and "TypeVar" not in ast.unparse(node.value):
                body.append(ast.AnnAssign(node.targets[0], ast.Name("_Final", ast.Load()), node.value, 1))
                continue
        body.append(node)
    first = 1 if body and isinstance(body[0], ast.Expr) else 0
    tree.body = [*body[:first], *ast.parse(HEADER).body, *body[first:]]
    return ast.fix_missing_locations(tree)
