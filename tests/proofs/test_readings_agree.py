"""The symbolic reading against the concrete one: same enabledness, same successor, same verdicts, on the same states.

States come from random walks with ghosts; every action is asked with arguments that are taken, and with others.
"""

import random
from typing import Any

import pytest
import z3

from invariants.proofs.bounded import Bounded, Cell, number
from invariants.proofs.replication import INVARIANT
from invariants.proofs.symbols import SymbolicSet, SymbolicState
from invariants.proofs.terms import Term, conjunction, disjunction
from invariants.proofs.walks import Walker
from model.design import syntax
from model.language import Disabled
from model.reading_values import Bounds, Reading, Values
from model.replication import REPLICATION

BOUNDS = Bounds(leader_epochs=2, partition_epochs=3, log=2, values=1)
MEMBERS = range(2)


def readings(variant: str | None) -> tuple[Reading, Bounded]:
    actions = REPLICATION.actions_of(variant)
    return (
        Reading(REPLICATION, replicas=MEMBERS, bounds=BOUNDS, variant=variant, ghosts=True),
        Bounded(REPLICATION, actions, bounds=BOUNDS, replicas=MEMBERS, ghosts=True),
    )


def content(state: Values, cell: Cell, bounded: Bounded) -> Any:
    """What a cell holds in a concrete state; past the end of a log, nothing."""
    name, key, part = cell
    variable = bounded.model.variables[name]
    keys = key[: len(variable.keys)]
    value = getattr(state, name)
    value = value[keys[0] if len(keys) == 1 else keys] if variable.keys else value
    if part == "in":
        return key[-1] in value
    if part == "length":
        return len(value)
    if part in ("epoch", "value"):
        return getattr(value[key[-1]], part) if key[-1] < len(value) else None
    return value


def symbolic(state: Values, bounded: Bounded) -> SymbolicState:
    """A concrete state as constants."""
    cells: dict[Cell, Term] = {}
    for cell in bounded.cells:
        value = content(state, cell, bounded)
        cells[cell] = value if cell[2] in ("in", "flag") else number(0 if value is None else value)
    return bounded.state(cells)


def constant(domain: str, value: Any, bounded: Bounded) -> Any:
    if domain != "ReplicaSet":
        return number(value)
    equal = bounded.reading.terms.equal
    return SymbolicSet(bounded.reading.terms, lambda r: disjunction(*(equal(r, number(m)) for m in value)))


def decided(term: Term) -> Any:
    """A term without variables, evaluated."""
    if isinstance(term, bool | int):
        return term
    if z3.is_bv_value(term):
        return term.as_signed_long()
    simple = z3.simplify(term)
    return z3.is_true(simple) if z3.is_bool(simple) else simple.as_signed_long()


def compare(reading: Reading, bounded: Bounded, state: Values, action: str, arguments: tuple[Any, ...]) -> bool:
    """Asserts that both readings take the same step or refuse it; says whether they took it."""
    function = bounded.steps[action]
    domains = [parameter.domain for parameter in function.parameters]
    chosen = [constant(d, a, bounded) for d, a in zip(domains, arguments, strict=True)]
    after = bounded.reading.after(symbolic(state, bounded), function, chosen)
    enabled = decided(conjunction(*after.guards))
    try:
        expected = reading.after(state, action, arguments)
    except (Disabled, LookupError):
        assert not enabled, f"{action}{arguments} is taken only by the symbolic reading"
        return False
    assert enabled, f"{action}{arguments} is taken only by the concrete reading"
    if reading.steps[action].inside(expected):
        for cell in bounded.cells:
            wanted = content(expected, cell, bounded)
            if wanted is not None:
                assert decided(bounded.content(after, cell)) == wanted, f"{action}{arguments}: {cell}"
    return True


def asked_of(reading: Reading, chosen: random.Random, state: Values, action: str) -> list[tuple[Any, ...]]:
    """Two choices of arguments that the concrete reading takes, where there are, and two at random."""
    step = reading.steps[action]
    found = []
    for arguments in chosen.sample(step.instances, len(step.instances)):
        try:
            step.after(state, arguments)
        except (Disabled, LookupError):
            continue
        found.append(arguments)
        if len(found) == 2:
            break
    return found + chosen.sample(step.instances, min(2, len(step.instances)))


@pytest.mark.parametrize("variant", [None, "kip-101", "kip-279", "kip-320"])
def test_both_readings_take_the_same_steps(variant: str | None) -> None:
    reading, bounded = readings(variant)
    walker, chosen = Walker(reading, seed=5), random.Random(5)
    taken: set[str] = set()
    replaced = REPLICATION.variant(variant)
    asked = list(replaced.replaces) if replaced else list(reading.steps)
    for _ in range(2 if replaced else 1):
        states = [state for _, _, state in walker.walk(60)]
        for state in chosen.sample(states, 4):
            for action in asked:
                for arguments in asked_of(reading, chosen, state, action):
                    if compare(reading, bounded, state, action, arguments):
                        taken.add(action)
    assert len(taken) >= (1 if replaced else 10)


def test_both_readings_judge_a_state_alike() -> None:
    reading, bounded = readings("commit-before-isr")
    walker, verdicts = Walker(reading, seed=3), set()
    claims = [syntax(f) for f in INVARIANT] + list(REPLICATION.safety_of(ghosts=True))
    for _ in range(2):
        states = [state for _, _, state in walker.walk(40)]
        for state in states[:: max(1, len(states) // 4)]:
            terms = symbolic(state, bounded)
            for claim in claims:
                expected = reading.holds(claim, state)
                assert decided(bounded.reading.function(claim)(terms)) == expected, claim.name
                verdicts.add(expected)
    assert verdicts == {True, False}
