"""The invariant on the states of random walks: it holds on the model, and each variant breaks what it should.

Also what keeps a proof from being empty: every action is taken, so no guard contradicts the invariant.
"""

import pytest

from invariants.proofs.replication import INVARIANT, LEMMAS
from invariants.proofs.walks import Walker
from model.design import syntax
from model.reading_values import Bounds, Reading
from model.replication import REPLICATION

CONJUNCTS = [syntax(f) for f in (*INVARIANT, *LEMMAS)]
BOUNDS = Bounds(leader_epochs=5, partition_epochs=12, log=4, values=2)


def first_broken(variant: str, walks: int) -> set[str]:
    """The conjuncts that do not hold in the first state of random walks in which one does not."""
    reading = Reading(REPLICATION, bounds=BOUNDS, variant=variant, ghosts=True)
    walker = Walker(reading, seed=1)
    for _ in range(walks):
        for _, _, state in walker.walk(60):
            broken = {f.name for f in CONJUNCTS if not reading.holds(f, state)}
            if broken:
                return broken
    return set()


def test_the_invariant_holds_on_walks_that_take_every_action() -> None:
    reading = Reading(REPLICATION, bounds=BOUNDS, ghosts=True)
    walker = Walker(reading, seed=2)
    claims = [*CONJUNCTS, *REPLICATION.safety_of(ghosts=True)]
    for _ in range(25):
        for name, arguments, state in walker.walk(80):
            broken = [f.name for f in claims if not reading.holds(f, state)]
            assert not broken, f"{name}{arguments} breaks {broken}"
    assert set(walker.taken) == set(reading.steps), "an action that is never taken proves nothing"


@pytest.mark.parametrize(
    ("variant", "conjuncts"),
    [
        ("commit-before-isr", {"committed_in_isr_members", "committed_was_acknowledged", "committed_below_ceiling"}),
        ("fetch-unfenced", {"acknowledged_is_held", "answer_within_epoch_log"}),
        ("expand-unchecked", {"live_proposal", "committed_was_acknowledged"}),
        ("expand-uncounted", {"live_proposal"}),
        ("alter-without-comparing", {"versions_cover", "versions_counted", "maximal_isr_covers", "leader_in_isr"}),
        ("restart-forgetful", {"started_was_led", "epochs_in_order", "ceiling_has_witness"}),
    ],
)
def test_a_walk_of_a_variant_breaks_a_conjunct_that_names_it(variant: str, conjuncts: set[str]) -> None:
    assert first_broken(variant, walks=60) & conjuncts
