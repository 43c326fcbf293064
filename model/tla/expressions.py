"""Model expressions as TLA+ terms.

One rule: a construct is printed or refused at its line, never approximated. A read past the end of a log or a table,
which the language counts as `not enabled`, is an error to TLC: it stops there, and says where.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence

from model.kinds import DOMAINS
from model.syntax import Function, of
from model.tla import names
from model.tla.refusals import refuse
from model.tla.scope import ANNOTATED, Local, Used, annotated, given, keys_of, parameters, plain, returned
from model.tla.terms import (
    ATOM,
    RELATION,
    SET,
    SUM,
    TRUE,
    Choice,
    Implication,
    Quantified,
    Term,
    Text,
    binary,
    both,
    either,
    line,
    negated,
)

RELATIONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "#",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "\\in",
    ast.NotIn: "\\notin",
}
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
}
OPPOSITES |= {value: key for key, value in OPPOSITES.items()}


class Expressions:
    """The expressions of one model function, where its names stand for `locals` and its variables for `versions`."""

    def __init__(
        self,
        function: Function,
        used: Used,
        locals_: Mapping[str, Local],
        versions: Mapping[str, str] | None = None,
        scope: Iterable[str] = (),
    ) -> None:
        self.function, self.used = function, used
        self.locals = dict(locals_)
        self.versions = versions if versions is not None else plain(function)
        self.scope = frozenset(scope)
        arguments = function.tree.args.args
        self.state = arguments[0].arg if function.state is not None and arguments else ""

    def bound(self, pairs: Iterable[tuple[str, str]]) -> tuple["Expressions", list[str]]:
        """The same, with more names bound to fresh ones: (name, kind) each; and the fresh names."""
        inner = Expressions(self.function, self.used, self.locals, self.versions, self.scope)
        fresh = []
        for name, kind in pairs:
            fresh.append(self.used.taken.bound(name, inner.scope))
            inner.locals[name] = Local(Text(fresh[-1]), kind)
            inner.scope |= {fresh[-1]}
        return inner, fresh

    # ------------------------------------------------------------ kinds
    def kind(self, node: ast.expr) -> str:
        """`number`, `flag`, `replica`, `set`, `log` or `entry`."""
        match node:
            case ast.Name() if node.id in self.locals:
                return self.locals[node.id].kind
            case ast.Attribute() if self.variable(node):
                kind = self.function.variables[node.attr].kind
                return "set" if kind == "quorum" else kind
            case ast.Subscript():
                if isinstance(node.value, ast.Attribute) and self.keyed(node.value):
                    return self.kind(node.value)
                return "log" if isinstance(node.slice, ast.Slice) else "entry"
            case ast.BinOp():
                return self.kind(node.left)
            case ast.IfExp():
                return self.kind(node.body)
            case ast.Set():
                return "set"
            case ast.Tuple():
                return "log"
            case ast.Call(func=ast.Name(id=name)) if (called := self.called(name)) is not None:
                return annotated(called, called.tree.returns)
            case ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.Constant(value=bool()):
                return "flag"
        return "number"

    def variable(self, node: ast.Attribute) -> bool:
        return bool(self.state) and isinstance(node.value, ast.Name) and node.value.id == self.state

    def keyed(self, node: ast.Attribute) -> bool:
        return self.variable(node) and bool(self.function.variables[node.attr].keys)

    def called(self, name: str) -> Function | None:
        return of(self.function.python.__globals__.get(name))

    # ------------------------------------------------------------ terms
    def term(self, node: ast.expr) -> Term:
        match node:
            case ast.Constant(value=bool() as flag):
                return Text("TRUE" if flag else "FALSE")
            case ast.Constant(value=int() as number):
                return Text(str(number), ATOM if number >= 0 else SUM)
            case ast.Name():
                return self.name(node)
            case ast.Attribute():
                return self.attribute(node)
            case ast.Subscript():
                return self.subscript(node)
            case ast.BoolOp(op=ast.And()):
                return both([self.term(value) for value in node.values])
            case ast.BoolOp():
                return self.disjunction(node.values)
            case ast.UnaryOp(op=ast.Not()):
                return negated(self.term(node.operand))
            case ast.UnaryOp(op=ast.USub()):
                return Text(f"-{atom(self.term(node.operand))}", SUM)
            case ast.BinOp():
                return self.operation(node)
            case ast.Compare():
                return self.comparison(node)
            case ast.IfExp():
                return Choice(self.term(node.test), self.term(node.body), self.term(node.orelse))
            case ast.Set():
                return Text(f"{{{', '.join(line(self.term(e)) for e in node.elts)}}}")
            case ast.Tuple(elts=[ast.Call(args=[epoch, value])]):
                return self.used.helper("Record", self.term(epoch), self.term(value))
            case ast.Call():
                return self.call(node)
        raise refuse(self.function, node, f"`{ast.unparse(node)}`", "write it with what model/language.py offers")

    def name(self, node: ast.Name) -> Term:
        if node.id in self.locals:
            return self.locals[node.id].term
        constant = self.function.python.__globals__.get(node.id)
        if isinstance(constant, int) and not isinstance(constant, bool):
            return Text(str(constant), ATOM if constant >= 0 else SUM)
        raise refuse(
            self.function, node, f"the name `{node.id}`", "write a parameter, a loop's name or an int constant"
        )

    def attribute(self, node: ast.Attribute) -> Term:
        if self.variable(node):
            return Text(self.versions[node.attr])
        return Text(f"{atom(self.term(node.value))}.{node.attr}")

    def subscript(self, node: ast.Subscript) -> Term:
        if isinstance(node.value, ast.Attribute) and self.keyed(node.value):
            return Text(f"{self.versions[node.value.attr]}[{self.keys(node.slice)}]")
        log = self.term(node.value)
        if not isinstance(node.slice, ast.Slice):
            return self.used.helper("At", log, self.term(node.slice))
        if node.slice.upper is None:
            raise refuse(self.function, node, f"`{ast.unparse(node)}`", "write the end of the slice")
        start = self.term(node.slice.lower) if node.slice.lower is not None else Text("0")
        return self.used.helper("Slice", log, start, self.term(node.slice.upper))

    def keys(self, node: ast.expr) -> str:
        keys = node.elts if isinstance(node, ast.Tuple) else [node]
        return ", ".join(line(self.term(key)) for key in keys)

    def operation(self, node: ast.BinOp) -> Term:
        left, right, kind = self.term(node.left), self.term(node.right), self.kind(node.left)
        match node.op, kind:
            case ast.Add(), "log":
                return self.used.helper("Joined", left, right)
            case ast.Add(), "number":
                return binary(left, "+", right, SUM)
            case ast.Sub(), "number":
                return binary(left, "-", right, SUM)
            case ast.Sub(), "set":
                return binary(left, "\\", right, SET)
            case ast.BitOr(), "set":
                return binary(left, "\\cup", right, SET)
            case ast.BitAnd(), "set":
                return binary(left, "\\cap", right, SET)
        found = f"`{type(node.op).__name__}` of a {kind}"
        raise refuse(self.function, node, found, "write + or - of numbers and logs, or | & - of sets")

    def disjunction(self, nodes: Sequence[ast.expr]) -> Term:
        """`a or b`. Where `b` may perhaps only be read if `a` is false it is `~a => b`: in a guard TLC takes both sides
        of a disjunction, as two ways to step."""
        earlier = nodes[:-1]
        parts = [self.term(node) for node in nodes]
        if any("At(" in line(part) for part in parts[1:]):
            return Implication(both([self.opposite(node) for node in earlier]), parts[-1])
        return either(parts)

    def opposite(self, node: ast.expr) -> Term:
        """The negation, a comparison turned round."""
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return binary(self.term(left), RELATIONS[OPPOSITES[type(operator)]], self.term(right), RELATION)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.term(operand)
        return negated(self.term(node))

    def comparison(self, node: ast.Compare) -> Term:
        operands = [self.term(part) for part in (node.left, *node.comparators)]
        return both(
            [
                binary(left, RELATIONS[type(operator)], right, RELATION)
                for left, operator, right in zip(operands, node.ops, operands[1:], strict=False)
            ]
        )

    def call(self, node: ast.Call) -> Term:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        match name, node.args:
            case "all" | "any", [ast.GeneratorExp() as generator]:
                return self.quantified(generator, universal=name == "all")
            case "implies", [premise, conclusion]:
                return Implication(self.term(premise), self.term(conclusion))
            case "known", [_]:
                return TRUE
            case "as_offset" | "as_epoch", [number]:
                return self.term(number)
            case "majority", [chosen, voters]:
                return self.used.helper("Majority", self.term(chosen), self.term(voters))
            case "len", [measured] if self.kind(measured) == "log":
                return self.used.helper("EndOffset", self.term(measured))
            case "len", [measured] if self.kind(measured) == "set":
                return Text(f"Cardinality({line(self.term(measured))})")
            case "min" | "max", [first, second]:
                return self.used.helper(name.capitalize(), self.term(first), self.term(second))
        called = self.called(name)
        if called is None or called.role != "definition":
            raise refuse(self.function, node, f"a call of `{name}`", "write a @definition, or what language.py offers")
        return self.defined(called, node)

    def defined(self, called: Function, node: ast.Call) -> Term:
        """A definition: called by name where the state is the one before the step, else written out."""
        rest = node.args[1:] if called.state is not None else node.args
        arguments = [self.term(argument) for argument in rest]
        present = {v: self.versions[v] for v in called.mentions if v in self.versions}
        if all(text == names.lower(variable) for variable, text in present.items()):
            require_definition(called, self.used)
            written = f"({', '.join(map(line, arguments))})" if arguments else ""
            return Text(names.upper(called.name) + written)
        inner = Expressions(called, self.used, given(called, arguments), self.versions, self.scope)
        return inner.term(returned(called))

    def quantified(self, generator: ast.GeneratorExp, *, universal: bool) -> Term:
        """Nested loops are one quantifier with several names while a range does not depend on an earlier one."""
        inner, binders, conditions = self, list[str](), list[Term]()
        for part in generator.generators:
            assert isinstance(part.target, ast.Name)
            over, kind = inner.iterated(part.iter)
            inner, (name,) = inner.bound([(part.target.id, kind)])
            binders.append(f"{name} \\in {over}")
        for part in generator.generators:
            conditions += [inner.term(condition) for condition in part.ifs]
        body = inner.term(generator.elt)
        if conditions:
            body = Implication(both(conditions), body) if universal else both([*conditions, body])
        symbol = "\\A" if universal else "\\E"
        for place in range(len(binders) - 1, -1, -1):  # TLA+ forbids `\A x \in S, y \in f(x)`: such loops are nested
            if ".." in binders[place] and place > 0:
                body = Quantified(symbol, tuple(binders[place:]), body)
                binders = binders[:place]
        return Quantified(symbol, tuple(binders), body)

    def iterated(self, node: ast.expr) -> tuple[str, str]:
        """The set a loop runs over, and the kind of its members."""
        if isinstance(node, ast.Name) and node.id in DOMAINS:
            self.used.domains.add(node.id)
            return keys_of(node.id), ANNOTATED.get(node.id, "number")
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "range":
            bounds = [self.term(bound) for bound in node.args]
            start, end = bounds if len(bounds) == 2 else (Text("0"), bounds[0])
            return f"{line(start)} .. {line(binary(end, '-', Text('1'), SUM))}", "number"
        raise refuse(self.function, node, f"a loop over `{ast.unparse(node)}`", "loop over a domain or a range")


def require_definition(function: Function, used: Used) -> None:
    """Notes that the module needs this definition, after those that it needs itself."""
    if function.name in used.definitions:
        return
    inner, _ = Expressions(function, used, {}).bound(parameters(function).items())
    inner.term(returned(function))
    used.definitions[function.name] = function


def atom(term: Term) -> str:
    return line(term) if term.level == ATOM else f"({line(term)})"
