"""Stories of logs whose beginning is deleted, and how where they begin is violated."""

from tests.invariants.losses import B, committed, of
from tests.invariants.story import P, Story
from traces import facts as f


def all_deleted(plain: Story) -> None:
    """Everybody knows that record A is committed, and has deleted it."""
    story = of(plain)
    committed(story)
    for follower in (2, 3):
        story.copy(follower, 0, 1, hw=1, end=1)
    for node in (1, 2, 3):
        story.tell(node, f.DeleteBelow(partition=P, to=1))


def watermark_falls_below_the_start(plain: Story) -> None:
    all_deleted(plain)
    plain.elect(2, epoch=1, version=1)
    plain.follow(3, 1, 2)
    plain.truncate(3, 1, to=1, hw=0)


def comes_back_with_a_watermark_below_the_start(plain: Story) -> None:
    all_deleted(plain)
    plain.checker.fault("crash", ("n2",))
    plain.tell(2, f.RecoverStart(partition=P, to=1))
    plain.restart(2, end=1, tail_from=1, hw=0)


def read_though_deleted(plain: Story) -> None:
    """All have something else by then, and long since nothing of what is read."""
    story = of(plain)
    committed(story)
    story.replicate(1, 0, B)
    for follower in (2, 3):
        story.copy(follower, 0, 1, hw=1, end=2)
    for node in (1, 2, 3):
        story.tell(node, f.DeleteBelow(partition=P, to=1))
    story.reads(0, "a", at=900)
    story.reads(0, "a", at=1_000)


def watermark_stays_below_the_start(plain: Story) -> None:
    story = of(plain)
    committed(story)
    story.tell(2, f.FallBehind(partition=P, leader_epoch=0, leader=1, to=1, high_watermark=0))


def start_goes_back(plain: Story) -> None:
    all_deleted(plain)
    plain.tell(2, f.DeleteBelow(partition=P, to=0))


def start_is_forgotten(plain: Story) -> None:
    all_deleted(plain)
    plain.checker.fault("crash", ("n2",))
    plain.restart(2, end=1, tail_from=1, hw=1)


def begins_where_nothing_is_committed(plain: Story) -> None:
    all_deleted(plain)
    plain.checker.fault("crash", ("n2",))
    plain.tell(2, f.RecoverStart(partition=P, to=5))
    plain.restart(2, end=5, tail_from=5, hw=5)


def answered_before_all_have_deleted(plain: Story) -> None:
    story = of(plain)
    committed(story)
    story.tell(1, f.DeleteBelow(partition=P, to=1))
    story.tell(1, f.AcknowledgeDeletion(partition=P, leader_epoch=0, to=1, replicas=(1, 2, 3)))


def deleted_too_young(plain: Story) -> None:
    """Nobody asked for it, and record A was sent just now."""
    story = of(plain)
    committed(story)
    for phase in ("invoke", "ok"):
        story.sends(0, "a", phase)
    story.tell(1, f.DeleteBelow(partition=P, to=1))


VIOLATIONS = [
    (watermark_falls_below_the_start, "log_start", "n3 begins its log at 1, with high watermark 0"),
    (comes_back_with_a_watermark_below_the_start, "log_start", "with high watermark 0 and a log that begins at 1"),
    (read_though_deleted, "log_start", "at offset 0 of t-0, and since 1000 ms every log begins at 1 or later"),
    (watermark_stays_below_the_start, "log_start", "n2 begins its log anew at 1, and its high watermark stays at 0"),
    (
        deleted_too_young,
        "deletion_due",
        "n1 deletes what lies below 1 of t-0; the record at offset 0 was sent 0 ms before that",
    ),
    (start_goes_back, "log_start", "n2 begins its log at 0, which began at 1 before"),
    (start_is_forgotten, "log_start", "n2 comes back with a log that begins at 0; what lies below 1 it had deleted"),
    (begins_where_nothing_is_committed, "log_start", "with a log that begins at 5, and what is committed ends at 1"),
    (
        answered_before_all_have_deleted,
        "log_start",
        "n1, leader of epoch 0, answers that all below 1 is deleted, and the log of n2, which it counts, begins at 0",
    ),
]
"""(story, the invariant it breaks, words of the sentence)."""
