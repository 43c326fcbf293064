"""Actions and macros as TLA+ operators: guards, then what each variable is next.

One rule: assignments happen in order, as in Python. What a later line reads of a variable that an earlier one has
assigned is the primed variable; a variable that a step assigns more than once has its values in between named in a LET.
A macro is its actions written out, one after the other, with their parameters replaced by what they are called with.
"""

import ast
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence

from model.kinds import Variable
from model.syntax import Function, assigned, of, require_condition, without_ghosts
from model.tla import names
from model.tla.expressions import Expressions
from model.tla.refusals import refuse
from model.tla.scope import Local, Used, given, keys_of, parameters, plain, returned
from model.tla.terms import WIDTH, Bracketed, Conjunct, Term, Text, bulleted, layout, line, prefixed, shifted


class Writer:
    """Writes the body of one operator. `fixed` are variables that no step changes in the end: messages of a grain that
    forgets them, and every variable of the initial state, which has no step before it.
    """

    def __init__(self, function: Function, used: Used, variables: Sequence[Variable], fixed: frozenset[str]) -> None:
        self.function, self.used, self.fixed = function, used, fixed
        self.variables = {variable.name: variable for variable in variables}
        self.versions = plain(function)
        self.left = Counter(assignments(function))
        self.lets: list[tuple[str, Term]] = []
        self.lines: list[tuple[str, Term]] = []
        """A comment or nothing, and a conjunct."""
        self.comment = ""
        self.scope: set[str] = set()

    # ------------------------------------------------------------ statements
    def body(self, function: Function, locals_: Mapping[str, Local]) -> None:
        """The statements of a function, its parameters standing for `locals_`."""
        for statement in without_ghosts(function.tree).body:
            here = Expressions(function, self.used, locals_, self.versions, self.scope)
            condition = require_condition(statement)
            if condition is not None:
                self.guard(here, condition)
            elif isinstance(statement, ast.Assign | ast.AugAssign):
                self.assignment(here, statement)
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                self.call(here, statement.value)
            elif not isinstance(statement, ast.Pass) and not is_text(statement):
                found = f"`{ast.unparse(statement)}`"
                raise refuse(function, statement, found, "write require(...), assignments and calls")

    def guard(self, here: Expressions, condition: ast.expr) -> None:
        parts = condition.values if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And) else None
        for part in parts or [condition]:
            self.add(here.term(part))

    def add(self, term: Term) -> None:
        self.lines.append((self.comment, term))
        self.comment = ""

    def call(self, here: Expressions, node: ast.Call) -> None:
        """An action inside a macro, or a definition that groups assignments."""
        called = of(here.function.python.__globals__.get(ast.unparse(node.func)))
        if called is None or called.role not in ("action", "definition"):
            found = f"a call of `{ast.unparse(node.func)}`"
            raise refuse(here.function, node, found, "call an action or a @definition")
        arguments = [here.term(argument) for argument in node.args[1:]]
        if called.role == "action":
            self.comment = f"{names.upper(called.name)}({', '.join(map(line, arguments))})"
        self.body(called, given(called, arguments))

    def assignment(self, here: Expressions, node: ast.Assign | ast.AugAssign) -> None:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        name = next(assigned(node))
        before = self.versions[name]
        if isinstance(node, ast.AugAssign):
            value: Term = here.term(ast.copy_location(ast.BinOp(read(target), node.op, node.value), node))
        elif isinstance(node.value, ast.DictComp):
            value = self.table(here, node.value)
        else:
            value = here.term(node.value)
        if isinstance(target, ast.Subscript):
            value = Bracketed(f"{before} EXCEPT ![{here.keys(target.slice)}] =", value)
        self.left[name] -= 1
        if self.left[name] == 0 and name not in self.fixed:
            self.settle(name, value)
        else:
            self.versions[name] = self.used.taken.bound(f"{names.lower(name)}1", self.scope)
            self.scope.add(self.versions[name])
            self.lets.append((self.versions[name], value))

    def settle(self, name: str, value: Term) -> None:
        """What a variable is after the step."""
        self.versions[name] = f"{names.lower(name)}'"
        self.add(Conjunct(self.versions[name], value))

    def table(self, here: Expressions, node: ast.DictComp) -> Term:
        """`{(a, b): value for a in A for b in B}` is `[a \\in A, b \\in B |-> value]`."""
        pairs, sets = [], []
        for part in node.generators:
            assert isinstance(part.target, ast.Name)
            over, kind = here.iterated(part.iter)
            pairs.append((part.target.id, kind))
            sets.append(over)
        inner, fresh = here.bound(pairs)
        binders = ", ".join(f"{name} \\in {over}" for name, over in zip(fresh, sets, strict=True))
        return Bracketed(f"{binders} |->", inner.term(node.value))

    # ------------------------------------------------------------ the whole operator
    def printed(self, name: str, arguments: Sequence[str], doc: str, rest: Sequence[str]) -> list[str]:
        """The operator with its LETs, its conjuncts and, in the end, the lines of `rest`."""
        head = f"{name}({', '.join(arguments)}) ==" if arguments else f"{name} =="
        found = [*comment(doc), head]
        indent = 4
        if self.lets:
            lets = [prefixed(f"{let} == ", term, indent + 4) for let, term in self.lets]
            found += shifted(["LET " + lets[0][0], *shifted(lets[0][1:], 4)], 4)
            for let in lets[1:]:
                found += shifted(let, 8)
            found.append("    IN")
        for text, term in self.lines:
            if text:
                found.append(f"    \\* {text}")
            found += shifted(bulleted("/\\", [term], indent), indent)
        return found + shifted(list(rest), indent)


