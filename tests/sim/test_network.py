"""Connections keep TCP's promise, and no more: a prefix, in order, and news of the break afterwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.sim.calendar import Calendar
from impl.sim.drivers import Recorded
from impl.sim.network import DELAYS_MS, DELIVER, LOST, NEVER, TO_ACCEPTOR, TO_OPENER, Network

NAMES = ("controller", "n1", "n2", "c1")


class Wire:
    """A network alone, with a clock that runs until nothing is due."""

    def __init__(self, choices=None):
        self.calendar = Calendar()
        self.driver = Recorded(choices or {})
        self.network = Network(NAMES, self.calendar, self.driver)
        self.network.start_choosing(0)

    def drain(self):
        """Everything that reaches a process, in order: (time, receiving direction, what)."""
        happened = []
        while (at := self.calendar.next(NEVER)) >= 0:
            for _, what, connection, direction, event in self.calendar.take(at):
                if what == LOST:
                    happened.append((at, direction, "lost"))
                elif what == DELIVER and self.network.arrives(connection, direction):
                    happened.append((at, direction, event))
        return happened


def test_messages_arrive_in_order_even_when_an_earlier_one_is_slower():
    wire = Wire({("delay", "n1>n2", 0, 0): 6})
    connection = wire.network.open(1, 2, (0, 0))
    wire.network.send(connection, TO_ACCEPTOR, "slow", 0)
    wire.network.send(connection, TO_ACCEPTOR, "quick", 5)
    assert wire.drain() == [(DELAYS_MS[6], TO_ACCEPTOR, "slow"), (DELAYS_MS[6], TO_ACCEPTOR, "quick")]


@given(
    delays=st.lists(st.integers(0, len(DELAYS_MS) - 1), min_size=8, max_size=8),
    sent=st.integers(1, 8),
    broken_at=st.integers(0, 700),
    kept=st.integers(0, 6),
)
def test_what_arrives_on_a_broken_connection_is_a_prefix_and_the_news_comes_last(delays, sent, broken_at, kept):
    choices = {("delay", "n1>n2", 0, index): delay for index, delay in enumerate(delays)}
    wire = Wire(choices | {("arrived", "n1>n2", broken_at // 20, 0): kept})
    connection = wire.network.open(1, 2, (0, 0))
    for number in range(sent):
        wire.network.send(connection, TO_ACCEPTOR, number, 0)
    before = []
    while (at := wire.calendar.next(broken_at)) >= 0:
        for _, _, _, _, event in wire.calendar.take(at):
            assert wire.network.arrives(connection, TO_ACCEPTOR)
            before.append(event)
    wire.network.cut(connection, broken_at)
    wire.network.send(connection, TO_ACCEPTOR, "too late", broken_at)
    after = [what for _, direction, what in wire.drain() if direction == TO_ACCEPTOR]
    assert after[-1] == "lost"
    arrived = before + after[:-1]
    assert arrived == list(range(len(arrived)))
    assert len(arrived) == min(sent, len(before) + kept)


def test_both_ends_learn_of_a_break():
    wire = Wire()
    wire.network.cut(wire.network.open(1, 2, (0, 0)), 10)
    assert sorted(wire.drain()) == [(11, TO_ACCEPTOR, "lost"), (11, TO_OPENER, "lost")]


def test_a_blocked_link_holds_one_way_only_and_keeps_the_order():
    wire = Wire()
    connection = wire.network.open(1, 2, (0, 0))
    wire.network.block(1, 2, 500)
    wire.network.send(connection, TO_ACCEPTOR, "held", 0)
    wire.network.send(connection, TO_OPENER, "free", 0)
    wire.network.send(connection, TO_ACCEPTOR, "held too", 499)
    assert wire.drain() == [(1, TO_OPENER, "free"), (500, TO_ACCEPTOR, "held"), (500, TO_ACCEPTOR, "held too")]


def test_a_slow_link_adds_to_every_delay_for_a_while():
    wire = Wire()
    connection = wire.network.open(1, 2, (0, 0))
    wire.network.slow(1, 2, until=100, by_ms=30)
    wire.network.send(connection, TO_ACCEPTOR, "slow", 0)
    wire.network.send(connection, TO_ACCEPTOR, "again quick", 100)
    assert [at for at, _, _ in wire.drain()] == [31, 101]


def test_nothing_reaches_a_process_that_is_gone_and_its_peers_hear_of_it():
    wire = Wire({("arrived", "n1>n2", 0, 0): 6, ("arrived", "n2>n1", 0, 0): 6})
    connection = wire.network.open(1, 2, (0, 0))
    wire.network.send(connection, TO_ACCEPTOR, "last words", 0)
    wire.network.send(connection, TO_OPENER, "to the dead", 0)
    wire.network.cut_all(1, 0, notice=300)
    assert wire.drain() == [(1, TO_ACCEPTOR, "last words"), (300, TO_ACCEPTOR, "lost")]
    assert wire.network.connection(1, 2) is None


def test_a_refused_connection_carries_nothing_and_is_reported():
    wire = Wire()
    connection = wire.network.open(1, 2, (0, 0))
    wire.network.refuse(connection, 0)
    assert wire.drain() == [(1, TO_OPENER, "lost")]
    wire.network.forget(connection, TO_OPENER)
    assert wire.network.connection(1, 2) is None


def test_a_choice_names_its_link_window_and_place_so_that_others_keep_theirs():
    asked = []

    class Asking:
        def choose(self, key, _n):
            asked.append(key)
            return 0

    network = Network(NAMES, Calendar(), Asking())
    network.start_choosing(100)
    connection = network.open(1, 2, (0, 0))
    for now in (100, 119, 120):
        network.send(connection, TO_ACCEPTOR, "x", now)
    network.send(connection, TO_OPENER, "y", 120)
    assert asked == [
        ("delay", "n1>n2", 0, 0),
        ("delay", "n1>n2", 0, 1),
        ("delay", "n1>n2", 1, 0),
        ("delay", "n2>n1", 1, 0),
    ]


@pytest.mark.parametrize("calm", [True, False])
def test_nothing_is_asked_while_it_is_calm(calm):
    wire = Wire({("delay", "n1>n2", 0, 0): 7})
    wire.network.calm = calm
    wire.network.send(wire.network.open(1, 2, (0, 0)), TO_ACCEPTOR, "x", 0)
    assert [at for at, _, _ in wire.drain()] == [1 if calm else DELAYS_MS[7]]
