"""States without bounds: replicas are an uninterpreted sort, epochs, offsets and values are the integers.

One rule: nothing is said about a variable but what an invariant says. Each is an uninterpreted function of its keys, so
a proof over these states holds for any number of replicas, any epoch and any log.
"""

from collections.abc import Callable
from typing import Any

import z3

from invariants.proofs.reading_symbolic import SymbolicDomain, SymbolicReading
from invariants.proofs.symbols import (
    SymbolicEntry,
    SymbolicNamedSet,
    SymbolicSet,
    SymbolicState,
    SymbolicTable,
    entry_of,
    entry_sort,
    member,
    term_of,
)
from invariants.proofs.terms import Term, Terms, conjunction
from model.design import Model, syntax
from model.kinds import DOMAINS, Variable
from model.syntax import Function

KNOWN = z3.Function("known", z3.IntSort(), z3.BoolSort())
"""Rigid and free, so that it may be read as true; hypotheses about it only start quantifiers."""


def CHOSEN(sort: Any) -> Any:  # noqa: N802 - a function of the logic, as KNOWN
    """Rigid and free as KNOWN: marks the quorum that a step chooses."""
    return z3.Function("chosen", sort, z3.BoolSort())


def unbounded_reading(*, named_sets: bool = False) -> SymbolicReading:
    """The reading with ghosts and without bounds; with sets of replicas that are terms, where majorities matter."""
    domains = {name: SymbolicDomain(name, z3.IntSort()) for name in DOMAINS}
    for name in ("Replica", "Quorum"):
        domains[name] = SymbolicDomain(name, z3.DeclareSort(name))
    reading = SymbolicReading(Terms(z3.IntVal), domains, known=KNOWN, ghosts=True)
    reading.set_sort = z3.DeclareSort("ReplicaSet") if named_sets else None
    return reading


def sort_of(reading: SymbolicReading, variable: Variable) -> Any:
    if variable.kind in ("flag", "set"):
        return z3.BoolSort()
    named = {"replica": "Replica", "quorum": "Quorum"}.get(variable.kind)
    return reading.domains[named].sort if named else z3.IntSort()


def function_of(reading: SymbolicReading, name: str, keys: tuple[str, ...], result: Any) -> Callable[..., Any]:
    function = z3.Function(name, *(reading.domains[k].sort for k in keys), result)
    return lambda *index: function(*index)


def arbitrary_set(reading: SymbolicReading, name: str) -> SymbolicSet:
    """An unconstrained set of replicas: a term where sets are, else any predicate."""
    if reading.set_sort is not None:
        return SymbolicNamedSet(reading.terms, z3.Const(name, reading.set_sort))
    return SymbolicSet(reading.terms, function_of(reading, name, ("Replica",), z3.BoolSort()))


def blank_set(reading: SymbolicReading) -> SymbolicSet:
    """The empty set."""
    if reading.set_sort is not None:
        return SymbolicNamedSet(reading.terms, z3.Const("nobody", reading.set_sort), lambda _: False)
    return SymbolicSet(reading.terms, lambda _: False)


def arbitrary(reading: SymbolicReading, variable: Variable, name: str = "") -> Any:
    """An unconstrained value for a variable."""
    terms, name, keys = reading.terms, name or variable.name, variable.keys
    if not keys and variable.kind == "set":
        return arbitrary_set(reading, name)
    if not keys:
        return z3.Const(name, sort_of(reading, variable))
    if variable.kind == "set" and reading.set_sort is not None:
        term = function_of(reading, name, keys, reading.set_sort)
        parts: tuple[Callable[..., Any], ...] = (lambda *index: member(term(*index[:-1]), index[-1]), term)
    elif variable.kind == "set":
        parts = (function_of(reading, name, (*keys, "Replica"), z3.BoolSort()),)
    elif variable.kind == "log":
        entries = function_of(reading, f"{name}_entry", (*keys, "Offset"), entry_sort())
        length = function_of(reading, f"{name}_length", keys, z3.IntSort())
        parts = (length, lambda *index: entry_of(terms, entries(*index)))
    else:
        parts = (function_of(reading, name, keys, sort_of(reading, variable)),)
    return SymbolicTable(terms, variable.kind, parts)


def blank(reading: SymbolicReading, variable: Variable) -> Any:
    """The blank value: zero, off, empty; an arbitrary replica or quorum where one must be named."""
    terms = reading.terms
    if not variable.keys and variable.kind == "set":
        return blank_set(reading)
    if variable.kind in ("replica", "quorum"):
        return arbitrary(reading, variable, f"blank_{variable.name}")
    zero, nothing = z3.IntVal(0), SymbolicEntry(terms, z3.IntVal(0), z3.IntVal(0))
    value: Any = False if variable.kind in ("flag", "set") else zero
    if not variable.keys:
        return value
    parts: tuple[Callable[..., Any], ...] = (lambda *_: value,)
    if variable.kind == "log":
        parts = (lambda *_: zero, lambda *_: nothing)
    if variable.kind == "set" and reading.set_sort is not None:
        nobody = blank_set(reading)
        parts = (lambda *_: False, lambda *_: term_of(nobody))
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
            made.append(arbitrary_set(reading, name))
        elif parameter.domain == "bool":
            made.append(z3.Bool(name))
        else:
            made.append(reading.value(z3.Const(name, reading.domains[parameter.domain].sort)))
    return made


def quorums_intersect(reading: SymbolicReading, model: Model) -> Term:
    """Any quorum that an epoch names shares a voter with the one that a step chooses.

    Said of no other pair: from a shared voter to its epoch and that epoch's quorums there would be no end.
    """
    sort, replica = reading.domains["Quorum"].sort, reading.domains["Replica"].sort
    shared = z3.Function("shared_voter", sort, sort, replica)
    chosen, epoch = z3.Const("chosen_quorum", sort), z3.Int("named_epoch")
    known, marked = KNOWN(epoch), CHOSEN(sort)(chosen)  # kept: a pattern does not keep its terms alive
    claims = []
    for variable in model.variables.values():
        if variable.kind == "quorum" and variable.keys == ("LeaderEpoch",):
            named = z3.Function(variable.name, z3.IntSort(), sort)(epoch)
            voter = shared(named, chosen)
            claims.append(conjunction(member(named, voter), member(chosen, voter)))
    if not claims:
        return True
    return z3.ForAll([epoch, chosen], conjunction(*claims), patterns=[z3.MultiPattern(known, marked)])
