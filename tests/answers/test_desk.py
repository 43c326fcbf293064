"""Requests are answered once, in time, by what answers them; when a fetch comes a watermark is where it should be."""

import pytest
from msgspec.structs import replace

from impl.core.messages import DeletePartition, DeleteRecords, Fetched
from impl.core.types import ErrorCode, Offset, TopicPartition
from tests.answers.talk import (
    CONNECTION,
    LIFE,
    NODE,
    T0,
    Talk,
    fetch,
    fetched,
    leading,
    list_offsets,
    produce,
    produced,
)


def test_an_answer_in_time_breaks_nothing():
    talk = Talk()
    assert talk.exchange(fetch(), fetched(), at=200) is None
    talk.desk.ticks(NODE, LIFE, 240)
    talk.desk.ticks(NODE, LIFE, 280)
    assert talk.broken is None
    assert talk.desk.answers == 1


# ---------------------------------------------------------------- once
def test_a_second_answer_is_told():
    talk = Talk()
    talk.exchange(produce(), produced())
    talk.answer(talk.correlation, produced())
    assert talk.broken[0] == "answered_once"
    assert "request 1 of connection 7 (Produced), which it has answered already" in talk.broken[1]


def test_a_produce_that_wants_no_answer_gets_none():
    talk = Talk()
    assert talk.exchange(produce(acks=0), produced())[0] == "answered_once"


def test_what_is_said_into_a_lost_connection_counts_for_nothing():
    talk = Talk()
    number = talk.ask(produce())
    talk.desk.disconnected(NODE, LIFE, CONNECTION)
    talk.answer(number, produced())
    for tick in (600, 640, 680):
        talk.desk.ticks(NODE, LIFE, tick)
    assert talk.broken is None


def test_an_answer_of_another_kind_is_told():
    assert Talk().exchange(fetch(), produced()) == ("answered_once", "n1 answers a Fetch with Produced")


def test_an_answer_about_what_nobody_asked_for_is_told():
    assert "nobody asked" in Talk().exchange(fetch(partitions=()), fetched())[1]


def test_the_next_life_of_a_node_owes_nothing():
    talk = Talk()
    talk.ask(fetch())
    for tick in (300, 340, 380):
        talk.desk.ticks(NODE, LIFE + 1, tick)
    assert talk.broken is None


# ---------------------------------------------------------------- in time
def test_the_first_tick_after_its_time_is_soon_enough():
    talk = Talk()
    talk.ask(fetch(wait=200))
    talk.desk.ticks(NODE, LIFE, 160)
    talk.desk.ticks(NODE, LIFE, 220)
    assert talk.broken is None


@pytest.mark.parametrize("request_", [fetch(wait=200), produce(timeout=200)], ids=["fetch", "produce"])
def test_the_second_tick_after_its_time_is_too_late(request_):
    talk = Talk()
    talk.ask(request_)
    for tick in (160, 220, 260):
        talk.desk.ticks(NODE, LIFE, tick)
    assert talk.broken[0] == "answered_in_time"
    assert "is not answered 260 ms after n1 heard it, and was to wait for 200 ms at most" in talk.broken[1]


def test_what_waits_for_nothing_is_answered_at_once():
    talk = Talk()
    talk.ask(list_offsets(), at=10)
    for tick in (40, 80):
        talk.desk.ticks(NODE, LIFE, tick)
    assert talk.broken[0] == "answered_in_time"


@pytest.mark.parametrize(("offset", "broken"), [(3, "answered_in_time"), (2, None)])
def test_what_is_not_committed_yet_is_refused_at_once(offset, broken):
    talk = Talk()
    talk.ask(DeleteRecords((DeletePartition(T0, Offset(offset)),), 500))
    for tick in (40, 80):
        talk.desk.ticks(NODE, LIFE, tick)
    assert (talk.broken or (None,))[0] == broken


def test_one_that_is_late_is_seen_behind_one_that_is_not():
    talk = Talk()
    talk.ask(produce(timeout=500))
    talk.ask(fetch(wait=100))
    for tick in (80, 120, 160):
        talk.desk.ticks(NODE, LIFE, tick)
    assert "a Fetch is not answered" in talk.broken[1]


def test_nobody_gives_up_before_the_time_is_over():
    early, late = Talk(), Talk()
    assert late.exchange(produce(timeout=500), produced(ErrorCode.REQUEST_TIMED_OUT), at=500) is None
    broken = early.exchange(produce(timeout=500), produced(ErrorCode.REQUEST_TIMED_OUT), at=499)
    assert broken == ("answered_in_time", "n1 gives up a Produce after 499 ms, and was to wait for 500 ms")


# ---------------------------------------------------------------- the watermark
def test_a_watermark_that_lags_behind_all_is_told():
    talk = Talk(leading(end=4, high_watermark=2, shown={2: 3, 3: 0}))
    talk.ask(fetch())
    assert talk.broken[0] == "watermark_due"
    assert "leaves its high watermark at 2" in talk.broken[1]
    assert "{n1, n2} have shown that they have what lies below 3" in talk.broken[1]


