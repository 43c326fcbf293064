"""What names stand for while a function is printed, and what a module has been seen to use.

One rule: nothing here prints; it is the bookkeeping that expressions, steps and the module share.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from model.kinds import NUMBERS
from model.syntax import Function, without_ghosts
from model.tla import names
from model.tla.refusals import refuse
from model.tla.terms import Term, Text, line

ANNOTATED = {
    "int": "number",
    **{domain.__name__: "number" for domain in NUMBERS},
    "Log": "log",
    "ReplicaSet": "set",
    "frozenset[Replica]": "set",
    "Set[Replica]": "set",
    "Quorum": "set",
    "bool": "flag",
    "Replica": "replica",
    "Entry": "entry",
}
"""The kind of what an annotation names."""


@dataclass(frozen=True, slots=True)
class Local:
    """What a name of a model function stands for: a term, and the kind of its value."""

    term: Term
    kind: str


@dataclass
class Used:
    """What a module has been seen to use: definitions in order of need, helpers, key domains, parameter domains."""

    taken: names.Taken = field(default_factory=names.Taken)
    definitions: dict[str, Function] = field(default_factory=dict)
    helpers: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)

    def helper(self, name: str, *arguments: Term) -> Text:
        self.helpers.add(name)
        return Text(f"{name}({', '.join(map(line, arguments))})")


def plain(function: Function) -> dict[str, str]:
    """Every variable as it stands before a step."""
    return {name: names.lower(name) for name in function.variables}


def keys_of(domain: str) -> str:
    """The set of a domain's members as keys of tables, which has one epoch beyond the bound."""
    return f"{domain}Key" if domain in ("LeaderEpoch", "PartitionEpoch") else domain


def parameters(function: Function) -> dict[str, str]:
    """The parameters after the state, if there is one, with the kinds of their values."""
    arguments = function.tree.args.args[1:] if function.state is not None else function.tree.args.args
    return {argument.arg: annotated(function, argument.annotation) for argument in arguments}


def annotated(function: Function, annotation: ast.expr | None) -> str:
    """The kind of a value by its annotation; Unprintable where that names none."""
    text = ast.unparse(annotation) if annotation is not None else "nothing"
    if text not in ANNOTATED:
        where = annotation if annotation is not None else function.tree
        raise refuse(
            function, where, f"a value annotated with `{text}`", f"annotate it as one of {', '.join(ANNOTATED)}"
        )
    return ANNOTATED[text]


def given(function: Function, arguments: Sequence[Term]) -> dict[str, Local]:
    """What the parameters of a function stand for where it is called with these arguments."""
    pairs = zip(parameters(function).items(), arguments, strict=True)
    return {name: Local(argument, kind) for (name, kind), argument in pairs}


def returned(function: Function) -> ast.expr:
    """The expression that a definition names."""
    for statement in without_ghosts(function.tree).body:
        if isinstance(statement, ast.Return) and statement.value is not None:
            return statement.value
    raise refuse(function, function.tree, f"`{function.name}` as a value", "call a group of assignments as a statement")
