"""Kept counterexamples are at most a fifth longer than the shortest that are known; their page is what is kept."""

from campaign.rows import ROWS
from campaign.shortest import PAGE, RATIO_MAX, SHORTEST, Kept, kept, page


def test_what_is_kept_is_at_most_a_fifth_longer_than_the_shortest_known():
    longer = {each.known.planted: each.ratio for each in kept() if each.ratio > RATIO_MAX}
    assert longer == {}, "shrink more failing seeds, or another that is shorter: fencepost fuzz --mutant"


def test_nothing_kept_is_shorter_than_what_is_said_to_be_the_shortest():
    assert [each.known.planted for each in kept() if each.steps < each.known.steps] == []


def test_every_bug_stands_for_its_row():
    planted = {row.id: row.planted for row in ROWS}
    assert all(known.planted in planted[known.row] for known in SHORTEST)


def test_a_longer_one_is_noticed():
    known = next(known for known in SHORTEST if known.steps == 10)
    assert [Kept(known, steps).ratio > RATIO_MAX for steps in (10, 12, 13)] == [False, False, True]


def test_the_page_is_what_is_kept():
    assert PAGE.read_text() == page(), "run `python -m campaign.shortest`"
