"""Stepping the model by name: what it takes, what it refuses, and in which words."""

import copy
from typing import Any

import pytest

from model.design import UnknownVariant
from model.machine import ActionDisabled, Machine, UnknownAction
from model.replication import REPLICATION


@pytest.fixture
def machine() -> Machine:
    """Replica 1 leads, 2 follows and is reconciled, 3 knows nothing yet."""
    made = Machine(REPLICATION, replicas=(1, 2, 3))
    made.run(
        [
            ("elect", {"leader": 1}),
            ("become_leader", {"replica": 1, "epoch": 1, "partition_epoch": 1}),
            ("become_follower", {"replica": 2, "epoch": 1}),
            ("answer_probe", {"leader": 1}),
            ("reconcile", {"follower": 2}),
        ]
    )
    return made


def replicate(machine: Machine, records: int) -> None:
    """Writes records one by one and copies each to replica 2."""
    for offset in range(records):
        machine.step("append", leader=1, value=(offset, 0))
        machine.step("send_fetch", follower=2)
        machine.step("acknowledge", leader=1, follower=2, offset=offset)
        machine.step("answer_fetch", leader=1, follower=2)
        machine.step("receive_fetch", follower=2, log_end=offset + 1, high_watermark=0)


def test_an_execution_moves_records_and_commits_them(machine: Machine) -> None:
    replicate(machine, 3)
    machine.step("shrink_isr", leader=1, kept=frozenset({1, 2}))
    machine.step("alter_partition", leader=1)
    machine.step("learn_isr", leader=1, partition_epoch=2)
    machine.step("advance_high_watermark", leader=1, to=2)
    assert machine.state.high_watermark[1] == 2
    assert [entry.value for entry in machine.state.log[2]] == [(0, 0), (1, 0), (2, 0)]
    assert machine.broken() is None


def test_a_step_costs_the_same_however_long_the_log(machine: Machine) -> None:
    replicate(machine, 2000)
    assert machine.state.log[2].buffer is machine.state.log[1].buffer


def test_a_refused_step_names_the_false_require_with_its_values_and_changes_nothing(machine: Machine) -> None:
    machine.step("become_follower", replica=3, epoch=1)
    before = copy.deepcopy(vars(machine.state))
    with pytest.raises(ActionDisabled) as fetching:
        machine.step("send_fetch", follower=3)
    with pytest.raises(ActionDisabled) as ahead:
        machine.step("advance_high_watermark", leader=1, to=1)
    assert before == vars(machine.state)
    refused = fetching.value
    assert refused.conjunct == "s.reconciled[follower] == s.leader_epoch[follower]"
    assert refused.values == (("s.reconciled[follower]", 0), ("s.leader_epoch[follower]", 1))
    assert refused.file.endswith("model/replication/follower.py")
    assert "send_fetch(follower=3) is not allowed here" in str(refused)
    assert ahead.value.conjunct == "s.high_watermark[leader] < to <= len(s.log[leader])"


def test_a_false_all_names_its_first_exception(machine: Machine) -> None:
    machine.step("append", leader=1, value=0)
    with pytest.raises(ActionDisabled) as caught:
        machine.step("advance_high_watermark", leader=1, to=1)
    assert caught.value.values == (
        ("f", 2),
        ("leader", 1),
        ("to", 1),
        ("s.acknowledged[leader, f]", -1),
    )
    assert str(caught.value).endswith(": f is 2, leader is 1, to is 1, s.acknowledged[leader, f] is -1")


def test_enabled_asks_without_stepping(machine: Machine) -> None:
    assert machine.enabled("append", leader=1, value=0)
    assert not machine.enabled("append", leader=2, value=0)
    assert len(machine.state.log[1]) == 0


@pytest.mark.parametrize(
    ("action", "parameters", "words"),
    [
        ("apend", {"leader": 1}, "replication has no action 'apend'; it has elect,"),
        ("append", {"leader": 1}, "append has the parameters leader, value, not leader"),
        ("append", {"leader": 9, "value": 0}, "append: leader=9 is no replica of this partition (1, 2, 3)"),
        ("shrink_isr", {"leader": 1, "kept": frozenset({1, 9})}, "kept=frozenset({1, 9}) is no replica"),
    ],
)
def test_a_step_that_is_none_is_refused_by_name(
    machine: Machine, action: str, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(UnknownAction) as caught:
        machine.step(action, **parameters)
    assert words in str(caught.value)


def test_a_variant_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(UnknownVariant, match="replication has no variant 'kip-999'; it has kip-101, "):
        Machine(REPLICATION, replicas=(1, 2), variant="kip-999")


def test_epochs_grow_without_bounds() -> None:
    machine = Machine(REPLICATION, replicas=(1, 2))
    for epoch in range(1, 50):
        machine.step("elect", leader=1)
        machine.step("become_leader", replica=1, epoch=epoch, partition_epoch=epoch)
        machine.step("append", leader=1, value=epoch)
    assert [entry.epoch for entry in machine.state.log[1]] == list(range(1, 50))
    assert machine.state.requested[2, 1000] == -1
