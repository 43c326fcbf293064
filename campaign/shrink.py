"""Shrinking: from a failing run to the fewest and lowest choices that still break the same invariant.

One rule: nothing here depends on time or on chance. The same failure shrinks to the same result on any machine.

Choices are a sparse map (absent means "nothing special"), so every subset of them is a run. What makes runs shorter
comes first: whole kinds are left out, and stretches of time with all that happens in them. Then passes, repeated until
none helps: delta debugging over the entries, cutting time between entries, and pairs of entries; where nothing can be
left out any more, lower values and simpler kinds of fault. A candidate counts when it breaks the same invariant no
later than before; where something was left out, not much later: what else happens in a run shifts with every choice.
Where time was cut it must be strictly earlier. So the entries grow fewer, or the time shorter, and the passes cannot
chase each other. What the run never asked for is dropped for free, and no candidate is run twice for the same time or
less.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from impl.sim.choices import Key

Items = list[tuple[Key, int]]
PERIOD = 10
"""Slots after which the timers of a simulated cluster stand as before (200 ms: heartbeats, fetches, checkpoints)."""
PAIRS_MAX = 10
"""With more entries than this only neighbours are tried as pairs: the others are too many."""
PARTS_MAX = 8
"""Stretches of time are at least one in so many of the whole."""
SLACK_MS = 200
"""By how much less than the time that was cut a run may fail earlier."""
LATER_MS = 500
"""By how much later a run may fail from which something was left out."""


class Ending(NamedTuple):
    """How a run broke an invariant."""

    invariant: str
    at: int
    """Milliseconds since the choices began to rule."""
    asked: Mapping[Key, int]
    """The choices that the run asked for: the others had no part in it."""


class Meaning(Protocol):
    """What `campaign.alphabet.Alphabet` knows of choices."""

    slot_ms: int

    def kind(self, key: Key, value: int) -> str: ...

    def slot(self, key: Key) -> int | None: ...

    def at_slot(self, key: Key, slot: int) -> Key: ...

    def lower(self, key: Key, value: int) -> list[int]: ...

    def simpler(self, key: Key, value: int) -> list[int]: ...


Run = Callable[[Mapping[Key, int], int], Ending | None]
"""Runs choices up to a time (milliseconds); None when nothing was broken by then."""


class Shrunk(NamedTuple):
    choices: dict[Key, int]
    ending: Ending
    runs: int
    """How many candidates were run."""


def never() -> bool:
    return False


def shrink(
    run: Run, ending: Ending, meaning: Meaning, runs_max: int = 2_000, tired: Callable[[], bool] = never
) -> Shrunk:
    """Shrink a failing run, given how it ended. At most `runs_max` candidates are run, and none once somebody is
    `tired`: then what is left need not be minimal."""
    shrinker = _Shrinker(run, meaning, ending, runs_max, tired)
    shrinker.take(ending)
    shrinker.delete_kinds()
    shrinker.cut_stretches()
    while True:
        before = (shrinker.items, shrinker.ending.at)
        shrinker.delete_spans()
        shrinker.cut_time()
        shrinker.delete_pairs()
        if (shrinker.items, shrinker.ending.at) == before:
            shrinker.lower_values()
            shrinker.simplify_faults()
        if (shrinker.items, shrinker.ending.at) == before or shrinker.exhausted():
            return Shrunk(dict(shrinker.items), shrinker.ending, shrinker.runs)


class _Shrinker:
    """The smallest failing choices so far, and the passes over them."""

    def __init__(self, run: Run, meaning: Meaning, ending: Ending, runs_max: int, tired: Callable[[], bool]) -> None:
        self.items: Items = []
        self.ending = ending
        self.runs = 0
        self._run = run
        self._meaning = meaning
        self._runs_max = runs_max
        self._tired = tired
        self._unbroken: dict[frozenset[tuple[Key, int]], int] = {}
        """Choices that were run in vain, and until when."""

    def take(self, ending: Ending) -> None:
        self.ending = ending
        self.items = sorted(ending.asked.items(), key=self._order)

    def _order(self, item: tuple[Key, int]) -> tuple[bool, int, str]:
        """By time; choices that belong to no time last."""
        slot = self._meaning.slot(item[0])
        return (slot is None, slot or 0, repr(item[0]))

    def accept(self, items: Items, until: int | None = None) -> bool:
        """Run a candidate and keep it if it breaks the same invariant by `until`, or else no later than before."""
        until = self.ending.at if until is None else until
        identity = frozenset(items)
        if self.exhausted() or self._unbroken.get(identity, -1) >= until:
            return False
        self.runs += 1
        found = self._run(dict(items), until)
        if found is None or found.invariant != self.ending.invariant or found.at > until:
            self._unbroken[identity] = until
            return False
        self.take(found)
        return True

    def without(self, items: Items) -> bool:
        """Run what is left of the choices and keep it if it breaks the same invariant, not much later than before."""
        return self.accept(items, self.ending.at + LATER_MS)

    def exhausted(self) -> bool:
        return self.runs >= self._runs_max or self._tired()

    # ------------------------------------------------------------ passes
    def delete_kinds(self) -> None:
        """Leave out all entries of one kind: every delay, every fault of a kind, everything one client sends."""
        for kind in sorted({self._meaning.kind(*item) for item in self.items}):
            self.without([item for item in self.items if self._meaning.kind(*item) != kind])

    def delete_spans(self) -> None:
        """Delta debugging: leave out spans of entries, half of them, a quarter, ..., one."""
        size = max(len(self.items) // 2, 1)
        while self.items:
            start, helped = 0, False
            while start < len(self.items):
                if self.without(self.items[:start] + self.items[start + size :]):
                    helped = True
                else:
                    start += size
            if size > 1:
                size //= 2
            elif not helped:
                return

    def cut_stretches(self) -> None:
        """Leave out stretches of time with all that happens in them: half of it, a quarter, and so on."""
        parts = 2
        while parts <= PARTS_MAX:
            length = self._last_slot() // parts // PERIOD * PERIOD
            if not length:
                return
            first = 0
            while first + length <= self._last_slot():
                if not self._cut_stretch(first, length):
                    first += length
            parts *= 2

    def _last_slot(self) -> int:
        return max((self._meaning.slot(key) or 0 for key, _ in self.items), default=0)

    def _cut_stretch(self, first: int, slots: int) -> bool:
        before = [item for item in self.items if (self._meaning.slot(item[0]) or 0) < first]
        after = [item for item in self.items if (self._meaning.slot(item[0]) or 0) >= first + slots]
        return self.accept(before + self._earlier(after, slots), self._sooner(slots))

    def lower_values(self) -> None:
        """Put the lowest value that does in the place of each entry's, by halving."""
        for key, _ in list(self.items):
            place = self._place(key)
            if place is None:
                continue
            values = self._meaning.lower(*self.items[place])
            if not values or self._replace(key, values[0]):
                continue
            lowest, highest = 0, len(values)
            while highest - lowest > 1:
                middle = (lowest + highest) // 2
                if self._replace(key, values[middle]):
                    highest = middle
                else:
                    lowest = middle

    def simplify_faults(self) -> None:
        """Put a simpler fault in the place of each, one at a time."""
        for key, _ in list(self.items):
            place = self._place(key)
            if place is not None:
                any(self._replace(key, value) for value in self._meaning.simpler(*self.items[place]))

    def _place(self, key: Key) -> int | None:
        """Where an entry stands; None where it is gone by now."""
        return next((place for place, item in enumerate(self.items) if item[0] == key), None)

    def _replace(self, key: Key, value: int) -> bool:
        place = self._place(key)
        return place is not None and self.accept([*self.items[:place], (key, value), *self.items[place + 1 :]])

    def delete_pairs(self) -> None:
        """Leave out two entries at once: a fault and what undid it."""
        first = 0
        while first < len(self.items):
            second = first + 1
            while second < len(self.items) and (second == first + 1 or len(self.items) <= PAIRS_MAX):
                items = self.items
                if self.without(items[:first] + items[first + 1 : second] + items[second + 1 :]):
                    first = max(first - 1, 0)
                    second = first
                second += 1
            first += 1

    def cut_time(self) -> None:
        """Move everything from an entry on towards the entry before it: over all of the gap, or as much as goes."""
        place = 0
        while place < len(self.items):
            for size in _sizes(self._gap(place)):
                while (
                    place < len(self.items)
                    and self._gap(place) >= size
                    and self.accept(self._moved(place, size), self._sooner(size))
                ):
                    pass
            place += 1

    def _sooner(self, slots: int) -> int:
        """When a run from which that much was cut must have failed: strictly earlier, and by about that much."""
        at = self.ending.at
        return min(at - 1, at - slots * self._meaning.slot_ms + SLACK_MS)

    def _gap(self, place: int) -> int:
        """Slots between an entry and the one before it, or the beginning."""
        slot = self._meaning.slot(self.items[place][0])
        if slot is None:
            return 0
        before = self._meaning.slot(self.items[place - 1][0]) if place else 0
        return slot - (before or 0)

    def _moved(self, place: int, slots: int) -> Items:
        return self.items[:place] + self._earlier(self.items[place:], slots)

    def _earlier(self, items: Items, slots: int) -> Items:
        moved: Items = []
        for key, value in items:
            slot = self._meaning.slot(key)
            moved.append((key if slot is None else self._meaning.at_slot(key, slot - slots), value))
        return moved


def _sizes(gap: int) -> list[int]:
    """How much of a gap to try to cut, most first; whole periods before other sizes, which put timers out of step."""
    sizes = {gap, *(size for size in (5, 2, 1) if size < gap)}
    whole = gap // PERIOD * PERIOD
    while whole:
        sizes.add(whole)
        whole = whole // (2 * PERIOD) * PERIOD
    return sorted(sizes - {0}, reverse=True)
