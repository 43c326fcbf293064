"""The model at the grain of others visits as many states as their specification does, and a check left out shows."""

from dataclasses import replace

import pytest

from invariants.exploration.explore import prepared
from invariants.exploration.limits import Found, Limits
from model.design import Model
from model.kip320 import KIP320, State, fetch
from model.language import Replica, action, require
from model.reading_values import Bounds, Reading

SIZE = Bounds(leader_epochs=3, partition_epochs=0, log=2, values=2)
"""LogSize 2, MaxRecords 2, MaxLeaderEpoch 2 of the specification."""


def searched(model: Model, form: str, *, symmetry: bool = False) -> Found:
    reading = Reading(model, replicas=(0, 1), bounds=SIZE)
    run, _ = prepared(reading, form, symmetry=symmetry, view=False, threads=1, seed=0)
    return run(Limits(), None)[0]


@pytest.mark.parametrize(("form", "symmetry", "states"), [("values", False, 5_973), ("numpy", True, 2_987)])
def test_two_replicas_have_the_specifications_states(form, symmetry, states):
    """TLC counts 5,973, and 2,987 with the replicas' names left out of account; 18 levels both times."""
    found = searched(KIP320, form, symmetry=symmetry)
    assert (found.distinct, len(found.levels), found.violated, found.stopped) == (states, 18, None, None)


@action
def fetch_from_anybody(s: State, follower: Replica, leader: Replica) -> None:
    """Without the epoch check: the next record of whichever log is longer."""
    require(len(s.log[follower]) < len(s.log[leader]))
    s.log[follower] = s.log[follower] + s.log[leader][len(s.log[follower]) : len(s.log[follower]) + 1]


def test_a_check_left_out_changes_the_count():
    kept = tuple(f for f in KIP320.actions if f is not fetch)
    without = replace(KIP320, actions=(*kept, fetch_from_anybody), safety=())
    assert searched(without, "values").distinct != 5_973
