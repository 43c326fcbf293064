"""Voter changes are proved for any number of voters: by what is counted of majorities, and by induction over epochs."""

import itertools
from dataclasses import replace

import pytest
import z3

from invariants.proofs import majorities
from invariants.proofs.argument import ByInduction
from invariants.proofs.arguments import model_with_argument
from invariants.proofs.majorities import Tally
from invariants.proofs.obligations import Obligation, Obligations
from invariants.proofs.prove import hints, prove
from invariants.proofs.solver import Budget, Solver
from invariants.proofs.unbounded import unbounded_reading
from invariants.proofs.walks import QUORUM, Walker
from model.design import syntax
from model.language import LeaderEpoch, Replica, adjacent, conjunct, majority
from model.quorum.voter_changes import VOTER_CHANGES
from model.quorum.voter_state import VotersState
from model.reading_values import Bounds, Reading

REPLICAS = tuple(Replica(r) for r in range(5))


def sets(replicas: tuple[Replica, ...]) -> list[frozenset[Replica]]:
    return [frozenset(c) for size in range(len(replicas) + 1) for c in itertools.combinations(replicas, size)]


def refuted(premises: tuple[z3.BoolRef, ...], goal: z3.BoolRef) -> str:
    solver = z3.Solver()
    solver.add(*premises, z3.Not(goal))
    return str(solver.check())


# ------------------------------------------------------------ counting
def test_majorities_of_near_sets_share_a_replica_whatever_the_sets() -> None:
    every = sets(REPLICAS)
    near = [(c, d) for c in every for d in every if adjacent(c, d)]
    assert len(near) == len(every) * (1 + len(REPLICAS))
    for c, d in near:
        of_c = [p for p in every if majority(p, c)]
        of_d = [q for q in every if majority(q, d)]
        assert all(p & q for p in of_c for q in of_d), (c, d)


def test_majorities_of_sets_two_apart_need_not() -> None:
    three, five = frozenset(REPLICAS[:3]), frozenset(REPLICAS)
    assert not adjacent(three, five)
    assert majority(frozenset(REPLICAS[:2]), three)
    assert majority(frozenset(REPLICAS[2:]), five)


def test_one_replica_more_or_less_makes_a_near_set() -> None:
    for members in sets(REPLICAS):
        assert adjacent(members, members)
        assert all(adjacent(members, members | {r}) and adjacent(members, members - {r}) for r in REPLICAS)
        assert all(adjacent(other, members) for other in sets(REPLICAS) if adjacent(members, other))


def test_the_counting_is_shown_and_no_more_than_it() -> None:
    shown = {name: refuted(premises, goal) for name, premises, goal in majorities.counting()}
    assert set(shown.values()) == {"unsat"}
    assert len(shown) == 4
    so_far = Tally(*(z3.Int(f"{name}_so_far") for name in Tally._fields))
    most = (2 * so_far.p_votes > so_far.c_size, 2 * so_far.q_votes > so_far.d_size)
    assert refuted((so_far.balanced(), *most, so_far.differ <= 2), so_far.shared >= 1) == "sat"
    assert refuted((so_far.balanced(), *most[:1], so_far.differ <= 1), so_far.shared >= 1) == "sat"


def test_what_the_prover_is_told_of_sets_is_consistent() -> None:
    """Also with sets that differ by two and majorities that do not meet."""
    reading = unbounded_reading(named_sets=True)
    p, q, c, d = z3.Consts("p q c d", reading.set_sort)
    solver = z3.Solver()
    solver.set("timeout", 3000)
    solver.add(*majorities.told(reading).values())
    solver.add(z3.Function("majority", p.sort(), c.sort(), z3.BoolSort())(p, c))
    solver.add(z3.Function("majority", p.sort(), c.sort(), z3.BoolSort())(q, d))
    assert str(solver.check()) != "unsat"


# ------------------------------------------------------------ induction
@conjunct
def started_before_it(s: VotersState, epoch: LeaderEpoch) -> bool:
    """False of some epochs: that every epoch has started."""
    return s.started[epoch]


def test_an_induction_does_not_show_what_is_false() -> None:
    model, argument = model_with_argument("quorum-voters")
    planted = replace(argument, step_lemmas={"observe": (ByInduction(started_before_it),)})
    (asked,) = [o for o in Obligations(model, planted).of("observe") if o.claim == "started_before_it"]
    assert answer(Obligations(model, planted), asked) != "holds"


def answer(obligations: Obligations, asked: Obligation) -> str:
    argument = obligations.argument
    known = {**argument.first, **hints(argument)}
    budget = Budget(effort=500_000, rounds=1)
    groups, layers = obligations.groups, argument.layers
    return Solver(obligations.hypotheses, groups, known, layers, seed=0, budget=budget).answer(asked).verdict


# ------------------------------------------------------------ the proof
@pytest.mark.parametrize("variant", [v.id for v in VOTER_CHANGES.variants])
def test_a_broken_design_breaks_what_a_change_rests_on(variant: str) -> None:
    proof = prove(VOTER_CHANGES, variant, budget=Budget(effort=200_000, rounds=1), processes=1)
    failed = {answer.name: answer for answer in proof.open if answer.claim == "change_was_due"}
    assert "remove_voter/change_was_due" in failed
    found = failed["remove_voter/change_was_due"].counterexample
    if variant == "change-before-own-commit":
        assert found is not None
        assert found.action == "remove_voter"
        assert found.conjunct == "change_was_due"


@pytest.mark.parametrize(("variant", "replicas"), [(None, 3), *((v.id, 3) for v in VOTER_CHANGES.variants)])
def test_the_invariant_holds_on_walks_of_the_model_alone(variant: str | None, replicas: int) -> None:
    _, argument = model_with_argument("quorum-voters")
    bounds = Bounds(leader_epochs=4, log=5)
    reading = Reading(
        VOTER_CHANGES, replicas=range(replicas), bounds=bounds, variant=variant, ghosts=True, synchronous=True
    )
    claims = [syntax(f) for group in argument.groups.values() for f in group]
    claims += [syntax(f) for f in (*argument.lemmas, *VOTER_CHANGES.safety)]
    walker = Walker(reading, seed=3, rare={**QUORUM, "observe": 0.97, "flush": 0.8, "replicate": 0, "campaign": 0.8})
    broken: set[str] = set()
    for number in range(12 if variant is None else 60):
        state = reading.initial([0] if number % 3 == 0 else [0, 1, 2])
        for _ in range(50):
            taken = walker.step(state)
            if taken is None:
                continue
            walker.taken[taken[0]] += 1
            state = taken[2]
            broken |= {f.name for f in claims if not reading.holds(f, state)}
            if broken:
                break
        if broken:
            break
    assert broken == (set() if variant is None else {"change_was_due"})
    assert walker.taken["add_voter"] + walker.taken["remove_voter"] > 0
