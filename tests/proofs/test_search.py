"""The bounded symbolic search: what it finds is an execution of the model, minimal, replayed, and an ordinary trace."""

import pytest

from invariants.proofs.minimise import Replayer, Violation, minimised
from invariants.proofs.search import SearchResult, search
from model.machine import ActionDisabled, Machine
from model.reading_values import Bounds
from model.replication import REPLICATION
from traces.modelled import calls_of

SMALL = Bounds(leader_epochs=2, partition_epochs=3, log=1)


@pytest.fixture(scope="module")
def found() -> SearchResult:
    return search(REPLICATION, "expand-unchecked", 8, bounds=SMALL, seconds=240)


def test_a_violation_is_found_in_the_models_own_actions(found: SearchResult) -> None:
    assert found.verdict == "violated"
    assert found.invariant == "committed_in_isr"
    assert found.rungs[-1].result == "sat"
    machine = Machine(REPLICATION, replicas=(1, 2, 3), variant="expand-unchecked")
    machine.run(found.steps)
    assert machine.broken() == "committed_in_isr"


def test_what_is_found_is_disabled_or_harmless_on_the_model(found: SearchResult) -> None:
    machine = Machine(REPLICATION, replicas=(1, 2, 3))
    with pytest.raises(ActionDisabled) as refused:
        machine.run(found.steps)
    assert refused.value.action == "expand_isr"
    assert "s.acknowledged[leader, follower] >=" in refused.value.conjunct


def test_no_step_can_be_left_out(found: SearchResult) -> None:
    replayer = Replayer(REPLICATION, "expand-unchecked", (1, 2, 3), synchronous=False)
    for left_out in range(len(found.steps)):
        assert replayer.violation([s for i, s in enumerate(found.steps) if i != left_out]) is None


def test_the_trace_is_an_ordinary_one_with_its_verdict(found: SearchResult) -> None:
    assert found.trace is not None
    assert found.trace.header.origin == "model"
    assert found.trace.header.variant == "expand-unchecked"
    assert tuple(calls_of(found.trace)) == found.steps
    assert found.trace.verdict is not None
    assert found.trace.verdict.invariant == "committed_in_isr"


def test_superfluous_steps_are_dropped() -> None:
    replayer = Replayer(REPLICATION, "commit-before-isr", (1, 2), synchronous=False)
    steps = [
        ("elect", {"leader": 1}),
        ("restart", {"replica": 2, "high_watermark": 0}),
        ("become_leader", {"replica": 1, "epoch": 1, "partition_epoch": 1}),
        ("become_follower", {"replica": 2, "epoch": 1}),
        ("append", {"leader": 1, "value": 0}),
        ("answer_probe", {"leader": 1}),
        ("advance_high_watermark", {"leader": 1, "to": 1}),
    ]
    whole = replayer.violation(steps)
    assert whole == Violation(steps=tuple(steps), invariant="committed_in_isr")
    kept = [name for name, _ in minimised(replayer, whole).steps]
    assert kept == ["elect", "become_leader", "append", "advance_high_watermark"]


def test_the_model_itself_has_no_violation_within_a_few_steps() -> None:
    result = search(REPLICATION, None, 6, bounds=SMALL, replicas=2, seconds=240)
    assert result.verdict == "holds"
    assert [rung.result for rung in result.rungs] == ["unsat"]
    assert result.steps == ()


def test_a_search_without_time_knows_nothing() -> None:
    assert search(REPLICATION, "kip-101", 12, bounds=SMALL, seconds=0).verdict == "unknown"


@pytest.mark.long
@pytest.mark.parametrize("variant", ["kip-101", "kip-279"])
def test_the_historical_bugs_are_found_from_the_initial_state(variant: str) -> None:
    result = search(REPLICATION, variant, 12, seconds=900)
    assert result.verdict == "violated", f"fencepost search replication --variant {variant} --depth 12"
    assert len(result.coarse) <= 12
