"""Turning what happens in a world into the lines of a trace.

One rule: recording looks and changes nothing. A run takes the same course with and without it.

A line is written for every step that handled a message or did anything; ticks after which nothing happened leave none.
Which step sent a message is remembered by the number that the message has in the calendar.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from impl.core.decided_facts import Fact
from impl.core.events import ConnectionLost, Disconnected, Event, ReplyArrived, RequestArrived, Tick
from impl.core.names import node_name
from impl.core.quorum.facts import QuorumFact
from impl.core.types import NodeId
from impl.sim.choices import Key
from impl.sim.network import Network
from impl.sim.process import Process
from impl.sim.scenario import Scenario
from traces.recorder import Recorder
from traces.schema import VERSION, Header

MODEL = "survival"
"""The model that the broker implements."""
LogEnds = dict[str, tuple[int, int, int]]


class Recording:
    """One run's trace in the making."""

    def __init__(self, recorder: Recorder, network: Network, names: Sequence[str]) -> None:
        self.recorder = recorder
        self.facts: Sequence[Fact] = ()
        """What the step under way did so far."""
        self.quorum: Sequence[QuorumFact] = ()
        """And what it did as a voter of the quorum."""
        self._network = network
        self._names = names
        self._line: int | None = None
        self._causes: dict[int, int] = {}
        self._known: dict[str, LogEnds] = {}

    def sent(self, number: int) -> None:
        """The step under way put this message into the calendar."""
        if self._line is not None:
            self._causes[number] = self._line

    def begin(self) -> None:
        """A step begins: nothing is known of it yet."""
        self.facts = self.quorum = ()

    def step(self, process: Process, event: Event | str, number: int, now: int, *, acted: bool) -> None:
        """A step came to its end, or was cut short by what an observer raised: write its line.

        `event` is a string, in words, where no message asked for it: the process started, or obeyed its operator.
        """
        cause = self._causes.pop(number, None)
        if isinstance(event, Tick) and not acted and not self.facts and not self.quorum:
            self._line = None
            return
        self._line = self.recorder.step(
            at=now,
            node=process.name,
            event=self._words(event),
            facts=self.facts,
            cause=cause,
            logs=self._changed(process),
            quorum=self.quorum,
        )

    def idle(self) -> None:
        """What is sent now is sent by no step."""
        self._line = None

    def _words(self, event: Event | str) -> str:
        if isinstance(event, str):
            return event
        if isinstance(event, RequestArrived):
            connection = self._network.accepted(event.connection)
            sender = "nobody" if connection is None else self._names[connection.opener]
            return f"{type(event.request).__name__} from {sender}"
        if isinstance(event, ReplyArrived):
            return f"{type(event.reply).__name__} from {self._name(event.node)}"
        if isinstance(event, ConnectionLost):
            return f"connection to {self._name(event.node)} lost"
        if isinstance(event, Disconnected):
            return "a peer disconnected"
        return type(event).__name__.lower()

    def _name(self, node: NodeId) -> str:
        return node_name(node)

    def _changed(self, process: Process) -> LogEnds:
        ends = log_ends(process)
        known = self._known.get(process.name, {})
        self._known[process.name] = ends
        return {name: end for name, end in ends.items() if known.get(name) != end}


def log_ends(process: Process) -> LogEnds:
    """Log end offset, last epoch and high watermark of every log of a broker."""
    broker: Any = getattr(process.host, "broker", None)
    if broker is None:
        return {}
    return {
        partition.label: (partition.log_end, partition.epochs.latest, partition.high_watermark)
        for partition in broker.partitions.values()
    }


def header(
    scenario: Scenario, made: Mapping[Key, int], *, seed: int | None = None, mutant: str | None = None, commit: str = ""
) -> Header:
    """The header of a simulated run's trace: with the code at `commit`, all it takes to run it again."""
    return Header(
        version=VERSION,
        origin="simulated",
        model=MODEL,
        commit=commit,
        configuration=scenario.configuration(),
        mutant=mutant,
        seed=seed,
        choices=tuple(sorted(made.items())),
    )
