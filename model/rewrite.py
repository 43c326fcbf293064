"""From a model function's tree to one that builds terms.

One rule: only what Python does not let a class overload is rewritten - `and or not`, chained comparison, conditional
expressions, `in`, `len min max`, `all(...)`, `any(...)`, table comprehensions, one-entry logs - each into a call of the
runtime's word of that name (`invariants/proofs/terms.py`, `model/columns/terms.py`). Everything else runs as it stands.
"""

import ast
import copy
from collections.abc import Callable
from typing import Any

from model.kinds import DOMAINS
from model.syntax import Function, without_ghosts

PREFIX = "term_"
WORDS = ("len", "min", "max", "implies", "known", "as_offset", "as_epoch", "majority", "adjacent", "Entry")


def call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(PREFIX + name, ast.Load()), list(arguments), [])


def closure(names: list[str], body: ast.expr) -> ast.Lambda:
    return ast.Lambda(ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, []), body)


class Rewrite(ast.NodeTransformer):
    """Rewrites one function. `state` is the name of its state parameter, `trigger` what its quantifiers start on."""

    def __init__(self, state: str, trigger: ast.Lambda | None) -> None:
        self.state = state
        self.trigger = trigger

    # ------------------------------------------------------------ statements
    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "require":
            guard = self.visit(node.value.args[0])
            return ast.Expr(call("require", ast.Name(self.state, ast.Load()), guard))
        return self.generic_visit(node)

    def visit_With(self, node: ast.With) -> list[ast.stmt]:
        return [self.visit(statement) for statement in node.body]

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        read = copy.deepcopy(node.target)
        read.ctx = ast.Load()
        rewritten_statement: ast.AST = self.visit(ast.Assign([node.target], ast.BinOp(read, node.op, node.value)))
        return rewritten_statement

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if not isinstance(node.value, ast.DictComp):
            return self.generic_visit(node)
        (target,) = node.targets
        assert isinstance(target, ast.Attribute)
        names = [g.target.id for g in node.value.generators if isinstance(g.target, ast.Name)]
        body = closure([self.state, *names], self.visit(node.value.value))
        state = ast.Name(self.state, ast.Load())
        return ast.Expr(call("assign_table", state, ast.Constant(target.attr), body, ast.Constant(len(names))))

    # ------------------------------------------------------------ expressions
    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        return call("conjunction" if isinstance(node.op, ast.And) else "disjunction", *node.values)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return call("negation", node.operand) if isinstance(node.op, ast.Not) else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return call("choice", node.test, node.body, node.orelse)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        parts = [call(type(o).__name__, a, b) for o, a, b in zip(node.ops, sides, sides[1:], strict=False)]
        return parts[0] if len(parts) == 1 else call("conjunction", *parts)

    def visit_Set(self, node: ast.Set) -> ast.AST:
        self.generic_visit(node)
        return call("set_of", *node.elts)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        self.generic_visit(node)
        return node.elts[0] if len(node.elts) == 1 else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("all", "any"):
            (generator,) = node.args
            assert isinstance(generator, ast.GeneratorExp)
            return self.quantified(generator, universal=name == "all")
        self.generic_visit(node)
        if name in WORDS:
            return call(name, *node.args)
        return node

    def quantified(self, generator: ast.GeneratorExp, *, universal: bool) -> ast.Call:
        """`all(body for x in D if c)` is `forall([D], lambda x: implies(c, body), names, terms)`; only the outermost
        quantifier of a conjunct has the conjunct's trigger."""
        trigger, self.trigger = self.trigger, None
        names: list[str] = []
        domains: list[ast.expr] = []
        conditions: list[ast.expr] = []
        for part in generator.generators:
            assert isinstance(part.target, ast.Name)
            names.append(part.target.id)
            domains.append(ast.Name(self.domain(part.iter), ast.Load()))
            conditions += [self.visit(c) for c in (*in_range(part.target, part.iter), *part.ifs)]
        body = self.visit(generator.elt)
        if conditions:
            premise = call("conjunction", *conditions)
            body = call("implies", premise, body) if universal else call("conjunction", premise, body)
        terms: list[ast.expr] = []
        if trigger is not None:
            rewritten = copy.deepcopy(trigger)
            assert isinstance(rewritten.body, ast.Tuple)
            elements = ast.List([self.visit(e) for e in rewritten.body.elts], ast.Load())
            terms = [closure([a.arg for a in rewritten.args.args[1:]], elements)]
        listed = ast.List(domains, ast.Load())
        quantifier = "forall" if universal else "exists"
        return call(
            quantifier, listed, closure(names, body), ast.List([ast.Constant(n) for n in names], ast.Load()), *terms
        )

    def domain(self, node: ast.expr) -> str:
        return node.id if isinstance(node, ast.Name) and node.id in DOMAINS else "Offset"


def in_range(target: ast.Name, iterated: ast.expr) -> list[ast.expr]:
    """What a loop over `range(...)` says of its variable."""
    if not isinstance(iterated, ast.Call):
        return []
    bounds = list(iterated.args)
    start, end = bounds if len(bounds) == 2 else (ast.Constant(0), bounds[0])
    name = ast.Name(target.id, ast.Load())
    return [ast.Compare(start, [ast.LtE()], [name]), ast.Compare(name, [ast.Lt()], [end])]


def rewritten(function: Function, *, ghosts: bool, namespace: dict[str, Any]) -> Callable[..., Any]:
    """The function that builds terms, its global names looked up in the namespace."""
    tree = copy.deepcopy(function.tree) if ghosts else without_ghosts(function.tree)
    state = tree.args.args[0].arg if tree.args.args else ""
    tree.args = ast.arguments([], [ast.arg(a.arg) for a in tree.args.args], None, [], [], None, [])
    tree.returns = None
    built = Rewrite(state, function.trigger).visit(tree)
    module = ast.fix_missing_locations(ast.Module([built], []))
    found: dict[str, Any] = {}
    exec(compile(module, function.file, "exec"), namespace, found)
    made: Callable[..., Any] = found[function.name]
    return made
