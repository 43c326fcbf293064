"""What a leader should answer that is asked for offsets, told by its log."""

import pytest

from impl.core.messages import EARLIEST, LATEST, MAX_TIMESTAMP, ListedOffset, ListedOffsets, ListOffsets, OffsetQuery
from impl.core.types import ErrorCode
from invariants.answers.offsets import epoch_begins, wrong
from tests.answers.talk import T0, Talk, leading

TIMES = {0: 100, 1: 300, 2: 200, 3: 400}
"""Of the batches at offsets 0 to 3, whose CRCs are their offsets."""


def answer(timestamp, offset, at=-1, epoch=3, *, times=TIMES, **replica):
    """What is wrong with it."""
    replica = leading(**replica)
    return wrong(OffsetQuery(T0, 3, timestamp), ListedOffset(T0, ErrorCode.NONE, offset, at, epoch), replica, times)


def test_the_latest_is_the_watermark_and_the_earliest_the_start():
    begun = {"end": 4, "high_watermark": 4}
    assert answer(LATEST, 4, **begun) == ""
    assert answer(LATEST, 3, **begun) == "says that 3 is the latest, and its high watermark is 4"
    assert answer(EARLIEST, 1, start=1) == ""
    assert answer(EARLIEST, 0, start=1) == "says that the log begins at 0, and it begins at 1"


@pytest.mark.parametrize("timestamp", [LATEST, MAX_TIMESTAMP, 0])
def test_nothing_is_said_before_the_watermark_is_where_the_epoch_begins(timestamp):
    replica = leading(epoch=3, end=4, high_watermark=3)
    replica.leader_epoch = 4
    told = ListedOffset(T0, ErrorCode.NONE, 3, -1, 4)
    assert epoch_begins(replica) == 4
    sentence = "says 3 before it knows what is committed (KIP-207): its high watermark is 3, and its epoch begins at 4"
    assert wrong(OffsetQuery(T0, 4, timestamp), told, replica, TIMES) == sentence


@pytest.mark.parametrize(
    ("timestamp", "offset", "at"),
    [(50, 0, 100), (101, 1, 300), (300, 1, 300), (301, 3, 400), (401, -1, -1), (MAX_TIMESTAMP, 3, 400)],
)
def test_the_first_record_that_is_as_young(timestamp, offset, at):
    assert answer(timestamp, offset, at, high_watermark=4) == ""
    assert answer(timestamp, 2, 200, high_watermark=4) != ""
    assert answer(timestamp, offset, at, high_watermark=4, epoch=2) != "" or offset < 0


def test_what_is_not_committed_is_not_there():
    assert answer(301, -1, high_watermark=3, epoch=-1) == ""
    assert answer(MAX_TIMESTAMP, -1, high_watermark=3) == ""
    assert answer(301, 3, 400, high_watermark=3) == "says 3, and consumers may read from 0 to 3"
    assert "none that is committed" in answer(301, 1, 300, high_watermark=3)
    assert answer(50, 0, 100, start=1, high_watermark=3) == "says 0, and consumers may read from 1 to 3"
    assert answer(50, 1, 300, start=1, high_watermark=3) == ""


def test_where_batches_are_made_of_others_only_the_bounds_are_asked_for():
    assert answer(301, 2, 7, high_watermark=4, times=None) == ""
    assert answer(301, 2, 7, high_watermark=4, times={0: 1}) == ""
    assert answer(301, 4, 7, high_watermark=4, times=None) != ""


def test_a_desk_hears_it():
    talk = Talk(leading(end=2, high_watermark=2))
    request = ListOffsets((OffsetQuery(T0, 3, LATEST),))
    assert talk.exchange(request, ListedOffsets((ListedOffset(T0, ErrorCode.NONE, 2, -1, 3),))) is None
    broken = talk.exchange(request, ListedOffsets((ListedOffset(T0, ErrorCode.NONE, 1, -1, 3),)))
    sentence = "n1, leader of epoch 3 of t-0, says that 1 is the latest, and its high watermark is 2"
    assert broken == ("right_offset", sentence)
