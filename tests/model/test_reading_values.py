"""The concrete reading: macros are sequences of actions, ghosts change nothing, steps copy what they write."""

import random
from typing import Any

import pytest

from model.language import Disabled
from model.reading_values import Bounds, Reading, Values
from model.replication import REPLICATION

BOUNDS = Bounds(leader_epochs=3, partition_epochs=6, log=3, values=1)


def reading(**options: Any) -> Reading:
    return Reading(REPLICATION, replicas=(1, 2, 3), bounds=BOUNDS, **options)


def walk(made: Reading, seed: int, length: int) -> list[tuple[str, tuple[Any, ...], Values]]:
    """A random execution: every step with its arguments and the state it leads to."""
    chosen = random.Random(seed)
    state, taken = made.initial(), []
    for _ in range(length):
        name, arguments, state = chosen.choice(list(made.successors(state)))
        taken.append((name, arguments, state))
    return taken


@pytest.mark.parametrize("seed", range(3))
def test_a_step_of_the_synchronous_grain_is_its_actions_one_after_the_other(seed: int) -> None:
    coarse, fine = reading(synchronous=True), reading()
    kept = [v.name for v in REPLICATION.variables.values() if not v.message and not v.ghost]
    state, own = coarse.initial(), fine.initial()
    for name, arguments, after in walk(coarse, seed, 60):
        for action, parameters in coarse.expanded(state, name, arguments):
            own = fine.after(own, action, list(parameters.values()))
        state = after
        assert [getattr(own, v) for v in kept] == [getattr(state, v) for v in kept], name


@pytest.mark.parametrize("seed", range(3))
def test_cutting_the_ghosts_out_changes_nothing_that_the_protocol_does(seed: int) -> None:
    without, with_ghosts = reading(), reading(ghosts=True)
    state = with_ghosts.initial()
    for name, arguments, after in walk(without, seed, 80):
        state = with_ghosts.after(state, name, arguments)
        assert {v: getattr(state, v) for v in vars(after)} == vars(after)


def test_a_step_leaves_the_state_it_started_from_as_it_was() -> None:
    made = reading()
    state = made.initial()
    before = made.key(state)
    after = made.after(state, "elect", [1])
    assert made.key(state) == before
    assert made.key(after) != before
    with pytest.raises(Disabled):
        made.after(state, "append", [1, 0])
    assert made.key(state) == before


def test_a_step_beyond_the_bounds_is_not_taken() -> None:
    made = Reading(REPLICATION, replicas=(1, 2), bounds=Bounds(leader_epochs=1, partition_epochs=1, log=1))
    state = made.after(made.initial(), "elect", [1])
    assert {name for name, _, _ in made.successors(state)} == {
        "become_leader",
        "become_follower",
        "restart",
        "send_fetch",
    }


def test_an_invariant_that_reads_past_a_log_does_not_hold() -> None:
    made = reading()
    state = made.initial()
    assert made.broken(state) is None
    state.high_watermark[1] = state.high_watermark[2] = 2
    assert made.broken(state) == "committed_in_isr"
