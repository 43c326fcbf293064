"""The one source of everything undetermined in a simulated run.

One rule: the world asks `choose(key, n)` and is given a number below `n`; 0 always means "nothing special", so that a
run with every choice 0 is the plain run, and removing a choice never renames another. A key says what is decided
(`("fault", slot)`, `("delay", link, window, index)`, `("survive", node, file)`), never when in the program it was
asked. Weights belong to the driver: the world only ever sees the value.

Three drivers: `Seeded` (campaigns), `Recorded` (replay and shrinking; absent means 0), and the Hypothesis one, which
lives with the tests because production code does not import Hypothesis.
"""

from typing import Protocol

Key = tuple[str | int, ...]


class Choices(Protocol):
    def choose(self, key: Key, n: int) -> int:
        """A number in `range(n)`. The same key is asked at most once in a run. Asking has no side effect on others."""