@pytest.mark.parametrize(
    "replica",
    [
        leading(shown={2: 2}),
        leading(shown={}),
        leading(shown={2: 4}, may_commit=False),
        leading(shown={2: 4}, high_watermark=4),
    ],
    ids=["not shown", "not heard of", "may not commit", "moved"],
)
def test_a_watermark_that_cannot_move_is_where_it_should_be(replica):
    talk = Talk(replica)
    talk.ask(fetch())
    assert talk.broken is None


def test_a_follower_moves_no_watermark():
    replica = leading(shown={2: 4})
    replica.leading = False
    talk = Talk(replica)
    talk.ask(fetch())
    assert talk.broken is None


# ---------------------------------------------------------------- sessions
def test_what_a_session_was_told_before_still_holds():
    """The second fetch names no partition: its error is judged by what the first asked."""
    talk = Talk()
    talk.exchange(fetch(epoch=3, session_id=0, session_epoch=0), fetched(session_id=9))
    later = fetch(partitions=(), session_id=9, session_epoch=1)
    assert talk.exchange(later, fetched(ErrorCode.FENCED_LEADER_EPOCH, session_id=9))[0] == "right_error"


def test_what_a_session_refuses_it_does_not_remember():
    """A fetch out of turn names other epochs: the session still holds the ones before."""
    late = fetch(epoch=2, session_id=9, session_epoch=7)
    refused = Fetched((), error=ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    for error, broken in ((ErrorCode.NONE, None), (ErrorCode.FENCED_LEADER_EPOCH, "right_error")):
        talk = Talk()
        talk.exchange(fetch(epoch=3, session_id=0, session_epoch=0), fetched(session_id=9))
        assert talk.exchange(late, refused) is None
        told = talk.exchange(fetch(partitions=(), session_id=9, session_epoch=1), fetched(error, session_id=9))
        assert (told and told[0]) == broken


def test_what_a_session_refuses_it_does_not_forget_either():
    talk = Talk()
    talk.exchange(fetch(session_id=0, session_epoch=0), fetched(session_id=9))
    late = fetch(partitions=(), forgotten=(T0,), session_id=9, session_epoch=7)
    talk.exchange(late, Fetched((), error=ErrorCode.INVALID_FETCH_SESSION_EPOCH))
    assert talk.exchange(fetch(partitions=(), session_id=9, session_epoch=1), fetched(session_id=9)) is None


def test_what_a_session_takes_over_it_remembers():
    """The broker is in epoch 3; the session was told of 3 first, and of 2 then."""
    talk = Talk()
    talk.exchange(fetch(epoch=3, session_id=0, session_epoch=0), fetched(session_id=9))
    fenced = fetched(ErrorCode.FENCED_LEADER_EPOCH, session_id=9)
    assert talk.exchange(fetch(epoch=2, session_id=9, session_epoch=1), fenced) is None
    told = talk.exchange(fetch(partitions=(), session_id=9, session_epoch=2), fetched(session_id=9))
    assert told[0] == "right_error"


# ---------------------------------------------------------------- steps
def of_two(epoch=3):
    """A fetch of t-0 and of t-1."""
    first = fetch(epoch=epoch).partitions[0]
    return fetch(partitions=(first, replace(first, partition=TopicPartition("t", 1))))


@pytest.mark.parametrize(("step", "broken"), [(1, "right_error"), (2, None)], ids=["at once", "later"])
def test_a_fetch_of_several_is_judged_in_the_step_that_heard_it(step, broken):
    """Both steps are in one millisecond; in the later one, another partition may have answered for all."""
    talk = Talk()
    talk.answer(talk.ask(of_two(epoch=2), step=1), fetched(), step=step)
    assert (talk.broken and talk.broken[0]) == broken


@pytest.mark.parametrize(
    ("request_", "reply"), [(fetch(epoch=2), fetched()), (produce(), produced(ErrorCode.NOT_LEADER_OR_FOLLOWER))]
)
def test_where_a_node_stands_is_asked_of_what_it_says_now(request_, reply):
    """What was held back may be of an earlier step, unless it answers what this one heard."""
    for step, held_back, broken in ((1, True, "right_error"), (2, False, "right_error"), (2, True, None)):
        talk = Talk()
        talk.answer(talk.ask(request_, step=1), reply, step=step, held_back=held_back)
        assert (talk.broken and talk.broken[0]) == broken


def test_what_was_held_back_is_said_once_too():
    talk = Talk()
    number = talk.ask(produce(), step=1)
    talk.answer(number, produced(), step=2, held_back=True)
    talk.answer(number, produced(), step=3, held_back=True)
    assert talk.broken[0] == "answered_once"


def test_at_once_it_is_raised():
    talk = Talk()
    talk.desk._at_once = True
    with pytest.raises(Exception, match="answers a Fetch with Produced"):
        talk.exchange(fetch(), produced())
