"""What befalls machines: their disks, their clocks, and what operators do to them.

One rule: a node that cannot go on does what the broker does, it stops; what an operator would do then is done here. He
starts it again when the disk works, and where it refuses to start because its disk has lost or changed what was synced,
he gives it an empty one, as the refusal says.

A process that ends because a sync was refused is started again on what its disk has, and not on what memory has of it:
after a failed sync the two differ, and nobody can tell where.
"""

from functools import partial

from impl.sim import damage, faults
from impl.sim.clocks import FAST, JUMP, PERCENT, SLOW, Clock
from impl.sim.deaths import Deaths
from impl.sim.disk import Spoil
from impl.sim.faults import Fault
from impl.sim.field import Field
from impl.sim.files import input_output_error
from impl.sim.hampered import Hampered
from impl.sim.process import Process
from impl.storage.errors import LogDirectoryFailed, StorageError

DOWN_MS = 200
"""How long a process stays down that ended or could not start because of its disk."""
WRITE_VALUES = 8
BIT_VALUES = 64


class Machines:
    """Performs such faults on one field."""

    def __init__(self, field: Field, deaths: Deaths) -> None:
        self._field = field
        self._deaths = deaths

    def apply(self, fault: Fault) -> None:
        """One decoded fault. Nothing happens to a machine that is off."""
        kind, process, second, duration = fault
        victim = self._field.processes[process]
        if not victim.alive:
            return
        if kind == faults.INPUT_OUTPUT_ERROR:
            self.refuse(victim, second)
        elif kind == faults.SHORT_WRITE:
            self.refuse(victim, second, short=True)
        elif kind == faults.READ_ERROR:
            self.refuse_read(victim, second, duration)
        elif kind == faults.DISK_FULL:
            self.fill(victim, duration)
        elif kind == faults.SLOW_DISK:
            self.slow(victim, duration, reset=bool(second))
        elif kind == faults.LOST_WRITE or kind == faults.MISDIRECTED_WRITE or kind == faults.BIT_FLIP:
            self.lose_power_spoilt(victim, kind, duration)
        elif kind == faults.LOST_SYNC:
            self.lose_syncs(victim, duration, stopped=bool(second))
        elif kind == faults.BIT_ROT:
            self.rot(victim, duration)
        elif kind == faults.WIPED_DISK:
            self.wipe(victim, duration)
        elif kind == faults.CLOCK_JUMP:
            self.jump(victim, duration)
        elif kind == faults.CLOCK_DRIFT:
            self.drift(victim, duration, slow=bool(second))
        else:
            assert kind == faults.RECONFIGURE
            self.reconfigure(victim, second, duration)

    def _note(self, kind: str, victim: Process, detail: str = "") -> None:
        self._field.note_fault(kind, (victim.name,), detail)

    # ------------------------------------------------------------ disks that refuse
    def refuse(self, victim: Process, operation: int, *, short: bool = False) -> None:
        """The disk cannot do the `operation`-th write or sync from now, and can do the next. With `short` syncs do not
        count, and half of the write is there."""
        disk = victim.disk
        assert disk is not None
        if disk.fuse is None:
            disk.fail_after(operation, input_output_error, short=short)

    def refuse_read(self, victim: Process, read: int, down_ms: int) -> None:
        """The disk cannot read records, once: the `read`-th time from now; 0: when the process, killed now, comes
        back."""
        disk = victim.disk
        assert disk is not None
        if disk.reads_left is None:
            disk.fail_read_after(max(read, 1))
            if not read:
                self._deaths.crash(victim.index, down_ms)

    def fill(self, victim: Process, duration_ms: int) -> None:
        """Nothing more fits on the disk for a while."""
        disk = victim.disk
        assert disk is not None
        if not disk.full:
            self._note(faults.DISK_FULL, victim, f"for {duration_ms} ms")
            disk.full = True
            self._field.schedule_call(self._field.now + duration_ms, partial(setattr, disk, "full", False))

    def slow(self, victim: Process, duration_ms: int, *, reset: bool) -> None:
        """Every sync takes its time for a while, and one in the background is not done before that is over; with
        `reset`, somebody loses patience then and switches the machine off."""
        disk = victim.disk
        assert disk is not None
        if disk.slow:
            return
        self._note(faults.SLOW_DISK, victim, f"for {duration_ms} ms{', and then it is switched off' if reset else ''}")
        disk.slow = True
        self._hamper(victim)
        life = victim.life

        def over() -> None:
            if reset and victim.life == life and disk.slow:
                self._deaths.lose_power(victim.index, DOWN_MS)
            disk.slow = False

        self._field.schedule_call(self._field.now + duration_ms, over)

    def refused(self, victim: Process, error: StorageError) -> None:
        """A node has stopped in the middle of a step because of its disk. Raises the error where nothing ails that."""
        disk = victim.disk
        assert disk is not None
        if not isinstance(error, LogDirectoryFailed) or not disk.refused:
            raise error
        stands = disk.refused != faults.INPUT_OUTPUT_ERROR
        if disk.refused != faults.DISK_FULL:
            # That it is full was told when it became so.
            self._note(disk.refused, victim)
        disk.refused = ""
        kind = faults.CRASH if stands else faults.POWER_LOSS
        self._note(kind, victim, f"its log directory has failed, down for {DOWN_MS} ms")
        self._deaths.die(victim, DOWN_MS, power=not stands, silent=False)

    def did_not_start(self, victim: Process, error: StorageError) -> None:
        """A node cannot begin with what its disk holds. Raises the error where it should be able to."""
        disk = victim.disk
        assert disk is not None
        victim.alive = False
        if isinstance(error, LogDirectoryFailed) and disk.refused:
            if disk.refused != faults.DISK_FULL:
                self._note(disk.refused, victim, "as it starts")
            if disk.refused == faults.INPUT_OUTPUT_ERROR:
                self._note(faults.POWER_LOSS, victim, "it could not sync what it found")
                disk.lose_power(self._deaths.survives(victim))
            disk.refused = ""
        elif disk.damaged:
            self._note(faults.WIPED_DISK, victim, f"because it refused to start: {error}")
            self._note(faults.POWER_LOSS, victim, "it has another disk")
            disk.wipe()
        else:
            raise error
        victim.life += 1
        self._field.schedule_restart(victim, self._field.now + DOWN_MS)

    def started(self, victim: Process) -> None:
        """A node has recovered what its disk holds."""
        disk = victim.disk
        assert disk is not None
        disk.damaged = disk.lying or disk.rotten
        if disk.slow:
            self._hamper(victim)

    # ------------------------------------------------------------ disks that lose or change what is on them
    def lose_power_spoilt(self, victim: Process, kind: str, down_ms: int) -> None:
        """The power goes, and what had not been synced is not just cut short. What a lying disk kept back is: its
        node believes that to be synced, and nothing that is synced is changed but by `rot`."""
        self._note(kind, victim)
        assert victim.disk is not None
        spoil = None if victim.disk.lying else self._spoiler(victim, kind)
        self._deaths.lose_power(victim.index, down_ms, spoil)

    def _spoiler(self, victim: Process, kind: str) -> Spoil:
        choose, name, life = self._field.choose, victim.name, victim.life

        def spoil(path: str, data: bytes) -> bytes:
            value = choose(("lost", name, path, life), WRITE_VALUES) if path.endswith(".log") else 0
            if not value:
                return data
            if kind == faults.LOST_WRITE:
                return damage.without_write(data, value - 1)
            if kind == faults.MISDIRECTED_WRITE:
                return damage.misdirected(data, value - 1)
            return damage.flipped(data, damage.place_of_bit(data, value - 1, WRITE_VALUES - 1, damage.EPOCH))

        return spoil

    def lose_syncs(self, victim: Process, duration_ms: int, *, stopped: bool) -> None:
        """From now on the disk acknowledges syncs of the segments that grow and does not do them; after a while the
        power goes, at once or when the broker has been stopped."""
        disk = victim.disk
        assert disk is not None
        if disk.lying:
            return
        disk.lying = disk.damaged = True
        self._note(faults.LOST_SYNC, victim, f"for {duration_ms} ms, and then the power goes")
        life = victim.life

        def power_goes() -> None:
            if victim.life != life or not disk.lying:
                return
            if stopped:
                self._deaths.stop(victim.index, DOWN_MS)
            if victim.stop_ms:
                victim.power_goes = True
            elif victim.life == life:
                self._deaths.lose_power(victim.index, DOWN_MS)

        self._field.schedule_call(self._field.now + duration_ms, power_goes)

    def rot(self, victim: Process, down_ms: int) -> None:
        """The process is killed, and comes back to a disk on which one bit of its records is another."""
        disk = victim.disk
        assert disk is not None
        held = [(path, file) for path, file in disk.segments().items() if file.size()]
        if not held:
            return
        value = self._field.choose(("bit", victim.name, victim.life), BIT_VALUES)
        path, file = held[value % len(held)]
        place = damage.place_of_bit(file.content(), value, BIT_VALUES, damage.HEADER)
        self._note(faults.BIT_ROT, victim, f"{path}: byte, bit {place}")
        self._note(faults.POWER_LOSS, victim, f"down for {down_ms} ms")
        if place is not None:
            file.flip(*place)
        disk.damaged = disk.rotten = True
        self._deaths.die(victim, down_ms, power=True)

    def wipe(self, victim: Process, down_ms: int) -> None:
        """The machine is replaced by one with an empty disk."""
        assert victim.disk is not None
        self._note(faults.WIPED_DISK, victim)
        self._note(faults.POWER_LOSS, victim, f"it has another disk, down for {down_ms} ms")
        self._deaths.die(victim, down_ms, power=True)
        victim.disk.wipe()

    # ------------------------------------------------------------ clocks
    def jump(self, victim: Process, duration_ms: int) -> None:
        """The clock is set forward, by much more than any timeout."""
        self._note(faults.CLOCK_JUMP, victim, f"{duration_ms * JUMP} ms forward")
        self._clock(victim).jump(duration_ms * JUMP)

    def drift(self, victim: Process, duration_ms: int, *, slow: bool) -> None:
        """The clock runs at another speed for a while."""
        percent = SLOW if slow else FAST
        self._note(faults.CLOCK_DRIFT, victim, f"at {percent} % for {duration_ms} ms")
        clock = self._clock(victim)
        clock.run(self._field.now, percent)

        def right() -> None:
            clock.run(self._field.now, PERCENT)

        self._field.schedule_call(self._field.now + duration_ms, right)

    def _clock(self, victim: Process) -> Clock:
        if victim.clock is None:
            victim.clock = Clock(self._field.now)
            self._hamper(victim)
        return victim.clock

    # ------------------------------------------------------------ operators
    def reconfigure(self, victim: Process, configuration: int, down_ms: int) -> None:
        """The broker is stopped, and comes back with another configuration."""
        self._deaths.stop(victim.index, down_ms)
        if victim.stop_ms:
            self._note(faults.RECONFIGURE, victim, f"configuration {configuration}")
            victim.configuration = configuration

    # ------------------------------------------------------------ inside
    def _hamper(self, victim: Process) -> None:
        assert victim.host is not None
        if not isinstance(victim.handle, Hampered):
            victim.handle = Hampered(self._field, victim, victim.host.handle)

    def heal(self) -> None:
        """Disks work, and clocks run at the right speed."""
        for process in self._field.nodes:
            assert process.disk is not None
            process.disk.full = process.disk.slow = process.disk.lying = False
            process.disk.fuse = process.disk.reads_left = None
            if process.clock is not None:
                process.clock.run(self._field.now, PERCENT)
