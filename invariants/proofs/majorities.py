"""How majorities meet: what the prover is told of `majority` and `adjacent`, and the counting that shows it.

One rule: nothing is told that is not shown here, for any number of replicas. Where sets of replicas are terms, these
are two words without a meaning, and four things are told of them:

    majorities_meet   majorities of the same set, or of two sets that differ by one replica, share a replica;
    adjacent_sets     a set differs by no replica from itself, by as many from another as that one from it, and by one
                      at most from itself with a replica more, or one less.

The counting: give each replica the weight (2p - 1)c + (2q - 1)d, with p, q, c, d one or zero as it is in the majority
p of the set c, in the majority q of the set d, or not. By cases, its weight is at most twice "in p and in q" and once
"in one of c and d only". Summed over all replicas, which is an induction: twice the votes of p less the size of c,
which is 1 at least, and the same of q and d, are together at most twice what p and q share and once the difference of
c and d. So 2 is at most twice what is shared and 1, and something is shared.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import z3

from invariants.proofs.reading_symbolic import SymbolicReading
from invariants.proofs.symbols import member, relation
from invariants.proofs.terms import Term, conjunction, implies


def told(reading: SymbolicReading) -> dict[str, Term]:
    """The hypotheses, by name, where sets are terms."""
    return {"majorities_meet": majorities_meet(reading), "adjacent_sets": adjacent_sets(reading)}


def majorities_meet(reading: SymbolicReading) -> Term:
    sort, replica = reading.set_sort, reading.domains["Replica"].sort
    p, c, q, d = z3.Consts("majority_p set_c majority_q set_d", sort)
    shared = z3.Function("shared_replica", sort, sort, replica)(p, q)
    of_c, of_d = relation("majority", p, c), relation("majority", q, d)
    both = conjunction(member(p, shared), member(q, shared))
    met = implies(conjunction(of_c, of_d, relation("adjacent", c, d)), both)
    return z3.ForAll([p, c, q, d], met, patterns=[z3.MultiPattern(of_c, of_d)])


def adjacent_sets(reading: SymbolicReading) -> Term:
    sort, replica = reading.set_sort, reading.domains["Replica"].sort
    c, d, r = z3.Const("set_c", sort), z3.Const("set_d", sort), z3.Const("one_replica", replica)
    near = relation("adjacent", c, d)
    alike = z3.ForAll([c, d], implies(c == d, near), patterns=[near])
    mutual = z3.ForAll([c, d], near == relation("adjacent", d, c), patterns=[near])
    changes = []
    for how in ("with_replica", "without_replica"):
        changed = z3.Function(how, sort, replica, sort)(c, r)
        changes.append(z3.ForAll([c, r], relation("adjacent", c, changed), patterns=[changed]))
    return conjunction(alike, mutual, *changes)


class Tally(NamedTuple):
    """What was counted of the replicas so far, or of one: votes of p in c, c's size, votes of q in d, d's size, what p
    and q share, and in how many c and d differ."""

    p_votes: Any
    c_size: Any
    q_votes: Any
    d_size: Any
    shared: Any
    differ: Any

    def balanced(self) -> Term:
        return 2 * self.p_votes - self.c_size + 2 * self.q_votes - self.d_size <= 2 * self.shared + self.differ

    def plus(self, other: "Tally") -> "Tally":
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))


def of_one_replica() -> Tally:
    """Of a replica that is in any of p, q, c and d."""
    p, q, c, d = (z3.Bool(f"in_{name}") for name in "pqcd")
    parts = (z3.And(p, c), c, z3.And(q, d), d, z3.And(p, q), z3.Xor(c, d))
    return Tally(*(z3.If(part, 1, 0) for part in parts))


def counting() -> Iterator[tuple[str, tuple[Term, ...], Term]]:
    """What has to be shown, by name: premises and goal."""
    so_far = Tally(*(z3.Int(f"{name}_so_far") for name in Tally._fields))
    yield "none_is_balanced", (), Tally(*[z3.IntVal(0)] * 6).balanced()
    yield "one_more_is_balanced", (so_far.balanced(),), so_far.plus(of_one_replica()).balanced()
    most = (2 * so_far.p_votes > so_far.c_size, 2 * so_far.q_votes > so_far.d_size, so_far.differ <= 1)
    yield "majorities_share", (so_far.balanced(), *most), so_far.shared >= 1
    # A set and itself with, or without, one replica: they differ where that one is, which is seen once.
    differ, seen = z3.Ints("differ_so_far seen_so_far")
    is_changed, one = z3.Bool("is_the_one_changed"), z3.Bool("differs_here")
    step = (differ <= seen, implies(one, is_changed))
    yield "one_change_differs_once", step, differ + z3.If(one, 1, 0) <= seen + z3.If(is_changed, 1, 0)
