"""What faults are done to: the part of an engine that they need.

One rule: only what a fault reads or sets in motion stands here, so that faults know no engine, and the engine that
makes them is imported by none of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from impl.core.admin_messages import AdminRequest
from impl.sim.choices import Key
from impl.sim.network import Network
from impl.sim.process import Process


class Field(Protocol):
    """Processes, their network and their time; the attributes are those of `impl.sim.engine.Engine`."""

    @property
    def now(self) -> int:
        """Milliseconds since the run began."""

    @property
    def processes(self) -> list[Process]:
        """By their numbers."""

    @property
    def nodes(self) -> list[Process]:
        """Those that have a disk: brokers and controllers."""

    @property
    def network(self) -> Network: ...

    @property
    def choose(self) -> Callable[[Key, int], int]: ...

    def note_fault(self, kind: str, targets: tuple[str, ...], detail: str) -> None:
        """Tell whoever watches."""

    def act(self, process: Process, what: str, step: Callable[[], Sequence[Any]]) -> None:
        """A node does something that no message asked for."""

    def ask(self, process: Process, what: str, request: AdminRequest) -> None:
        """An operator asks a node for something, and waits for the answer."""

    def perform(self, process: Process, effects: Sequence[Any]) -> None:
        """Send what a step of this process sends."""

    def schedule_restart(self, process: Process, at: int) -> None: ...

    def schedule_wake(self, process: Process) -> None:
        """When its pause is over."""

    def schedule_call(self, at: int, what: Callable[[], None]) -> None: ...
