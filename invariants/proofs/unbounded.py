"""States without bounds: replicas are an uninterpreted sort, epochs, offsets and values are the integers.

One rule: nothing is said about a variable but what an invariant says. Each is an uninterpreted function of its keys, so
a proof over these states holds for any number of replicas, any epoch and any log.
"""

from collections.abc import Callable
from typing import Any

import z3

from invariants.proofs.reading_symbolic import SymbolicDomain, SymbolicReading
from invariants.proofs.symbols import SymbolicEntry, SymbolicSet, SymbolicState, SymbolicTable, entry_of, entry_sort
from invariants.proofs.terms import Terms
from model.design import Model, syntax
from model.kinds import DOMAINS, Variable
from model.syntax import Function

KNOWN = z3.Function("known", z3.IntSort(), z3.BoolSort())
"""Rigid and free, so that it may be read as true; hypotheses about it only start quantifiers."""


def unbounded_reading() -> SymbolicReading:
    """The reading with ghosts and without bounds."""
    domains = {name: SymbolicDomain(name, z3.IntSort()) for name in DOMAINS if name != "Replica"}
    domains["Replica"] = SymbolicDomain("Replica", z3.DeclareSort("Replica"))
    return SymbolicReading(Terms(z3.IntVal), domains, known=KNOWN, ghosts=True)


def sort_of(reading: SymbolicReading, variable: Variable) -> Any:
    if variable.kind in ("flag", "set"):
        return z3.BoolSort()
    return reading.domains["Replica"].sort if variable.kind == "replica" else z3.IntSort()


def function_of(reading: SymbolicReading, name: str, keys: tuple[str, ...], result: Any) -> Callable[..., Any]:
    function = z3.Function(name, *(reading.domains[k].sort for k in keys), result)
    return lambda *index: function(*index)


def arbitrary(reading: SymbolicReading, variable: Variable, name: str = "") -> Any:
    """An unconstrained value for a variable."""
    terms, name, keys = reading.terms, name or variable.name, variable.keys
    if not keys:
        return z3.Const(name, sort_of(reading, variable))
    if variable.kind == "set":
        parts: tuple[Callable[..., Any], ...] = (function_of(reading, name, (*keys, "Replica"), z3.BoolSort()),)
    elif variable.kind == "log":
        entries = function_of(reading, f"{name}_entry", (*keys, "Offset"), entry_sort())
        length = function_of(reading, f"{name}_length", keys, z3.IntSort())
        parts = (length, lambda *index: entry_of(terms, entries(*index)))
    else:
        parts = (function_of(reading, name, keys, sort_of(reading, variable)),)
    return SymbolicTable(terms, variable.kind, parts)


def blank(reading: SymbolicReading, variable: Variable) -> Any:
    """The blank value: zero, off, empty; an arbitrary replica where one must be named."""
    terms = reading.terms
    if variable.kind == "replica":
        return arbitrary(reading, variable, f"blank_{variable.name}")
    zero, nothing = z3.IntVal(0), SymbolicEntry(terms, z3.IntVal(0), z3.IntVal(0))
    value: Any = False if variable.kind in ("flag", "set") else zero
    if not variable.keys:
        return value
    parts: tuple[Callable[..., Any], ...] = (lambda *_: value,)
    if variable.kind == "log":
        parts = (lambda *_: zero, lambda *_: nothing)
    return SymbolicTable(terms, variable.kind, parts)


def arbitrary_state(reading: SymbolicReading, model: Model) -> SymbolicState:
    return SymbolicState({v.name: arbitrary(reading, v) for v in model.variables.values()})


def initial_state(reading: SymbolicReading, model: Model) -> SymbolicState:
    """The initial state for an arbitrary choice of the initial parameters; its guards are theirs."""
    blanks = SymbolicState({v.name: blank(reading, v) for v in model.variables.values()})
    function = syntax(model.initial)
    return reading.after(blanks, function, arguments(reading, function))


def arguments(reading: SymbolicReading, function: Function) -> list[Any]:
    """Arbitrary arguments for a step."""
    made: list[Any] = []
    for parameter in function.parameters:
        name = f"{function.name}.{parameter.name}"
        if parameter.domain == "ReplicaSet":
            made.append(SymbolicSet(reading.terms, function_of(reading, name, ("Replica",), z3.BoolSort())))
        else:
            made.append(z3.Const(name, reading.domains[parameter.domain].sort))
    return made
