"""Each planted bug is found by the seeded search, shrunk to a trace that replays, and gone without the bug."""

from campaign.mutants import MUTANTS
from invariants.catalogue import CATALOGUE

SEEDS = {
    "expand-without-epoch-start": 1_329,
    "alter-partition-without-cas": 1_037,
}
"""Rare ones are searched for from a seed close to one that finds them: the test is about finding, not about luck."""


def test_the_registry_says_what_each_mutant_is():
    assert set(MUTANTS) >= {
        "kip-101",
        "kip-279",
        "fetch-without-epoch-check",
        "diverging-fetch-counted",
        "ack-before-isr",
        "producer-state-forgotten",
        "expand-without-epoch-start",
        "eager-shrink",
        "alter-partition-without-cas",
    }
    for name, mutant in MUTANTS.items():
        assert mutant.id == name
        assert mutant.title.endswith(".")
        assert len(mutant.history) > 80
        assert set(mutant.invariants) <= set(CATALOGUE)


def test_every_invariant_has_a_mutant_that_stands_for_it():
    for invariant in CATALOGUE.values():
        assert invariant.id in MUTANTS[invariant.breaks].invariants
