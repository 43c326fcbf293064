"""Who is told what happens in a run while it happens: a checker, a trace.

One rule: an observer may end the run by raising; it changes nothing else.
"""

from collections.abc import Sequence
from typing import Protocol

from impl.core.facts import Fact
from traces.schema import Op


class Observer(Protocol):
    def facts(self, node: str, at: int, facts: Sequence[Fact]) -> None:
        """What one step of a node did, in order. Called once a step, after its storage effects were performed."""

    def fault(self, kind: str, targets: tuple[str, ...]) -> None:
        """The world did something to these processes (kinds of `impl.sim.faults`)."""

    def op(self, op: Op) -> None:
        """A client's operation was invoked or completed. A record read is one `ok` without an invoke."""


class Nobody:
    """Observes nothing."""

    def facts(self, node: str, at: int, facts: Sequence[Fact]) -> None:
        pass

    def fault(self, kind: str, targets: tuple[str, ...]) -> None:
        pass

    def op(self, op: Op) -> None:
        pass
