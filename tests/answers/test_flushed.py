"""What flush.ms is set for is synced in time, by the node's own clock."""

import pytest

from invariants.answers.flushed import Flushes, Unsynced

TICK_MS, INTERVAL_MS, FLUSH_MS = 40, 100, 200
LOG, ANOTHER = object(), object()
P = "t-0"


class Told(list):
    def __call__(self, invariant, sentence):
        self.append((invariant.id, sentence))


def ticked(seen, *, tick_ms=TICK_MS, count=30, slow=False, life=lambda _at: 0):
    """A node ticks so often; `seen` says what its log is at a time."""
    told = Told()
    judge = Flushes(told, INTERVAL_MS, TICK_MS)
    for number in range(count):
        at = number * tick_ms
        judge.ticks("n1", life(at), at, {P: seen(at)}, slow=slow)
    return told


def log(synced, end, flush_ms=FLUSH_MS, made=LOG):
    return Unsynced(made, flush_ms, synced, end)


def test_what_is_never_synced_is_told():
    told = ticked(lambda at: log(0, 3 + at // TICK_MS))
    assert told[0] == (
        "flushed_in_time",
        "n1 has not synced what t-0 holds below 3 for 520 ms, and flush.ms is 200: it is synced below 0",
    )


@pytest.mark.parametrize(
    "seen",
    [
        lambda at: log(at // 400, 1 + at // 400),
        lambda _at: log(5, 5),
        lambda at: log(0, 5, flush_ms=200 + at),
        lambda at: log(0, 5, made=(LOG, ANOTHER)[at // 400 % 2]),
        lambda at: log(0, 5 if at < 400 else 0),
    ],
    ids=["synced as it grows", "nothing to sync", "set anew", "another log", "cut off"],
)
def test_what_may_wait_is_not(seen):
    assert ticked(seen) == []


def test_another_life_and_a_slow_disk_begin_anew():
    never = log(0, 5)
    assert ticked(lambda _at: never, life=lambda at: at // 400) == []
    assert ticked(lambda _at: never, slow=True) == []
    assert ticked(lambda _at: never)


def test_a_clock_that_leaps_is_not_enough_time():
    """So many ticks must pass besides, and on a slow clock so much time."""
    never = log(0, 5)
    assert ticked(lambda _at: never, tick_ms=10_000, count=13) == []
    assert ticked(lambda _at: never, tick_ms=10, count=40) == []
    assert ticked(lambda _at: never, tick_ms=10_000, count=14)


def test_of_a_log_that_is_gone_nothing_is_asked():
    told = Told()
    judge = Flushes(told, INTERVAL_MS, TICK_MS)
    for at in range(0, 2_000, TICK_MS):
        judge.ticks("n1", 0, at, {} if at % 400 == 0 else {P: log(0, 5)})
    assert told == []


@pytest.mark.parametrize(("to", "told"), [(0, False), (4, False), (5, True)], ids=["all of it", "a part", "nothing"])
def test_what_was_synced_and_cut_off_between_two_ticks_begins_anew(to, told):
    """As much stands there at the next tick, and none of it is what was there before: it was never seen synced."""
    judge = Flushes(seen := Told(), INTERVAL_MS, TICK_MS)
    for number in range(30):
        judge.ticks("n1", 0, number * TICK_MS, {P: log(4, 5)})
        judge.cut("n2", P, 0)
        judge.cut("n1", "t-1", 0)
        if number % 10 == 9:
            judge.cut("n1", P, to)
    assert bool(seen) is told
