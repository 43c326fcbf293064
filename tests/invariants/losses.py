"""Stories of brokers that lose power, of eligible leader replicas and unclean elections, and how each is violated."""

from typing import Any, Literal

from tests.invariants.story import P, Story, content
from traces import facts as f
from traces.schema import Op

A = content(0, 0, 0xA)
B = content(1, 0, 0xB)


class Losses(Story):
    """Words for the facts of `survival`."""

    def decide(self, kind: type[f.Decision], epoch: int, version: int, isr: tuple[int, ...], **fields: Any) -> None:
        self.tell(0, kind(partition=P, leader_epoch=epoch, partition_epoch=version, isr=isr, **fields))

    def registers(self, replica: int, broker_epoch: int) -> None:
        self.tell(0, f.Register(partition=P, replica=replica, broker_epoch=broker_epoch))

    def reconcile(self, node: int, epoch: int, leader: int, end: int) -> None:
        self.tell(node, f.Reconcile(partition=P, leader_epoch=epoch, leader=leader, log_end=end))

    def sends(self, offset: int, value: str, phase: Literal["invoke", "ok"]) -> None:
        self.checker.op(
            Op(
                n=0,
                at=0,
                client="c1",
                process=0,
                id=offset,
                operation="produce",
                phase=phase,
                partition=P,
                offset=offset,
                value=value,
            )
        )

    def reads(self, offset: int, value: str, at: int = 0) -> None:
        self.checker.op(
            Op(
                n=0,
                at=at,
                client="c1",
                process=0,
                id=offset,
                operation="consume",
                phase="ok",
                partition=P,
                offset=offset,
                value=value,
            )
        )


def of(story: Story) -> Losses:
    """The same story with more words."""
    return Losses(story.checker)


def committed(story: Losses) -> None:
    """n1 leads epoch 0; record A is committed by all three."""
    story.begin()
    story.replicate(1, 0, A)
    for follower in (2, 3):
        story.count(1, 0, follower, 1)
    story.advance(1, 0, to=1)


def eligible_replica_lacks(plain: Story) -> None:
    """n2 left the in-sync set, stays eligible, and comes back from a loss of power without what was committed."""
    story = of(plain)
    committed(story)
    story.checker.fault("power loss", ("n2",))
    story.decide(f.Fence, 0, 1, (1,), removed=2, elr=(2,), enough=False)
    story.restart(2, end=0)
    story.follow(2, 0, 1)


def stranger_is_elected_as_eligible(plain: Story) -> None:
    story = of(plain)
    story.begin()
    story.decide(f.TakeOffline, 1, 1, (2,), removed=1, elr=(1,), enough=False)
    story.decide(f.ElectEligible, 2, 2, (3,), leader=3, elr=(1, 2), enough=False)


def registration_falls(plain: Story) -> None:
    story = of(plain)
    story.begin()
    story.registers(2, 40)
    story.registers(2, 30)


def position_of_an_older_registration(plain: Story) -> None:
    story = of(plain)
    story.begin()
    for broker_epoch in (10, 40):
        story.tell(2, f.SendFetch(partition=P, leader_epoch=0, leader=1, offset=0, broker_epoch=broker_epoch))
    for broker_epoch in (40, 10):
        story.tell(1, f.Acknowledge(partition=P, leader_epoch=0, follower=2, offset=0, broker_epoch=broker_epoch))


def fetches_under_an_older_registration(plain: Story) -> None:
    story = of(plain)
    story.begin()
    for broker_epoch in (40, 10):
        story.tell(2, f.SendFetch(partition=P, leader_epoch=0, leader=1, offset=0, broker_epoch=broker_epoch))


def eligible_beside_enough(plain: Story) -> None:
    story = of(plain)
    story.begin()
    story.decide(f.Fence, 0, 1, (1, 2), removed=3, elr=(3,))


def commits_below_the_minimum(plain: Story) -> None:
    story = of(plain)
    story.begin()
    story.append(1, A)
    story.decide(f.Fence, 0, 1, (1, 2), removed=3, elr=(3,), enough=False)
    story.decide(f.Fence, 0, 2, (1,), removed=2, elr=(2, 3), enough=False)
    story.tell(1, f.LearnIsr(partition=P, leader_epoch=0, partition_epoch=2, isr=(1,), enough=False))
    story.advance(1, 0, to=1, maximal=(1,))


def told_otherwise(plain: Story) -> None:
    story = of(plain)
    story.begin()
    story.fence(3, epoch=0, version=1, isr=(1, 2))
    story.fence(2, epoch=0, version=1, isr=(1, 3))


def read_above_the_watermark(plain: Story) -> None:
    story = of(plain)
    committed(story)
    story.reads(0, "a")
    story.reads(1, "b")


def read_differs(plain: Story) -> None:
    story = of(plain)
    committed(story)
    story.reads(0, "a")
    story.reads(0, "b")


def crash_loses(plain: Story) -> None:
    story = of(plain)
    committed(story)
    story.checker.fault("crash", ("n1",))
    story.restart(1, end=0)


def claims_a_clean_stop(plain: Story) -> None:
    story = of(plain)
    committed(story)
    story.checker.fault("power loss", ("n1",))
    story.restart(1, end=0, clean=True)


def comes_back_with_another_record(plain: Story) -> None:
    story = of(plain)
    committed(story)
    story.checker.fault("power loss", ("n2",))
    story.restart(2, end=1, tail=(content(0, 0, 0xBAD),))


VIOLATIONS = [
    (
        eligible_replica_lacks,
        "no_committed_loss",
        "is missing from n2, which runs and is eligible to lead after epoch 0",
    ),
    (stranger_is_elected_as_eligible, "epoch_fencing", "n3 in epoch 2, which is not an eligible leader replica"),
    (registration_falls, "epoch_fencing", "registers n2 with broker epoch 30, after 40"),
    (position_of_an_older_registration, "epoch_fencing", "under its registration 10, and has counted one under"),
    (fetches_under_an_older_registration, "epoch_fencing", "n2 fetches under its registration 10, and has fetched"),
    (eligible_beside_enough, "quorum_superset", "keeps {n3} eligible to lead beside the in-sync set {n1, n2}"),
    (commits_below_the_minimum, "quorum_superset", "the in-sync set it knows, {n1}, is below min.insync.replicas"),
    (
        told_otherwise,
        "one_decision",
        "told before was fence (leader_epoch 0, partition_epoch 1, isr (1, 2), elr (), enough True, removed 3)",
    ),
    (read_above_the_watermark, "stable_read", "reads record 'b' at offset 1 of t-0, and no leader has committed"),
    (read_differs, "stable_read", "where 'a' was read before"),
    (crash_loses, "recovery", "n1 comes back from a crash with a log that ends at 0; it had written up to 1"),
    (claims_a_clean_stop, "recovery", "n1 says that it stopped cleanly and comes back with a log that ends at 0"),
    (comes_back_with_another_record, "recovery", "where it had written record 0 (crc 0000000a) of epoch 0"),
]
"""(story, the invariant it breaks, words of the sentence)."""
