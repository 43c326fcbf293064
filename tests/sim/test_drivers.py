"""Each driver answers within its question, records what was not 0, and replays from what it recorded."""

import pytest

from impl.sim.drivers import Recorded, Scripted, Seeded
from impl.sim.faults import (
    BEYOND_KINDS,
    BREAK,
    CRASH,
    DAMAGE_KINDS,
    DURATIONS_MS,
    FAMILIES,
    KINDS,
    LATER_FAMILIES,
    LOST_WRITE,
    MOVE,
    POWER_LOSS,
    FaultTable,
)
from impl.sim.weights import Weights

EARLIER = {kind for family in FAMILIES for kind in family}
TABLE = FaultTable(brokers=3, clients=2, partitions=2)


def ask(driver, slots=200):
    """The questions of a small run, and the answers."""
    answers = {}
    for slot in range(slots):
        answers["fault", slot] = driver.choose(("fault", slot), TABLE.size)
        answers["send", slot, 1] = driver.choose(("send", slot, 1), 3)
        answers["delay", "n1>n2", slot, 0] = driver.choose(("delay", "n1>n2", slot, 0), 8)
    answers["survive", "n1", "t-0/0.log", 0] = driver.choose(("survive", "n1", "t-0/0.log", 0), 8)
    return answers


def test_every_value_of_the_table_is_one_fault_and_back():
    for value in range(1, TABLE.size):
        fault = TABLE.decode(value)
        assert TABLE.encode(*fault) == value
    assert {TABLE.decode(value).kind for value in range(1, TABLE.size)} == set(KINDS)


def test_lowering_a_value_within_its_action_shortens_the_fault():
    longest = TABLE.encode(CRASH, 2, 0, DURATIONS_MS[-1])
    assert [TABLE.decode(longest - step) for step in (1, 2, 3)] == [
        (CRASH, 2, 0, duration) for duration in reversed(DURATIONS_MS[:-1])
    ]


def test_a_fault_that_is_not_in_the_table_is_refused():
    with pytest.raises(ValueError, match="not in"):
        TABLE.encode(CRASH, 7)


def test_a_seed_says_everything():
    assert ask(Seeded(7, TABLE)) == ask(Seeded(7, TABLE))
    assert ask(Seeded(7, TABLE)) != ask(Seeded(8, TABLE))


def test_more_messages_do_not_change_the_faults_of_a_seed():
    plain, busy = Seeded(3, TABLE), Seeded(3, TABLE)
    faults = []
    for slot in range(300):
        busy.choose(("delay", "n2>n1", slot, 0), 8)
        faults.append((plain.choose(("fault", slot), TABLE.size), busy.choose(("fault", slot), TABLE.size)))
    assert any(one for one, _ in faults)
    assert all(one == other for one, other in faults)


def test_what_a_seeded_driver_made_replays_to_the_same_answers():
    seeded = Seeded(11, TABLE)
    answers = ask(seeded)
    assert seeded.made == {key: value for key, value in answers.items() if value}
    recorded = Recorded(seeded.made)
    assert ask(recorded) == answers
    assert recorded.made == seeded.made


def test_a_recorded_map_tells_which_of_its_entries_mattered():
    recorded = Recorded({("fault", 1): 5, ("fault", 9_999): 5})
    ask(recorded)
    assert recorded.made == {("fault", 1): 5}


def test_a_recorded_value_too_big_for_its_question_is_lowered():
    assert Recorded({("send", 0, 1): 9}).choose(("send", 0, 1), 3) == 2


def test_a_script_is_answered_once_and_recorded():
    script = Scripted(TABLE)
    script.fault(CRASH, 2, duration_ms=200)
    script.send(1, 0)
    answers = ask(script)
    assert script.made == {("fault", 0): TABLE.encode(CRASH, 2, 0, 200), ("send", 0, 1): 1}
    assert ask(Recorded(script.made)) == answers


def test_a_swarm_draws_one_to_three_families_and_never_broken_connections_alone():
    tolerated = [kind for kind in KINDS if kind not in BEYOND_KINDS]
    seen = [Weights.swarm(seed, tolerated) for seed in range(500)]
    for weights in seen:
        assert set(weights.kinds) != {BREAK}
        families = [family for family in FAMILIES if set(family) & set(weights.kinds)]
        of_machines = [family for family in LATER_FAMILIES if set(family) & set(weights.kinds)]
        assert 1 <= len(families) <= 4
        assert len(of_machines) <= 2
        assert all(set(family) <= set(weights.kinds) for family in families + of_machines)
        assert 0.02 <= weights.fault <= 0.2
        assert 0.05 <= weights.send <= 0.5
    doubled = sum(weights.kinds.count(MOVE) * 3 >= len(weights.kinds) for weights in seen)
    assert 200 < doubled < 350
    machines = [sum(kind in EARLIER for kind in weights.kinds) / len(weights.kinds) for weights in seen]
    assert 325 < sum(share < 1 for share in machines) < 425
    assert min(machines) >= 1 / 4
    assert {kind for weights in seen for kind in weights.kinds} == set(tolerated)


def test_where_more_may_fail_than_is_tolerated_something_of_that_comes_in_every_run():
    seen = [Weights.swarm(seed, KINDS) for seed in range(200)]
    assert all({*BEYOND_KINDS, *DAMAGE_KINDS} & set(weights.kinds) for weights in seen)
    assert {kind for weights in seen for kind in weights.kinds} == set(KINDS)


def test_what_is_there_to_be_spoilt_survives():
    def surviving(kind):
        weights = Weights(kinds=(kind,), fault=0.1, delay=0.1, send=0.1)
        driver = Seeded(1, TABLE, weights)
        return sum(driver.choose(("survive", "n1", "t-0/0.log", life), 8) > 0 for life in range(1_000))

    assert 450 < surviving(POWER_LOSS) < 550
    assert 850 < surviving(LOST_WRITE) < 950


def test_a_swarm_keeps_to_the_kinds_it_is_given():
    for seed in range(50):
        assert set(Weights.swarm(seed, (CRASH, BREAK)).kinds) <= {CRASH, BREAK}
    assert sorted(kind for family in FAMILIES + LATER_FAMILIES for kind in family) == sorted(KINDS)


def test_shares_are_what_the_weights_say():
    weights = Weights(kinds=(CRASH,), fault=0.1, delay=0.25, send=0.5)
    answers = ask(Seeded(1, TABLE, weights), slots=4_000)

    def share(kind):
        values = [value for key, value in answers.items() if key[0] == kind]
        return sum(map(bool, values)) / len(values)

    assert share("fault") == pytest.approx(0.1, abs=0.02)
    assert share("delay") == pytest.approx(0.25, abs=0.03)
    assert share("send") == pytest.approx(0.5, abs=0.03)
    assert {TABLE.decode(value).kind for key, value in answers.items() if key[0] == "fault" and value} == {CRASH}
