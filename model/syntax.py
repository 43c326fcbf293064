"""The syntax tree of a model function: the one source every reading compiles.

One rule: the source is read once, when the module that holds the function loads. What a reading runs, proves or
searches is therefore what was loaded, whatever happens to the file later.
"""

import ast
import copy
import inspect
import linecache
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from model.kinds import Variable, variables_of

ATTRIBUTE = "__model_syntax__"


@dataclass(frozen=True)
class Parameter:
    name: str
    domain: str


@dataclass(frozen=True, kw_only=True)
class Function:
    """A model function as loaded: its role, its tree with true line numbers, and the state it speaks of.

    `role` is `action`, `macro`, `initial`, `definition`, `safety` or `conjunct`; `trigger` is the lambda that a
    conjunct gave as `at`.
    """

    name: str
    role: str
    tree: ast.FunctionDef
    file: str
    python: Callable[..., Any]
    state: type | None
    source: tuple[str, ...] = ()
    trigger: ast.Lambda | None = None
    variables: dict[str, Variable] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters after the state, with the names of their domains."""
        return tuple(
            Parameter(a.arg, ast.unparse(a.annotation) if a.annotation else "") for a in self.tree.args.args[1:]
        )

    def text(self, node: ast.expr) -> str:
        """A node's own source text, on one line."""
        first = self.tree.lineno - self.tree_offset
        lines = list(self.source[node.lineno - first : (node.end_lineno or node.lineno) - first + 1])
        lines[-1] = lines[-1].encode()[: node.end_col_offset].decode()
        lines[0] = lines[0].encode()[node.col_offset :].decode()
        return " ".join(line.strip() for line in lines)

    @property
    def tree_offset(self) -> int:
        """How many lines the decorators take before the `def`."""
        return next(i for i, line in enumerate(self.source) if line.startswith("def "))

    @property
    def doc(self) -> str:
        return inspect.cleandoc(ast.get_docstring(self.tree, clean=False) or "")

    @cached_property
    def requires(self) -> tuple[ast.expr, ...]:
        """Every conjunct of every `require`, in order."""
        found: list[ast.expr] = []
        for statement in self.tree.body:
            condition = require_condition(statement)
            if condition is not None:
                found += conjuncts(condition)
        return tuple(found)

    @cached_property
    def calls(self) -> tuple["Function", ...]:
        """The model functions it calls, each once, in order of first mention."""
        found: dict[str, Function] = {}
        trees: list[ast.AST] = [self.tree] + ([self.trigger] if self.trigger else [])
        for node in (node for tree in trees for node in ast.walk(tree)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called = of(self.python.__globals__.get(node.func.id))
                if called is not None:
                    found.setdefault(called.name, called)
        return tuple(found.values())

    def writes(self, *, ghosts: bool) -> frozenset[str]:
        """The variables it may assign, also through what it calls."""
        body = [statement for statement in self.tree.body if ghosts or not isinstance(statement, ast.With)]
        nodes = [node for statement in body for node in ast.walk(statement)]
        own = {name for node in nodes for name in assigned(node)}
        names = {n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        for called in self.calls:
            if called.name in names:
                own |= called.writes(ghosts=ghosts)
        return frozenset(own)

    @cached_property
    def mentions(self) -> frozenset[str]:
        """The variables it reads or assigns, also through what it calls."""
        state = self.tree.args.args[0].arg if self.tree.args.args else ""
        own = {
            node.attr
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == state
        }
        return frozenset(own).union(*(called.mentions for called in self.calls))

    @property
    def uses_ghosts(self) -> bool:
        return any(self.variables[name].ghost for name in self.mentions if name in self.variables)


def of(function: object) -> Function | None:
    """The syntax of a declared model function, or None for anything else."""
    found = getattr(function, ATTRIBUTE, None)
    return found if isinstance(found, Function) else None


def load(python: Callable[..., Any], role: str) -> Function:
    """Reads a function's source and makes its tree; ValueError when there is no source to read."""
    tree, source = _found(python) or _alone(python)
    keywords = [k for d in tree.decorator_list if isinstance(d, ast.Call) for k in d.keywords]
    trigger = next((k.value for k in keywords if k.arg == "at"), None)
    tree = copy.copy(tree)
    tree.decorator_list = []
    state = state_class(tree, python)
    return Function(
        name=tree.name,
        role=role,
        tree=tree,
        file=inspect.getsourcefile(python) or "<unknown>",
        python=python,
        state=state,
        source=source,
        trigger=trigger if isinstance(trigger, ast.Lambda) else None,
        variables=variables_of(state) if state else {},
    )


def _found(python: Callable[..., Any]) -> tuple[ast.FunctionDef, tuple[str, ...]] | None:
    """A function of a module, in the module's own tree: read once for all its functions."""
    linecache.checkcache(python.__code__.co_filename)
    lines = tuple(linecache.getlines(python.__code__.co_filename))
    tree = _functions(lines).get(python.__code__.co_firstlineno) if lines else None
    if tree is None or tree.name != python.__name__:
        return None
    first = python.__code__.co_firstlineno
    return tree, tuple(line.rstrip("\n") for line in lines[first - 1 : tree.end_lineno])


@lru_cache(maxsize=1)
def _functions(lines: tuple[str, ...]) -> dict[int, ast.FunctionDef]:
    """The functions of a module by their first line, decorators included. Modules load one after the other; empty where
    this is no source."""
    try:
        module = ast.parse("".join(lines))
    except SyntaxError:
        return {}
    functions = [statement for statement in module.body if isinstance(statement, ast.FunctionDef)]
    return {min([f.lineno, *(decorator.lineno for decorator in f.decorator_list)]): f for f in functions}


def _alone(python: Callable[..., Any]) -> tuple[ast.FunctionDef, tuple[str, ...]]:
    """A function inside another one: its own source, parsed apart."""
    lines, first = inspect.getsourcelines(python)
    source = textwrap.dedent("".join(lines))
    module = ast.parse(source)
    ast.increment_lineno(module, first - 1)
    tree = module.body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise ValueError(f"{python!r} is not a plain function")
    return tree, tuple(source.splitlines())


def state_class(tree: ast.FunctionDef, python: Callable[..., Any]) -> type | None:
    """The class that annotates the first parameter, when it is a state: a class with declared variables."""
    if not tree.args.args or not isinstance(tree.args.args[0].annotation, ast.Name):
        return None
    found = python.__globals__.get(tree.args.args[0].annotation.id)
    return found if isinstance(found, type) and getattr(found, "MODEL_STATE", False) else None


def require_condition(statement: ast.stmt) -> ast.expr | None:
    """The condition of a `require(...)` statement, or None."""
    if (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id == "require"
        and len(statement.value.args) == 1
    ):
        return statement.value.args[0]
    return None


def conjuncts(condition: ast.expr) -> Iterator[ast.expr]:
    """A condition's top-level conjuncts."""
    if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And):
        for value in condition.values:
            yield from conjuncts(value)
    else:
        yield condition


def assigned(node: ast.AST) -> Iterator[str]:
    """The state variables that one statement assigns."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    for target in targets:
        base = target.value if isinstance(target, ast.Subscript) else target
        if isinstance(base, ast.Attribute):
            yield base.attr


def without_ghosts(tree: ast.FunctionDef) -> ast.FunctionDef:
    """A copy of the function with every `with ghost` block cut out."""
    cut = copy.deepcopy(tree)
    cut.body = [s for s in cut.body if not isinstance(s, ast.With)] or [ast.Pass(lineno=tree.lineno, col_offset=0)]
    return cut
