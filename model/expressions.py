"""The expressions that models may hold, and how anything else is refused.

One rule: every refusal names the file, the line, what was found, and what to write instead.
"""

import ast
from collections.abc import Iterable

from model.kinds import DOMAINS, Variable
from model.syntax import Function, of

ARITIES = {
    "len": 1,
    "min": 2,
    "max": 2,
    "implies": 2,
    "known": 1,
    "as_offset": 1,
    "as_epoch": 1,
    "majority": 2,
    "adjacent": 2,
    "Entry": 2,
}
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)
OPERATORS = (ast.Add, ast.Sub, ast.BitOr, ast.BitAnd)
FIELDS = ("epoch", "value")
REMEDIES: dict[type[ast.AST], str] = {
    ast.If: "a conditional expression: x if condition else y",
    ast.IfExp: "x if condition else y",
    ast.For: "a table comprehension: s.table = {key: value for key in Domain}",
    ast.While: "a table comprehension: s.table = {key: value for key in Domain}",
    ast.Try: "a require(...) that keeps the action from being taken",
    ast.Assert: "require(...) in an action, or an invariant of its own",
    ast.Lambda: "a @definition",
    ast.FunctionDef: "a @definition at the top of the module",
    ast.ListComp: "all(... for ...) or any(... for ...)",
    ast.SetComp: "a set expression with | - and {x}",
    ast.GeneratorExp: "all(... for ...) or any(... for ...)",
    ast.DictComp: "s.table = {key: value for key in Domain}, as the whole right side of an assignment",
    ast.NamedExpr: "a @definition for the repeated expression",
    ast.JoinedStr: "nothing: models hold no text",
    ast.Dict: "s.table = {key: value for key in Domain}",
    ast.List: "a one-entry log (Entry(epoch, value),) or a set {x}",
    ast.Delete: "an assignment of the default value",
    ast.AnnAssign: "a plain assignment",
    ast.Starred: "the arguments one by one",
}


class OutsideSubset(Exception):
    """A model function holds a construct that not every reading understands."""

    def __init__(self, file: str, line: int, found: str, remedy: str) -> None:
        super().__init__(f"{file}:{line}: {found} is outside the model language; write {remedy}")
        self.file, self.line, self.found, self.remedy = file, line, found, remedy


