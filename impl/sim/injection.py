"""Doing faults to a world, and undoing them.

One rule: a fault does what its name says and nothing else. Those that end a process are in impl/sim/deaths.py, those
of one machine in impl/sim/machines.py; here are pauses, the network, and what the active controller is asked for.
"""

from functools import partial

from impl.core.admin_messages import AlterConfig, AlterConfigs, ConfigChange
from impl.core.config_changes import SET
from impl.core.metadata import TOPIC_RESOURCE
from impl.core.types import NodeId, TopicPartition
from impl.sim import faults
from impl.sim.deaths import Deaths
from impl.sim.faults import Fault
from impl.sim.field import Field
from impl.sim.machines import Machines
from impl.sim.reassigning import Reassigning
from impl.sim.roll_call import Deciding, deciding
from impl.sim.scenario import TOPIC


class Injector:
    """Performs faults on one field."""

    def __init__(self, field: Field, deaths: Deaths, machines: Machines) -> None:
        self._field = field
        self.deaths = deaths
        self._machines = machines
        self._reassigning = Reassigning(field)

    def apply(self, fault: Fault) -> None:
        """One decoded fault. Where it makes no sense now (a crash of what is down) nothing happens."""
        kind, first, second, duration = fault
        if kind == faults.MOVE:
            self.move(first, second)
        elif kind == faults.CRASH or kind == faults.CONTROLLER_CRASH:
            self.deaths.crash(first, duration)
        elif kind == faults.POWER_LOSS:
            self.deaths.lose_power(first, duration)
        elif kind == faults.CRASH_MID_WRITE or kind == faults.POWER_LOSS_MID_WRITE:
            self.deaths.doom(first, second, duration, power=kind == faults.POWER_LOSS_MID_WRITE)
        elif kind == faults.POWER_LOSS_MID_CHECKPOINT or kind == faults.STOP_CUT_SHORT:
            self.deaths.doom_aside(first, second, duration, stopping=kind == faults.STOP_CUT_SHORT)
        elif kind == faults.BLACKOUT:
            self.deaths.blackout(duration)
        elif kind == faults.PAUSE:
            self.pause(first, duration)
        elif kind == faults.BREAK:
            self.break_connection(first, second)
        elif kind == faults.BLOCK:
            self.block(first, second, duration)
        elif kind == faults.ISOLATE:
            self.isolate(first, duration, with_clients=bool(second))
        elif kind == faults.STOP:
            self.deaths.stop(first, duration)
        elif kind == faults.REASSIGN:
            self._reassigning.reassign(first, second)
        elif kind == faults.REASSIGN_ANEW or kind == faults.REASSIGN_GIVEN_UP:
            self._reassigning.change(first, second, gives_up=kind == faults.REASSIGN_GIVEN_UP)
        elif kind == faults.MINIMUM:
            self.minimum(first)
        elif kind == faults.LAG:
            self.lag(first, second, duration)
        else:
            self._machines.apply(fault)

    # ------------------------------------------------------------ processes
    def pause(self, process: int, duration_ms: int) -> None:
        """The process stands still, and wakes up believing what it believed."""
        field, victim = self._field, self._field.processes[process]
        if victim.alive and victim.paused_until <= field.now:
            field.note_fault(faults.PAUSE, (victim.name,), f"for {duration_ms} ms")
            victim.paused_until = field.now + duration_ms
            field.schedule_wake(victim)

    # ------------------------------------------------------------ the network
    def break_connection(self, one: int, other: int) -> None:
        """The connections between two processes break."""
        self._note_pair(faults.BREAK, one, other, "")
        self._field.network.cut_between(one, other, self._field.now)

    def block(self, source: int, target: int, duration_ms: int) -> None:
        """A one-way partition: what source sends to target from now on is held until it ends."""
        self._note_pair(faults.BLOCK, source, target, f"one way, for {duration_ms} ms")
        self._field.network.block(source, target, self._field.now + duration_ms)

    def isolate(self, process: int, duration_ms: int, *, with_clients: bool = False) -> None:
        """A full partition between one node and all others, both ways; and its clients, if so chosen."""
        field = self._field
        others = field.processes if with_clients else field.nodes
        detail = f"from {'all others' if with_clients else 'all other nodes'}, for {duration_ms} ms"
        field.note_fault(faults.ISOLATE, (field.processes[process].name,), detail)
        for other in others:
            if other.index != process:
                field.network.block(process, other.index, field.now + duration_ms)
                field.network.block(other.index, process, field.now + duration_ms)

    def lag(self, source: int, target: int, duration_ms: int) -> None:
        """A slow link, one way: half of the duration on top of every delay, for a while."""
        self._note_pair(faults.LAG, source, target, f"{duration_ms // 2} ms slower, for {faults.LAG_LASTS_MS} ms")
        self._field.network.slow(source, target, self._field.now + faults.LAG_LASTS_MS, duration_ms // 2)

    def _note_pair(self, kind: str, one: int, other: int, detail: str) -> None:
        processes = self._field.processes
        self._field.note_fault(kind, (processes[one].name, processes[other].name), detail)

    # ------------------------------------------------------------ the controller, and the end
    def move(self, broker: int, partition: int) -> None:
        """The active controller is told to give a partition's leadership to this broker, if it may."""
        field, name = self._field, TopicPartition(TOPIC, partition)
        active = self.active()
        if active is not None:
            controller, host, _ = active
            field.note_fault(faults.MOVE, (field.processes[broker].name,), f"partition {partition}")
            move = partial(host.move_leader, name, NodeId(broker), controller.time(field.now))
            field.act(controller, f"asked to move {name} to {field.processes[broker].name}", move)

    def minimum(self, members: int) -> None:
        """An operator sets min.insync.replicas of the topic."""
        active = self.active()
        if active is None or TOPIC not in active[2].topics:
            return
        controller = active[0]
        field = self._field
        field.note_fault(faults.MINIMUM, (controller.name,), f"min.insync.replicas={members}")
        change = ConfigChange("min.insync.replicas", SET, str(members))
        wanted = AlterConfigs((AlterConfig(TOPIC_RESOURCE, TOPIC, (change,)),), False)
        field.ask(controller, "asked for another minimum", wanted)

    def active(self) -> Deciding | None:
        """The active controller, if it runs."""
        return deciding(self._field.nodes, self._field.now)

    def heal(self) -> None:
        """Everything that is down starts, everything that stands still wakes, every link is open."""
        field = self._field
        field.network.heal()
        self._machines.heal()
        for process in field.processes:
            if process.doomed is not None:
                assert process.disk is not None
                process.doomed = None
                process.disk.fuse = None
            if not process.alive:
                field.schedule_restart(process, field.now)
            elif process.paused_until > max(field.now, process.stalled_until):
                process.paused_until = max(field.now, process.stalled_until)
                field.schedule_wake(process)
