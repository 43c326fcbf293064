"""Each invariant is broken by hand, and both checkers name it in the same sentence made of facts."""

from collections.abc import Callable

import pytest

from invariants.catalogue import CATALOGUE, HEADLINE
from invariants.step import Checker, FullChecker, Violated
from invariants.step.deletion_due import Deletions
from invariants.step.judged import STEP_INVARIANTS
from tests.invariants import compactions, deletions, last_resorts, losses
from tests.invariants.story import P, Story, content
from traces import facts as f

A = content(0, 0, 0xA)
B = content(1, 0, 0xB)


def judged(story: Callable[[Story], None]) -> Violated:
    """What both checkers say about a story: they must say the same."""
    said = []
    for kind in (Checker, FullChecker):
        checker = kind(one_clock=True, deletions=Deletions(retention_ms=100), may_be_unclean=False)
        with pytest.raises(Violated) as caught:
            story(Story(checker))
        said.append(caught.value)
    assert said[0] == said[1]
    return said[0]


# ---------------------------------------------------------------- no committed loss
def committed_and_promised(story: Story) -> None:
    story.begin()
    story.replicate(1, 0, A)
    story.advance(1, 0, to=1)
    story.promise(1, A, epoch=0)


def leader_lacks(story: Story) -> None:
    committed_and_promised(story)
    story.checker.fault("crash", ("n2",))
    story.restart(2, end=0)
    story.elect(2, epoch=1, version=1)
    story.lead(2, epoch=1)


def candidate_truncates(story: Story) -> None:
    committed_and_promised(story)
    story.elect(2, epoch=1, version=1)
    story.follow(3, 1, 2)
    story.truncate(3, 1, to=0)


def promised_too_early(story: Story) -> None:
    story.begin()
    story.append(1, A)
    story.promise(1, A, epoch=0)


def promise_replaced(story: Story) -> None:
    """n2 and n3 are gone when n1 promises; n3 leads and commits something else in its place."""
    story.begin()
    story.append(1, A)
    story.checker.fault("crash", ("n2",))
    story.checker.fault("crash", ("n3",))
    story.promise(1, A, epoch=0)
    story.checker.fault("crash", ("n1",))
    story.fail_over(3, removed=1, epoch=1, version=1, isr=(2, 3))
    story.restart(3, end=0)
    story.checker.facts("n3", 0, ())
    story.fail_over(3, removed=2, epoch=2, version=2, isr=(3,))
    story.lead(3, epoch=2, isr=(3,))


def committed_where_a_candidate_lacks_it(story: Story) -> None:
    """n3 is dropped from the maximal set before the controller has dropped it (KIP-497)."""
    story.begin()
    story.append(1, A)
    story.copy(2, 0, 1, A)
    story.advance(1, 0, to=1, maximal=(1, 2))


def expanded_below_the_committed(story: Story) -> None:
    story.create(isr=(1, 2))
    story.lead(1, 0)
    story.follow(2, 0, 1)
    story.follow(3, 0, 1)
    story.replicate(1, 0, A, followers=(2,))
    story.advance(1, 0, to=1, maximal=(1, 2))
    story.alter(1, epoch=0, version=1, isr=(1, 2, 3))


def proposed_below_the_committed(story: Story) -> None:
    """n3 leads with a watermark that lags, and admits n2 at that watermark (KAFKA-7128)."""
    story.create(isr=(1, 3))
    story.lead(1, 0, isr=(1, 3))
    story.follow(2, 0, 1)
    story.follow(3, 0, 1)
    story.replicate(1, 0, A, followers=(3,))
    story.advance(1, 0, to=1, maximal=(1, 3))
    story.elect(3, epoch=1, version=1, isr=(1, 3))
    story.lead(3, 1, start=1, isr=(1, 3))
    story.expand(3, 1, follower=2, isr=(1, 2, 3))


# ---------------------------------------------------------------- the quorum's superset
def set_committed_that_is_not_counted(story: Story) -> None:
    story.begin()
    story.fence(3, epoch=0, version=1, isr=(1, 2))
    story.learn(1, 0, version=1, isr=(1, 2))
    story.alter(1, epoch=0, version=2, isr=(1, 2, 3))


