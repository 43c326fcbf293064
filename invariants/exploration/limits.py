"""What a search may use, and what it found: shared by every form of search.

One rule: a search that reaches a limit stops and says which one; it never slows down into swap or guesses.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[int, int, int], None]
"""Called with the depth, the distinct states so far, and how many of them are new at this depth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds of wall time from `started`, bytes of memory, and depth; None is no limit."""

    seconds: float | None = None
    memory: int = 2 << 30
    depth: int | None = None
    started: float = field(default_factory=time.monotonic)

    def over_time(self) -> bool:
        return self.seconds is not None and time.monotonic() - self.started > self.seconds

    def reason_time(self) -> str:
        return f"stopped after {self.seconds:g} s: give a larger budget, or smaller bounds"

    def reason_memory(self, used: int) -> str:
        return (
            f"stopped at {used / 2**20:.0f} MiB of {self.memory / 2**20:.0f} MiB: give more memory, or smaller bounds"
        )

    def reason_depth(self) -> str:
        return f"stopped at depth {self.depth}, as asked"


@dataclass(slots=True, kw_only=True)
class Found:
    """What a search saw. `levels` counts new states by depth, the last one partial where it stopped or was violated.

    `violated` is the number of the property, `path` the instances that lead to the state that violates it; `stopped`
    is why the search did not finish.
    """

    levels: list[int] = field(default_factory=lambda: [1])
    generated: int = 0
    violated: int | None = None
    path: list[int] = field(default_factory=list)
    stopped: str | None = None
    bytes: int = 0

    @property
    def distinct(self) -> int:
        return sum(self.levels)
