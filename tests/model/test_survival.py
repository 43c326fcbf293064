"""The model `survival` runs: walks keep every conjunct, scenarios show what is survived, designs that lose data do."""

from collections import Counter
from pathlib import Path

import pytest

from invariants.proofs.survival import INVARIANT, LEMMAS
from invariants.proofs.walks import Walker
from model.design import syntax
from model.machine import ActionDisabled, Machine
from model.reading_values import Bounds, Call, Reading
from model.survival import SURVIVAL
from tests.model.survival_steps import append, commit, copy, follow, lead, lose_power, show
from traces.modelled import calls_of, machine_of
from traces.reader import read
from traces.trace import Trace

SAVED = Path(__file__).resolve().parents[2] / "traces" / "saved"
BOUNDS = Bounds(leader_epochs=5, partition_epochs=9, log=3, values=1, broker_epochs=3)
FIRST = [("elect", {"leader": 1}), lead(1, 1, 1)]


def after(calls: list[Call], *, replicas: int = 3, isr: tuple[int, ...]) -> Machine:
    """A machine that has taken these actions."""
    machine = Machine(SURVIVAL, replicas=range(1, replicas + 1), isr=isr)
    for name, parameters in calls:
        machine.step(name, **parameters)
    return machine


def saved(variant: str) -> Trace:
    return read(str(SAVED / f"model-survival-{variant}.jsonl"))


def first_broken(machine: Machine, trace: Trace) -> tuple[int, str | None]:
    """How many actions of the trace are taken until a property is broken; the property, None where none is."""
    for taken, (name, parameters) in enumerate(calls_of(trace), 1):
        machine.step(name, **parameters)
        if (broken := machine.broken()) is not None:
            return taken, broken
    return taken, None


# ------------------------------------------------------------ walks
def test_walks_take_the_actions_and_keep_every_conjunct_and_property() -> None:
    reading = Reading(SURVIVAL, replicas=(1, 2, 3), bounds=BOUNDS, ghosts=True)
    claims = [syntax(f) for f in (*INVARIANT, *LEMMAS, *SURVIVAL.safety)]
    taken: Counter[str] = Counter()
    states = 0
    for seed in range(24):
        walker = Walker(reading, seed=seed)
        for _, _, state in walker.walk(60):
            states += 1
            assert [f.name for f in claims if not reading.holds(f, state)] == [], (seed, walker.taken.total())
        taken.update(walker.taken)
    assert states > 800
    assert set(reading.steps) - set(taken) <= {"refuse_partition", "roll_back", "resume"}  # taken below


def test_a_walk_notices_a_conjunct_that_is_wrong() -> None:
    reading = Reading(SURVIVAL, replicas=(1, 2, 3), bounds=BOUNDS, ghosts=True, variant="unclean-passes-for-clean")
    claims = [syntax(f) for f in INVARIANT]
    broken: set[str] = set()
    for seed in range(12):
        for name, _, state in Walker(reading, seed=seed).walk(40):
            if name == "elect_unclean":
                broken |= {f.name for f in claims if not reading.holds(f, state)}
                break
    assert "eligible_stays" in broken


# ------------------------------------------------------------ what is survived
def test_an_eligible_leader_replica_is_elected_and_has_what_was_committed() -> None:
    """In sync 1 and 2, at least 2: record 0 is committed; 2 is fenced, then the leader loses its disk's tail."""
    calls = [
        *FIRST,
        *follow(2, 1, 1),
        append(1),
        *copy(2, 1, 1),
        *show(2, 1, 1),
        commit(1, 1),
        ("fence", {"removed": 2, "enough": False}),
        lose_power("leader_loses_power", 1, known=2, enough=False),
    ]
    machine = after(calls, isr=(1, 2))
    newest = machine.state.newest_leader_epoch
    assert machine.state.isr[newest] == frozenset()
    assert machine.state.elr[newest] == {2}
    machine.step("elect_eligible", leader=2, enough=False)
    machine.step("become_leader", replica=2, epoch=newest + 1, partition_epoch=machine.state.newest_partition_epoch)
    assert len(machine.state.log[1]) == 0
    assert len(machine.state.log[2]) == 1
    assert machine.broken() is None


def test_losing_as_many_as_the_minimum_empties_both_sets() -> None:
    """The price of losing the minimum's number at once: nobody can be elected but uncleanly; nothing false is said."""
    calls = [
        *FIRST,
        lose_power("member_loses_power", 2, known=1, enough=False),
        lose_power("leader_loses_power", 1, known=2, enough=False),
    ]
    machine = after(calls, isr=(1, 2))
    newest = machine.state.newest_leader_epoch
    assert machine.state.isr[newest] == machine.state.elr[newest] == frozenset()
    with pytest.raises(ActionDisabled):
        machine.step("elect_eligible", leader=1, enough=False)
    machine.step("elect_unclean", leader=3, enough=False)
    assert machine.broken() is None
    assert machine.state.last_unclean == newest + 1


def test_an_unclean_election_gives_up_what_was_committed_and_says_so() -> None:
    machine = after([*FIRST, append(1), commit(1, 1)], isr=(1,))
    machine.step("elect_unclean", leader=2, enough=True)
    machine.step("become_leader", replica=2, epoch=2, partition_epoch=2)
    assert machine.state.high_watermark[1] == 1
    assert len(machine.state.log[2]) == 0
    assert machine.broken() is None  # replica 1 has not reconciled since, and nothing is claimed of what it believes


