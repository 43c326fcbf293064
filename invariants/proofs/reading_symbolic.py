"""The symbolic reading: a model's functions build terms instead of computing values.

One rule: the same tree, other words. A backend says what the domains are - sorts without bounds (`unbounded.py`) or
small bit-vectors (`bounded.py`) - and the functions are compiled against that.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from invariants.proofs.symbols import (
    SymbolicEntry,
    SymbolicNamedSet,
    SymbolicQuorum,
    SymbolicSet,
    SymbolicState,
    assign_table,
    membership_of,
    relation,
)
from invariants.proofs.terms import Term, Terms, conjunction, disjunction, implies, negation
from model.rewrite import PREFIX, rewritten
from model.syntax import Function


@dataclass(frozen=True, slots=True)
class SymbolicDomain:
    """A domain: a sort and, where it is bounded, its members."""

    name: str
    sort: Any
    members: tuple[Term, ...] | None = None


class Uncountable(ValueError):
    """A model that counts replicas was put to a proof for any number of them."""


class SymbolicReading:
    """Compiles model functions against a backend's terms and domains.

    `triggers` says whether quantifiers get the patterns that conjuncts name: in hypotheses they do, in goals not.
    """

    def __init__(
        self, terms: Terms, domains: dict[str, SymbolicDomain], *, known: Callable[[Term], Term], ghosts: bool
    ) -> None:
        self.terms, self.domains, self.known, self.ghosts = terms, domains, known, ghosts
        self.triggers = True
        self.set_sort: Any = None
        """The sort of sets of replicas, where these are terms."""
        self.compiled: dict[str, Callable[..., Any]] = {}
        self.fresh = itertools.count()
        self.words = self.runtime()

    def runtime(self) -> dict[str, Any]:
        """What rewritten functions call."""
        terms = self.terms
        words: dict[str, Any] = {
            "conjunction": conjunction,
            "disjunction": disjunction,
            "negation": negation,
            "implies": implies,
            "choice": terms.choice,
            "min": terms.minimum,
            "max": terms.maximum,
            "len": lambda log: log.length,
            "known": self.known,
            "as_offset": lambda number: number,
            "as_epoch": lambda number: number,
            "majority": self.majority,
            "adjacent": self.adjacent,
            "Entry": lambda epoch, value: SymbolicEntry(terms, epoch, value),
            "set_of": self.set_of,
            "forall": self.forall,
            "exists": self.exists,
            "assign_table": assign_table,
            "require": lambda state, guard: state.guards.append(guard),
            "Eq": self.equal,
            "NotEq": lambda a, b: negation(self.equal(a, b)),
            "Lt": lambda a, b: a < b,
            "LtE": lambda a, b: a <= b,
            "Gt": lambda a, b: b < a,
            "GtE": lambda a, b: b <= a,
            "In": lambda x, members: members.contains(x),
            "NotIn": lambda x, members: negation(members.contains(x)),
        }
        return {PREFIX + name: word for name, word in words.items()}

    def function(self, function: Function) -> Callable[..., Any]:
        """The function that builds terms; compiled once."""
        made = self.compiled.get(function.name)
        if made is None:
            names: dict[str, Any] = {**self.words, **self.domains}
            names.update({k: v for k, v in function.python.__globals__.items() if type(v) is int})
            for called in function.calls:
                if self.ghosts or called.role == "action" or not called.uses_ghosts:
                    names[called.name] = self.function(called)
            made = self.compiled[function.name] = rewritten(function, ghosts=self.ghosts, namespace=names)
        return made

    def after(self, state: SymbolicState, function: Function, arguments: Sequence[Any]) -> SymbolicState:
        """The state after a step, with the step's guards added to it."""
        successor = state.copy()
        self.function(function)(successor, *arguments)
        return successor

    def set_of(self, *members: Term) -> SymbolicSet:
        equal = self.terms.equal
        only = members[0] if len(members) == 1 else None
        return SymbolicSet(self.terms, lambda x: disjunction(*(equal(x, m) for m in members)), only)

    def equal(self, a: Any, b: Any) -> Term:
        """Equality of two values; of sets without a term of their own, member by member."""
        members = self.domains["Replica"].members
        if isinstance(a, SymbolicSet) and not hasattr(a, "equal_to"):
            assert members is not None, "sets are compared where they are terms or there are so many replicas"
            return conjunction(*(self.terms.equal(a.contains(r), b.contains(r)) for r in members))
        return self.terms.equal(a, b)

    def constant(self, name: str, domain: SymbolicDomain) -> Term:
        return z3.Const(f"{name}!{next(self.fresh)}", domain.sort)

    def value(self, constant: Term) -> Any:
        """What a function is given for a member of a domain."""
        if isinstance(constant, frozenset):
            return self.set_of(*sorted(constant))
        named = not isinstance(constant, int) and constant.sort().name() == "Quorum"
        return SymbolicQuorum(self.terms, constant) if named else constant

    def majority(self, chosen: SymbolicSet, voters: SymbolicSet) -> Term:
        """More than half of the voters are chosen: counted one by one; where sets are terms, a word of which the prover
        knows what `majorities.py` shows; Uncountable where neither can be."""
        replicas = self.domains["Replica"].members
        if replicas is None and isinstance(chosen, SymbolicNamedSet) and isinstance(voters, SymbolicNamedSet):
            return relation("majority", chosen.term, voters.term)
        if replicas is None:
            raise Uncountable("majority(...) counts, and an unbounded proof has no number of replicas to count to")
        one, zero = self.terms.number(1), self.terms.number(0)
        inside = [conjunction(voters.contains(r), chosen.contains(r)) for r in replicas]
        outside = [conjunction(voters.contains(r), negation(chosen.contains(r))) for r in replicas]
        yes, no = (sum((self.terms.choice(c, one, zero) for c in side), zero) for side in (inside, outside))
        return no < yes

    def adjacent(self, a: SymbolicSet, b: SymbolicSet) -> Term:
        """The sets differ by one replica at most: in no more than one place, or a word as `majority`."""
        replicas = self.domains["Replica"].members
        if replicas is None and isinstance(a, SymbolicNamedSet) and isinstance(b, SymbolicNamedSet):
            return relation("adjacent", a.term, b.term)
        if replicas is None:
            raise Uncountable("adjacent(...) counts, and an unbounded proof has no number of replicas to count to")
        same = [self.terms.equal(a.contains(r), b.contains(r)) for r in replicas]
        pairs = itertools.combinations(same, 2)
        return conjunction(*(disjunction(one, other) for one, other in pairs))

    def forall(
        self,
        domains: Sequence[SymbolicDomain],
        body: Callable[..., Term],
        names: Sequence[str],
        at: Callable[..., Sequence[Any]] | None = None,
    ) -> Term:
        """`body` for every choice: unrolled over bounded domains, quantified over the others."""
        bound = [self.constant(n, d) for n, d in zip(names, domains, strict=True) if d.members is None]
        parts = []
        chosen = [self.value(constant) for constant in bound]
        for members in itertools.product(*(map(self.value, d.members) for d in domains if d.members is not None)):
            given, quantified = iter(members), iter(chosen)
            parts.append(body(*(next(quantified) if d.members is None else next(given) for d in domains)))
        whole = conjunction(*parts)
        if not bound or isinstance(whole, bool):
            return whole
        patterns = []
        if at is not None and self.triggers and len(bound) == len(domains):
            terms = [t.term() if isinstance(t, SymbolicEntry) else t for t in at(*chosen)]
            patterns = [z3.MultiPattern(*terms)]
        elif self.triggers and len(bound) == 1 and (question := membership_of(whole, bound[0])) is not None:
            patterns = [question]
        return z3.ForAll(bound, whole, patterns=patterns)

    def exists(self, domains: Sequence[SymbolicDomain], body: Callable[..., Term], names: Sequence[str]) -> Term:
        return negation(self.forall(domains, lambda *chosen: negation(body(*chosen)), names))
