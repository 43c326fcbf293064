"""Who is counted on again has read that he was not."""

import pytest

from invariants.answers.unfencing import Counted, Unfencing


class Told(list):
    def __call__(self, invariant, sentence):
        self.append((invariant.id, sentence))


TERM = (0, 1)


def unfenced(read, *, fenced_at=20, heard=2):
    """A controller whose log ended at `fenced_at` fences n2; then `heard` says that it has read up to `read`."""
    told = Told()
    judge = Unfencing(told)
    looks = ((fenced_at, False), (fenced_at + 1, True), (fenced_at + 2, False))
    for offset, fenced in looks:
        assert judge.is_news("controller", TERM, offset)
        judge.looks("controller", offset, {2: Counted(5, fenced)})
        judge.hears("controller", (heard, read))
    assert not judge.is_news("controller", TERM, fenced_at + 2)
    return told


@pytest.mark.parametrize(("read", "broken"), [(20, True), (21, False), (30, False)])
def test_a_heartbeat_from_before_the_fencing_is_too_early(read, broken):
    assert [invariant for invariant, _ in unfenced(read)] == ["knows_first"] * broken


def test_another_brokers_heartbeat_is_none_of_his():
    [(_, sentence)] = unfenced(30, heard=3)
    assert sentence == "controller counts on n2 again, which has sent no heartbeat"


def test_who_is_active_no_more_is_forgotten():
    told = Told()
    judge = Unfencing(told)
    judge.is_news("controller", TERM, 20)
    judge.looks("controller", 20, {2: Counted(5, True)})
    judge.resigns("controller")
    assert judge.is_news("controller", TERM, 20)
    judge.looks("controller", 20, {2: Counted(5, False)})
    assert told == []


def test_a_new_registration_is_to_be_read_too():
    told = Told()
    judge = Unfencing(told)
    for offset, counted in ((20, Counted(5, True)), (22, Counted(20, True)), (23, Counted(20, False))):
        judge.is_news("controller", TERM, offset)
        judge.looks("controller", offset, {2: counted})
        judge.hears("controller", (2, 20))
    assert [invariant for invariant, _ in told] == ["knows_first"]


def test_what_others_decided_is_not_asked_of_who_has_just_become_active():
    told = Told()
    judge = Unfencing(told)
    judge.is_news("controller", TERM, 20)
    judge.looks("controller", 20, {2: Counted(5, True)})
    judge.is_news("controller", (0, 3), 30)
    judge.looks("controller", 30, {2: Counted(5, False)})
    assert told == []
