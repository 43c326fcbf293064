"""What choices mean to the shrinker, and what counts as a step of a counterexample."""

import re
from collections.abc import Iterable

import pytest

from campaign import trial
from campaign.alphabet import Alphabet
from campaign.profiles import PROFILES, seeded
from campaign.steps import count_steps
from impl.sim import drivers, faults
from impl.sim.choices import Key
from impl.sim.faults import FaultTable
from tests.invariants.story import P, content
from traces import facts as f
from traces import quorum_facts as quorum
from traces.schema import Fault, Op, Step

TABLE = FaultTable(brokers=3, clients=2, partitions=1)
ALPHABET = Alphabet(TABLE)


@pytest.mark.parametrize(
    ("key", "slot", "moved"),
    [
        (("fault", 7), 7, ("fault", 2)),
        (("send", 7, 1), 7, ("send", 2, 1)),
        (("delay", "n1>n2", 7, 3), 7, ("delay", "n1>n2", 2, 3)),
        (("arrived", "n1>n2", 7, 0), 7, ("arrived", "n1>n2", 2, 0)),
    ],
)
def test_a_choice_belongs_to_a_slot_and_may_be_moved(key, slot, moved):
    assert ALPHABET.slot(key) == slot
    assert ALPHABET.at_slot(key, 2) == moved


KEY = re.compile(r'^ +\("(\w+)",(?: ([^)]*))?\) ', re.MULTILINE)
"""A key in the list that `impl.sim.drivers` opens with: its kind, and what stands in its other places."""


def test_every_choice_with_a_slot_or_a_window_is_known_to_belong_to_it():
    listed = {kind: places.split(", ") for kind, places in KEY.findall(drivers.__doc__ or "")}
    assert {"fault", "send", "delete", "delay", "away", "survive"} <= listed.keys()
    for kind, places in listed.items():
        timed = [place for place, name in enumerate(places, 1) if name in ("slot", "window")]
        key = (kind, *range(101, 101 + len(places)))
        assert ALPHABET.slot(key) == (key[timed[0]] if timed else None), kind


def test_every_choice_that_runs_ask_for_is_listed():
    listed = {kind for kind, _ in KEY.findall(drivers.__doc__ or "")}
    asked = {key[0] for seed in range(4) for key in made(seed)}
    assert len(asked) > 3
    assert asked <= listed


def made(seed: int) -> Iterable[Key]:
    """The choices of a run of everything."""
    scenario, choices = seeded(PROFILES["mixed"], seed)
    trial.run(scenario, choices)
    return choices.made


def test_what_a_power_loss_leaves_belongs_to_no_time():
    assert ALPHABET.slot(("survive", "n1", "t-0/0.log", 0)) is None


def test_lower_is_a_shorter_fault_of_the_same_kind():
    value = TABLE.encode(faults.PAUSE, 2, 0, 1500)
    lower = [TABLE.decode(each) for each in ALPHABET.lower(("fault", 0), value)]
    assert [(each.kind, each.first, each.duration_ms) for each in lower] == [
        (faults.PAUSE, 2, 40),
        (faults.PAUSE, 2, 200),
        (faults.PAUSE, 2, 700),
    ]
    assert ALPHABET.lower(("delay", "n1>n2", 0, 0), 3) == [1, 2]


def test_simpler_is_a_move_and_then_a_simpler_kind_of_the_same_node():
    value = TABLE.encode(faults.POWER_LOSS, 2, 0, 700)
    simpler = [TABLE.decode(each) for each in ALPHABET.simpler(("fault", 0), value)]
    assert [each.kind for each in simpler] == [faults.MOVE] * 3 + [faults.CRASH]
    assert simpler[-1] == faults.Fault(faults.CRASH, 2, 0, 700)
    assert ALPHABET.simpler(("fault", 0), TABLE.encode(faults.MOVE, 1)) == []
    assert ALPHABET.simpler(("send", 0, 1), 2) == []


