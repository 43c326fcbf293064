"""The subset of Python that models are written in, checked when a model module loads.

One rule: what every reading understands is allowed, everything else is refused at its line, with what to write
instead. A model that loads therefore means the same run as written, searched as bits and proved as formulas.

An action is: `require(...)` statements, then assignments to state variables, then nothing. Ghost variables are
assigned under `with ghost:` and read only there, so that cutting them out changes nothing that the protocol does.
"""

import ast

from model.expressions import Expressions, OutsideSubset
from model.kinds import PARAMETER_DOMAINS, Variable
from model.syntax import Function, require_condition

__all__ = ["OutsideSubset", "check"]


def check(function: Function) -> None:
    """Raises OutsideSubset at the first construct of the function that is not allowed in its role."""
    checker = Checker(function)
    checker.signature()
    body = function.tree.body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if function.role in ("safety", "conjunct") or (function.role == "definition" and len(body) == 1):
        checker.single_expression(body)
    elif function.role == "macro":
        checker.macro(body)
    else:
        checker.statements(body)
    if function.trigger is not None:
        checker.trigger(function.trigger)


class Checker(Expressions):
    """Walks one function, statement by statement."""

    # ------------------------------------------------------------ the shape of a function
    def signature(self) -> None:
        arguments = self.function.tree.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults or arguments.posonlyargs:
            self.refuse(self.function.tree, "a default, keyword-only or starred parameter", "plain parameters only")
        if self.function.role != "definition" and self.function.state is None:
            self.refuse(self.function.tree, "a first parameter that is no state", "(s: State, ...) with a state class")
        if self.function.role in ("definition", "safety", "conjunct"):
            return
        for parameter in self.function.parameters:
            if parameter.domain not in PARAMETER_DOMAINS:
                what = f"parameter `{parameter.name}` over `{parameter.domain or 'nothing'}`"
                self.refuse(self.function.tree, what, f"one of the domains {', '.join(PARAMETER_DOMAINS)}")

    def single_expression(self, body: list[ast.stmt]) -> None:
        if len(body) != 1:
            self.refuse(body[1] if body else self.function.tree, "more than one statement", "one `return` expression")
        (statement,) = body
        if isinstance(statement, ast.Return) and statement.value is not None:
            self.expression(statement.value)
        elif self.function.role == "definition":
            self.statements(body)
        else:
            self.refuse(statement, f"`{type(statement).__name__}`", "one `return` expression")

    def macro(self, body: list[ast.stmt]) -> None:
        for statement in body:
            call = statement.value if isinstance(statement, ast.Expr) else None
            called = self.called(call) if isinstance(call, ast.Call) else None
            if not isinstance(call, ast.Call) or called is None or called.role != "action":
                self.refuse(statement, f"`{ast.unparse(statement)}` in a macro", "calls of actions only")
                return
            self.arguments(call, len(called.parameters) + 1)

    def statements(self, body: list[ast.stmt], *, ghost: bool = False) -> None:
        assigned = False
        for statement in body:
            condition = require_condition(statement)
            if condition is not None:
                if assigned or ghost:
                    self.refuse(statement, "`require` after an assignment", "every require before the first assignment")
                self.expression(condition)
                continue
            assigned = True
            if isinstance(statement, ast.With):
                self.ghost_block(statement)
            elif isinstance(statement, ast.Assign | ast.AugAssign):
                self.assignment(statement, ghost=ghost)
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                self.call(statement.value)
            else:
                self.refuse_node(statement)

    def ghost_block(self, statement: ast.With) -> None:
        names = [item.context_expr.id for item in statement.items if isinstance(item.context_expr, ast.Name)]
        if names != ["ghost"]:
            self.refuse(statement, "`with`", "`with ghost:` around assignments to ghost variables")
        before, self.may_read_ghosts = self.may_read_ghosts, True
        self.statements(statement.body, ghost=True)
        self.may_read_ghosts = before

    def assignment(self, statement: ast.Assign | ast.AugAssign, *, ghost: bool) -> None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if len(targets) != 1:
            self.refuse(statement, "a chained assignment", "one assignment per line")
        if isinstance(statement, ast.AugAssign) and not isinstance(statement.op, ast.Add | ast.Sub):
            self.refuse(statement, f"`{type(statement.op).__name__}=`", "+= or -=")
        variable = self.target(targets[0])
        if self.function.role in ("action", "initial") and variable.ghost != ghost:
            here = f"ghost variable `{variable.name}`" if variable.ghost else f"`{variable.name}`, no ghost,"
            self.refuse(statement, f"an assignment to {here} here", "ghosts under `with ghost:`, all others outside it")
        if isinstance(statement.value, ast.DictComp):
            self.table(statement.value, variable, targets[0])
        else:
            if isinstance(targets[0], ast.Attribute) and variable.keys:
                what = f"an assignment to the whole table `{variable.name}`"
                self.refuse(statement, what, "s.table[key] = value, or s.table = {key: value for key in Domain}")
            self.expression(statement.value)

    def target(self, target: ast.expr) -> Variable:
        base = target.value if isinstance(target, ast.Subscript) else target
        if not isinstance(base, ast.Attribute) or not isinstance(base.value, ast.Name) or base.value.id != self.state:
            self.refuse(target, f"an assignment to `{ast.unparse(target)}`", "an assignment to a variable of the state")
        assert isinstance(base, ast.Attribute)
        variable = self.variable(base)
        if isinstance(target, ast.Subscript):
            self.keys(target, variable)
        return variable

    def table(self, value: ast.DictComp, variable: Variable, target: ast.expr) -> None:
        if not isinstance(target, ast.Attribute):
            self.refuse(value, "a comprehension for one key", "s.table = {key: value for key in Domain}")
        names = [g.target.id for g in value.generators if isinstance(g.target, ast.Name)]
        domains = tuple(g.iter.id for g in value.generators if isinstance(g.iter, ast.Name))
        keys = value.key.elts if isinstance(value.key, ast.Tuple) else [value.key]
        plain = [k.id for k in keys if isinstance(k, ast.Name)]
        if plain != names or domains != variable.keys or any(g.ifs for g in value.generators):
            remedy = f"one loop, without `if`, over each of its keys: {', '.join(variable.keys)}"
            self.refuse(value, f"this comprehension for `{variable.name}`", remedy)
        self.bound(names, [value.value])

    def trigger(self, node: ast.Lambda) -> None:
        names = [a.arg for a in node.args.args]
        if names[:1] not in ([self.state], ["_"]) or not isinstance(node.body, ast.Tuple):
            self.refuse(node, "this `at`", f"at=lambda {self.state}, <the quantified names>: (term, ...)")
            return
        self.bound(names[1:], node.body.elts)
