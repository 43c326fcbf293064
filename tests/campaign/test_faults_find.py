"""Each fault of disks, clocks and operators finds a planted bug that no other kind of fault does.

The same seeds twice, once with the kind of fault among all others that the profile has, once without it. `DATA` are the
kinds that lose data in their own ways: for a bug that needs nothing but a power loss the others are left out as well.
"""

import pytest

from campaign import trial
from campaign.mutants import usable
from campaign.profiles import PROFILES
from campaign.trial import NO_EXCEPTION
from impl.sim import faults
from impl.sim.drivers import Seeded
from impl.sim.weights import Weights

SEEDS = 60
WITHOUT = 15
FAULTS = {
    "sync-tried-again": ((faults.INPUT_OUTPUT_ERROR,), "durable"),
    "disk-full-unnoticed": ((faults.DISK_FULL,), "durable"),
    "sync-begun-is-done": ((faults.SLOW_DISK,), "default"),
    "zeros-passed-over": ((faults.LOST_WRITE,), "default"),
    "offset-not-compared": ((faults.MISDIRECTED_WRITE,), "default"),
    "checksum-not-read": ((faults.BIT_FLIP,), "default"),
    "recovery-point-lowered": ((faults.LOST_SYNC,), "default"),
    "empty-disk-acts-at-once": ((faults.WIPED_DISK, faults.LOST_SYNC), "default"),
    "checksum-made-anew": ((faults.BIT_ROT,), "beyond"),
    "judges-by-its-own-clock": ((faults.CLOCK_JUMP, faults.CLOCK_DRIFT), "durable"),
    "large-segments-refused": ((faults.RECONFIGURE,), "default"),
    "unreadable-is-torn": ((faults.READ_ERROR,), "default"),
    "written-again-whole": ((faults.SHORT_WRITE,), "default"),
    "second-target-not-heard": ((faults.REASSIGN_ANEW,), "durable"),
    "given-up-and-kept": ((faults.REASSIGN_GIVEN_UP,), "durable"),
    "checkpoint-before-data": (faults.POWER_KINDS, "default"),
}
"""By planted bug: the kinds of fault without which it is not found, and the profile of the search. A lost sync makes a
broker refuse to start, and then its disk is replaced: the one brings the other."""


CHANGES = (faults.REASSIGN_ANEW, faults.REASSIGN_GIVEN_UP)


def first_found(mutant, kinds, profile, seeds):
    """The first seed that finds it; None: none does."""
    planted = usable(mutant)
    weights = Weights(kinds=kinds, fault=0.1, delay=0.1, send=0.4)
    for seed in range(seeds):
        scenario = PROFILES[profile].scenario.varied(seed)
        choices = Seeded(seed, scenario.table(), weights)
        violated = trial.run(scenario, choices, planted, seeking=planted.invariants[0]).violated
        if violated is not None and violated.invariant != NO_EXCEPTION:
            return seed
    return None


@pytest.mark.parametrize("mutant", FAULTS)
def test_the_fault_finds_the_bug_and_without_it_nothing_does(mutant):
    needed, profile = FAULTS[mutant]
    kinds = PROFILES[profile].kinds
    others = tuple(kind for kind in kinds if kind not in needed)
    found = first_found(mutant, (*needed * len(others), *others), profile, SEEDS)
    assert found is not None
    assert first_found(mutant, others, profile, max(WITHOUT, 2 * found)) is None


@pytest.mark.parametrize("kind", [*(kind for family in faults.LATER_FAMILIES for kind in family), *CHANGES])
def test_every_such_fault_has_its_bug(kind):
    assert any(kind in needed for needed, _ in FAULTS.values())


@pytest.mark.parametrize("kind", faults.BEYOND_KINDS + faults.DAMAGE_KINDS)
def test_what_is_lost_beyond_what_is_tolerated_leaves_the_rest_as_it_was(kind):
    """On any number of replicas, with everything synced: no invariant breaks on what survives."""
    weights = Weights(kinds=(kind, faults.CRASH, faults.MOVE), fault=0.15, delay=0.1, send=0.4)
    lost = 0
    for seed in range(6):
        scenario = PROFILES["beyond"].scenario.varied(seed)
        ran = trial.run(scenario, Seeded(seed, scenario.table(), weights))
        assert ran.violated is None
        lost += not ran.healthy
    assert lost or kind != faults.BIT_ROT