def watermark_without_a_member(story: Story) -> None:
    story.begin()
    story.replicate(1, 0, A)
    story.advance(1, 0, to=1, maximal=(1, 2))


# ---------------------------------------------------------------- per-key order
def sequence_twice(story: Story) -> None:
    first = content(0, 0, 0xA, producer=7, sequence=0)
    again = content(1, 0, 0xA, producer=7, sequence=0)
    story.begin()
    story.replicate(1, 0, first)
    story.replicate(1, 0, again)
    story.advance(1, 0, to=2)


def sequence_skipped(story: Story) -> None:
    story.begin()
    story.replicate(1, 0, content(0, 0, 0xA, producer=7, sequence=0))
    story.replicate(1, 0, content(1, 0, 0xB, producer=7, sequence=2))
    story.advance(1, 0, to=1)
    story.advance(1, 0, to=2)


def producer_epoch_falls(story: Story) -> None:
    story.begin()
    new = content(0, 0, 0xA, producer=7, sequence=0)
    story.replicate(1, 0, type(new)(0, 1, 0, 0xA, 7, 3, 0))
    story.replicate(1, 0, type(new)(1, 1, 0, 0xB, 7, 2, 0))
    story.advance(1, 0, to=2)


# ---------------------------------------------------------------- the high watermark bound
def past_the_own_log(story: Story) -> None:
    story.begin()
    story.advance(1, 0, to=1, maximal=(1,))


def past_a_member(story: Story) -> None:
    story.begin()
    story.append(1, A)
    story.advance(1, 0, to=1)


def over_a_difference(story: Story) -> None:
    """n3 has a record of its own where n1 commits: n1 counted a log that had left its own (KAFKA-13141)."""
    other = content(1, 1, 0xC)
    story.begin()
    story.replicate(1, 0, A)
    story.elect(3, epoch=1, version=1)
    story.lead(3, 1, start=1)
    story.append(3, other)
    story.elect(1, epoch=2, version=2)
    story.lead(1, 2, start=1)
    story.append(1, content(1, 2, 0xD))
    story.copy(2, 0, 1, end=1)
    story.advance(1, 2, to=2, maximal=(1, 3))


def follower_past_the_committed(story: Story) -> None:
    story.begin()
    story.append(1, A)
    story.copy(2, 0, 1, A, hw=1)


def follower_past_its_log(story: Story) -> None:
    committed_and_promised(story)
    story.append(1, B)
    story.copy(2, 0, 1, B, hw=3)


# ---------------------------------------------------------------- epoch fencing
def two_leaders(story: Story) -> None:
    story.begin()
    story.lead(2, 0)


def epoch_falls(story: Story) -> None:
    story.begin()
    story.elect(2, epoch=1, version=1)
    story.follow(3, 1, 2)
    story.follow(3, 0, 1)


def election_goes_back(story: Story) -> None:
    story.begin()
    story.elect(2, epoch=1, version=1)
    story.elect(3, epoch=1, version=2)


def election_out_of_the_set(story: Story) -> None:
    story.create(isr=(1, 2))
    story.elect(3, epoch=1, version=1, isr=(1, 2))


def version_goes_back(story: Story) -> None:
    story.create()
    story.fence(3, epoch=0, version=1, isr=(1, 2))
    story.fence(2, epoch=0, version=0, isr=(1,))


def set_of_an_old_epoch(story: Story) -> None:
    story.begin()
    story.elect(2, epoch=1, version=1)
    story.alter(1, epoch=0, version=2, isr=(1, 2))


def set_of_another_leader(story: Story) -> None:
    story.begin()
    story.alter(2, epoch=0, version=1, isr=(1, 2))


def deposed_leader_appends(story: Story) -> None:
    story.begin()
    story.elect(2, epoch=1, version=1)
    story.follow(1, 1, 2)
    story.append(1, A)


