"""Logs as values: what shares a buffer behaves as tuples do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.kinds import Entry
from model.shared_log import SharedLog

OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 3), st.integers(0, 1)),
        st.tuples(st.just("prefix"), st.integers(0, 3), st.integers(0, 6)),
        st.tuples(st.just("extend"), st.integers(0, 3), st.integers(0, 3)),
    ),
    max_size=40,
)


@given(OPERATIONS)
def test_logs_that_share_buffers_are_as_independent_as_tuples(operations: list[tuple[str, int, int]]) -> None:
    shared = [SharedLog() for _ in range(4)]
    plain: list[tuple[Entry, ...]] = [() for _ in range(4)]
    for what, which, argument in operations:
        if what == "append":
            entry = Entry(1, argument)
            shared[which] = shared[which] + (entry,)
            plain[which] = (*plain[which], entry)
        elif what == "prefix":
            shared[which], plain[which] = shared[which][:argument], plain[which][:argument]
        elif len(plain[which]) <= len(plain[argument]):
            start, end = len(plain[which]), len(plain[argument])
            shared[which] = shared[which] + shared[argument][start:end]
            plain[which] = plain[which] + plain[argument][start:end]
    assert [tuple(log) for log in shared] == plain
    for a, x in zip(shared, plain, strict=True):
        assert len(a) == len(x)
        assert [a == b for b in shared] == [x == y for y in plain]


def test_appending_and_taking_a_prefix_copy_nothing() -> None:
    log = SharedLog()
    for value in range(1000):
        log = log.extended(Entry(1, value))
    follower = SharedLog() + log[0:600]
    assert follower.buffer is log.buffer
    assert (follower + log[600:1000]).buffer is log.buffer
    assert log[:10].extended(Entry(1, 10)).buffer is log.buffer, "the same entry is shared"
    assert log[:10].extended(Entry(2, 10)).buffer is not log.buffer, "another one is not"


def test_an_offset_outside_a_log_is_refused_and_not_counted_from_the_end() -> None:
    log = SharedLog().extended(Entry(1, 7))
    for offset in (-1, 1):
        with pytest.raises(IndexError, match=f"offset {offset} is outside a log of 1 entries"):
            log[offset]
    with pytest.raises(ValueError, match=r"extended by a slice that starts there, log\[1:\]"):
        log + log[0:1]
