"""Which codec of the wire was written out ahead of time, for the compiled copy.

One rule: what is taken is what would have been made. A function is known by its text, by the class it makes, and by
the functions it calls, known in the same way. `tests/bench/compiled.py` puts this file into the copy as
`impl/wire/codec/written_out.py`; `tests/bench/ahead.py` writes `impl/wire/codec/ahead.py` for the same keys.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from impl.wire.codec.source import Source

KEYS: dict[Any, str] = {}
"""By generated function."""


def key_of(source: Source) -> str:
    """The same for two sources exactly where they are of the same function."""
    made = source.names.get("make")
    told = [source.title, source.text(), "" if made is None else f"{made.__module__}.{made.__qualname__}"]
    told += [KEYS[value] for value in source.names.values() if callable(value) and value in KEYS]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]


def use() -> None:
    """From now on a codec that was written out is not made again."""
    make_now: Callable[[Source], Callable[..., Any]] = Source.compile

    def taken(self: Source) -> Callable[..., Any]:
        from impl.wire.codec import ahead

        key = key_of(self)
        found: Callable[..., Any] = ahead.WRITTEN.get(key) or make_now(self)
        KEYS[found] = key
        return found

    setattr(Source, "compile", taken)  # noqa: B010 - a method in place of another


if __name__ == "impl.wire.codec.written_out":
    use()