def counted_across_epochs(story: Story) -> None:
    story.begin()
    story.ask(3, 0, 1, offset=0)
    story.elect(2, epoch=1, version=1)
    story.lead(2, 1)
    story.count(2, 1, follower=3, offset=0)


def counted_more_than_asked(story: Story) -> None:
    story.begin()
    story.ask(3, 0, 1, offset=0)
    story.append(1, A)
    story.count(1, 0, follower=3, offset=1)


def copies_from_no_leader(story: Story) -> None:
    story.begin()
    story.copy(3, 0, 2)


def follower_truncates_for_an_old_epoch(story: Story) -> None:
    story.begin()
    story.elect(2, epoch=1, version=1)
    story.follow(3, 1, 2)
    story.truncate(3, 0, to=0)


# ---------------------------------------------------------------- log matching
def same_epoch_other_record(story: Story) -> None:
    story.begin()
    story.append(1, A)
    story.copy(2, 0, 1, content(0, 0, 0xF))


def same_epoch_behind_another_prefix(story: Story) -> None:
    """n3 keeps its own record of epoch 0 below a copied record of epoch 2 (KIP-279)."""
    story.begin()
    story.append(1, A)
    story.elect(3, epoch=1, version=1)
    story.lead(3, 1)
    story.append(3, content(0, 1, 0xB))
    story.elect(1, epoch=2, version=2)
    story.lead(1, 2, start=1)
    story.append(1, content(1, 2, 0xC))
    story.follow(3, 2, 1)
    story.copy(3, 2, 1, content(1, 2, 0xC))


def epochs_fall_within_a_log(story: Story) -> None:
    story.begin()
    story.elect(2, epoch=1, version=1)
    story.lead(2, 1)
    story.append(2, content(0, 1, 0xA))
    story.follow(3, 1, 2)
    story.copy(3, 1, 2, content(0, 1, 0xA))
    story.copy(3, 1, 2, content(1, 0, 0xB))


def copies_past_its_end(story: Story) -> None:
    story.begin()
    story.append(1, A)
    story.append(1, B)
    story.copy(2, 0, 1, B)


def log_end_does_not_add_up(story: Story) -> None:
    story.begin()
    story.append(1, A)
    story.copy(2, 0, 1, A, end=2)


def leads_with_what_nobody_wrote(story: Story) -> None:
    story.create()
    story.lead(1, 0, start=3)


def confirmed_with_what_nobody_wrote(story: Story) -> None:
    story.begin()
    story.append(1, A)
    story.tell(2, f.Reconcile(partition=P, leader_epoch=0, leader=1, log_end=1))


def cuts_what_nobody_wrote(story: Story) -> None:
    story.begin()
    story.truncate(2, 0, 2)


def elected_though_fenced(story: Story) -> None:
    story.begin()
    story.elect(2, epoch=1, version=1)
    story.tell(0, f.CountOnAbsent(partition=P, partition_epoch=1, node=2))


