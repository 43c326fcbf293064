"""Buffers are used again when nobody looks at them, never before, and few are kept."""

from hypothesis import given
from hypothesis import strategies as st

from impl.server.buffers import STEP_BYTES, Buffers, _is_free


def test_a_buffer_nobody_looks_at_is_used_again() -> None:
    buffers = Buffers()
    first = buffers.take(1_000_000)
    first[:3] = b"abc"
    whole = first.obj
    part = first[10:20]
    del first
    second = buffers.take(1_000_000)
    assert second.obj is not whole
    del part
    third = buffers.take(900_000)
    assert third.obj is whole
    assert len(third) == 900_000
    assert bytes(third[:3]) == b"abc"


def test_a_much_smaller_frame_does_not_hold_a_large_buffer() -> None:
    buffers = Buffers()
    whole = buffers.take(40 * STEP_BYTES).obj
    assert buffers.take(STEP_BYTES).obj is not whole


def test_what_is_not_kept_is_nobodys_when_it_is_let_go() -> None:
    buffers = Buffers(kept_bytes_max=4 * STEP_BYTES)
    first, second = buffers.take(3 * STEP_BYTES), buffers.take(3 * STEP_BYTES)
    kept, other = first.obj, second.obj
    del first, second
    # There was room for one; it gives way to a larger one, and that to nobody while it is used.
    assert _is_free(other)
    larger = buffers.take(4 * STEP_BYTES)
    assert buffers.take(3 * STEP_BYTES).obj is not kept
    largest = larger.obj
    del larger
    assert buffers.take(4 * STEP_BYTES).obj is largest
    assert len(buffers.take(9 * STEP_BYTES)) == 9 * STEP_BYTES


@given(st.lists(st.tuples(st.integers(1, 6 * STEP_BYTES), st.booleans()), max_size=30))
def test_no_two_who_look_share_bytes(asked: list[tuple[int, bool]]) -> None:
    buffers = Buffers(kept_bytes_max=10 * STEP_BYTES)
    held: list[tuple[int, memoryview]] = []
    for number, (size, kept) in enumerate(asked):
        view = buffers.take(size)
        assert len(view) == size
        view[0] = view[-1] = number
        if kept:
            held.append((number, view))
        del view
        for mark, other in held:
            assert other[0] == other[-1] == mark
