"""The quorum's model: what its steps do, which design allows which execution, and that Kafka's truncation is one of it.

One rule: every execution here is replayed on the concrete reading; the saved ones fail on their variant alone.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from campaign.model_replay import replay_model
from invariants.proofs.walks import Walker
from model.kinds import Entry
from model.machine import ActionDisabled, Machine, UnknownAction
from model.models import MODELS
from model.quorum import QUORUM
from model.quorum.pre_vote import PRE_VOTE
from model.quorum.voter_changes import VOTER_CHANGES
from model.reading_values import Bounds, Reading, Values
from traces.reader import read

SAVED = Path(__file__).parents[2] / "traces" / "saved"
DESIGNS = [(model.name, variant.id) for model in (QUORUM, PRE_VOTE, VOTER_CHANGES) for variant in model.variants]


@pytest.fixture
def machine() -> Machine:
    return Machine(QUORUM, replicas=(1, 2, 3))


def elect(machine: Machine, candidate: int, voter: int, epoch: int) -> None:
    machine.step("stand", candidate=candidate, epoch=epoch)
    machine.step("grant_vote", voter=voter, candidate=candidate, epoch=epoch)
    machine.step("win", candidate=candidate, quorum=frozenset({candidate, voter}))


def replicate(machine: Machine, follower: int, leader: int, log_end: int) -> None:
    state: Any = machine.state
    log = state.log[follower]
    shown = (len(log), log[len(log) - 1].epoch if len(log) else 0)
    machine.step("send_fetch", follower=follower)
    machine.step("acknowledge", leader=leader, follower=follower, offset=shown[0], last_epoch=shown[1])
    machine.step("answer_fetch", leader=leader)
    machine.step("receive_fetch", follower=follower, log_end=log_end, high_watermark=0)


def test_a_record_is_committed_once_a_quorum_has_it_on_disk(machine: Machine) -> None:
    state: Any = machine.state
    elect(machine, 1, 2, epoch=1)
    assert list(state.log[1]) == [Entry(1, 0)], "the leader-change record"
    replicate(machine, 2, 1, log_end=1)
    with pytest.raises(ActionDisabled, match="flushed"):
        machine.step("send_fetch", follower=2)
    machine.step("flush", replica=2, to=1)
    replicate(machine, 2, 1, log_end=1)
    with pytest.raises(ActionDisabled, match="counted"):
        machine.step("advance_high_watermark", leader=1, to=1, quorum=frozenset({1, 2}))
    machine.step("flush", replica=1, to=1)
    machine.step("advance_high_watermark", leader=1, to=1, quorum=frozenset({1, 2}))
    assert state.high_watermark[1] == 1


def test_a_restart_loses_only_what_was_not_flushed(machine: Machine) -> None:
    state: Any = machine.state
    elect(machine, 1, 2, epoch=1)
    machine.step("append", leader=1, value=0)
    machine.step("flush", replica=1, to=1)
    with pytest.raises(ActionDisabled, match="flushed"):
        machine.step("restart", replica=1, log_end=0)
    machine.step("restart", replica=1, log_end=1)
    assert len(state.log[1]) == 1
    assert state.leader_epoch[1] == 1
    assert state.vote[1] == 1
    assert not state.leading[1]


def test_one_vote_in_an_epoch_outlives_a_restart(machine: Machine) -> None:
    elect(machine, 1, 2, epoch=1)
    machine.step("restart", replica=2, log_end=0)
    machine.step("stand", candidate=3, epoch=1)
    with pytest.raises(ActionDisabled, match="free_to_vote"):
        machine.step("grant_vote", voter=2, candidate=3, epoch=1)


def test_observers_learn_epochs_and_logs_and_decide_nothing() -> None:
    machine = Machine(QUORUM, replicas=(1, 2, 3, 4), isr=(1, 2, 3), observers=1)
    state: Any = machine.state
    elect(machine, 1, 2, epoch=1)
    machine.step("observe", replica=4, epoch=1)
    replicate(machine, 4, 1, log_end=1)
    replicate(machine, 4, 1, log_end=1)  # not flushed: nobody counts it
    assert state.acknowledged[1, 4] == 1
    with pytest.raises(ActionDisabled, match="voters"):
        machine.step("stand", candidate=4, epoch=2)
    with pytest.raises(UnknownAction, match="no majority of the voters"):
        machine.step("advance_high_watermark", leader=1, to=1, quorum=frozenset({1, 4}))


@pytest.mark.parametrize(("model", "variant"), DESIGNS)
def test_saved_executions_fail_on_their_variant_and_on_nothing_else(model: str, variant: str) -> None:
    trace = read(SAVED / f"model-{model}-{variant}.jsonl")
    assert (trace.header.model, trace.header.variant) == (model, variant)
    again = replay_model(trace)
    assert trace.verdict is not None
    assert again.invariant == trace.verdict.invariant
    clean = replay_model(trace, clean=True)
    assert clean.invariant is None
    assert clean.refused, "the model refuses a step of it"


def endings(log: tuple[Entry, ...], epoch: int) -> tuple[int, int]:
    """KafkaMetadataLog.endOffsetForEpoch: the largest epoch of the log up to this one, and where its entries end."""
    before = [entry.epoch for entry in log if entry.epoch <= epoch]
    return (before[-1], len(before)) if before else (0, 0)


def divergent(states: Iterator[Values]) -> Iterator[tuple[Values, int, int]]:
    """A follower and the leader of its epoch whose logs differ, with where KIP-595 has the follower truncate."""
    for state in states:
        s: Any = state
        for leader in (r for r in s.log if s.leading[r]):
            for follower in (r for r in s.log if r != leader and s.leader_epoch[r] == s.leader_epoch[leader]):
                own = s.log[follower]
                epoch, end = endings(s.log[leader], own[-1].epoch) if own else (0, 0)
                if own and (epoch != own[-1].epoch or end < len(own)):
                    mine, mine_end = endings(own, epoch)
                    yield state, follower, min(end, mine_end, len(own)) if mine == epoch else mine_end


def walked(reading: Reading, walks: int, seed: int) -> Iterator[Values]:
    rare = {"stand": 0.7, "observe": 0.97, "restart": 0.97, "send_fetch": 0.5, "flush": 0.5, "answer_diverging": 0.9}
    chooser = random.Random(seed)
    walker = Walker(reading, seed=seed)
    for _ in range(walks):
        state = reading.initial()
        for _ in range(60):
            taken = walker.step(state)
            if taken is None or chooser.random() < rare.get(taken[0], 0):
                continue
            state = taken[2]
            yield state


def test_one_round_of_kafkas_truncation_is_a_step_of_the_model() -> None:
    bounds = Bounds(leader_epochs=5, log=4)
    reading = Reading(QUORUM, replicas=(0, 1, 2), bounds=bounds, synchronous=True)
    coarse = Reading(QUORUM, replicas=(0, 1, 2), bounds=bounds)
    seen = 0
    for state, follower, to in divergent(walked(reading, walks=60, seed=7)):
        s: Any = state
        leader = next(r for r in s.log if s.leading[r] and s.leader_epoch[r] == s.leader_epoch[follower])
        if s.flushed[follower] < len(s.log[follower]):
            state = coarse.after(state, "flush", [follower, len(s.log[follower])])
        state = coarse.after(state, "send_fetch", [follower])
        shown = [leader, follower, len(s.log[follower]), s.log[follower][-1].epoch]
        state = coarse.after(state, "answer_diverging", shown)
        after: Any = coarse.after(state, "truncate", [follower, to])
        assert len(after.log[follower]) == to < len(s.log[follower])
        seen += 1
    assert seen > 20, seen


def test_models_are_listed_by_name() -> None:
    assert {QUORUM.name, PRE_VOTE.name, VOTER_CHANGES.name} <= MODELS.keys()
