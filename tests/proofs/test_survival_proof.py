"""Survival is proved for any number of replicas, whatever is lost; every design that loses data is not."""

import functools

import pytest

from invariants.proofs.obligations import Obligation, Obligations
from invariants.proofs.prove import hints, prove
from invariants.proofs.solver import Budget, Solver
from invariants.proofs.survival import ARGUMENT, INVARIANT
from model.design import syntax
from model.survival import SURVIVAL

BREAKS = {
    "unclean-keeps-isr": "acknowledged_is_held",
    "unclean-keeps-elr": "eligible_complete",
    "last-replica-standing": "eligible_complete",
    "stale-metadata": "leader_complete_below_start",
    "leads-before-registration": "owner_has_epoch_log",
    "reassign-within-epoch": "acknowledged_is_held",
    "unclean-election-keeps-isr": "fresh_one_eligible",
    "unclean-passes-for-clean": "eligible_stays",
    "no-broker-epoch": "eligible_complete",
    "wildcard-registration": "eligible_complete",
    "any-sender": "maximal_isr_covers",
    "elr-kept": "elr_below_minimum",
    "refused-for-now": "refused_for_good",
    "untagged-proposal": "live_proposal",
    "untagged-position": "acknowledged_is_held",
    "below-minimum": "committed_in_eligible_members",
    "resume-by-old-version": "maximal_isr_covers",
}
"""By variant, one of the conjuncts that it does not keep."""


@functools.cache
def of_the_model() -> Obligations:
    return Obligations(SURVIVAL, ARGUMENT)


def of(variant: str | None, step: str, claim: str) -> str:
    """What becomes of one obligation, with the same effort for all."""
    obligations = of_the_model() if variant is None else Obligations(SURVIVAL, ARGUMENT, variant=variant)
    solver = Solver(
        obligations.hypotheses,
        obligations.groups,
        hints(ARGUMENT),
        ARGUMENT.layers,
        seed=0,
        budget=Budget(effort=150_000, rounds=1),
    )
    (asked,) = (o for o in obligations.of(step) if isinstance(o, Obligation) and o.claim == claim)
    return solver.answer(asked).verdict


def test_every_obligation_holds_for_any_number_of_replicas() -> None:
    proof = prove(SURVIVAL)
    assert [a.name for a in proof.open] == []
    assert proof.verdict == "holds"
    assert len(proof.answers) > 2000
    assert set(proof.properties()) >= {"committed_in_eligible", "same_epoch_same_log", "survivors_eligible"}


def test_every_variant_is_named_here() -> None:
    assert set(BREAKS) == {v.id for v in SURVIVAL.variants}


@pytest.mark.parametrize("variant", sorted(BREAKS))
def test_a_variant_does_not_keep_its_conjunct_and_the_model_does(variant: str) -> None:
    found = SURVIVAL.variant(variant)
    assert found is not None
    (step,) = found.replaces
    assert of(variant, step, BREAKS[variant]) != "holds"
    assert of(None, step, BREAKS[variant]) == "holds"


def test_every_hint_names_conjuncts_that_there_are() -> None:
    named = {syntax(f).name for f in (*INVARIANT, *ARGUMENT.lemmas)}
    for name, used in hints(ARGUMENT).items():
        assert set(used) <= named, name
