"""The inductive proof of replication: it goes through from a cold start, and it fails where it should."""

from dataclasses import replace

import pytest

from invariants.proofs.induction import SPACES, Induction
from invariants.proofs.obligations import Obligations
from invariants.proofs.prove import Proof, hints, prove
from invariants.proofs.replication import ARGUMENT
from invariants.proofs.solver import Budget, Solver
from model.reading_values import Reading
from model.replication import REPLICATION

SAFETY = {
    "committed_in_isr",
    "agree_below_high_watermark",
    "high_watermark_in_log",
    "one_leader_per_epoch",
    "durable",
    "leader_complete",
}

BRIEF = Budget(effort=250_000, rounds=1)
"""More than any obligation needs that holds of these variants."""


def named(proof: Proof) -> set[str]:
    return {answer.claim for answer in proof.open}


@pytest.fixture(scope="module")
def kip_101() -> Proof:
    return prove(REPLICATION, "kip-101", budget=BRIEF)


def test_replication_is_proved_for_any_number_of_replicas() -> None:
    told: list[tuple[int, int]] = []
    proof = prove(REPLICATION, progress=lambda done, of: told.append((done, of)))
    assert not proof.open, "fencepost prove replication --seed 0"
    assert proof.verdict == "holds"
    assert proof.replicas is None
    assert len(proof.answers) > 900, "obligations were lost"
    assert proof.properties().keys() >= SAFETY
    assert set(proof.properties().values()) == {"holds"}
    assert told[-1] == (len(told), len(told))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 7))
def test_replication_is_proved_whatever_the_seed(seed: int) -> None:
    assert prove(REPLICATION, seed=seed).verdict == "holds"


@pytest.mark.parametrize(
    ("variant", "conjuncts"),
    [
        ("kip-279", {"isr_complete", "log_is_prefix"}),
        ("expand-uncounted", {"live_proposal"}),
        ("commit-before-isr", {"committed_below_ceiling", "committed_in_isr_members", "committed_was_acknowledged"}),
    ],
)
def test_the_proof_fails_on_a_variant_and_names_what_it_breaks(variant: str, conjuncts: set[str]) -> None:
    proof = prove(REPLICATION, variant, budget=BRIEF)
    assert proof.verdict == "violated"
    assert conjuncts <= named(proof)
    assert len(proof.open) < 6, "all else that the action should preserve is still proved"


def test_truncating_to_the_high_watermark_leaves_the_isr_incomplete(kip_101: Proof) -> None:
    assert kip_101.verdict == "violated"
    assert "isr_complete" in named(kip_101)


def test_a_counterexample_to_induction_is_one_on_values(kip_101: Proof) -> None:
    found = next(a.counterexample for a in kip_101.open if a.claim == "isr_complete")
    assert found is not None
    replicas, bounds = next((n, b) for n, b in SPACES if n == len(found.before.log))
    reading = Reading(REPLICATION, replicas=range(replicas), bounds=bounds, variant="kip-101", ghosts=True)
    conjuncts = Induction(REPLICATION, ARGUMENT, "kip-101", replicas, bounds).conjuncts
    assert all(reading.holds(conjunct, found.before) for conjunct in conjuncts)
    after = reading.after(found.before, found.action, list(found.parameters.values()))
    assert vars(after) == vars(found.after)
    assert [c.name for c in conjuncts if not reading.holds(c, after)] == ["isr_complete"]
    assert "truncate(" in str(found)
    assert "log[" in str(found)


def test_a_stale_hint_costs_time_and_nothing_else() -> None:
    recorded = hints(ARGUMENT)
    assert "safety/committed_in_isr" in recorded
    obligations = Obligations(REPLICATION, ARGUMENT)
    stale = {name: ["epochs_in_order"] for name in recorded}
    solver = Solver(
        obligations.hypotheses, obligations.groups, stale, ARGUMENT.layers, seed=0, budget=Budget(effort=1_000_000)
    )
    answers = [solver.answer(o) for o in obligations.of("receive_fetch") if o.claim.startswith("log")]
    assert [a.verdict for a in answers] == ["holds"] * 3
    assert not any(a.from_hint for a in answers)


def test_an_unknown_is_no_pass() -> None:
    proof = prove(REPLICATION, steps=["append"])
    assert proof.verdict == "holds"
    (first, *rest) = proof.answers
    assert replace(proof, answers=(replace(first, verdict="unknown"), *rest)).verdict == "unknown"
    assert replace(proof, answers=(replace(first, verdict="failed"), *rest)).verdict == "violated"


def test_a_prover_without_time_knows_nothing() -> None:
    proof = prove(REPLICATION, steps=["safety"], budget=Budget(effort=500, rounds=1), use_hints=False)
    assert proof.verdict == "unknown"
    assert "unknown" in proof.properties().values()
