"""The shrinker on runs made up for the purpose: what it finds is minimal, the same each time, and never later."""

import random
from collections.abc import Mapping

import pytest

from campaign.alphabet import Alphabet, translated
from campaign.shrink import LATER_MS, Ending, Run, shrink
from impl.sim import faults
from impl.sim.choices import Key
from impl.sim.faults import FaultTable

TABLE = FaultTable(brokers=3, clients=2, partitions=1)
ALPHABET = Alphabet(TABLE)


def needing(*kinds: str, gap: int = 0, delay: int = 0) -> Run:
    """Fails when faults of these kinds come in this order, each at least `gap` slots after the one before.

    With `delay`, some message must also be delayed by at least that choice.
    """

    def run(choices: Mapping[Key, int], until: int) -> Ending | None:
        wanted, last, at = list(kinds), None, 0
        for key, value in sorted(choices.items(), key=repr):
            if key[0] == "delay" and value >= delay:
                at = max(at, 20 * int(key[2]))
        delayed = not delay or any(key[0] == "delay" and value >= delay for key, value in choices.items())
        for key, value in sorted((item for item in choices.items() if item[0][0] == "fault"), key=lambda i: i[0][1]):
            slot = int(key[1])
            if wanted and TABLE.decode(value).kind == wanted[0] and (last is None or slot - last >= gap):
                wanted.pop(0)
                last = slot
        if wanted or not delayed or last is None:
            return None
        at = max(at, 20 * last)
        asked = {key: value for key, value in choices.items() if (ALPHABET.slot(key) or 0) * 20 <= at}
        return Ending("no_committed_loss", at, asked) if at <= until else None

    return run


def noise(seed: int, slots: int = 150) -> dict[Key, int]:
    """Choices of an ordinary seeded run's density."""
    draw = random.Random(seed)
    choices: dict[Key, int] = {}
    for slot in range(slots):
        if draw.random() < 0.2:
            choices["fault", slot] = draw.randrange(1, TABLE.size)
        for client in (1, 2):
            if draw.random() < 0.2:
                choices["send", slot, client] = draw.randrange(1, 3)
        if draw.random() < 0.3:
            choices["delay", "n1>n2", slot, 0] = draw.randrange(1, 8)
    return choices


def failing(run: Run) -> Ending:
    for seed in range(1_000):
        ending = run(noise(seed), 1 << 30)
        if ending is not None:
            return ending
    raise AssertionError("no noise fails")


def test_what_is_left_is_needed():
    run = needing(faults.CRASH, faults.PAUSE, faults.MOVE)
    ending = failing(run)
    shrunk = shrink(run, ending, ALPHABET)
    assert len(shrunk.choices) == 3
    for key in shrunk.choices:
        without = {other: value for other, value in shrunk.choices.items() if other != key}
        assert run(without, 1 << 30) is None


def test_time_between_is_cut_as_far_as_it_goes():
    run = needing(faults.CRASH, faults.PAUSE, gap=7)
    ending = failing(run)
    shrunk = shrink(run, ending, ALPHABET)
    assert sorted(key[1] for key in shrunk.choices) == [0, 7]
    assert shrunk.ending.at == 140


def test_values_are_lowered():
    run = needing(faults.CRASH, delay=3)
    ending = failing(run)
    shrunk = shrink(run, ending, ALPHABET)
    (fault,) = [value for key, value in shrunk.choices.items() if key[0] == "fault"]
    (delay,) = [value for key, value in shrunk.choices.items() if key[0] == "delay"]
    assert (TABLE.decode(fault).duration_ms, delay) == (40, 3)


def test_a_fault_gives_way_to_a_simpler_one():
    def any_two_faults(choices: Mapping[Key, int], until: int) -> Ending | None:
        slots = sorted(int(key[1]) for key in choices if key[0] == "fault")
        return Ending("x", 20 * slots[1], choices) if len(slots) > 1 and 20 * slots[1] <= until else None

    ending = failing(any_two_faults)
    shrunk = shrink(any_two_faults, ending, ALPHABET)
    assert {TABLE.decode(value).kind for value in shrunk.choices.values()} == {faults.MOVE}


def test_a_pair_that_only_goes_together_is_found():
    """A pause and its twin cancel each other: neither can be left out alone."""

    def even(choices: Mapping[Key, int], until: int) -> Ending | None:
        kinds = [TABLE.decode(value).kind for key, value in choices.items() if key[0] == "fault"]
        slots = [int(key[1]) for key in choices]
        if faults.CRASH not in kinds or kinds.count(faults.PAUSE) % 2 or max(slots) * 20 > until:
            return None
        return Ending("x", max(slots) * 20, choices)

    pause, crash = TABLE.encode(faults.PAUSE, 1), TABLE.encode(faults.CRASH, 1)
    choices: dict[Key, int] = {("fault", 2): pause, ("fault", 5): crash, ("fault", 9): pause}
    shrunk = shrink(even, Ending("x", 180, choices), ALPHABET)
    assert len(shrunk.choices) == 1


