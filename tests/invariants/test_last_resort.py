"""The last leader may be elected when nobody is left, and anybody where it is allowed."""

import pytest

from invariants.step import Checker
from tests.invariants.last_resorts import (
    elected,
    elected_beside_the_eligible,
    elected_who_did_not_lead_last,
    leaderless,
)
from tests.invariants.story import P, Story


def test_the_last_leader_is_elected_when_nobody_is_left():
    story = Story(Checker(may_be_unclean=False))
    leaderless(story)
    elected(story, 1)
    assert story.checker.partitions[P].leader == 1


@pytest.mark.parametrize("story", [elected_beside_the_eligible, elected_who_did_not_lead_last])
def test_where_it_is_allowed_anybody_may_lead(story):
    told = Story(Checker())
    story(told)
    assert told.checker.partitions[P].last_unclean == 2