class InitialWriter(Writer):
    """Writes what the variables are at first: the blank state, changed by the model's `initial`, in its order."""

    def __init__(self, function: Function, used: Used, variables: Sequence[Variable]) -> None:
        super().__init__(function, used, variables, frozenset())
        self.values: dict[str, str] = {}
        for variable in variables:
            self.versions[variable.name] = blank(variable, used)

    def settle(self, name: str, value: Term) -> None:
        self.values[name] = line(value)
        self.versions[name] = names.lower(name)

    def finish(self, fixed: frozenset[str]) -> None:
        """A conjunct for every variable that can change; `values` has them all."""
        untouched = {name: self.versions[name] for name in self.variables if name not in self.values}
        self.values.update(untouched)
        for name, value in self.values.items():
            if name not in fixed:
                self.add(Text(f"{names.lower(name)} = {value}"))


BLANK = {
    "number": "0",
    "flag": "FALSE",
    "set": "{}",
    "log": "<<>>",
    "replica": "AnyReplica",
    "quorum": "AnyQuorum",
}


def assignments(function: Function) -> list[str]:
    """The variables it assigns, ghosts left out, as often as it does, also through what it calls."""
    found: list[str] = []
    for statement in without_ghosts(function.tree).body:
        found += assigned(statement)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            called = of(function.python.__globals__.get(ast.unparse(statement.value.func)))
            found += assignments(called) if called is not None else []
    return found


def blank(variable: Variable, used: Used) -> str:
    """A variable of the blank state: numbers 0, flags off, sets and logs empty, replicas any one."""
    used.domains.update(variable.keys)
    used.domains.update({"replica": {"AnyReplica"}, "quorum": {"Quorum", "AnyQuorum"}}.get(variable.kind, set()))
    value = BLANK[variable.kind]
    if not variable.keys:
        return value
    bound: list[str] = []
    for key in variable.keys:
        bound.append(used.taken.bound(key[0].lower(), bound))
    binders = [f"{name} \\in {keys_of(key)}" for name, key in zip(bound, variable.keys, strict=True)]
    return f"[{', '.join(binders)} |-> {value}]"


def read(target: ast.expr) -> ast.expr:
    """An assignment's target as an expression."""
    found: ast.expr = ast.parse(ast.unparse(target), mode="eval").body
    return ast.copy_location(found, target)


def is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def comment(text: str) -> list[str]:
    """A docstring as comment lines."""
    return [f"\\* {each}".rstrip() for each in text.splitlines()]


def operator(function: Function, used: Used, writer: Writer, name: str, unchanged: Sequence[str]) -> list[str]:
    """An action or a macro as an operator of its parameters."""
    here, fresh = Expressions(function, used, {}).bound(parameters(function).items())
    writer.scope |= set(fresh)
    writer.body(function, here.locals)
    rest = listed("/\\ UNCHANGED ", unchanged) if unchanged else []
    return writer.printed(names.upper(name), fresh, function.doc, rest)


def listed(head: str, items: Sequence[str]) -> list[str]:
    """A tuple, its lines broken after commas."""
    first, *rest = textwrap.wrap(f"<<{', '.join(items)}>>", WIDTH - len(head) - 8)
    return [head + first, *(" " * (len(head) + 2) + text for text in rest)]


def definition(function: Function, used: Used) -> list[str]:
    """A definition or a safety property as an operator of its parameters."""
    here, fresh = Expressions(function, used, {}).bound(parameters(function).items())
    head = names.upper(function.name) + (f"({', '.join(fresh)})" if fresh else "")
    term = here.term(returned(function))
    return [*comment(function.doc), f"{head} ==", *shifted(layout(term, 4), 4)]
