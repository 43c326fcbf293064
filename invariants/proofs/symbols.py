"""Symbolic values: sets, log entries, logs, tables and states whose contents are terms.

One rule: a table is a function from keys to terms, and assigning one key wraps it. So a state after a step is the
state before it with a few wrappings, a formula about it is the step's weakest precondition, and there are no primed
variables, no frame conditions and no array theory.
"""

from collections.abc import Callable
from typing import Any

import z3

from invariants.proofs.terms import Term, Terms, conjunction, disjunction, negation, same


class SymbolicSet:
    """A set of replicas, as its membership predicate; `only` is its one member, where it was written out so."""

    def __init__(self, terms: Terms, contains: Callable[[Term], Term], only: Term = None) -> None:
        self.terms, self.contains, self.only = terms, contains, only

    def chosen(self, condition: Term, other: "SymbolicSet") -> "SymbolicSet":
        choice = self.terms.choice
        return SymbolicSet(self.terms, lambda x: choice(condition, self.contains(x), other.contains(x)))

    def __or__(self, other: "SymbolicSet") -> "SymbolicSet":
        return SymbolicSet(self.terms, lambda x: disjunction(self.contains(x), other.contains(x)))

    def __and__(self, other: "SymbolicSet") -> "SymbolicSet":
        return SymbolicSet(self.terms, lambda x: conjunction(self.contains(x), other.contains(x)))

    def __sub__(self, other: "SymbolicSet") -> "SymbolicSet":
        return SymbolicSet(self.terms, lambda x: conjunction(self.contains(x), negation(other.contains(x))))


class SymbolicNamedSet(SymbolicSet):
    """A set that is a term too, of an uninterpreted sort: what `majority` and `adjacent` are said of.

    Membership is carried beside the term, so that nothing need be assumed of how the two go together.
    """

    def __init__(self, terms: Terms, term: Term, contains: Callable[[Term], Term] | None = None) -> None:
        super().__init__(terms, contains or (lambda x: member(term, x)))
        self.term = term

    def equal_to(self, other: "SymbolicNamedSet") -> Term:
        return self.terms.equal(self.term, other.term)

    def chosen(self, condition: Term, other: SymbolicSet) -> "SymbolicNamedSet":
        choice = self.terms.choice
        contains, others = self.contains, other.contains
        return SymbolicNamedSet(
            self.terms,
            choice(condition, self.term, term_of(other)),
            lambda x: choice(condition, contains(x), others(x)),
        )

    def __or__(self, other: SymbolicSet) -> "SymbolicNamedSet":
        return self.changed("with_replica", other, super().__or__(other))

    def __sub__(self, other: SymbolicSet) -> "SymbolicNamedSet":
        return self.changed("without_replica", other, super().__sub__(other))

    def changed(self, how: str, other: SymbolicSet, result: SymbolicSet) -> "SymbolicNamedSet":
        """This set with one replica more or less."""
        assert other.only is not None, "a set that is a term changes by one replica written out"
        sort = self.term.sort()
        function = z3.Function(how, sort, other.only.sort(), sort)
        return SymbolicNamedSet(self.terms, function(self.term, other.only), result.contains)


def term_of(members: SymbolicSet) -> Term:
    assert isinstance(members, SymbolicNamedSet), "a set that is a term"
    return members.term


class SymbolicQuorum(SymbolicSet):
    """A quorum where there are no bounds: a term of its own sort, with an uninterpreted membership."""

    def __init__(self, terms: Terms, term: Term) -> None:
        super().__init__(terms, lambda x: member(term, x))
        self.quorum = term

    def equal_to(self, other: "SymbolicQuorum") -> Term:
        return self.terms.equal(self.quorum, other.quorum)

    def chosen(self, condition: Term, other: SymbolicSet) -> SymbolicSet:
        assert isinstance(other, SymbolicQuorum), "a choice between quorums"
        return SymbolicQuorum(self.terms, self.terms.choice(condition, self.quorum, other.quorum))


def member(quorum: Term, replica: Term) -> Term:
    """The replica is in the quorum, of the sorts that the two are of."""
    return z3.Function("member", quorum.sort(), replica.sort(), z3.BoolSort())(quorum, replica)


def relation(name: str, a: Term, b: Term) -> Term:
    """An uninterpreted relation between two sets that are terms."""
    return z3.Function(name, a.sort(), b.sort(), z3.BoolSort())(a, b)


def membership_of(term: Term, replica: Term) -> Term | None:
    """Where a formula asks whether this replica is in a quorum, that question."""
    if not z3.is_app(term):
        return None
    if term.decl().name() == "member" and term.num_args() == 2 and term.arg(1).eq(replica):
        return term
    found = (membership_of(child, replica) for child in term.children())
    return next((question for question in found if question is not None), None)


class SymbolicEntry:
    """A log entry: one datatype term where there are no bounds (`whole`), a pair of bit-vectors where there are.

    One term, because a trigger on the epoch alone would miss goals about the value.
    """

    def __init__(self, terms: Terms, epoch: Term, value: Term, whole: Term = None) -> None:
        self.terms, self.epoch, self.value, self.whole = terms, epoch, value, whole

    def term(self) -> Term:
        return self.whole if self.whole is not None else entry_sort().entry(self.epoch, self.value)

    def equal_to(self, other: "SymbolicEntry") -> Term:
        if self.whole is not None or other.whole is not None:
            return self.terms.equal(self.term(), other.term())
        return conjunction(self.terms.equal(self.epoch, other.epoch), self.terms.equal(self.value, other.value))

    def chosen(self, condition: Term, other: "SymbolicEntry") -> "SymbolicEntry":
        choice = self.terms.choice
        if self.whole is not None or other.whole is not None:
            return entry_of(self.terms, choice(condition, self.term(), other.term()))
        epoch = choice(condition, self.epoch, other.epoch)
        return SymbolicEntry(self.terms, epoch, choice(condition, self.value, other.value))


