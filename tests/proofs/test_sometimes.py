"""No empty victories: every action of every model is taken, and every claim says something, in a reachable state."""

from typing import Any

import pytest

from invariants.proofs.argument import Argument
from invariants.proofs.arguments import ARGUMENTS, model_with_argument
from invariants.proofs.obligations import NAMED
from invariants.proofs.sometimes import Watch, witness
from invariants.proofs.walks import QUORUM, RARE, Walker
from model.design import Model, syntax
from model.language import LeaderEpoch, Replica, safety
from model.quorum import QUORUM as FIXED_VOTERS
from model.quorum.state import State
from model.reading_values import Bounds, Call, Reading
from model.syntax import Function

DIVERGENCE: list[Call] = [
    ("stand_as_voter", {"candidate": 0, "epoch": 1}),
    ("grant_vote", {"voter": 1, "candidate": 0, "epoch": 1}),
    ("win_by_majority", {"candidate": 0}),
    ("flush", {"replica": 0, "to": 1}),
    ("stand_as_voter", {"candidate": 1, "epoch": 2}),
    ("grant_vote", {"voter": 2, "candidate": 1, "epoch": 2}),
    ("win_by_majority", {"candidate": 1}),
    ("observe", {"replica": 0, "epoch": 2}),
    ("send_fetch_flushed", {"follower": 0}),
    ("answer_diverging", {"leader": 1, "follower": 0, "offset": 1, "last_epoch": 1}),
    ("truncate", {"follower": 0, "to": 0}),
]
"""A deposed leader follows the next one: walks seldom come to it where voters come and go."""
WALKS: dict[str, dict[str, Any]] = {
    "replication": {"coarse": True, "walks": 20, "length": 60},
    "survival": {"coarse": False, "walks": 60, "length": 200},
    "epoch-cache": {"coarse": True, "walks": 10, "length": 40},
    "quorum": {"coarse": True, "walks": 100, "length": 40},
    "quorum-pre-vote": {"coarse": True, "walks": 100, "length": 40},
    "quorum-voters": {"coarse": True, "walks": 60, "length": 40, "members": [(0, 1, 2), (0, 1)], "first": DIVERGENCE},
}
"""By model: the grain that walks choose from, how many and how long, and where they start."""


def claims_of(model: Model, argument: Argument) -> list[Function]:
    conjuncts = [c for group, members in argument.groups.items() if group != NAMED for c in members]
    return [syntax(claim) for claim in (*model.safety, *conjuncts)]


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_every_action_is_taken_and_every_always_has_its_sometimes(name: str) -> None:
    model, argument = model_with_argument(name)
    walks = WALKS[name]
    quorum = name.startswith("quorum")
    bounds = Bounds(leader_epochs=4 if quorum else 5, partition_epochs=12, log=4, values=2)
    fine = Reading(model, replicas=range(3), bounds=bounds, ghosts=True)
    coarse = fine
    if walks["coarse"]:
        coarse = Reading(model, replicas=range(3), bounds=bounds, ghosts=True, synchronous=True)
    watch = Watch(fine, claims_of(model, argument))
    watch.follow(fine.initial(), walks.get("first", []))
    walker = Walker(coarse, seed=0, rare=QUORUM if quorum else RARE)
    watch.walk(coarse, walker, walks=walks["walks"], length=walks["length"], members=walks.get("members", ()))
    assert set(model.actions_of()) - set(watch.taken) == set()
    assert sorted(watch.wanted) == []


@safety
def nobody_far_ahead_leads(s: State) -> bool:
    """Says nothing where no epoch is 99."""
    return all(not s.leading[r] for r in Replica if s.leader_epoch[r] == 99)


@safety
def one_of_each(s: State) -> bool:
    """That two leaders of one epoch are one says something as soon as there is one."""
    return all(a == b for a in Replica for b in Replica if s.leading[a] and s.leading[b])


@safety
def leaders_differ(s: State) -> bool:
    """Says something of two leaders only."""
    return all(
        s.leader_epoch[a] <= s.leader_epoch[b] for a in Replica for b in Replica if s.leading[a] and s.leading[b]
    )


@safety
def granted_to_askers(s: State) -> bool:
    """Says something where the claim inside does: where somebody has voted."""
    return all(
        all(s.asked[e, c] for r in Replica if r in s.granted[e, c]) for e in LeaderEpoch for c in Replica if e == 1
    )


def test_a_claim_that_says_nothing_is_known_as_such() -> None:
    reading = Reading(FIXED_VOTERS, replicas=range(3), bounds=Bounds(leader_epochs=2, log=2), ghosts=True)
    start = reading.initial()
    voting = reading.after(start, "stand", [0, 1])
    voted = reading.after(voting, "grant_vote", [1, 0, 1])
    led = reading.after(voted, "win", [0, frozenset({0, 1})])
    said = {
        f.__name__: [witness(reading, syntax(f))(state) for state in (start, voting, led)]
        for f in (nobody_far_ahead_leads, one_of_each, leaders_differ, granted_to_askers)
    }
    assert said == {
        "nobody_far_ahead_leads": [False, False, False],
        "one_of_each": [False, False, True],
        "leaders_differ": [False, False, False],
        "granted_to_askers": [False, True, True],
    }
