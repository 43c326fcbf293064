"""The actions of the models written out before they are taken, as one module that mypyc compiles.

    python -m tests.bench.ahead_models     # prints the module; tests/bench/compiled.py puts it into the compiled copy

One rule: what is written out is what a machine runs (`model.as_run`), statement by statement. Names that each machine
has its own values for, the domains and the members, are attributes of `Around`; definitions that are called get it too.
States are native: each model has a class whose attributes are its variables.
Only the models that simulated runs are followed by are written out, without variants.
"""

import ast
from collections.abc import Iterable
from typing import Any

from model import as_run
from model.machine import Machine
from model.quorum.pre_vote import PRE_VOTE
from model.reading_values import WORDS
from model.remade import changed
from model.survival import SURVIVAL
from model.syntax import Function, of

HEAD = '''"""Written by tests/bench/ahead_models.py."""
from collections.abc import Callable
from typing import Any
from model.kinds import Entry
'''
STATE = "State"
"""How the names of the classes end that models declare their states by."""
MINE = ("_members", "_decides", "_refused")
"""Besides the domains, what a machine has of its own."""


class Module:
    """The module as it grows."""

    def __init__(self, around: list[str]) -> None:
        self._around = frozenset(around)
        self._called: dict[str, str] = {}
        """By model, module and name of a definition, what it is called here."""
        self._states: dict[str, str] = {}
        """By model, the class of its states."""
        self._written: dict[str, str] = {}
        self._lines = [HEAD, *(f"from model.language import {word}" for word in WORDS), "class Around:"]
        self._lines.append("    def __init__(self, names: dict[str, Any]) -> None:")
        self._lines += [f"        self.{name}: Any = names[{name!r}]" for name in around]

    def state(self, model: str, variables: Iterable[str]) -> None:
        """The class of a model's states."""
        mine = self._states[model] = f"State_{len(self._states)}"
        self._lines += [f"class {mine}:", "    def __init__(self, names: dict[str, Any]) -> None:"]
        self._lines += [f"        self.{name}: Any = names[{name!r}]" for name in variables]

    def action(self, model: str, name: str, function: Function, body: list[ast.stmt]) -> None:
        """A step, after the definitions it calls."""
        mine = f"action_{len(self._written)}"
        self._write(mine, model, function, body)
        self._written[f"{function.python.__module__}.{function.python.__qualname__} {name}"] = mine

    def _definition(self, model: str, function: Function) -> str:
        known = f"{model} {function.python.__module__}.{function.name}"
        if known not in self._called:
            self._called[known] = mine = f"definition_{len(self._called)}"
            self._write(mine, model, function, as_run._body(function, ghosts=False))
        return self._called[known]

    def _write(self, mine: str, model: str, function: Function, body: list[ast.stmt]) -> None:
        globals_ = function.python.__globals__

        def named(node: Any) -> Any:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called = of(globals_.get(node.func.id))
                if called is not None:
                    return ast.Call(
                        ast.Name(self._definition(model, called), ast.Load()),
                        [ast.Name("_c", ast.Load()), *node.args],
                        node.keywords,
                    )
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if node.id in self._around:
                    return ast.Attribute(ast.Name("_c", ast.Load()), node.id, ast.Load())
                if type(globals_.get(node.id)) is int:
                    return ast.Constant(globals_[node.id])
            return node

        statements = [changed(statement, named) for statement in body]
        arguments = function.tree.args.args
        parameters = [argument.arg for argument in arguments]
        types = [
            self._states[model]
            if argument.annotation is not None and ast.unparse(argument.annotation).endswith(STATE)
            else "Any"
            for argument in arguments
        ]
        local = {
            node.id
            for statement in statements
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        bound = {
            node.id
            for statement in statements
            for part in ast.walk(statement)
            if isinstance(part, ast.comprehension)
            for node in ast.walk(part.target)
            if isinstance(node, ast.Name)
        }
        returns = "Any" if any(isinstance(n, ast.Return) for s in statements for n in ast.walk(s)) else "None"
        told = ", ".join(["_c: Around", *map(": ".join, zip(parameters, types, strict=True))])
        self._lines.append(f"def {mine}({told}) -> {returns}:")
        self._lines += [f"    {name}: Any" for name in sorted(local - bound - set(parameters))]
        for statement in statements:
            self._lines += ["    " + line for line in ast.unparse(ast.fix_missing_locations(statement)).split("\n")]

    def text(self) -> str:
        """The whole module."""
        written = ", ".join(f"{key!r}: {name}" for key, name in sorted(self._written.items()))
        states = ", ".join(f"{model!r}: {name}" for model, name in sorted(self._states.items()))
        tables = [f"WRITTEN: dict[str, Callable[..., None]] = {{{written}}}", f"STATES: dict[str, Any] = {{{states}}}"]
        return "\n".join([*self._lines, *tables]) + "\n"


def written() -> str:
    """Every action of the models that simulated runs are followed by."""
    machines = [Machine(model, replicas=(1, 2, 3)) for model in (SURVIVAL, PRE_VOTE)]
    domains = sorted({name for machine in machines for name in machine.reading.domains})
    module = Module([*domains, *MINE])
    bodies: list[tuple[Function, list[ast.stmt]]] = []
    as_run.step_of.cache_clear()
    make_now = as_run.code

    def noted(function: Function, body: list[ast.stmt]) -> Any:
        bodies.append((function, body))
        return make_now(function, body)

    setattr(as_run, "code", noted)  # noqa: B010 - a function in place of another
    try:
        for machine in machines:
            model = machine.reading.model.name
            module.state(model, machine.reading.variables)
            for name, step in machine.reading.steps.items():
                as_run.step_of(step.function.python, name)
                module.action(model, name, *bodies[-1])
    finally:
        setattr(as_run, "code", make_now)  # noqa: B010 - the function as before
    return module.text()


if __name__ == "__main__":
    print(written(), end="")
