"""The forms of exhaustive search agree, level by level, with the concrete reading and with one another."""

import pytest

from invariants.exploration.explore import VIEWS, compiler, explore
from model.reference_partition import REFERENCE_PARTITION
from model.replication.view import LIVE
from model.view import viewed
from tests.columns.searches import CASES, Case, concrete, images, on_values, orbit, search

IN_C = CASES[0], CASES[2], CASES[4]
"""Each takes a compiler a second or two."""


def same_counts(case: Case, form: str) -> None:
    found, expected = search(case, form), on_values(case)
    assert found.states_per_level == expected.states_per_level
    assert found.generated_states == expected.generated_states
    assert found.verdict == expected.verdict
    assert expected.distinct_states > 100


@pytest.mark.parametrize("case", CASES)
def test_numpy_counts_what_the_concrete_reading_counts(case: Case) -> None:
    same_counts(case, "numpy")


@pytest.mark.parametrize("case", IN_C)
def test_c_counts_what_the_concrete_reading_counts(case: Case) -> None:
    assert compiler() is not None, "the C form is not tested where no C compiler is"
    same_counts(case, "c")


REDUCED = CASES[3], CASES[4]
QUORUMS: Case = ("quorum", 3, 1, 1, 0, "synchronous", 12)


@pytest.mark.parametrize("case", REDUCED)
def test_symmetry_visits_each_orbit_once(case: Case) -> None:
    assert list(search(case, "numpy", symmetry=True).states_per_level) == images(case, orbit)


@pytest.mark.parametrize("case", REDUCED)
def test_the_view_visits_each_image_once(case: Case) -> None:
    expected = images(case, lambda reading, state: reading.key(viewed(reading, LIVE, state)))
    assert list(search(case, "numpy", view=True).states_per_level) == expected


@pytest.mark.parametrize("case", REDUCED)
def test_both_reductions_visit_each_orbit_of_images_once(case: Case) -> None:
    expected = images(case, lambda reading, state: orbit(reading, viewed(reading, LIVE, state)))
    assert list(search(case, "numpy", view=True, symmetry=True).states_per_level) == expected
    assert sum(expected) < concrete_states(case) / 2


def test_both_reductions_visit_each_orbit_of_images_of_a_quorum_once() -> None:
    view = VIEWS["quorum"]
    expected = images(QUORUMS, lambda reading, state: orbit(reading, viewed(reading, view, state)))
    assert list(search(QUORUMS, "numpy", view=True, symmetry=True).states_per_level) == expected
    assert 20 < sum(expected) < 500


def concrete_states(case: Case) -> int:
    return on_values(case).distinct_states


def test_the_reductions_are_the_same_in_c() -> None:
    case = CASES[4]
    found = search(case, "c", view=True, symmetry=True, threads=2)
    expected = search(case, "numpy", view=True, symmetry=True)
    assert found.states_per_level == expected.states_per_level
    assert found.generated_states == expected.generated_states


def test_the_reference_partition_has_the_states_that_other_tools_count() -> None:
    found = explore(REFERENCE_PARTITION, None, (1, 2, 3), 3, 3, form="auto")
    assert (found.verdict, found.distinct_states, len(found.states_per_level)) == ("holds", 2_068_336, 36)
    assert found.generated_states == 10_061_799
    assert found.collision_odds == 0.0


def test_another_seed_of_the_hash_counts_the_same() -> None:
    case = CASES[4]
    first, second = (search(case, "numpy", symmetry=True, seed=seed) for seed in (1, 2))
    assert first.states_per_level == second.states_per_level
    assert 0 < first.collision_odds < 1e-20


def test_a_small_space_is_searched_to_its_end() -> None:
    found = on_values(CASES[0])
    assert found.verdict == "holds"
    assert found.depth < CASES[0][-1]
    assert concrete(CASES[0]).broken(concrete(CASES[0]).initial()) is None
