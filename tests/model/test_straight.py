"""An action as a machine runs it against the action as the model writes it: the same steps are taken, with the same
outcome, and the same are refused."""

import random
from typing import Any

import pytest

from model.design import Model
from model.language import Disabled
from model.machine import Machine, UnknownAction
from model.quorum.pre_vote import PRE_VOTE
from model.reading_values import Call
from model.replication import REPLICATION
from model.survival import SURVIVAL

MEMBERS = (1, 2, 3)
STRANGER = -9
ATTEMPTS = 4000


LED: list[Call] = [
    ("elect", {"leader": 1}),
    ("become_leader", {"replica": 1, "epoch": 1, "partition_epoch": 1}),
    *[("become_follower", {"replica": follower, "epoch": 1}) for follower in (2, 3)],
    ("answer_probe", {"leader": 1}),
    *[("reconcile", {"follower": follower}) for follower in (2, 3)],
]
FIRST: dict[str, list[Call]] = {
    REPLICATION.name: LED,
    SURVIVAL.name: LED,
    PRE_VOTE.name: [
        ("ask_pre_vote", {"candidate": 1}),
        ("grant_pre_vote", {"voter": 2, "candidate": 1, "epoch": 0}),
        ("stand_after_pre_vote", {"candidate": 1, "epoch": 1, "quorum": frozenset({1, 2})}),
        ("grant_vote", {"voter": 2, "candidate": 1, "epoch": 1}),
        ("win", {"candidate": 1, "quorum": frozenset({1, 2})}),
    ],
}
"""What leads to a leader, where chance does so rarely."""
SELDOM = frozenset(
    {
        *("elect", "elect_none", "elect_eligible", "elect_unclean", "fail_over", "reassign", "take_offline", "fence"),
        *("lose_power", "member_loses_power", "leader_loses_power", "restart", "observe", "stand_after_pre_vote"),
    }
)
"""What ends what others have begun."""


def drawn(domain: str, machine: Machine, draw: random.Random) -> Any:
    """An argument that may fit; a stranger now and then."""
    state: Any = machine.state
    if domain == "Replica":
        return STRANGER if draw.random() < 0.01 else draw.choice(MEMBERS)
    if domain in ("ReplicaSet", "Quorum"):
        return frozenset(draw.sample(MEMBERS, draw.choice((1, 2, 2, 3))))
    if domain == "bool":
        return draw.random() < 0.8
    if domain == "LeaderEpoch":
        reached = max(state.leader_epoch.values())
        newest = getattr(state, "newest_leader_epoch", reached)
        return draw.choice((newest, newest, newest + 1, reached, draw.randint(0, 2)))
    if domain == "PartitionEpoch":
        return draw.choice((state.newest_partition_epoch, draw.randint(0, 3)))
    if domain == "Offset":
        ends = [len(log) for log in state.log.values()]
        return draw.choice((*ends, *ends, draw.randint(0, 2)))
    return draw.randint(0, 1)


def copied(machine: Machine) -> dict[str, Any]:
    variables = vars(machine.state).items()
    return {name: dict(value) if isinstance(value, dict) else value for name, value in variables}


def taken(run: Any, state: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether it is; strangers are none of the model's, which says nothing of them."""
    try:
        run(state, *arguments)
    except (Disabled, LookupError, UnknownAction):
        return False
    return True


@pytest.mark.parametrize(
    ("model", "actions"),
    [(REPLICATION, 15), (SURVIVAL, 20), (PRE_VOTE, 10)],
    ids=lambda each: getattr(each, "name", ""),
)
def test_an_action_does_what_it_says(model: Model, actions: int) -> None:
    draw = random.Random(3)
    straight, written = (Machine(model, replicas=MEMBERS) for _ in range(2))
    seen = set()
    for machine in (straight, written):
        machine.run(FIRST.get(model.name, []))
    names = [name for name in straight.parameters for _ in range(1 if name in SELDOM else 40)]
    for _ in range(ATTEMPTS):
        name = draw.choice(names)
        arguments = tuple(drawn(domain, straight, draw) for _, domain in straight.parameters[name])
        before = copied(written)
        took = taken(straight.functions[name], straight.state, arguments)
        strangers = any(argument == STRANGER for argument in arguments)
        quorums = [a for a, (_, domain) in zip(arguments, straight.parameters[name], strict=True) if domain == "Quorum"]
        if strangers or any(len(quorum) < 2 for quorum in quorums):
            assert not took
            continue
        assert took == taken(written.reading.steps[name].python, written.state, arguments)
        assert vars(straight.state) == vars(written.state)
        if took:
            seen.add(name)
        else:
            assert vars(straight.state) == before
    assert len(seen) >= actions, sorted(set(straight.parameters) - seen)
