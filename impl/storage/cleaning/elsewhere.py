"""Work that may take long, done where nobody waits for it: batches unpacked and packed for compaction.

One rule: what is done elsewhere sees bytes and returns bytes. Files, logs and the cleaner's own state are touched by
the thread that owns them alone, between two questions whether the work is done.

A generator that does something in *slices* yields after each how much it did, in bytes or what takes as long.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Protocol

from impl.wire.batches import HEADER_BYTES, Buffer
from impl.wire.compression import NotUnpacked, PastTheBound, unpack
from impl.wire.opened import Opened

HERE_BYTES_MAX = 1_048_576
"""As many are unpacked and packed at once: milliseconds."""
WAIT = 2**62
"""Yielded by who waits: more than any step has to do."""


class Later(Protocol):
    """A result that comes. Whoever forgets it is not told."""

    def done(self) -> bool: ...

    def result(self) -> Any:
        """Raises what the work raised."""


Elsewhere = Callable[[Callable[[], Any]], Later]


class Here:
    """The work done when its result is asked for: for simulations, which have no threads."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work

    def done(self) -> bool:
        return True

    def result(self) -> Any:
        return self._work()


def unpacked(data: bytes, header: Opened, elsewhere: Elsewhere) -> Generator[int, None, Buffer | None]:
    """The records of a batch, within the bound of impl/wire/compression.py; None where they cannot be had."""
    packed = memoryview(data)[HEADER_BYTES:]
    try:
        try:
            return unpack(header.codec, packed, HERE_BYTES_MAX)
        except PastTheBound:
            found: Buffer = yield from waited_for(elsewhere(partial(unpack, header.codec, packed)))
            return found
    except NotUnpacked:
        return None


def waited_for(later: Later) -> Generator[int, None, Any]:
    while not later.done():
        yield WAIT
    return later.result()
