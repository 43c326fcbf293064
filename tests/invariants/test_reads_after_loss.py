"""What consumers read after an unclean election: from whoever has not heard of it, and from everybody else."""

import pytest

from invariants.step import FullChecker, Violated
from tests.invariants.losses import Losses, committed, of
from tests.invariants.story import P, Story, content
from traces import facts as f


def gives_up() -> Losses:
    """Record A is committed, as n2 and n3 know. n1 has lost it with its power, and is elected in epoch 1."""
    story = of(Story(FullChecker(one_clock=True)))
    committed(story)
    for follower in (2, 3):
        story.copy(follower, 0, 1, hw=1, end=1)
    story.checker.fault("power loss", ("n1",))
    story.restart(1, end=0)
    story.decide(f.LeaderLosesPower, 1, 1, (2, 3), replica=1, broker_epoch=9)
    story.decide(f.ElectUnclean, 2, 2, (1,), leader=1)
    return story


def goes_on(story: Losses) -> None:
    """n1 commits another record in its place, with n2; n3 has not heard of anything."""
    other = content(0, 2, 0xC)
    story.lead(1, 2, isr=(1,))
    story.follow(2, 2, 1)
    story.truncate(2, 2, to=0)
    story.reconcile(2, 2, 1, 0)
    story.append(1, other)
    story.copy(2, 2, 1, other)
    story.ask(2, 2, 1, 1)
    story.count(1, 2, 2, 1)
    story.advance(1, 2, 1, maximal=(1, 2))
    story.copy(2, 2, 1, hw=1, end=1)


def hears(story: Losses) -> None:
    story.follow(3, 2, 1)
    story.truncate(3, 2, to=0)
    story.reconcile(3, 2, 1, 0)


def test_who_has_not_heard_serves_what_was_given_up() -> None:
    story = gives_up()
    story.reads(0, "a")
    goes_on(story)
    story.reads(0, "c")
    story.reads(0, "a")
    hears(story)
    story.reads(0, "c")


def test_once_all_have_heard_what_is_read_stays() -> None:
    story = gives_up()
    goes_on(story)
    hears(story)
    story.reads(0, "c")
    with pytest.raises(Violated, match="'a' at offset 0 of t-0, where 'c' was read before") as caught:
        story.reads(0, "a")
    assert caught.value.invariant == "stable_read"


def test_where_nothing_is_given_up_it_stays_whoever_is_asked() -> None:
    story = of(Story(FullChecker(one_clock=True)))
    committed(story)
    story.reads(0, "a")
    with pytest.raises(Violated, match="'c' at offset 0 of t-0, where 'a' was read before"):
        story.reads(0, "c")
    with pytest.raises(Violated, match="no leader has committed beyond 1"):
        story.reads(1, "b")
    assert P in story.checker.partitions
