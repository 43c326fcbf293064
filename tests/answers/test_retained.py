"""What retention by size leaves: at least retention.bytes, and less than that without its first segment."""

import pytest

from invariants.answers.retained import Extent, Retained, Seen

WAIT = 100
BYTES = 300
MADE = object()


def seen(*sizes, start=0, high_watermark=1 << 30, made=MADE):
    """A log of segments of ten offsets each, from `start` on."""
    segments = [Extent(start + 10 * place, size) for place, size in enumerate(sizes, 1)]
    return Seen(made, start, segments, high_watermark, BYTES)


class Node:
    """n1, and what its judge found."""

    def __init__(self):
        self.told = []
        self.judge = Retained(lambda invariant, sentence: self.told.append((invariant.id, sentence)), WAIT)
        self.elsewhere = -1

    def tick(self, now, log, life=0):
        self.hear(log.start, log.made, life)
        self.judge.ticks("n1", life, now, {"t-0": log})

    def hear(self, start, made=MADE, life=0):
        self.judge.hears(
            "n1", life, lambda _, known: start if known is made else -1, lambda _, to: self.elsewhere >= to
        )


@pytest.mark.parametrize(
    ("start", "left"), [(0, None), (10, None), (20, 200), (30, 100)], ids=["none", "one", "two", "three"]
)
def test_enough_is_left(start, left):
    node = Node()
    node.tick(0, seen(100, 200, 100, 100))
    node.hear(start)
    words = f"n1 deletes what lies below {start} of t-0 and keeps {left} of 500 bytes: retention.bytes is 300"
    assert node.told == ([] if left is None else [("retained_by_size", words)])


def test_what_another_replica_has_deleted_is_followed():
    node = Node()
    node.elsewhere = 20
    node.tick(0, seen(100, 200, 100, 100))
    node.hear(20)
    assert node.told == []


@pytest.mark.parametrize(
    ("who", "partition", "to", "told"),
    [("n2", "t-0", 20, False), ("n2", "t-0", 10, True), ("n2", "t-1", 20, True), ("n1", "t-0", 20, True)],
    ids=["as far", "less far", "another partition", "itself"],
)
def test_what_a_replica_that_is_gone_had_deleted_was_followed(who, partition, to, told):
    node = Node()
    node.tick(0, seen(100, 200, 100, 100))
    node.judge.begins(who, partition, to)
    node.hear(20)
    assert bool(node.told) is told


def test_what_was_heard_of_since_is_judged_once():
    node = Node()
    node.tick(0, seen(100, 200, 100, 100))
    node.hear(0)
    node.hear(20)
    assert node.told == []


@pytest.mark.parametrize("changes", [{"made": object()}, {"life": 1}], ids=["another log", "another life"])
def test_another_log_of_the_name_has_deleted_nothing(changes):
    node = Node()
    node.tick(0, seen(100, 200, 100, 100))
    node.hear(20, **changes)
    assert node.told == []


def over(log, *times):
    """What is told when a log stays like this at all these ticks."""
    node = Node()
    for now in times:
        node.tick(now, log)
    return node.told


def test_too_much_goes_when_the_node_must_have_looked():
    log = seen(100, 200, 100, 50)
    assert over(log, 0, 50, 100) == []
    [(invariant, sentence)] = over(log, 0, 50, 100, 101)
    assert invariant == "retained_by_size"
    assert sentence == (
        "n1 keeps 450 bytes of t-0 for 101 ms: without the first segment 350 would be left, and retention.bytes is 300"
    )


def test_a_node_that_stood_still_has_not_looked():
    assert over(seen(100, 200, 100, 50), 0, 5_000) == []


@pytest.mark.parametrize(
    "log",
    [seen(151, 200, 50, 49), seen(1_000), seen(100, 200, 100, 50, high_watermark=9), seen(0, 299)],
    ids=["too little would be left", "the only segment", "not committed", "small"],
)
def test_what_may_not_go_stays(log):
    assert over(log, 0, 100, 200, 300) == []


def test_a_log_that_was_shortened_waits_anew():
    node = Node()
    for now, log in ((0, seen(100, 200, 100, 50)), (90, seen(200, 200, 100, start=10)), (180, seen(200, 200, 100))):
        node.tick(now, log)
    assert node.told == []