def test_what_happened_long_before_is_left_out_with_its_time():
    """One cut makes every later candidate shorter; without it each would take the whole time."""
    run = needing(faults.CRASH, faults.PAUSE)
    early: dict[Key, int] = {("send", slot, 1): 1 for slot in range(0, 900, 3)}
    late: dict[Key, int] = {
        ("fault", 950): TABLE.encode(faults.CRASH, 1),
        ("fault", 960): TABLE.encode(faults.PAUSE, 1),
    }
    untils: list[int] = []

    def watched(choices: Mapping[Key, int], until: int) -> Ending | None:
        untils.append(until)
        return run(choices, until)

    shrunk = shrink(watched, Ending("no_committed_loss", 19_200, early | late), ALPHABET)
    assert sorted(key[1] for key in shrunk.choices) == [0, 1]
    assert sum(until > 10_000 for until in untils) < 5
    assert len(untils) < 60


@pytest.mark.parametrize(("later_ms", "left"), [(LATER_MS, 1), (LATER_MS + 1, 2)])
def test_what_is_not_needed_goes_though_the_run_fails_a_little_later_without(later_ms, left):
    """A choice hastens the failure: without it the same happens somewhat later. Much later is another story."""

    def run(choices: Mapping[Key, int], until: int) -> Ending | None:
        at = 100 if ("delay", "n1>n2", 1, 0) in choices else 100 + later_ms
        return Ending("x", at, choices) if ("fault", 0) in choices and at <= until else None

    choices: dict[Key, int] = {("fault", 0): TABLE.encode(faults.MOVE, 1), ("delay", "n1>n2", 1, 0): 1}
    assert len(shrink(run, Ending("x", 100, choices), ALPHABET).choices) == left


def test_who_is_tired_runs_no_more_and_keeps_what_fails():
    run = needing(faults.PAUSE, faults.CRASH, faults.BLOCK, gap=3, delay=2)
    ending, runs = failing(run), 0

    def counted(choices: Mapping[Key, int], until: int) -> Ending | None:
        nonlocal runs
        runs += 1
        return run(choices, until)

    shrunk = shrink(counted, ending, ALPHABET, tired=lambda: runs >= 20)
    assert (shrunk.runs, runs) == (20, 20)
    assert len(ending.asked) > len(shrunk.choices) > len(shrink(run, ending, ALPHABET).choices)
    assert run(shrunk.choices, shrunk.ending.at) is not None


def test_no_candidate_is_run_in_vain_twice():
    run = needing(faults.PAUSE, faults.CRASH, faults.BLOCK, gap=3, delay=2)
    vain: dict[frozenset[tuple[Key, int]], int] = {}

    def watched(choices: Mapping[Key, int], until: int) -> Ending | None:
        identity = frozenset(choices.items())
        assert vain.get(identity, -1) < until
        ending = run(choices, until)
        if ending is None:
            vain[identity] = until
        return ending

    assert shrink(watched, failing(run), ALPHABET).runs > len(vain) > 0


def test_another_invariant_is_another_failure():
    def run(choices: Mapping[Key, int], until: int) -> Ending | None:
        name = "wanted" if ("send", 3, 1) in choices else "other"
        return Ending(name, 60, choices) if choices and until >= 60 else None

    choices: dict[Key, int] = {("send", 3, 1): 1, ("send", 2, 1): 1}
    assert shrink(run, Ending("wanted", 60, choices), ALPHABET).choices == {("send", 3, 1): 1}


def test_the_result_is_the_same_each_time_and_bounded():
    run = needing(faults.PAUSE, faults.CRASH, faults.BLOCK, gap=3, delay=2)
    ending = failing(run)
    first = shrink(run, ending, ALPHABET)
    backwards = ending._replace(asked=dict(reversed(list(ending.asked.items()))))
    assert shrink(run, backwards, ALPHABET) == first
    assert shrink(run, ending, ALPHABET, runs_max=5).runs == 5


def test_choices_for_another_shape_keep_their_meaning():
    small = FaultTable(brokers=3, clients=1, partitions=1)
    large = FaultTable(brokers=3, clients=2, partitions=2)
    choices: dict[Key, int] = {
        ("fault", 1): large.encode(faults.PAUSE, 3, 0, 700),
        ("fault", 2): large.encode(faults.MOVE, 2, 1),
        ("send", 1, 1): 2,
    }
    moved = translated(choices, large, small)
    assert small.decode(moved["fault", 1]) == faults.Fault(faults.PAUSE, 3, 0, 700)
    assert ("fault", 2) not in moved
    assert moved["send", 1, 1] == 2
