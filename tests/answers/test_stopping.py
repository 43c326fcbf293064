"""Whoever asks for leave to stop gets it once everybody who is counted on knows who leads instead."""

import pytest

from invariants.answers.stopping import Stopping

TERM = (0, 1)
STOPS, SECOND, THIRD = (1, 5), (2, 6), (3, 7)


class Controller:
    """An active controller whose log ends at 20 when it has moved n1's leaderships, and what its judge found."""

    def __init__(self):
        self.told = []
        self.judge = Stopping(lambda invariant, sentence: self.told.append((invariant.id, sentence)))
        self.term = TERM
        self.last = 0

    def heartbeat(self, member, read):
        self.judge.hears("controller", self.term, member, read)

    def asks(self, *counted, leave=False, refused=False, end=20, member=STOPS):
        self.last += 1
        self.heartbeat(member, 10)
        self.judge.asks("controller", (7, self.last), member, counted)
        self.judge.answered("controller", self.term, (7, self.last), end, refused=refused, leave=leave)


@pytest.fixture
def controller():
    controller = Controller()
    controller.asks(SECOND, THIRD)
    return controller


def test_it_waits_for_who_has_not_read_it(controller):
    controller.heartbeat(SECOND, 20)
    controller.asks(SECOND, THIRD)
    controller.heartbeat(THIRD, 19)
    controller.asks(SECOND, THIRD)
    assert controller.told == []


def test_when_all_have_told_it_is_due(controller):
    controller.heartbeat(SECOND, 20)
    controller.heartbeat(THIRD, 24)
    controller.asks(SECOND, THIRD, leave=True)
    assert controller.told == []
    controller.asks(SECOND, THIRD)
    sentence = (
        "controller does not let n1 stop: its leaderships were moved below offset 20 of the metadata, and whoever is "
        "counted on has told that it has read up to 20 at least"
    )
    assert controller.told == [("let_go", sentence)]


def test_who_is_not_counted_on_is_not_waited_for(controller):
    controller.heartbeat(SECOND, 20)
    controller.asks(SECOND)
    assert [invariant for invariant, _ in controller.told] == ["let_go"]


def test_what_was_told_under_another_registration_does_not_count(controller):
    controller.heartbeat(SECOND, 20)
    controller.heartbeat((3, 6), 20)
    controller.asks(SECOND, THIRD)
    assert controller.told == []


def test_another_controller_has_heard_nothing_of_it(controller):
    controller.heartbeat(SECOND, 20)
    controller.heartbeat(THIRD, 20)
    controller.term = (0, 3)
    controller.asks(SECOND, THIRD)
    assert controller.told == []


def test_who_is_refused_has_not_asked(controller):
    controller.asks(end=30, member=SECOND, refused=True)
    controller.asks(THIRD, end=30, member=SECOND)
    controller.heartbeat(THIRD, 29)
    controller.asks(THIRD, member=SECOND)
    assert controller.told == []
