"""What safety properties amount to, against the model's own text, on states that hold them and states that do not."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from model.design import Model, syntax
from model.language import Entry
from model.machine import Machine
from model.quorum.pre_vote import PRE_VOTE
from model.shared_log import SharedLog
from model.survival import SURVIVAL
from traces.ending import AMOUNTS_TO

MEMBERS = (1, 2, 3)
LONGEST = 3


def shuffled(machine: Machine, draw: random.Random) -> None:
    """Any logs, some of which share a buffer, and whatever the properties read besides."""
    state: Any = machine.state
    written: list[SharedLog] = [SharedLog()]
    for member in MEMBERS:
        log = draw.choice(written)[: draw.randint(0, LONGEST)]
        while len(log) < LONGEST and draw.random() < 0.5:
            log = log.extended(Entry(draw.randint(1, 2), draw.randint(0, 1)))
        state.log[member] = log
        written.append(log)
        state.high_watermark[member] = draw.choice((0, len(log), draw.randint(0, LONGEST)))
        state.leader_epoch[member] = draw.randint(0, 2)
        state.leading[member] = draw.random() < 0.4
    if machine.reading.model is SURVIVAL:
        state.newest_leader_epoch = draw.randint(0, 1)
        state.last_unclean = draw.randint(0, 1)
        for member in MEMBERS:
            state.reconciled[member] = draw.randint(0, 1)
        for epoch in range(2):
            state.isr[epoch] = frozenset(draw.sample(MEMBERS, draw.randint(0, 2)))
            state.elr[epoch] = frozenset(draw.sample(MEMBERS, draw.randint(0, 1)))


def properties() -> list[tuple[Model, Callable[..., Any]]]:
    return [(model, function) for model in (SURVIVAL, PRE_VOTE) for function in model.safety if function in AMOUNTS_TO]


@pytest.mark.parametrize(
    ("model", "function"), properties(), ids=lambda each: getattr(each, "__name__", "") or each.name
)
def test_what_a_property_amounts_to_is_what_the_model_says(model: Model, function: Callable[..., Any]) -> None:
    draw = random.Random(7)
    machine = Machine(model, replicas=MEMBERS)
    machine.reading.domains["Offset"] = range(LONGEST + 1)
    verdicts: list[bool] = []
    for _ in range(400):
        machine.state = machine.begun()
        shuffled(machine, draw)
        said = machine.reading.holds(syntax(function), machine.state)
        assert AMOUNTS_TO[function](machine.state) == said
        verdicts.append(said)
    assert {True, False} == set(verdicts)


def test_every_property_that_is_put_otherwise_is_compared() -> None:
    assert {function for _, function in properties()} == set(AMOUNTS_TO)
