"""The machinery under a world: the virtual clock, the calendar of what is due, and the steps of processes.

One rule: the clock jumps from entry to entry of one calendar (impl/sim/calendar.py), and nothing happens between two
entries.

An entry is a message's arrival, the news that a connection is gone, a tick, the end of a pause, a restart, what a
fault does later, or a slot (impl/sim/world.py).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from impl.core.admin_messages import AdminRequest
from impl.core.decided_facts import Fact
from impl.core.events import (
    ConnectionLost,
    Disconnected,
    Event,
    ReplyArrived,
    RequestArrived,
    Send,
    SendReply,
    Stopped,
    Tick,
)
from impl.core.quorum.facts import QuorumFact
from impl.core.types import Connection as ConnectionNumber
from impl.core.types import Millis, NodeId
from impl.sim.calendar import Calendar
from impl.sim.choices import Choices
from impl.sim.deaths import Deaths
from impl.sim.disk import Crashed
from impl.sim.injection import Injector
from impl.sim.machines import Machines
from impl.sim.network import DELIVER, LOST, TO_ACCEPTOR, TO_OPENER, Connection, Network
from impl.sim.observer import Listener, Listening, Nobody, Observer, QuorumObserver
from impl.sim.process import Process
from impl.sim.recording import Recording
from impl.sim.transport import Transport
from impl.storage.errors import StorageError
from traces.recorder import Recorder

TICK, SLOT, WAKE, RESTART, CALL = range(LOST + 1, LOST + 6)
_TICK = Tick()
OPERATOR = ConnectionNumber(0)
"""Where operators ask: no connection of the network, which number from 1."""

TellQuorum = Callable[[str, int, Sequence[QuorumFact]], None]
Step = Callable[[], Sequence[Any]]
"""A step about to be done: what comes of it is what it sends."""


class Engine:
    """Processes, and the time they live in. `processes` are set by the subclass, by their numbers."""

    def __init__(
        self, choices: Choices, processes: list[Process], transport: Transport, observer: Observer | None
    ) -> None:
        self.choose = choices.choose
        self.now = 0
        """Milliseconds since the run began."""
        self.steps = 0
        """Events handled by brokers and the controller."""
        self.processes = processes
        self._controllers: dict[NodeId, int] = {each.node: each.index for each in processes if each.is_controller}
        self.observer: Observer = observer or Nobody()
        self._tell_quorum: TellQuorum | None = None
        if isinstance(observer, QuorumObserver):
            self._tell_quorum = observer.quorum
        self._listener: Listener | None = None
        if isinstance(observer, Listening):  # as a statement: the compiled copy takes the expression for None
            self._listener = observer.listener
        self._orders = 0
        self._calendar = Calendar()
        self.network = Network([process.name for process in processes], self._calendar, choices)
        self._deaths = Deaths(self)
        self._machines = Machines(self, self._deaths)
        self.faults = Injector(self, self._deaths, self._machines)
        self._transport = transport
        self._recording: Recording | None = None

    def take_apart(self) -> None:
        """Nothing will be asked any more: refer to nothing that refers to this, or that is large."""
        del self._deaths, self._machines, self.faults, self._recording, self._tell_quorum, self._listener
        del self.network, self.observer, self.processes, self.choose, self._transport, self._calendar

    @property
    def nodes(self) -> list[Process]:
        """The controller, then the brokers, then the other controllers, where there are several."""
        return [process for process in self.processes if process.disk is not None]

    def record(self, recorder: Recorder) -> None:
        """From now on write a trace of what happens."""
        self._recording = Recording(recorder, self.network, [process.name for process in self.processes])

    # ------------------------------------------------------------ the clock
    def advance(self, milliseconds: int) -> None:
        """Let that much time pass."""
        # Every entry passes through here: what is looked up once is not looked up each time.
        calendar, processes, until = self._calendar, self.processes, self.now + milliseconds
        network, framed = self.network, self._transport.framed
        now = calendar.next(until)
        while now >= 0:
            self.now = now
            for number, what, one, two, event in calendar.take(now):
                if what == DELIVER:
                    connection: Connection = one
                    direction: int = two
                    process = processes[connection.ends[direction]]
                    if network.arrives(connection, direction) and process.life == connection.lives[direction]:
                        if framed:
                            sender = processes[connection.ends[1 - direction]]
                            event = self._transport.unpack(process, connection, sender, event)
                        if process.paused_until > now:
                            process.inbox.append((number, event))
                        else:
                            self._step(process, event, number)
                elif what == TICK:
                    ticked: Process = one
                    life: int = two
                    if ticked.life == life:
                        calendar.put(now + ticked.tick_ms, TICK, ticked, life)
                        if ticked.paused_until <= now:
                            self._step(ticked, _TICK, number)
                else:
                    self._rarely(what, one, two, event, number)
            now = calendar.next(until)
        self.now = until

    def _rarely(self, what: int, one: Any, two: Any, three: Any, number: int) -> None:
        """An entry that is neither a message's nor a tick."""
        if what == SLOT:
            self.slot()
        elif what == LOST:
            self._lost(one, two, number)
        elif what == WAKE:
            self._wake(self.processes[one], two)
        elif what == CALL:
            three()
        else:
            assert what == RESTART
            if self.processes[one].life == two and not self.processes[one].alive:
                self.begin(self.processes[one])

    def slot(self) -> None:
        """Whatever happens at the entries that `push_slot` made."""

    def push_slot(self, at: int) -> None:
        self._calendar.put(at, SLOT)

    def schedule_restart(self, process: Process, at: int) -> None:
        self._calendar.put(at, RESTART, process.index, process.life)

    def schedule_wake(self, process: Process) -> None:
        self._calendar.put(process.paused_until, WAKE, process.index, process.life)

    def schedule_call(self, at: int, what: Callable[[], None]) -> None:
        """Something that a fault does later."""
        self._calendar.put(at, CALL, three=what)

    # ------------------------------------------------------------ steps
    def begin(self, process: Process) -> None:
        """Start a process on what its disk holds."""
        host = None
        if process.make_host is not None:
            try:
                host = process.make_host(process.life)
            except StorageError as refused:
                self._machines.did_not_start(process, refused)
                return
        process.alive = True
        process.silent_until = 0
        # Not all at the same time.
        self._calendar.put(self.now + process.index % process.tick_ms, TICK, process, process.life)
        if host is not None:
            process.inhabit(host)
            self._machines.started(process)
            self.act(process, "start", partial(host.start, Millis(self.now)))

    def _hand(self, process: Process, event: Event, number: int) -> None:
        """An event reached a living process: it is handled now, or when the pause is over."""
        if process.paused_until > self.now:
            process.inbox.append((number, event))
        else:
            self._step(process, event, number)

    def _wake(self, process: Process, life: int) -> None:
        if process.life != life or process.paused_until > self.now:
            return
        inbox, process.inbox = process.inbox, []
        for number, event in inbox:
            if process.life == life:
                self._step(process, event, number)

    def _lost(self, connection: Connection, direction: int, number: int) -> None:
        """One end learns that its connection is gone."""
        self.network.forget(connection, direction)
        process = self.processes[connection.ends[direction]]
        if process.life != connection.lives[direction]:
            return
        if direction == TO_OPENER:
            self._hand(process, ConnectionLost(self.processes[connection.acceptor].node), number)
        else:
            self._hand(process, Disconnected(connection.identity), number)

    def _step(self, process: Process, event: Event, number: int) -> None:
        """A process handles an event."""
        if process.is_node:
            self.steps += 1
            if self._listener is not None and type(event) is not ReplyArrived:
                self._listener.hears(process, event, self.now, self.steps)
        if self._recording is not None:
            self._watched(process, event, number, partial(process.handle, event, self.now))
            return
        try:
            effects = process.handle(event, self.now)
        except Crashed:
            self._deaths.doom_came(process)
            return
        except StorageError as refused:
            self._machines.refused(process, refused)
            return
        if effects:
            self.perform(process, effects)

    def act(self, process: Process, what: str, step: Step) -> None:
        """A node does something that no message asked for: it starts, or obeys its operator."""
        self.steps += 1
        self._watched(process, what, -1, step)

    def ask(self, process: Process, what: str, request: AdminRequest) -> None:
        """An operator asks a node for something; whoever listens hears the answer."""
        host = process.host
        assert host is not None
        self._orders += 1
        event = RequestArrived(OPERATOR, self._orders, request)
        if self._listener is not None:
            self._listener.hears(process, event, self.now, self.steps + 1)
        self.act(process, what, partial(host.handle, event, process.time(self.now)))

    def _watched(self, process: Process, event: Event | str, number: int, step: Step) -> None:
        """A step that is told to the trace, if there is one."""
        recording = self._recording
        if recording is not None:
            recording.begin()
        effects: Sequence[Any] = ()
        try:
            effects = step()
        except Crashed:
            self._deaths.doom_came(process)
            return
        except StorageError as refused:
            self._machines.refused(process, refused)
            return
        finally:
            # Also when an observer raises: what it raises about is the last line of the trace.
            if recording is not None and process.alive:
                recording.step(process, event, number, self.now, acted=bool(effects))
        self.perform(process, effects)

    # ------------------------------------------------------------ effects
    def perform(self, process: Process, effects: Sequence[Any]) -> None:
        """Send what a step of this process sends."""
        for effect in effects:
            if type(effect) is Send:
                self._send(process, effect)
            elif type(effect) is SendReply:
                self._reply(process, effect)
            elif type(effect) is Stopped:
                self._deaths.stopped(process)

    def _send(self, process: Process, send: Send) -> None:
        target = self._controllers.get(send.node, send.node)
        connection = self.network.connection(process.index, target)
        if connection is None:
            peer = self.processes[target]
            connection = self.network.open(process.index, target, (peer.life, process.life))
            if not peer.alive:
                self.network.refuse(connection, self.now, notice=peer.silent_until)
        if not connection.broken:
            packed = self._transport.pack_request(process, connection, send)
            number = self.network.send(connection, TO_ACCEPTOR, packed, self.now)
            if self._recording is not None:
                self._recording.sent(number)

    def _reply(self, process: Process, sent: SendReply) -> None:
        if self._listener is not None:
            self._listener.answers(process, sent, self.now, self.steps)
        connection = self.network.accepted(sent.connection)
        if connection is not None and not connection.broken:
            packed = self._transport.pack_reply(process, connection, sent)
            number = self.network.send(connection, TO_OPENER, packed, self.now)
            if self._recording is not None:
                self._recording.sent(number)

    # ------------------------------------------------------------ for those who watch
    def note_facts(self, name: str, facts: list[Fact]) -> None:
        """What a step of this node did: hosts call it, once for each step that did anything."""
        if self._recording is not None:
            self._recording.facts = facts
        self.observer.facts(name, self.now, facts)

    def note_quorum(self, name: str, facts: list[QuorumFact]) -> None:
        """What a step of this controller did as a voter: told before what it decided."""
        if self._recording is not None:
            self._recording.quorum = facts
        if self._tell_quorum is not None:
            self._tell_quorum(name, self.now, facts)

    def note_fault(self, kind: str, targets: tuple[str, ...], detail: str) -> None:
        self.observer.fault(kind, targets, detail)
        if self._recording is not None:
            self._recording.recorder.fault(self.now, kind, targets, detail)
