"""The quorum's proof: it holds for any number of voters, and each broken design breaks a conjunct by name.

One rule: what Z3 proves is first looked at on concrete states, where a wrong conjunct shows at once.
"""

import pytest
import z3

from invariants.proofs.arguments import NoProof, model_with_argument
from invariants.proofs.obligations import Obligations
from invariants.proofs.prove import Proof, prove
from invariants.proofs.quorum import INVARIANT, LEMMAS
from invariants.proofs.solver import Budget
from invariants.proofs.walks import RARE, Walker
from model.design import Model, syntax
from model.kip320 import KIP320
from model.quorum import QUORUM
from model.quorum.pre_vote import PRE_VOTE
from model.quorum.voter_changes import VOTER_CHANGES
from model.reading_values import Bounds, Reading

BROKEN = {
    "vote-forgotten": "restart/granted_is_remembered",
    "vote-doubled": "grant_vote/granted_once",
    "vote-unchecked": "grant_vote/votes_are_up_to_date",
    "vote-by-length": "grant_vote/votes_are_up_to_date",
    "commit-older-epoch": "advance_high_watermark/committed_in_log",
    "commit-at-epoch-start": "advance_high_watermark/committed_in_log",
    "commit-unflushed": "advance_high_watermark/commit_quorum_holds",
    "fetch-unflushed": "send_fetch/fetched_is_held",
    "fetch-unfenced": "acknowledge/acknowledged_is_held",
    "diverging-counted": "acknowledge/acknowledged_is_held",
    "truncate-below-high-watermark": "truncate/kept_is_kept",
}


@pytest.fixture(scope="module", params=[QUORUM, PRE_VOTE, VOTER_CHANGES], ids=lambda model: model.name)
def proof(request: pytest.FixtureRequest) -> Proof:
    model: Model = request.param
    return prove(model, seed=1)


def test_every_obligation_is_proved(proof: Proof) -> None:
    assert [answer.name for answer in proof.open] == []
    assert len(proof.answers) > 650
    assert set(proof.properties().values()) == {"holds"}


def test_every_action_has_obligations(proof: Proof) -> None:
    model, _ = model_with_argument(proof.model)
    assert set(model.actions_of()) <= {answer.step for answer in proof.answers}


@pytest.mark.parametrize("variant", BROKEN)
def test_a_broken_design_breaks_a_conjunct(variant: str) -> None:
    claim = BROKEN[variant]
    proof = prove(QUORUM, variant, steps=[claim.split("/")[0]], budget=Budget(effort=200_000, rounds=1), processes=1)
    assert claim in {answer.name for answer in proof.open}
    assert proof.verdict != "holds"


def test_the_invariant_is_consistent() -> None:
    """False does not follow from it: Z3 never answers unsat."""
    obligations = Obligations(*model_with_argument("quorum"))
    solver = z3.Solver()
    solver.set("rlimit", 3_000_000)
    solver.set("auto_config", False)
    solver.set("mbqi", False)
    for term in obligations.hypotheses.values():
        if term is not True:
            solver.add(term)
    assert str(solver.check()) != "unsat"


@pytest.mark.parametrize(("replicas", "observers"), [(3, 0), (4, 1)])
def test_the_invariant_holds_on_walks(replicas: int, observers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, share in {"observe": 0.97, "flush": 0.5, "campaign": 0.8}.items():
        monkeypatch.setitem(RARE, name, share)
    bounds = Bounds(leader_epochs=4, log=4, observers=observers)
    reading = Reading(QUORUM, replicas=range(replicas), bounds=bounds, ghosts=True, synchronous=True)
    walker = Walker(reading, seed=replicas)
    conjuncts = [syntax(f) for f in (*INVARIANT, *LEMMAS, *QUORUM.safety)]
    for _ in range(12):
        state = reading.initial()
        for _ in range(40):
            taken = walker.step(state)
            if taken is None:
                continue
            walker.taken[taken[0]] += 1
            state = taken[2]
            assert [f.name for f in conjuncts if not reading.holds(f, state)] == [], taken[:2]
    assert set(reading.steps) - {"observe", "fetch_diverging"} <= set(walker.taken)


def test_a_model_without_an_argument_is_not_proved() -> None:
    with pytest.raises(NoProof, match="kip320"):
        model_with_argument(KIP320.name)
