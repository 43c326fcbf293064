"""Frames come out of a byte stream whole and in order, however the bytes arrive, and within their bounds."""

import random
import struct

import pytest

from impl.server.framing import BUFFER_BYTES, LARGE_FRAME_FIRST_BYTES, FrameReader


class Collector(FrameReader):
    """Keeps what it is given; holds after every frame when asked to."""

    def __init__(self, frame_bytes_max: int = 1 << 24, hold_after_each: bool = False) -> None:
        super().__init__(frame_bytes_max)
        self.frames: list[bytes] = []
        self.refusals: list[str] = []
        self.hold_after_each = hold_after_each

    def frame_received(self, frame: memoryview) -> None:
        self.frames.append(bytes(frame))
        if self.hold_after_each:
            self.hold()

    def frame_refused(self, reason: str) -> None:
        self.refusals.append(reason)


def feed(reader: FrameReader, data: bytes, piece: int) -> None:
    """As the event loop does: at most `piece` bytes at a time, and no more than the buffer it is given holds."""
    position = 0
    while position < len(data):
        buffer = reader.get_buffer()
        assert len(buffer) > 0
        taken = data[position : position + min(piece, len(buffer))]
        buffer[: len(taken)] = taken
        # A channel still holds the view while it calls buffer_updated.
        reader.buffer_updated(len(taken))
        del buffer
        position += len(taken)


def framed(frames: list[bytes]) -> bytes:
    return b"".join(struct.pack(">i", len(frame)) + frame for frame in frames)


SIZES = [0, 1, 5, 4096, BUFFER_BYTES - 4, BUFFER_BYTES - 3, BUFFER_BYTES, LARGE_FRAME_FIRST_BYTES * 3 + 7, 2, 70_000, 3]


@pytest.mark.parametrize("piece", [7, 4096, 1 << 22])
def test_frames_survive_any_cutting(piece):
    source = random.Random(piece)
    sizes = SIZES if piece > 7 else SIZES[:7]
    frames = [source.randbytes(size) for size in sizes]
    reader = Collector()
    feed(reader, framed(frames), piece)
    assert reader.frames == frames
    assert reader.refusals == []


@pytest.mark.parametrize("size", [-1, -(2**31), 1001, 2**31 - 1])
def test_an_impossible_size_is_refused_before_any_of_it_is_read(size):
    reader = Collector(frame_bytes_max=1000)
    feed(reader, framed([b"first"]) + struct.pack(">i", size), 1 << 20)
    assert reader.frames == [b"first"]
    assert reader.refusals == [f"frame of {size} bytes, allowed are 0 to 1000"]


def test_a_large_size_reserves_little_until_its_bytes_arrive():
    reader = Collector(frame_bytes_max=100_000_000)
    feed(reader, struct.pack(">i", 100_000_000) + b"x", 1 << 20)
    assert len(reader.get_buffer()) < LARGE_FRAME_FIRST_BYTES


def test_nothing_is_delivered_while_held_and_all_of_it_after():
    frames = [b"one", b"two", b"three"]
    reader = Collector(hold_after_each=True)
    feed(reader, framed(frames), 1 << 20)
    assert reader.frames == [b"one"]
    reader.release()
    assert reader.frames == [b"one", b"two"]
    reader.hold_after_each = False
    reader.release()
    assert reader.frames == frames
