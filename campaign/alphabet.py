"""What the choices of a simulated run mean to a shrinker: when each is due, and what would be a simpler one.

One rule: this knows keys and values, never runs. The keys are those of `impl.sim.drivers`.
"""

from collections.abc import Sequence

from impl.sim import faults
from impl.sim.choices import Key
from impl.sim.faults import DURATIONS_MS, FaultTable
from impl.sim.network import DELAYS_MS

SLOT_MS = 20
"""Slots and windows of the keys are this long, counted from when the choices begin to rule."""

_SLOT_AT = {
    **dict.fromkeys(("fault", "send", "tombstone", "delete", "remake", "ask", "administer"), 1),
    **dict.fromkeys(("delay", "arrived"), 2),
}
"""Where in its key the slot or window of a choice stands. Others belong to no time: what a power loss leaves."""

_SIMPLER = {
    faults.CRASH: (),
    faults.PAUSE: (),
    faults.POWER_LOSS: (faults.CRASH,),
    faults.CRASH_MID_WRITE: (faults.CRASH,),
    faults.POWER_LOSS_MID_WRITE: (faults.POWER_LOSS, faults.CRASH_MID_WRITE, faults.CRASH),
    faults.POWER_LOSS_MID_CHECKPOINT: (faults.POWER_LOSS, faults.CRASH),
    faults.STOP_CUT_SHORT: (faults.STOP, faults.POWER_LOSS, faults.CRASH),
    faults.CONTROLLER_CRASH: (),
    faults.BLACKOUT: (faults.POWER_LOSS, faults.CRASH),
    faults.ISOLATE: (faults.CRASH,),
}
"""Kinds to try in place of a kind besides a leadership move, which is tried in place of everything."""


class Alphabet:
    """The choices of one cluster shape. `table` numbers its faults."""

    slot_ms = SLOT_MS

    def __init__(self, table: FaultTable) -> None:
        self._table = table

    def kind(self, key: Key, value: int) -> str:
        """What sort of choice it is: choices of one kind are left out together, if they can be."""
        if key[0] == "fault":
            return self._table.decode(value).kind
        return f"send {key[2]}" if key[0] == "send" else str(key[0])

    def slot(self, key: Key) -> int | None:
        """The 20 ms slot a choice belongs to; None where it belongs to no time."""
        place = _SLOT_AT.get(str(key[0]))
        return None if place is None else int(key[place])

    def at_slot(self, key: Key, slot: int) -> Key:
        """The same choice in another slot."""
        place = _SLOT_AT[str(key[0])]
        return (*key[:place], slot, *key[place + 1 :])

    def lower(self, key: Key, value: int) -> list[int]:
        """Lower values of the same choice, the lowest first: a shorter fault, a shorter delay, an earlier key."""
        if key[0] == "fault":
            first = value - (value - 1) % len(DURATIONS_MS)
            return list(range(first, value))
        return list(range(1, value))

    def simpler(self, key: Key, value: int) -> list[int]:
        """Faults of a simpler kind to put in the place of a fault, the simplest first."""
        if key[0] != "fault":
            return []
        fault = self._table.decode(value)
        if fault.kind == faults.MOVE:
            return []
        found = list(self._shortest(faults.MOVE))
        for kind in _SIMPLER.get(fault.kind, (faults.PAUSE,)):
            same = [v for v in self._table.values[kind] if self._same_target(v, fault)]
            found += same or self._shortest(kind)
        return found

    def neighbours(self, key: Key, value: int) -> list[int]:
        """Other values of the same sort: the fault on another target or for another time, another delay."""
        if key[0] == "fault":
            return [other for other in self._table.values[self._table.decode(value).kind] if other != value]
        return [other for other in range(1, len(DELAYS_MS)) if other != value] if key[0] == "delay" else []

    def others(self, key: Key, value: int, kinds: Sequence[str] = faults.KINDS) -> list[int]:
        """Faults of these other kinds to put in the place of a fault: the shortest for every target."""
        if key[0] != "fault":
            return []
        same = self._table.decode(value).kind
        found: dict[tuple[str, int], int] = {}
        for kind in kinds:
            for other in self._shortest(kind) if kind != same else ():
                found.setdefault((kind, self._table.decode(other).first), other)
        return list(found.values())

    def _shortest(self, kind: str) -> list[int]:
        return [value for value in self._table.values[kind] if (value - 1) % len(DURATIONS_MS) == 0]

    def _same_target(self, value: int, fault: faults.Fault) -> bool:
        other = self._table.decode(value)
        return (
            other.first == fault.first and other.duration_ms == fault.duration_ms and other.second in (0, fault.second)
        )


def translated(choices: dict[Key, int], old: FaultTable, new: FaultTable) -> dict[Key, int]:
    """The same choices for a cluster of another shape; a fault that it cannot suffer is left out."""
    result: dict[Key, int] = {}
    for key, value in choices.items():
        if key[0] == "fault":
            try:
                value = new.encode(*old.decode(value))
            except ValueError:
                continue
        result[key] = value
    return result
