"""What may go wrong, numbered: one value of one choice is one whole fault.

One rule: a value says kind, target and duration together, so that removing or lowering one choice removes or shortens
one fault and touches no other. 0 is no fault.

A value is `1 + action * len(DURATIONS_MS) + duration`: lowering it within its action shortens the fault. The table
depends only on how many processes and partitions there are, and is the same on every machine. Recorded runs hold
values: a new action comes at the end, so that the old ones keep their meaning.

Processes are numbered: 0 the controller (the first of several), 1 to n the brokers, then the clients, then the other
controllers.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

DURATIONS_MS = (40, 200, 700, 1500)
LAG_LASTS_MS = 700
"""How long a slow link stays slow; the duration says how slow (half of it is added to every message)."""
CONTROLLER_PROCESS = 0

MOVE = "move"
CRASH = "crash"
CRASH_MID_WRITE = "crash mid-write"
POWER_LOSS = "power loss"
POWER_LOSS_MID_WRITE = "power loss mid-write"
BLACKOUT = "blackout"
CONTROLLER_CRASH = "controller crash"
PAUSE = "pause"
BREAK = "break"
BLOCK = "block"
ISOLATE = "isolate"
LAG = "lag"
STOP = "stop"
STOPPED = "stopped"
"""What comes of it, in a trace, when the process has ended."""
REASSIGN = "reassign"
MINIMUM = "minimum"
INPUT_OUTPUT_ERROR = "input/output error"
DISK_FULL = "disk full"
SLOW_DISK = "slow disk"
LOST_WRITE = "lost write"
MISDIRECTED_WRITE = "misdirected write"
LOST_SYNC = "lost sync"
BIT_FLIP = "bit flip"
BIT_ROT = "bit rot"
WIPED_DISK = "wiped disk"
CLOCK_JUMP = "clock jump"
CLOCK_DRIFT = "clock drift"
RECONFIGURE = "reconfigure"
READ_ERROR = "read error"
SHORT_WRITE = "short write"
POWER_LOSS_MID_CHECKPOINT = "power loss mid-checkpoint"
STOP_CUT_SHORT = "stop cut short"
REASSIGN_ANEW = "reassign anew"
REASSIGN_GIVEN_UP = "reassign given up"

KINDS = (
    MOVE,
    CRASH,
    CRASH_MID_WRITE,
    POWER_LOSS,
    POWER_LOSS_MID_WRITE,
    BLACKOUT,
    CONTROLLER_CRASH,
    PAUSE,
    BREAK,
    BLOCK,
    ISOLATE,
    LAG,
    STOP,
    REASSIGN,
    MINIMUM,
    INPUT_OUTPUT_ERROR,
    DISK_FULL,
    SLOW_DISK,
    LOST_WRITE,
    MISDIRECTED_WRITE,
    LOST_SYNC,
    BIT_FLIP,
    BIT_ROT,
    WIPED_DISK,
    CLOCK_JUMP,
    CLOCK_DRIFT,
    RECONFIGURE,
    READ_ERROR,
    SHORT_WRITE,
    POWER_LOSS_MID_CHECKPOINT,
    STOP_CUT_SHORT,
    REASSIGN_ANEW,
    REASSIGN_GIVEN_UP,
)
DAMAGE_KINDS = (LOST_SYNC, WIPED_DISK)
"""Those that lose what a node had reason to think safe. Replication repairs it while it befalls fewer nodes than
min.insync.replicas, as it does a power loss; a cluster that relies on its syncs alone has lost it."""
BEYOND_KINDS = (BIT_ROT,)
"""Those that nothing is sure to repair."""
UNSYNCED_KINDS = (LOST_WRITE, MISDIRECTED_WRITE, BIT_FLIP)
"""Those that are power losses and no more where every write is synced."""
POWER_KINDS = (
    *(POWER_LOSS, POWER_LOSS_MID_WRITE, BLACKOUT, POWER_LOSS_MID_CHECKPOINT, STOP_CUT_SHORT),
    *(INPUT_OUTPUT_ERROR, SLOW_DISK, *UNSYNCED_KINDS, *DAMAGE_KINDS, *BEYOND_KINDS),
)
"""Those that lose what was written and not synced, or more."""
FAMILIES = (
    (MOVE,),
    (CRASH, CRASH_MID_WRITE),
    (POWER_LOSS, POWER_LOSS_MID_WRITE, BLACKOUT, POWER_LOSS_MID_CHECKPOINT),
    (CONTROLLER_CRASH,),
    (PAUSE,),
    (BREAK,),
    (BLOCK, ISOLATE),
    (LAG,),
    (STOP, STOP_CUT_SHORT),
    (REASSIGN, REASSIGN_ANEW, REASSIGN_GIVEN_UP),
    (MINIMUM,),
)
"""Kinds that do much the same: whoever draws kinds draws families, so that no sort of trouble crowds out another."""
LATER_FAMILIES = (
    (INPUT_OUTPUT_ERROR,),
    (DISK_FULL,),
    (SLOW_DISK,),
    (LOST_WRITE,),
    (MISDIRECTED_WRITE,),
    (LOST_SYNC,),
    (BIT_FLIP,),
    (BIT_ROT,),
    (WIPED_DISK,),
    (CLOCK_JUMP, CLOCK_DRIFT),
    (RECONFIGURE,),
    (READ_ERROR,),
    (SHORT_WRITE,),
)
"""Of disks, clocks and operators; drawn beside the others, so that what those find they find as often."""
WRITES_MAX = 4
"""A fault in the middle of a step comes at the first to this many-th write or sync from now."""
CHANGES_MAX = 8
"""Of files that hold no records: a checkpoint is written whole in six."""
CHANGES_OF_A_STOP_MAX = 24
"""A clean stop changes so many and more."""


EVERYWHERE = "everywhere"
MID_STEP = "in the middle of a step"
MID_CHECKPOINT = "in the middle of a checkpoint"
MID_STOP = "in the middle of its stop"
"""How the detail of a power loss or a crash begins: every node at once, or between two writes."""


class Fault(NamedTuple):
    """One decoded value. What `first` and `second` mean depends on the kind.

    move, reassign, reassign anew, reassign given up: broker, partition index. stop: broker. minimum:
    min.insync.replicas. crash, power loss, pause: process. mid-write, input/output error: node, which write or sync
    from now. short write: broker, which write. read error: broker, which read from now, or 0: it is killed, and the
    first read of its next start. lost sync: broker, 1 if stopped cleanly before the power goes. slow disk: node, 1
    if its power goes in the end. clock drift: node, 1 if slow. mid-checkpoint, stop cut short: broker, which change
    from now of a file without records. reconfigure: broker, which configuration. Other faults of disks: node.
    break: two processes. block, lag: from, to. isolate: node, 1 if cut off from clients too.
    """

    kind: str
    first: int
    second: int
    duration_ms: int


def process_name(process: int, brokers: int) -> str:
    """`controller`, `n1`..., `c1`...: as traces and observers name them."""
    if process == CONTROLLER_PROCESS:
        return "controller"
    return f"n{process}" if process <= brokers else f"c{process - brokers}"


class FaultTable:
    """Every fault a cluster of this shape can suffer, by value."""

    def __init__(
        self, *, brokers: int, clients: int, partitions: int, controllers: tuple[int, ...] = (CONTROLLER_PROCESS,)
    ) -> None:
        """`controllers` are the numbers of their processes."""
        self.actions: tuple[tuple[str, int, int], ...] = (
            *_actions(brokers, clients, partitions),
            *(_of_controllers(brokers, controllers) if len(controllers) > 1 else ()),
            *_of_machines(brokers, controllers),
            *_of_reassignments(brokers, partitions),
        )
        self.size = 1 + len(self.actions) * len(DURATIONS_MS)
        """Values run from 0 to one below this."""
        self.values: dict[str, tuple[int, ...]] = {
            kind: tuple(value for value in range(1, self.size) if self._action(value)[0] == kind) for kind in KINDS
        }
        """Values by kind, in ascending order."""
        self.kinds: tuple[str, ...] = tuple(kind for kind in KINDS if self.values[kind])

    def _action(self, value: int) -> tuple[str, int, int]:
        return self.actions[(value - 1) // len(DURATIONS_MS)]

    def decode(self, value: int) -> Fault:
        """The fault of a value from 1 to `size - 1`."""
        kind, first, second = self._action(value)
        return Fault(kind, first, second, DURATIONS_MS[(value - 1) % len(DURATIONS_MS)])

    def encode(self, kind: str, first: int = 0, second: int = 0, duration_ms: int = DURATIONS_MS[0]) -> int:
        """The value of a fault. Raises ValueError where the table has none: no such target, or no such duration."""
        return 1 + self.actions.index((kind, first, second)) * len(DURATIONS_MS) + DURATIONS_MS.index(duration_ms)


@lru_cache(maxsize=64)
def fault_table(*, brokers: int, clients: int, partitions: int, controllers: tuple[int, ...]) -> FaultTable:
    """The table of a shape, made once."""
    return FaultTable(brokers=brokers, clients=clients, partitions=partitions, controllers=controllers)


def _actions(brokers: int, clients: int, partitions: int) -> Iterator[tuple[str, int, int]]:
    nodes = range(brokers + 1)
    for partition in range(partitions):
        yield from ((MOVE, broker, partition) for broker in nodes[1:])
    for kind in (CRASH, POWER_LOSS):
        yield from ((kind, broker, 0) for broker in nodes[1:])
    for kind in (CRASH_MID_WRITE, POWER_LOSS_MID_WRITE):
        yield from ((kind, broker, write) for broker in nodes[1:] for write in range(1, WRITES_MAX + 1))
    yield (BLACKOUT, 0, 0)
    yield (CONTROLLER_CRASH, CONTROLLER_PROCESS, 0)
    yield from ((PAUSE, node, 0) for node in nodes)
    # Between two clients there is nothing to break, and clients do not talk to the controller.
    yield from ((BREAK, one, other) for one in nodes for other in nodes if one < other)
    yield from ((BREAK, one, client) for one in nodes[1:] for client in range(brokers + 1, brokers + clients + 1))
    for kind in (BLOCK, LAG):
        yield from ((kind, source, target) for source in nodes for target in nodes if source != target)
    yield from ((ISOLATE, broker, with_clients) for broker in nodes[1:] for with_clients in (0, 1))
    yield from ((STOP, broker, 0) for broker in nodes[1:])
    for partition in range(partitions):
        yield from ((REASSIGN, broker, partition) for broker in nodes[1:])
    yield from ((MINIMUM, members, 0) for members in nodes[1:])


def _of_controllers(brokers: int, controllers: tuple[int, ...]) -> Iterator[tuple[str, int, int]]:
    """What befalls one of several controllers, as far as `_actions` has not named it for the first."""
    others = controllers[1:]
    yield from ((CONTROLLER_CRASH, controller, 0) for controller in others)
    yield from ((POWER_LOSS, controller, 0) for controller in controllers)
    for kind in (CRASH_MID_WRITE, POWER_LOSS_MID_WRITE):
        yield from ((kind, controller, write) for controller in controllers for write in range(1, WRITES_MAX + 1))
    yield from ((PAUSE, controller, 0) for controller in others)
    earlier = [CONTROLLER_PROCESS, *range(1, brokers + 1)]
    for controller in others:
        yield from ((BREAK, node, controller) for node in earlier)
        for kind in (BLOCK, LAG):
            yield from ((kind, *pair) for node in earlier for pair in ((node, controller), (controller, node)))
        earlier.append(controller)
    yield from ((ISOLATE, controller, 0) for controller in controllers)


READS_MAX = 2
"""A read error comes at the first or second read from now."""
CONFIGURATIONS = 4
"""Of brokers (`impl.sim.scenario.CONFIGURED`): 0 is what all begin with."""


def _of_machines(brokers: int, controllers: tuple[int, ...]) -> Iterator[tuple[str, int, int]]:
    """Disks, clocks, and operators who change a broker's configuration."""
    nodes = (*range(1, brokers + 1), *controllers)
    yield from ((INPUT_OUTPUT_ERROR, node, write) for node in nodes for write in range(1, WRITES_MAX + 1))
    for kind in (DISK_FULL, LOST_WRITE, MISDIRECTED_WRITE, BIT_FLIP):
        yield from ((kind, node, 0) for node in nodes)
    yield from ((SLOW_DISK, node, reset) for node in nodes for reset in (0, 1))
    yield from ((LOST_SYNC, broker, stopped) for broker in nodes[:brokers] for stopped in (0, 1))
    for kind in (BIT_ROT, WIPED_DISK):
        yield from ((kind, broker, 0) for broker in nodes[:brokers])
    for kind in (CLOCK_JUMP, CLOCK_DRIFT):
        yield from ((kind, node, slow) for node in nodes for slow in ((0, 1) if kind == CLOCK_DRIFT else (0,)))
    yield from ((RECONFIGURE, broker, number) for broker in nodes[:brokers] for number in range(CONFIGURATIONS))
    yield from ((READ_ERROR, broker, read) for broker in nodes[:brokers] for read in range(READS_MAX + 1))
    yield from ((SHORT_WRITE, broker, write) for broker in nodes[:brokers] for write in range(1, WRITES_MAX + 1))
    for kind, most in ((POWER_LOSS_MID_CHECKPOINT, CHANGES_MAX), (STOP_CUT_SHORT, CHANGES_OF_A_STOP_MAX)):
        yield from ((kind, broker, change) for broker in nodes[:brokers] for change in range(1, most + 1))


def _of_reassignments(brokers: int, partitions: int) -> Iterator[tuple[str, int, int]]:
    """Operators who change their minds."""
    for kind in (REASSIGN_ANEW, REASSIGN_GIVEN_UP):
        yield from ((kind, broker, partition) for partition in range(partitions) for broker in range(1, 1 + brokers))
