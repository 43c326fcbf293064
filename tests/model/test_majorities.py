"""Majorities are made when asked for: of forty voters there are more than memory holds."""

import itertools
import math

import pytest

from model.reading_values import Majorities


@pytest.mark.parametrize("voters", [1, 2, 3, 4, 5])
def test_any_two_share_a_voter_and_no_smaller_set_would_do(voters):
    majorities = tuple(Majorities(range(voters)))
    assert len(Majorities(range(voters))) == len(majorities) == len(set(majorities))
    assert all(one & other for one, other in itertools.product(majorities, repeat=2))
    assert all(2 * (len(majority) - 1) <= voters for majority in majorities)


def test_of_forty_voters_the_first_is_had_at_once():
    majorities = Majorities(range(40))
    assert majorities[0] == frozenset(range(21))
    assert len(majorities) == math.comb(40, 21)


def test_it_is_a_sequence():
    majorities = Majorities((3, 1, 2))
    assert majorities[-1] == tuple(majorities)[-1]
    assert majorities[:1] == (majorities[0],)
    with pytest.raises(IndexError):
        majorities[3]
