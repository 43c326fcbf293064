"""Each conjunct is needed: without it, an obligation that is named is not proved any more.

One rule: the whole list is recorded (`python -m invariants.proofs.record --needed`), and a few of it are asked again.
"""

import json
from dataclasses import replace
from functools import cache

import pytest

from invariants.proofs.arguments import ARGUMENTS, model_with_argument
from invariants.proofs.needed import NEEDED, Needs
from invariants.proofs.obligations import NAMED
from invariants.proofs.record import file_of
from invariants.proofs.solver import Budget
from model.design import syntax
from model.epoch_cache import EPOCH_CACHE
from model.language import LeaderEpoch, Replica, conjunct
from model.quorum import QUORUM
from model.quorum.state import State

SPOTS = {
    "replication": ("live_proposal", "leader_complete_below_start"),
    "survival": ("eligible_complete",),
    "epoch-cache": ("log_ends",),
    "quorum": ("votes_are_up_to_date", "commit_quorum_holds"),
    "quorum-pre-vote": ("granted_once",),
    "quorum-voters": ("change_was_due", "committed_by_majority"),
}


def recorded(name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(file_of(name, NEEDED).read_text(encoding="utf-8"))
    return found


@cache
def needs(name: str) -> Needs:
    return Needs(*model_with_argument(name), Budget(effort=500_000, rounds=1))


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_every_conjunct_is_recorded_as_needed(name: str) -> None:
    _, argument = model_with_argument(name)
    conjuncts = {syntax(c).name for group, members in argument.groups.items() if group != NAMED for c in members}
    assert set(recorded(name)) == conjuncts


@pytest.mark.parametrize(("name", "conjunct"), [(name, each) for name, spots in SPOTS.items() for each in spots])
def test_without_it_an_obligation_is_not_proved(name: str, conjunct: str) -> None:
    asked = needs(name).obligations[recorded(name)[conjunct]]
    assert asked.claim != conjunct
    assert not needs(name).proved(asked, without=conjunct)
    assert needs(name).proved(asked)


@conjunct
def epochs_are_epochs(s: State) -> bool:
    """True, and of no use to anybody."""
    return all(s.leader_epoch[r] == s.leader_epoch[r] or s.asked[e, r] for r in Replica for e in LeaderEpoch)


def test_a_conjunct_that_nothing_needs_is_found() -> None:
    _, argument = model_with_argument(QUORUM.name)
    idle = Needs(
        QUORUM, replace(argument, groups={**argument.groups, "epochs": (*argument.groups["epochs"], epochs_are_epochs)})
    )
    assert idle.breaks("epochs_are_epochs") is None
    # Where a proof is recorded as using it, it is still asked whether the proof goes without.
    idle.hints = {"observe/asked_was_reached": ["asked_was_reached", "epochs_are_epochs"]}
    assert [o.name for o in idle.likely("epochs_are_epochs")] == ["observe/asked_was_reached"]
    assert idle.breaks("epochs_are_epochs") is None


def test_a_conjunct_that_is_needed_is_told_with_what_needs_it() -> None:
    cache_needs = Needs(*model_with_argument(EPOCH_CACHE.name))
    broken = cache_needs.breaks("log_ends")
    assert broken is not None
    assert not broken.endswith("/log_ends")
