"""Stories of elections from outside of both sets, where nobody has allowed them; and how each is violated."""

from collections.abc import Callable

from tests.invariants.losses import of
from tests.invariants.story import Story
from traces import facts as f


def leaderless(story: Story, elr: tuple[int, ...] = (), before: Callable[[], object] = lambda: None) -> None:
    """n1 led alone, and is gone; `before` that, this."""
    story.begin()
    of(story).decide(f.Fence, 0, 1, (1, 2), removed=3)
    of(story).decide(f.Fence, 0, 2, (1,), removed=2, elr=elr, enough=False)
    before()
    of(story).decide(f.TakeOffline, 1, 3, (), removed=1, elr=elr, enough=False)


def elected(story: Story, leader: int) -> None:
    of(story).decide(f.ElectUnclean, 2, 4, (leader,), leader=leader, enough=False)


def elected_beside_the_eligible(story: Story) -> None:
    leaderless(story, elr=(2,))
    elected(story, 1)


def elected_beside_the_in_sync(story: Story) -> None:
    story.begin()
    of(story).decide(f.Fence, 0, 1, (1, 2), removed=3)
    of(story).decide(f.ElectNone, 1, 2, (1, 2))
    of(story).decide(f.ElectUnclean, 2, 3, (3,), leader=3, enough=False)


def elected_who_did_not_lead_last(story: Story) -> None:
    leaderless(story)
    elected(story, 2)


VIOLATIONS = [
    (
        elected_beside_the_eligible,
        "last_resort",
        "n1 is elected to lead epoch 2 of t-0 uncleanly, and {n2} are eligible",
    ),
    (elected_beside_the_in_sync, "last_resort", "n3 is elected to lead epoch 2 of t-0 uncleanly, and {n1, n2} are in"),
    (
        elected_who_did_not_lead_last,
        "last_resort",
        "n2 is elected to lead epoch 2 of t-0 uncleanly, and the last leader",
    ),
]