_ENTRY_SORT: list[Any] = []


def entry_sort() -> Any:
    """The datatype of entries; a sort may be declared only once in a context."""
    if not _ENTRY_SORT:
        declared = z3.Datatype("Entry")
        declared.declare("entry", ("epoch", z3.IntSort()), ("value", z3.IntSort()))
        _ENTRY_SORT.append(declared.create())
    return _ENTRY_SORT[0]


def entry_of(terms: Terms, whole: Term) -> SymbolicEntry:
    sort = entry_sort()
    return SymbolicEntry(terms, sort.epoch(whole), sort.value(whole), whole)


class SymbolicLog:
    """A log: its length, and its entries as a function of the offset, which says nothing past the length."""

    def __init__(self, terms: Terms, length: Term, at: Callable[[Term], SymbolicEntry], start: Term = None) -> None:
        self.terms, self.length, self.at, self.start = terms, length, at, start

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return SymbolicLog(self.terms, index.stop, self.at, index.start)
        return self.at(index)

    def __add__(self, other: "SymbolicEntry | SymbolicLog") -> "SymbolicLog":
        choice, length, at = self.terms.choice, self.length, self.at
        if isinstance(other, SymbolicEntry):
            return SymbolicLog(self.terms, length + 1, lambda o: choice(self.terms.equal(o, length), other, at(o)))
        assert same(other.start, length), "a log is extended by a slice that starts at its end"
        return SymbolicLog(self.terms, other.length, lambda o: choice(o < length, at(o), other.at(o)))

    def chosen(self, condition: Term, other: "SymbolicLog") -> "SymbolicLog":
        choice, length, at, others = self.terms.choice, self.length, self.at, other.at
        return SymbolicLog(
            self.terms, choice(condition, length, other.length), lambda o: choice(condition, at(o), others(o))
        )


class SymbolicTable:
    """A table of one kind, as one function per component: membership of a set, length and entries of a log."""

    def __init__(self, terms: Terms, kind: str, parts: tuple[Callable[..., Any], ...]) -> None:
        self.terms, self.kind, self.parts = terms, kind, parts

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        if self.kind == "set":
            contains, *term = self.parts
            if term:
                return SymbolicNamedSet(self.terms, term[0](*keys), lambda x: contains(*keys, x))
            return SymbolicSet(self.terms, lambda x: contains(*keys, x))
        if self.kind == "log":
            length, at = self.parts
            return SymbolicLog(self.terms, length(*keys), lambda o: at(*keys, o))
        if self.kind == "quorum":
            return SymbolicQuorum(self.terms, self.parts[0](*keys))
        return self.parts[0](*keys)

    def components(self, value: Any) -> tuple[Callable[..., Any], ...]:
        """A value as functions of what comes after the keys."""
        if self.kind == "set":
            return (value.contains,) if len(self.parts) == 1 else (value.contains, lambda: term_of(value))
        if self.kind == "log":
            return (lambda: value.length, value.at)
        if self.kind == "quorum":
            return (lambda: value.quorum,)
        return (lambda: value,)

    def __setitem__(self, key: Any, value: Any) -> None:
        keys = key if isinstance(key, tuple) else (key,)
        arity, equal, choice = len(keys), self.terms.equal, self.terms.choice

        def updated(old: Callable[..., Any], new: Callable[..., Any]) -> Callable[..., Any]:
            def at(*index: Any) -> Any:
                here = conjunction(*(equal(k, i) for k, i in zip(keys, index[:arity], strict=True)))
                return choice(here, new(*index[arity:]), old(*index))

            return at

        pairs = zip(self.parts, self.components(value), strict=True)
        self.parts = tuple(updated(old, new) for old, new in pairs)

    def copy(self) -> "SymbolicTable":
        return SymbolicTable(self.terms, self.kind, self.parts)


class SymbolicState:
    """A state of terms, and the guards of the steps that led to it."""

    def __init__(self, variables: dict[str, Any], guards: list[Term] | None = None) -> None:
        self.__dict__.update(variables)
        self.__dict__["guards"] = guards or []

    def variable(self, name: str) -> Any:
        return self.__dict__[name]

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the state has no variable {name!r}")

    def copy(self) -> "SymbolicState":
        variables = {
            name: value.copy() if isinstance(value, SymbolicTable) else value
            for name, value in self.__dict__.items()
            if name != "guards"
        }
        return SymbolicState(variables, list(self.__dict__["guards"]))


def assign_table(state: SymbolicState, name: str, body: Callable[..., Any], arity: int) -> None:
    """`s.name = {keys: body for ...}`, evaluated on the state as it was."""
    before = state.copy()
    table: SymbolicTable = state.variable(name)

    def part(which: int) -> Callable[..., Any]:
        def at(*index: Any) -> Any:
            value = body(before, *index[:arity])
            return table.components(value)[which](*index[arity:])

        return at

    parts = tuple(part(i) for i in range(len(table.parts)))
    state.__dict__[name] = SymbolicTable(table.terms, table.kind, parts)