class Expressions:
    """Walks the expressions of one function. `scope` holds the names that are bound where it stands."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.globals = function.python.__globals__
        arguments = function.tree.args.args
        self.state = arguments[0].arg if function.state is not None and arguments else ""
        self.scope = {a.arg for a in arguments}
        self.may_read_ghosts = function.role in ("safety", "conjunct", "definition")

    def refuse(self, node: ast.AST, found: str, remedy: str) -> None:
        raise OutsideSubset(self.function.file, getattr(node, "lineno", self.function.tree.lineno), found, remedy)

    def refuse_node(self, node: ast.AST) -> None:
        words = type(node).__name__
        self.refuse(
            node, f"`{words}`", REMEDIES.get(type(node), "an expression of the model language (model/language.py)")
        )

    def bound(self, names: Iterable[str], expressions: Iterable[ast.expr]) -> None:
        before, self.scope = self.scope, self.scope | set(names)
        for expression in expressions:
            self.expression(expression)
        self.scope = before

    def expression(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=bool() | int()):
                return
            case ast.Constant():
                self.refuse(node, f"the constant {node.value!r}", "ints and bools only")
            case ast.Name():
                self.name(node)
            case ast.Attribute():
                self.attribute(node)
            case ast.Subscript():
                self.subscript(node)
            case ast.BoolOp():
                for value in node.values:
                    self.expression(value)
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                self.expression(node.operand)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.BitOr() | ast.BitAnd()):
                self.expression(node.left)
                self.expression(node.right)
            case ast.BinOp():
                self.refuse(node, f"`{type(node.op).__name__}`", "+ and - on numbers and logs, | & - on sets")
            case ast.Compare():
                self.comparison(node)
            case ast.IfExp():
                for part in (node.test, node.body, node.orelse):
                    self.expression(part)
            case ast.Set(elts=elements):
                for element in elements:
                    self.expression(element)
            case ast.Tuple(elts=[ast.Call(func=ast.Name(id="Entry")) as entry]):
                self.expression(entry)
            case ast.Tuple():
                self.refuse(node, "a tuple", "a one-entry log (Entry(epoch, value),)")
            case ast.Call():
                self.call(node)
            case _:
                self.refuse_node(node)

    def name(self, node: ast.Name) -> None:
        if node.id in self.scope:
            if node.id == self.state:
                self.refuse(node, f"the whole state `{node.id}` as a value", "one of its variables")
            return
        if node.id in DOMAINS:
            self.refuse(node, f"the domain `{node.id}` as a value", f"all(... for x in {node.id})")
        if not isinstance(self.globals.get(node.id), int):
            self.refuse(node, f"the name `{node.id}`", "a parameter, a loop variable or an int constant of the module")

    def attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.value.id == self.state and self.state:
            variable = self.variable(node)
            if variable.ghost and not self.may_read_ghosts:
                self.refuse(node, f"a read of ghost variable `{variable.name}`", "what the protocol itself knows")
            return
        if node.attr not in FIELDS:
            self.refuse(node, f"the attribute `{node.attr}`", "a variable of the state, or an entry's epoch or value")
        self.expression(node.value)

    def variable(self, node: ast.Attribute) -> Variable:
        found = self.function.variables.get(node.attr)
        if found is None:
            assert self.function.state is not None
            self.refuse(node, f"the variable `{node.attr}`", f"one that {self.function.state.__name__} declares")
        assert found is not None
        return found

    def keys(self, node: ast.Subscript, variable: Variable) -> None:
        keys = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if len(keys) != len(variable.keys) or isinstance(node.slice, ast.Slice):
            expected = f"{len(variable.keys)} key(s): {', '.join(variable.keys) or 'none'}"
            self.refuse(node, f"`{ast.unparse(node)}`", expected)
        for key in keys:
            self.expression(key)

    def subscript(self, node: ast.Subscript) -> None:
        self.expression(node.value)
        base = node.value
        if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name) and base.value.id == self.state:
            variable = self.variable(base)
            if variable.keys:
                self.keys(node, variable)
                return
        if isinstance(node.slice, ast.Slice):
            if node.slice.step is not None or node.slice.upper is None:
                self.refuse(node, f"the slice `{ast.unparse(node)}`", "log[:end], or log + other[len(log):end]")
            for bound in (node.slice.lower, node.slice.upper):
                if bound is not None:
                    self.expression(bound)
        else:
            self.expression(node.slice)

    def comparison(self, node: ast.Compare) -> None:
        for operator in node.ops:
            if not isinstance(operator, COMPARISONS):
                self.refuse(node, f"`{type(operator).__name__}`", "== or != (models have values, not identities)")
        for part in (node.left, *node.comparators):
            self.expression(part)

    def quantifier(self, node: ast.Call) -> None:
        generator = node.args[0] if len(node.args) == 1 else None
        if not isinstance(generator, ast.GeneratorExp):
            self.refuse(node, f"`{ast.unparse(node.func)}` of a value", "all(... for x in Domain if ...)")
            return
        names = []
        before = self.scope
        for part in generator.generators:
            if not isinstance(part.target, ast.Name):
                self.refuse(part.target, "a loop over tuples", "one name per loop")
                return
            self.iterated(part.iter)
            names.append(part.target.id)
            self.scope = before | set(names)
        self.scope = before
        self.bound(names, [condition for part in generator.generators for condition in part.ifs])
        self.bound(names, [generator.elt])

    def iterated(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name) and node.id in DOMAINS and node.id not in self.scope:
            return
        call = node if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
        if call is not None and ast.unparse(call.func) == "range" and len(call.args) in (1, 2):
            for bound in call.args:
                self.expression(bound)
            return
        domains = ", ".join(DOMAINS)
        self.refuse(node, f"a loop over `{ast.unparse(node)}`", f"a loop over {domains} or range(...)")

    def called(self, node: ast.Call) -> Function | None:
        return of(self.globals.get(node.func.id)) if isinstance(node.func, ast.Name) else None

    def call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name in ("all", "any"):
            self.quantifier(node)
        elif name in ARITIES:
            self.arguments(node, ARITIES[name])
        else:
            called = self.called(node)
            if called is None or called.role != "definition":
                words = ", ".join((*ARITIES, "all", "any"))
                self.refuse(node, f"a call of `{name}`", f"one of {words}, or a function marked @definition")
                return
            if called.uses_ghosts and not self.may_read_ghosts:
                self.refuse(node, f"a call of `{name}`, which reads ghosts,", "it under `with ghost:`")
            self.arguments(node, len(called.tree.args.args), state=called.state is not None)

    def arguments(self, node: ast.Call, count: int, *, state: bool | None = None) -> None:
        if node.keywords or len(node.args) != count:
            self.refuse(node, f"`{ast.unparse(node)}`", f"exactly {count} positional argument(s)")
        rest = node.args
        if rest and isinstance(rest[0], ast.Name) and rest[0].id == self.state and self.state and state is not False:
            rest = rest[1:]
        for argument in rest:
            self.expression(argument)
