"""Doing faults to a world, and undoing them.

One rule: a fault does what its name says and nothing else; what it leaves undetermined is chosen under a key that
names the process and how often it has died.

A process crash loses the process and what is under way to it; its disk keeps everything written. A power loss also
loses, tears or keeps what was written and not synced, file by file, and peers hear nothing until the power is back.
"""

from functools import partial
from typing import TYPE_CHECKING

from impl.core.admin_messages import AlterConfig, AlterConfigs, AlterReassignments, ConfigChange, Reassignment
from impl.core.config_changes import SET
from impl.core.events import ShutDown
from impl.core.image import MetadataImage
from impl.core.metadata import TOPIC_RESOURCE
from impl.core.types import NodeId, TopicPartition
from impl.host.controller import ControllerHost
from impl.sim import faults
from impl.sim.disk import Crashed, Decide, PowerLost, Spoil
from impl.sim.faults import Fault
from impl.sim.machines import Machines
from impl.sim.scenario import TOPIC

if TYPE_CHECKING:
    from impl.sim.engine import Engine
    from impl.sim.process import Process

SURVIVE_VALUES = 8
"""0: nothing of an unsynced tail survives; 1: all of it; 2 to 7: one to six sevenths of its bytes."""


class Injector:
    """Performs faults on one engine."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self.machines = Machines(engine, self)

    def apply(self, fault: Fault) -> None:
        """One decoded fault. Where it makes no sense now (a crash of what is down) nothing happens."""
        kind, first, second, duration = fault
        if kind == faults.MOVE:
            self.move(first, second)
        elif kind == faults.CRASH or kind == faults.CONTROLLER_CRASH:
            self.crash(first, duration)
        elif kind == faults.POWER_LOSS:
            self.lose_power(first, duration)
        elif kind == faults.CRASH_MID_WRITE or kind == faults.POWER_LOSS_MID_WRITE:
            self.doom(first, second, duration, power=kind == faults.POWER_LOSS_MID_WRITE)
        elif kind == faults.BLACKOUT:
            self.blackout(duration)
        elif kind == faults.PAUSE:
            self.pause(first, duration)
        elif kind == faults.BREAK:
            self.break_connection(first, second)
        elif kind == faults.BLOCK:
            self.block(first, second, duration)
        elif kind == faults.ISOLATE:
            self.isolate(first, duration, with_clients=bool(second))
        elif kind == faults.STOP:
            self.stop(first, duration)
        elif kind == faults.REASSIGN:
            self.reassign(first, second)
        elif kind == faults.MINIMUM:
            self.minimum(first)
        elif kind == faults.LAG:
            self.lag(first, second, duration)
        else:
            self.machines.apply(fault)

    # ------------------------------------------------------------ processes
    def crash(self, process: int, down_ms: int) -> None:
        """kill -9, and a restart after `down_ms`."""
        victim = self._engine.processes[process]
        if victim.alive:
            self._engine.note_fault(faults.CRASH, (victim.name,), f"down for {down_ms} ms")
            self.die(victim, down_ms, power=False)

    def lose_power(self, process: int, down_ms: int, spoil: Spoil | None = None) -> None:
        """The machine stops: unsynced bytes survive by choice, as `spoil` has it."""
        victim = self._engine.processes[process]
        if victim.alive:
            self._engine.note_fault(faults.POWER_LOSS, (victim.name,), f"down for {down_ms} ms")
            self.die(victim, down_ms, power=True, spoil=spoil)

    def blackout(self, down_ms: int) -> None:
        """Power loss of every node at once, the controller too."""
        engine = self._engine
        victims = [process for process in engine.nodes if process.alive]
        names = tuple(victim.name for victim in victims)
        engine.note_fault(faults.POWER_LOSS, names, f"{faults.EVERYWHERE}, down for {down_ms} ms")
        for victim in victims:
            self.die(victim, down_ms, power=True)

    def doom(self, process: int, writes: int, down_ms: int, *, power: bool) -> None:
        """The process will die at its `writes`-th write or sync from now, in the middle of whatever it is doing."""
        victim = self._engine.processes[process]
        if victim.alive and victim.doomed is None:
            assert victim.disk is not None
            victim.doomed = (power, down_ms)
            victim.disk.fail_after(writes, PowerLost if power else Crashed)

    def doom_came(self, victim: "Process") -> None:
        """The write came."""
        assert victim.doomed is not None
        power, down_ms = victim.doomed
        kind = faults.POWER_LOSS if power else faults.CRASH
        self._engine.note_fault(kind, (victim.name,), f"{faults.MID_STEP}, down for {down_ms} ms")
        self.die(victim, down_ms, power=power)

    def die(
        self, victim: "Process", down_ms: int, *, power: bool, spoil: Spoil | None = None, silent: bool = True
    ) -> None:
        """The process is gone, for so long. With `power`, what was not synced survives by choice, and unless its system
        lives on and tells them (not `silent`), peers hear nothing until the power is back."""
        engine, disk = self._engine, victim.disk
        assert disk is not None
        back = engine.now + down_ms
        victim.alive = False
        victim.silent_until = back if power and silent else 0
        victim.inbox.clear()
        victim.doomed = None
        victim.stop_ms = 0
        victim.power_goes = False
        victim.paused_until = victim.stalled_until = 0
        victim.clock = None
        engine.network.cut_all(victim.index, engine.now, notice=back + 1 if power and silent else 0)
        if power:
            disk.lose_power(self._survives(victim), spoil)
        else:
            disk.crash_process()
        victim.life += 1
        engine.schedule_restart(victim, back)

    def stop(self, process: int, down_ms: int) -> None:
        """An operator stops the broker: it hands over, closes its files, and comes back after `down_ms`."""
        engine, victim = self._engine, self._engine.processes[process]
        if victim.alive and not victim.stop_ms and victim.paused_until <= engine.now:
            assert victim.host is not None
            victim.stop_ms = down_ms
            engine.note_fault(faults.STOP, (victim.name,), f"then down for {down_ms} ms")
            engine.act(victim, "asked to stop", partial(victim.host.handle, ShutDown(), victim.time(engine.now)))

    def stopped(self, process: "Process") -> None:
        """The process has ended as it was asked to."""
        if process.stop_ms:
            self._engine.note_fault(faults.STOPPED, (process.name,), "cleanly")
            if process.power_goes:
                self._engine.note_fault(faults.POWER_LOSS, (process.name,), "after it had stopped")
            self.die(process, process.stop_ms, power=process.power_goes)

    def _survives(self, victim: "Process") -> Decide:
        choose, name, life = self._engine.choose, victim.name, victim.life

        def decide(what: str, unsynced: int) -> int:
            value = choose(("survive", name, what, life), SURVIVE_VALUES)
            if value < 2:
                return unsynced * value
            return unsynced * (value - 1) // (SURVIVE_VALUES - 1)

        return decide

    def restart(self, process: int) -> None:
        """What is down starts now and not later."""
        victim = self._engine.processes[process]
        if not victim.alive:
            self._engine.schedule_restart(victim, self._engine.now)

    def pause(self, process: int, duration_ms: int) -> None:
        """The process stands still, and wakes up believing what it believed."""
        engine, victim = self._engine, self._engine.processes[process]
        if victim.alive and victim.paused_until <= engine.now:
            engine.note_fault(faults.PAUSE, (victim.name,), f"for {duration_ms} ms")
            victim.paused_until = engine.now + duration_ms
            engine.schedule_wake(victim)

    # ------------------------------------------------------------ the network
    def break_connection(self, one: int, other: int) -> None:
        """The connections between two processes break."""
        self._note_pair(faults.BREAK, one, other, "")
        self._engine.network.cut_between(one, other, self._engine.now)

    def block(self, source: int, target: int, duration_ms: int) -> None:
        """A one-way partition: what source sends to target from now on is held until it ends."""
        self._note_pair(faults.BLOCK, source, target, f"one way, for {duration_ms} ms")
        self._engine.network.block(source, target, self._engine.now + duration_ms)

    def isolate(self, process: int, duration_ms: int, *, with_clients: bool = False) -> None:
        """A full partition between one node and all others, both ways; and its clients, if so chosen."""
        engine = self._engine
        others = engine.processes if with_clients else engine.nodes
        detail = f"from {'all others' if with_clients else 'all other nodes'}, for {duration_ms} ms"
        engine.note_fault(faults.ISOLATE, (engine.processes[process].name,), detail)
        for other in others:
            if other.index != process:
                engine.network.block(process, other.index, engine.now + duration_ms)
                engine.network.block(other.index, process, engine.now + duration_ms)

    def lag(self, source: int, target: int, duration_ms: int) -> None:
        """A slow link, one way: half of the duration on top of every delay, for a while."""
        self._note_pair(faults.LAG, source, target, f"{duration_ms // 2} ms slower, for {faults.LAG_LASTS_MS} ms")
        self._engine.network.slow(source, target, self._engine.now + faults.LAG_LASTS_MS, duration_ms // 2)

    def _note_pair(self, kind: str, one: int, other: int, detail: str) -> None:
        processes = self._engine.processes
        self._engine.note_fault(kind, (processes[one].name, processes[other].name), detail)

    # ------------------------------------------------------------ the controller, and the end
    def move(self, broker: int, partition: int) -> None:
        """The active controller is told to give a partition's leadership to this broker, if it may."""
        engine, name = self._engine, TopicPartition(TOPIC, partition)
        active = self._active()
        if active is not None:
            controller, host, _ = active
            engine.note_fault(faults.MOVE, (engine.processes[broker].name,), f"partition {partition}")
            move = partial(host.move_leader, name, NodeId(broker), controller.time(engine.now))
            engine.act(controller, f"asked to move {name} to {engine.processes[broker].name}", move)

    def reassign(self, broker: int, partition: int) -> None:
        """An operator takes the broker out of a partition, where two others stay, or puts it in."""
        engine, name = self._engine, TopicPartition(TOPIC, partition)
        active = self._active()
        if active is None:
            return
        controller, host, image = active
        known, node = image.partition(name), NodeId(broker)
        if known is None or known.adding or known.removing or (node in known.replicas and len(known.replicas) < 3):
            return
        replicas = tuple(each for each in known.replicas if each != node)
        if node not in known.replicas:
            replicas = (*known.replicas, node)
        engine.note_fault(faults.REASSIGN, (engine.processes[broker].name,), f"partition {partition}")
        wanted = AlterReassignments((Reassignment(name, replicas),), 0, True)
        obey = partial(host.operate, wanted, controller.time(engine.now))
        engine.act(controller, f"asked for replicas {list(replicas)} of {name}", obey)

    def minimum(self, members: int) -> None:
        """An operator sets min.insync.replicas of the topic."""
        active = self._active()
        if active is None or TOPIC not in active[2].topics:
            return
        controller, host, _ = active
        engine = self._engine
        engine.note_fault(faults.MINIMUM, (controller.name,), f"min.insync.replicas={members}")
        change = ConfigChange("min.insync.replicas", SET, str(members))
        wanted = AlterConfigs((AlterConfig(TOPIC_RESOURCE, TOPIC, (change,)),), False)
        engine.act(controller, "asked for another minimum", partial(host.operate, wanted, controller.time(engine.now)))

    def _active(self) -> "tuple[Process, ControllerHost, MetadataImage] | None":
        """The active controller, if it runs."""
        engine = self._engine
        for controller in engine.nodes:
            host = controller.host
            if not controller.alive or controller.paused_until > engine.now or not isinstance(host, ControllerHost):
                continue
            if host.controller.active is not None:
                return controller, host, host.controller.active.image
        return None

    def heal(self) -> None:
        """Everything that is down starts, everything that stands still wakes, every link is open."""
        engine = self._engine
        engine.network.heal()
        self.machines.heal()
        for process in engine.processes:
            if process.doomed is not None:
                assert process.disk is not None
                process.doomed = None
                process.disk.fuse = None
            if not process.alive:
                engine.schedule_restart(process, engine.now)
            elif process.paused_until > max(engine.now, process.stalled_until):
                process.paused_until = max(engine.now, process.stalled_until)
                engine.schedule_wake(process)
