"""The quorum's invariants: each is broken by what breaks it, and by nothing that a quorum does."""

import pytest

from invariants.step.quorum import QUORUM_INVARIANTS, QuorumChecker
from invariants.verdict import Violated
from traces import quorum_facts as q


def name_of(node):
    return f"controller-{node - 3000}"


class Story:
    """A quorum told fact by fact; `1` is controller-1."""

    def __init__(self, *, one_clock=False):
        self.checker = QuorumChecker(name_of, one_clock=one_clock)

    def tell(self, number, *facts):
        self.checker.facts(f"controller-{number}", facts)

    def elect(self, number, epoch, *, start, votes=()):
        self.tell(number, q.Stand(epoch=epoch, last_epoch=0, log_end=start))
        for other in votes:
            self.tell(other, q.GrantVote(epoch=epoch, candidate=3000 + number))
        granting = tuple(3000 + each for each in (number, *votes))
        self.tell(number, q.Win(epoch=epoch, granting=granting))
        self.tell(number, q.QuorumAppend(epoch=epoch, base_offset=start, record_count=1))


def commit(to, *epochs, start=0):
    return q.Commit(start=start, to=to, epochs=tuple(q.EpochStart(*each) for each in epochs))


def two_epochs():
    """Two leaders in turn; the second follower is late, and one controller is killed and comes back."""
    story = Story()
    story.elect(1, 1, start=0, votes=(2,))
    story.tell(1, q.QuorumAdvance(epoch=1, to=1, quorum=(3001, 3002)), commit(1, (1, 0)))
    story.tell(1, q.QuorumAppend(epoch=1, base_offset=1, record_count=3))
    story.tell(1, q.QuorumAdvance(epoch=1, to=4, quorum=(3001, 3002)), commit(4, (1, 1), start=1))
    story.tell(3, q.Observe(epoch=1), commit(1, (1, 0)))
    story.tell(1, q.QuorumRestart(epoch=1, voted=3001, log_start=0, log_end=4, last_epoch=1))
    story.elect(2, 2, start=4, votes=(3, 1))
    story.tell(2, q.QuorumAdvance(epoch=2, to=5, quorum=(3002, 3003)), commit(5, (1, 0), (2, 4)))
    story.tell(3, commit(5, (1, 1), (2, 4), start=1))
    story.tell(1, commit(4, (1, 0)), q.QuorumTruncate(epoch=2, to=4, high_watermark=4))
    return story


def test_what_a_quorum_does_breaks_nothing():
    assert two_epochs().checker.judged == 22


def votes_twice(story):
    story.tell(3, q.GrantVote(epoch=2, candidate=3001))


def votes_again_after_a_restart(story):
    story.tell(3, q.QuorumRestart(epoch=2, voted=-1, log_start=0, log_end=5, last_epoch=2))
    story.tell(3, q.GrantVote(epoch=2, candidate=3001))


def stands_and_has_voted(story):
    story.tell(3, q.Stand(epoch=2, last_epoch=2, log_end=5))


def follows_another(story):
    story.tell(3, q.QuorumSendFetch(epoch=2, leader=3001, offset=0, last_epoch=0))


def wins_where_another_is_followed(story):
    story.tell(3, q.QuorumSendFetch(epoch=3, leader=3001, offset=0, last_epoch=0))
    story.tell(2, q.Win(epoch=3, granting=(3002, 3003)))


def comes_back_in_an_earlier_epoch(story):
    story.tell(3, q.QuorumRestart(epoch=1, voted=-1, log_start=0, log_end=5, last_epoch=2))


def two_win(story):
    story.tell(3, q.Win(epoch=2, granting=(3001, 3003)))


def commits_what_another_wrote(story):
    story.tell(1, commit(5, (1, 0)))


def commits_another_record_later(story):
    story.tell(2, commit(8, (2, 5), start=5))
    story.tell(3, commit(8, (2, 5), (3, 7), start=5))


def leads_without_what_is_committed(story):
    story.elect(3, 3, start=4, votes=(1,))


