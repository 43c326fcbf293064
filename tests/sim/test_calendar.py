"""What is due comes out by its time, and at the same time in the order in which it was put there."""

from hypothesis import given
from hypothesis import strategies as st

from impl.sim.calendar import Calendar


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=12))
def test_entries_come_out_by_time_and_then_by_number(rounds):
    """Every round puts entries, at so many milliseconds from then, and takes what the first millisecond has."""
    calendar, now, put, taken = Calendar(), 0, [], []
    for delays in rounds:
        put += [(now + delay, calendar.put(now + delay, 7, "one", "two", "three")) for delay in delays]
        at = calendar.next(1_000)
        if at >= 0:
            now = at
            taken += [(at, number) for number, *_ in calendar.take(at)]
    waiting = [number for number, *_ in calendar.waiting()]
    assert taken == sorted(taken)
    assert waiting == [number for _, number in sorted(set(put) - set(taken))]
    assert len(taken) + len(waiting) == len(put)


def test_what_is_due_later_than_asked_for_is_not_due():
    calendar = Calendar()
    calendar.put(5, 1)
    assert (calendar.next(4), calendar.next(5)) == (-1, 5)


def test_what_is_put_at_the_millisecond_that_is_being_taken_comes_next():
    calendar = Calendar()
    calendar.put(5, 1, "first")
    calendar.put(6, 1, "last")
    assert [one for _, _, one, _, _ in calendar.take(5)] == ["first"]
    calendar.put(5, 1, "more")
    assert calendar.next(9) == 5
    assert [one for _, _, one, _, _ in calendar.take(5)] == ["more"]
    assert [one for _, _, one, _, _ in calendar.waiting()] == ["last"]
