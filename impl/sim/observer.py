"""Who is told what happens in a run while it happens: a checker, a trace.

One rule: an observer may end the run by raising; it changes nothing else.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from impl.core.decided_facts import Fact
from impl.core.events import Event, SendReply
from impl.core.quorum.facts import QuorumFact
from impl.sim.process import Process
from traces.schema import Op

Wrote = Callable[[int, str, Sequence[str], int], None]
"""Takes what `LogObserver.wrote` does."""
Held = tuple[int, str, str, int]
"""A record: its offset, its key, its name, and when it may go if it is a tombstone that was cleaned (-1: not yet)."""


class Observer(Protocol):
    def facts(self, node: str, at: int, facts: Sequence[Fact]) -> None:
        """What one step of a node did, in order. Called once a step, after its storage effects were performed."""

    def fault(self, kind: str, targets: tuple[str, ...], detail: str) -> None:
        """The world did something to these processes (kinds of `impl.sim.faults`); `detail` begins with EVERYWHERE or
        MID_STEP where that is so."""

    def op(self, op: Op) -> None:
        """A client's operation was invoked or completed. A record read is one `ok` without an invoke."""


@runtime_checkable
class QuorumObserver(Protocol):
    """What an observer may have, too."""

    def quorum(self, node: str, at: int, facts: Sequence[QuorumFact]) -> None:
        """What a step of a controller did as a voter of the quorum, in order, before what it decided."""


@runtime_checkable
class LogObserver(Protocol):
    """What an observer may have, too, of what logs hold that are compacted, or of which clients ask for offsets."""

    def wrote(self, crc: int, key: str, names: Sequence[str], at: int) -> None:
        """A client has made a batch of records of this key, by their names; `crc` is what it is known by."""

    def held(
        self, node: str, at: int, partition: str, begin: int, to: int, records: Sequence[Held], *, cleaned: bool
    ) -> None:
        """What a log holds from `begin` on below `to`, after a step of its node. `cleaned`: the step compacted that."""


class Listener(Protocol):
    """Hears what is said to nodes and by them, as it was meant, whatever it is on the wire. `step` numbers what nodes
    do: what leaves a node in the step that heard a request has nothing else to it."""

    def hears(self, node: Process, event: Event, now: int, step: int) -> None:
        """A node that runs handles an event that is no answer."""

    def answers(self, node: Process, sent: SendReply, now: int, step: int) -> None:
        """An answer leaves the node, whether anybody is there to get it or not."""


@runtime_checkable
class Listening(Protocol):
    """What an observer may have, too."""

    @property
    def listener(self) -> Listener | None:
        """Asked for once, when the run begins."""


class Nobody:
    """Observes nothing."""

    def facts(self, node: str, at: int, facts: Sequence[Fact]) -> None:
        pass

    def fault(self, kind: str, targets: tuple[str, ...], detail: str) -> None:
        pass

    def op(self, op: Op) -> None:
        pass