def test_others_are_the_shortest_of_every_other_kind_for_every_target():
    value = TABLE.encode(faults.POWER_LOSS, 2, 0, 700)
    others = [TABLE.decode(each) for each in ALPHABET.others(("fault", 0), value)]
    assert {each.kind for each in others} == set(TABLE.kinds) - {faults.POWER_LOSS}
    assert {each.duration_ms for each in others} == {40}
    assert [each.first for each in others if each.kind == faults.CRASH] == [1, 2, 3]
    wishes = ALPHABET.others(("fault", 0), TABLE.encode(faults.MOVE, 1), (faults.MOVE, faults.REASSIGN))
    assert [TABLE.decode(each).kind for each in wishes] == [faults.REASSIGN] * len(wishes)
    assert len(wishes) == 3
    assert ALPHABET.others(("send", 0, 1), 2) == []


def test_every_fault_has_a_kind_and_ends_in_a_move():
    for value in range(1, TABLE.size):
        kind = ALPHABET.kind(("fault", 0), value)
        assert kind in faults.KINDS
        assert (ALPHABET.simpler(("fault", 0), value) == []) == (kind == faults.MOVE)


def step(*facts) -> Step:
    return Step(n=0, at=0, node="n1", event="x", facts=facts)


def test_a_step_is_what_a_reader_has_to_follow():
    batch = content(0, 0, 1)
    became = f.BecomeFollower(partition=P, leader_epoch=0, leader=1)
    copied = f.ReceiveFetch(partition=P, leader_epoch=0, leader=1, log_end=1, high_watermark=0, batches=(batch,))
    idle = f.ReceiveFetch(partition=P, leader_epoch=0, leader=1, log_end=1, high_watermark=1, batches=())
    probed = f.SendFetch(partition=P, leader_epoch=0, leader=1, offset=0)
    assert count_steps([step(became, idle, probed)]) == 0
    assert count_steps([step(f.Append(partition=P, leader_epoch=0, batch=batch)), step(copied)]) == 2
    assert count_steps([step(f.BecomeFollower(partition=P, leader_epoch=1, leader=1))]) == 1
    assert count_steps([Fault(n=0, at=0, kind="crash", targets=("n1",))]) == 1


def test_the_records_of_one_batch_are_handed_over_in_one_step():
    def invoke(number: int, key: str) -> Op:
        return Op(n=number, at=5, client="c1", process=number, id=number, operation="produce", phase="invoke", key=key)

    assert count_steps([invoke(0, "a"), invoke(1, "a")]) == 1
    assert count_steps([invoke(0, "a"), invoke(1, "b")]) == 2


def of_a_voter(*facts) -> Step:
    return Step(n=0, at=0, node="controller-1", event="x", quorum=facts)


def test_what_voters_do_counts_where_it_is_they_who_break_something_and_their_elections_anywhere():
    def copied(log_end: int) -> quorum.QuorumReceiveFetch:
        return quorum.QuorumReceiveFetch(epoch=2, leader=3001, log_end=log_end, high_watermark=0)

    first = quorum.GrantVote(epoch=1, candidate=3001)
    later = quorum.GrantVote(epoch=2, candidate=3001)
    idle = quorum.GrantPreVote(epoch=2, candidate=3001)
    lines = [of_a_voter(first, later, idle, copied(1), copied(1))]
    assert count_steps(lines) == 1, "the vote in a later epoch"
    assert count_steps(lines, of_voters=True) == 3, "both votes, and the copy once"
    assert count_steps([step(f.Append(partition=P, leader_epoch=0, batch=content(0, 0, 1)))], of_voters=True) == 0
    back = quorum.QuorumRestart(epoch=1, voted=-1, log_start=0, log_end=1, last_epoch=1)
    empty = quorum.QuorumRestart(epoch=0, voted=-1, log_start=0, log_end=0, last_epoch=0)
    assert count_steps([of_a_voter(back, empty)]) == 1, "not the first start"