# ------------------------------------------------------------ registrations
def test_a_broker_behind_its_registration_follows_but_does_not_lead() -> None:
    calls = [
        *FIRST,
        ("elect", {"leader": 1}),
        ("elect", {"leader": 2}),
        ("elect", {"leader": 1}),
        ("become_leader", {"replica": 1, "epoch": 2, "partition_epoch": 2}),
        lose_power("member_loses_power", 2, known=2, enough=True),
    ]
    machine = after(calls, isr=(1, 2))
    machine.step("answer_probe", leader=1)
    machine.step("reconcile", follower=2)
    assert machine.state.reconciled[2] == 2 < machine.state.registered_in[2]
    with pytest.raises(ActionDisabled, match="registered_in"):
        machine.step("become_leader", replica=2, epoch=3, partition_epoch=3)


def test_a_refused_proposal_is_rolled_back_and_never_accepted() -> None:
    calls = [
        *FIRST,
        *follow(2, 1, 1),
        *show(2, 1, 0),
        ("expand_isr", {"leader": 1, "follower": 2}),
        lose_power("lose_power", 2, known=1),
        ("refuse_partition", {"leader": 1, "member": 2}),
        ("roll_back", {"leader": 1}),
    ]
    machine = after(calls, isr=(1,))
    assert machine.state.maximal_isr[1] == {1}
    assert not machine.state.pending[1]
    with pytest.raises(ActionDisabled, match="as_registered"):
        machine.step("alter_partition", leader=1, enough=True)


def test_a_late_refusal_of_an_answered_proposal_is_ignored() -> None:
    calls = [
        *FIRST,
        *follow(2, 1, 1),
        *show(2, 1, 0),
        ("expand_isr", {"leader": 1, "follower": 2}),
        lose_power("lose_power", 2, known=1),
        ("refuse_partition", {"leader": 1, "member": 2}),
        ("fence", {"removed": 3, "enough": True}),
        ("learn_isr", {"leader": 1, "partition_epoch": 2}),
    ]
    machine = after(calls, isr=(1,))
    with pytest.raises(ActionDisabled, match="pending"):
        machine.step("roll_back", leader=1)


def test_a_leader_that_restarted_cleanly_leads_its_epoch_on() -> None:
    machine = after([*FIRST, append(1), ("restart", {"replica": 1, "high_watermark": 0})], isr=(1,))
    machine.step("resume", replica=1, partition_epoch=1)
    machine.step("advance_high_watermark", leader=1, to=1)
    assert machine.state.leader_epoch[1] == machine.state.newest_leader_epoch == 1
    assert machine.state.broker_epoch[1] == 1


def test_fetches_of_two_registrations_are_in_flight_and_the_older_counts_no_more() -> None:
    calls = [
        *FIRST,
        *follow(2, 1, 1),
        append(1),
        *copy(2, 1, 1),
        ("send_fetch", {"follower": 2}),
        lose_power("lose_power", 2, known=1),
        *show(2, 1, 0, broker_epoch=1),
    ]
    machine = after(calls, isr=(1,))
    assert machine.state.requested_by[2, 1, 0] == 1
    assert machine.state.requested_by[2, 1, 1] == 0
    with pytest.raises(ActionDisabled, match="acknowledged_by"):
        machine.step("acknowledge", leader=1, follower=2, offset=1, broker_epoch=0)


# ------------------------------------------------------------ designs that lose data
@pytest.mark.parametrize("variant", [v.id for v in SURVIVAL.variants])
def test_a_variant_fails_on_its_saved_execution_with_the_last_action(variant: str) -> None:
    trace = saved(variant)
    assert trace.header.model == "survival"
    assert trace.header.variant == variant
    assert trace.verdict is not None
    taken, broken = first_broken(machine_of(trace, variant=variant), trace)
    assert (taken, broken) == (len(trace.lines), trace.verdict.invariant)


@pytest.mark.parametrize("variant", [v.id for v in SURVIVAL.variants])
def test_the_model_refuses_or_survives_that_execution(variant: str) -> None:
    trace = saved(variant)
    try:
        _, broken = first_broken(machine_of(trace), trace)
    except ActionDisabled:
        return
    assert broken is None


@pytest.mark.parametrize("variant", [v.id for v in SURVIVAL.variants])
def test_a_saved_execution_fits_one_minimum(variant: str) -> None:
    """`enough` is free in the model; here it is as some fixed min.insync.replicas would have it."""
    trace = saved(variant)
    machine = machine_of(trace, variant=variant)
    first_broken(machine, trace)
    state = machine.state
    sizes = {p: len(state.isr_at[p]) for p in range(1, state.newest_partition_epoch + 1)}
    enough = [size for p, size in sizes.items() if state.enough_at[p]]
    too_few = [size for p, size in sizes.items() if not state.enough_at[p]]
    assert max(too_few, default=0) < min(enough)


def test_every_state_of_the_concrete_reading_has_a_key() -> None:
    """Sets that an action writes out are values like any other: states are hashed without ghosts too."""
    reading = Reading(SURVIVAL, replicas=(0, 1), bounds=Bounds(leader_epochs=1, partition_epochs=2, log=1))
    seen = {reading.key(reading.initial())}
    layer = [reading.initial()]
    for _ in range(4):
        found = {reading.key(after): after for state in layer for _, _, after in reading.successors(state)}
        layer = [state for key, state in found.items() if key not in seen]
        seen |= found.keys()
    assert len(seen) > 1_000