def commits_an_older_epoch(story):
    story.elect(3, 3, start=6, votes=(1,))
    story.tell(3, q.QuorumAdvance(epoch=3, to=6, quorum=(3001, 3003)))


def cuts_what_it_took_for_committed(story):
    story.tell(3, q.QuorumTruncate(epoch=3, to=4, high_watermark=5))


VIOLATIONS = [
    (votes_twice, "one_leader", "controller-3 votes for controller-1 in epoch 2, and has for controller-2"),
    (votes_again_after_a_restart, "one_leader", "controller-3 votes for controller-1 in epoch 2, and has for"),
    (stands_and_has_voted, "one_leader", "controller-3 votes for controller-3 in epoch 2, and has for controller-2"),
    (comes_back_in_an_earlier_epoch, "one_leader", "controller-3 is in epoch 1 after epoch 2"),
    (follows_another, "one_leader", "controller-3 follows controller-1 in epoch 2, which controller-2 has won"),
    (wins_where_another_is_followed, "one_leader", "controller-2 wins epoch 3, and controller-1 was followed in it"),
    (two_win, "one_leader", "controller-3 wins epoch 2, which controller-2 has won"),
    (commits_what_another_wrote, "committed_prefix", "offset 4 is of epoch 1 at controller-1, and was committed as of"),
    (commits_another_record_later, "committed_prefix", "offset 7 is of epoch 3 at controller-3, and was committed as"),
    (leads_without_what_is_committed, "committed_prefix", "controller-3 leads epoch 3 from offset 4, and offset 4 is"),
    (commits_an_older_epoch, "committed_prefix", "commits up to offset 6 in epoch 3, whose first record is at 6"),
    (cuts_what_it_took_for_committed, "no_cut_below_commit", "controller-3 cuts its log to offset 4 in epoch 3, and"),
]


@pytest.mark.parametrize(
    ("break_it", "invariant", "words"), VIOLATIONS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_violation_is_named(break_it, invariant, words):
    story = two_epochs()
    with pytest.raises(Violated) as found:
        break_it(story)
    assert found.value.invariant == invariant
    assert words in found.value.sentence


def test_every_invariant_of_the_quorum_is_broken_here():
    assert {invariant for _, invariant, _ in VIOLATIONS} == {invariant.id for invariant in QUORUM_INVARIANTS}


def learns_late_that_it_has_won(story, start):
    """Controller-1 has the votes of epoch 3, and hears of the second one when epoch 4 has committed offset 5."""
    story.tell(1, q.Stand(epoch=3, last_epoch=2, log_end=start))
    story.tell(3, q.GrantVote(epoch=3, candidate=3001))
    story.elect(2, 4, start=5, votes=(3,))
    story.tell(2, q.QuorumAdvance(epoch=4, to=6, quorum=(3002, 3003)), commit(6, (4, 5), start=5))
    story.tell(1, q.Win(epoch=3, granting=(3001, 3003)))
    story.tell(1, q.QuorumAppend(epoch=3, base_offset=start, record_count=1))


def test_a_leader_need_not_have_what_a_later_epoch_committed():
    story = two_epochs()
    learns_late_that_it_has_won(story, start=5)
    assert story.checker.judged == 32


def test_a_leader_that_is_late_must_have_what_an_earlier_epoch_committed():
    with pytest.raises(Violated, match="controller-1 leads epoch 3 from offset 4, and offset 4 is committed"):
        learns_late_that_it_has_won(two_epochs(), start=4)


def test_where_everything_is_told_in_order_nobody_is_followed_who_has_yet_to_win():
    story = Story(one_clock=True)
    story.elect(1, 1, start=0, votes=(2,))
    story.tell(2, q.QuorumSendFetch(epoch=1, leader=3001, offset=0, last_epoch=0))
    with pytest.raises(Violated, match="controller-3 follows controller-1 in epoch 2, which nobody has won"):
        story.tell(3, q.QuorumSendFetch(epoch=2, leader=3001, offset=0, last_epoch=0))