LOSS, ORDER, BOUND, FENCING, MATCHING, SUPERSET = (
    "no_committed_loss",
    "per_key_order",
    "high_watermark_bound",
    "epoch_fencing",
    "log_matching",
    "quorum_superset",
)
PROMISED = "record 0 (crc 0000000a), acknowledged at offset 0 in epoch 0, is missing from n2, leader of epoch 1"
VIOLATIONS = [
    (leader_lacks, LOSS, PROMISED),
    (candidate_truncates, LOSS, "is missing from n3, which runs and is in the in-sync set of epoch 1"),
    (promised_too_early, LOSS, "is missing from n2"),
    (promise_replaced, LOSS, "is missing from n3, leader of epoch 2"),
    (committed_where_a_candidate_lacks_it, LOSS, "committed, written in epoch 0, is missing from n3"),
    (expanded_below_the_committed, LOSS, "is missing from n3"),
    (proposed_below_the_committed, LOSS, "is missing from n2, which n3, leader of epoch 1, adds to the in-sync set"),
    (
        set_committed_that_is_not_counted,
        SUPERSET,
        "n1, leader of epoch 0, counts {n1, n2}, and the controller has {n1, n2",
    ),
    (watermark_without_a_member, SUPERSET, "counts {n1, n2}, and the controller has {n1, n2, n3} in the in-sync set"),
    (sequence_twice, ORDER, "is sequence 0 of producer 7, which is committed already as record 0 (crc 0000000a)"),
    (sequence_skipped, ORDER, "committed where sequence 1 is due"),
    (producer_epoch_falls, ORDER, "in producer epoch 2, after a batch of epoch 3"),
    (past_the_own_log, BOUND, "sets its high watermark to 1, and its log ends at 0"),
    (past_a_member, BOUND, "the log of n2, a member of its maximal in-sync set {n1, n2, n3}, ends at 0"),
    (over_a_difference, BOUND, "a member of its maximal in-sync set, differs from its own at offset 1"),
    (follower_past_the_committed, BOUND, "to 1, and no leader has committed beyond 0"),
    (follower_past_its_log, BOUND, "n2 sets its high watermark to 3, and its log ends at 2"),
    (two_leaders, FENCING, "n2 leads epoch 0, whose leader is n1"),
    (epoch_falls, FENCING, "n3 begins to follow in epoch 0, and has been in epoch 1"),
    (election_goes_back, FENCING, "the controller elects n3 in epoch 1, after epoch 1"),
    (election_out_of_the_set, FENCING, "elects n3 in epoch 1, which is not in the in-sync set {n1, n2}"),
    (version_goes_back, FENCING, "writes partition epoch 0 after partition epoch 1"),
    (set_of_an_old_epoch, FENCING, "for leader epoch 0 in epoch 1"),
    (set_of_another_leader, FENCING, "an in-sync set that n2 proposed; n1 leads epoch 0"),
    (deposed_leader_appends, FENCING, "n1 acts as leader of epoch 0 (append), and follows in epoch 1"),
    (counted_across_epochs, FENCING, "of n3, which sent no fetch in that epoch: it last fetched in epoch 0"),
    (counted_more_than_asked, FENCING, "counts position 1 of n3, which fetched from 0 at most in that epoch"),
    (copies_from_no_leader, FENCING, "n3 follows n2 in epoch 0 (copy), whose leader is n1"),
    (follower_truncates_for_an_old_epoch, FENCING, "n3 acts as follower in epoch 0 (truncate), and follows in epoch 1"),
    (same_epoch_other_record, MATCHING, "n2 has record 0 (crc 0000000f) in leader epoch 0, where another log has"),
    (same_epoch_behind_another_prefix, MATCHING, "on n3, and behind another prefix in another log"),
    (epochs_fall_within_a_log, MATCHING, "of leader epoch 0 behind a batch of epoch 1"),
    (copies_past_its_end, MATCHING, "n2 copies record 1 (crc 0000000b), and its log ends at 0"),
    (leads_with_what_nobody_wrote, "one_topic", "n1 begins epoch 0 as leader of t-0 with a log that ends at 3, and"),
    (confirmed_with_what_nobody_wrote, "one_topic", "n2 has its log confirmed in epoch 0 of t-0 with a log that ends"),
    (cuts_what_nobody_wrote, "one_topic", "n2 cuts its log in epoch 0 of t-0 with a log that ends at 2"),
    (elected_though_fenced, "counted_on", "version 1 of t-0 counts on n2, which is fenced or about to stop"),
    (log_end_does_not_add_up, MATCHING, "n2 says that its log ends at 2; by what it wrote it ends at 1"),
    *losses.VIOLATIONS,
    *last_resorts.VIOLATIONS,
    *deletions.VIOLATIONS,
    *compactions.VIOLATIONS,
]


@pytest.mark.parametrize(("story", "invariant", "words"), VIOLATIONS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_violation_is_named(story, invariant, words):
    violated = judged(story)
    assert violated.invariant == invariant
    assert words in violated.sentence


def test_every_invariant_of_the_steps_is_broken_here():
    assert {invariant for _, invariant, _ in VIOLATIONS} == {invariant.id for invariant in STEP_INVARIANTS}
    assert {invariant.id for invariant in HEADLINE} < set(CATALOGUE)
