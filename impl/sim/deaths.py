"""How processes end: killed, without power, in the middle of a write, or because they were asked to.

One rule: whatever ends a process, `die` is what happens to it, and there the restart that follows is scheduled. What
survives of what was written and not synced is chosen under a key that names the process and how often it has died.

A process crash loses the process and what is under way to it; its disk keeps everything written. A power loss also
loses, tears or keeps what was written and not synced, file by file, and peers hear nothing until the power is back.
"""

from functools import partial

from impl.core.events import ShutDown
from impl.sim import faults
from impl.sim.disk import Crashed, Decide, PowerLost, Spoil
from impl.sim.field import Field
from impl.sim.process import Process

SURVIVE_VALUES = 8
"""0: nothing of an unsynced tail survives; 1: all of it; 2 to 7: one to six sevenths of its bytes."""


class Deaths:
    """Ends processes of one field."""

    def __init__(self, field: Field) -> None:
        self._field = field

    def crash(self, process: int, down_ms: int) -> None:
        """kill -9, and a restart after `down_ms`."""
        victim = self._field.processes[process]
        if victim.alive:
            self._field.note_fault(faults.CRASH, (victim.name,), f"down for {down_ms} ms")
            self.die(victim, down_ms, power=False)

    def lose_power(self, process: int, down_ms: int, spoil: Spoil | None = None) -> None:
        """The machine stops: unsynced bytes survive by choice, as `spoil` has it."""
        victim = self._field.processes[process]
        if victim.alive:
            self._field.note_fault(faults.POWER_LOSS, (victim.name,), f"down for {down_ms} ms")
            self.die(victim, down_ms, power=True, spoil=spoil)

    def blackout(self, down_ms: int) -> None:
        """Power loss of every node at once, the controller too."""
        field = self._field
        victims = [process for process in field.nodes if process.alive]
        names = tuple(victim.name for victim in victims)
        field.note_fault(faults.POWER_LOSS, names, f"{faults.EVERYWHERE}, down for {down_ms} ms")
        for victim in victims:
            self.die(victim, down_ms, power=True)

    def doom(self, process: int, writes: int, down_ms: int, *, power: bool) -> None:
        """The process will die at its `writes`-th write or sync from now, in the middle of whatever it is doing."""
        victim = self._field.processes[process]
        if victim.alive and victim.doomed is None:
            assert victim.disk is not None
            victim.doomed = (power, down_ms, faults.MID_STEP)
            victim.disk.fail_after(writes, PowerLost if power else Crashed)

    def doom_aside(self, process: int, changes: int, down_ms: int, *, stopping: bool) -> None:
        """The machine will lose power at its `changes`-th change from now of a file that holds no records: in the
        middle of a checkpoint or, `stopping`, of a clean stop that begins now."""
        victim = self._field.processes[process]
        if not victim.alive or victim.doomed is not None or (stopping and not self._may_stop(victim)):
            return
        assert victim.disk is not None
        victim.doomed = (True, down_ms, faults.MID_STOP if stopping else faults.MID_CHECKPOINT)
        victim.disk.fail_after(changes, PowerLost, aside=True)
        if stopping:
            self.stop(process, down_ms)

    def doom_came(self, victim: Process) -> None:
        """The write came."""
        assert victim.doomed is not None
        power, down_ms, where = victim.doomed
        kind = faults.POWER_LOSS if power else faults.CRASH
        self._field.note_fault(kind, (victim.name,), f"{where}, down for {down_ms} ms")
        self.die(victim, down_ms, power=power)

    def die(
        self, victim: Process, down_ms: int, *, power: bool, spoil: Spoil | None = None, silent: bool = True
    ) -> None:
        """The process is gone, for so long. With `power`, what was not synced survives by choice, and unless its system
        lives on and tells them (not `silent`), peers hear nothing until the power is back."""
        field, disk = self._field, victim.disk
        assert disk is not None
        back = field.now + down_ms
        victim.alive = False
        victim.silent_until = back if power and silent else 0
        victim.inbox.clear()
        victim.doomed = None
        victim.stop_ms = 0
        victim.power_goes = False
        victim.paused_until = victim.stalled_until = 0
        victim.clock = None
        field.network.cut_all(victim.index, field.now, notice=back + 1 if power and silent else 0)
        if power:
            disk.lose_power(self.survives(victim), spoil)
        else:
            disk.crash_process()
        victim.life += 1
        field.schedule_restart(victim, back)

    def stop(self, process: int, down_ms: int) -> None:
        """An operator stops the broker: it hands over, closes its files, and comes back after `down_ms`."""
        field, victim = self._field, self._field.processes[process]
        if self._may_stop(victim):
            assert victim.host is not None
            victim.stop_ms = down_ms
            field.note_fault(faults.STOP, (victim.name,), f"then down for {down_ms} ms")
            field.act(victim, "asked to stop", partial(victim.host.handle, ShutDown(), victim.time(field.now)))

    def _may_stop(self, victim: Process) -> bool:
        return victim.alive and not victim.stop_ms and victim.paused_until <= self._field.now

    def stopped(self, process: Process) -> None:
        """The process has ended as it was asked to."""
        if process.stop_ms:
            self._field.note_fault(faults.STOPPED, (process.name,), "cleanly")
            if process.power_goes:
                self._field.note_fault(faults.POWER_LOSS, (process.name,), "after it had stopped")
            self.die(process, process.stop_ms, power=process.power_goes)

    def survives(self, victim: Process) -> Decide:
        """What is left of what this life of it has not synced: by choice."""
        choose, name, life = self._field.choose, victim.name, victim.life

        def decide(what: str, unsynced: int) -> int:
            value = choose(("survive", name, what, life), SURVIVE_VALUES)
            if value < 2:
                return unsynced * value
            return unsynced * (value - 1) // (SURVIVE_VALUES - 1)

        return decide

    def restart(self, process: int) -> None:
        """What is down starts now and not later."""
        victim = self._field.processes[process]
        if not victim.alive:
            self._field.schedule_restart(victim, self._field.now)
