"""The leader-epoch cache says what the log says, unless a replica takes a leadership again."""

from invariants.proofs.epoch_cache import INVARIANT
from invariants.proofs.minimise import Replayer, minimised
from invariants.proofs.prove import prove
from invariants.proofs.walks import Walker
from model.design import syntax
from model.epoch_cache import EPOCH_CACHE
from model.reading_values import Bounds, Call, Reading, Values


def lead(replica: int, epoch: int) -> Call:
    return ("lead", {"replica": replica, "epoch": epoch})


def write(replica: int, epoch: int) -> Call:
    return ("write", {"replica": replica, "epoch": epoch, "value": 0})


def fetch(follower: int, source: int, last: int, epoch: int) -> Call:
    return ("fetch", {"follower": follower, "source": source, "last": last, "epoch": epoch})


LED_AGAIN = [
    lead(2, 1),
    write(2, 1),
    write(2, 1),
    fetch(1, 2, last=0, epoch=1),
    fetch(1, 2, last=1, epoch=1),
    lead(1, 2),
    write(1, 2),
    fetch(2, 1, last=1, epoch=2),
    ("cut", {"replica": 1, "to": 1}),  # power is lost
    lead(1, 2),  # before it registers, by metadata that it has
    fetch(1, 2, last=2, epoch=1),  # replica 2 knows epoch 2, and reaches: no divergence
]
"""Replica 1 had epoch 1 from 0; then its cache has it from 1: asked where epoch 0 ends, it answers 1 instead of 0."""


def state_after(reading: Reading, calls: list[Call]) -> Values:
    state = reading.initial()
    for name, parameters in calls:
        state = reading.after(state, name, list(parameters.values()))
    return state


def test_walks_keep_every_conjunct_and_take_every_action() -> None:
    bounds = Bounds(leader_epochs=5, partition_epochs=1, log=4, values=1)
    reading = Reading(EPOCH_CACHE, replicas=(1, 2, 3), bounds=bounds, ghosts=True)
    claims = [syntax(f) for f in (*INVARIANT, *EPOCH_CACHE.safety)]
    taken = set()
    for seed in range(40):
        walker = Walker(reading, seed=seed)
        for _, _, state in walker.walk(60):
            assert [f.name for f in claims if not reading.holds(f, state)] == [], seed
        taken |= set(walker.taken)
    assert taken == set(reading.steps)


def test_it_is_proved_for_any_number_of_replicas() -> None:
    proof = prove(EPOCH_CACHE)
    assert proof.verdict == "holds", proof.open
    assert set(proof.properties()) == {"epochs_are_cached", "cached_are_epochs", "epochs_never_fall"}


def test_a_leadership_taken_again_hides_where_an_older_epoch_began() -> None:
    replayer = Replayer(EPOCH_CACHE, "leads-again", (1, 2), synchronous=False)
    violation = replayer.violation(LED_AGAIN)
    assert violation is not None
    assert violation.invariant == "epochs_are_cached"
    assert minimised(replayer, violation).steps == tuple(LED_AGAIN)  # none of its steps can be left out
    state = state_after(replayer.reading, LED_AGAIN)
    assert [entry.epoch for entry in state.log[1]] == [1, 1]
    assert (state.cached_start[1, 1], state.cached_start[2, 1]) == (1, 0)


def test_a_variant_is_not_proved_and_says_what_it_breaks() -> None:
    for variant, conjunct in (("leads-again", "start_is_begin"), ("fetches-unchecked", "start_is_begin")):
        assert conjunct in {answer.claim for answer in prove(EPOCH_CACHE, variant).open}
