"""Shrinking: from a failing run to the fewest and lowest choices that still break the same invariant.

One rule: nothing here depends on time or on chance. The same failure shrinks to the same result on any machine.

Choices are a sparse map (absent means "nothing special"), so every subset of them is a run. Passes, repeated until
none helps: delta debugging over the entries, lower values, simpler kinds of fault, pairs of entries, and cutting time
between entries. A candidate counts when it breaks the same invariant no later than before; when time was cut, it
must break it strictly earlier, or the passes would chase each other. What the run never asked for is dropped for free.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from impl.sim.choices import Key

Items = list[tuple[Key, int]]
PERIOD = 10
"""Slots after which the timers of a simulated cluster stand as before (200 ms: heartbeats, fetches, checkpoints)."""
PAIRS_MAX = 24
"""With more entries than this their pairs are too many to try."""


class Ending(NamedTuple):
    """How a run broke an invariant."""

    invariant: str
    at: int
    """Milliseconds since the choices began to rule."""
    asked: Mapping[Key, int]
    """The choices that the run asked for: the others had no part in it."""


class Meaning(Protocol):
    """What `campaign.alphabet.Alphabet` knows of choices."""

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


def shrink(run: Run, ending: Ending, meaning: Meaning, runs_max: int = 2_000) -> Shrunk:
    """Shrink a failing run, given how it ended. At most `runs_max` candidates are run."""
    shrinker = _Shrinker(run, meaning, ending, runs_max)
    shrinker.take(ending)
    shrinker.delete_kinds()
    while True:
        before = (shrinker.items, shrinker.ending.at)
        shrinker.delete_spans()
        shrinker.lower_values()
        shrinker.simplify_faults()
        shrinker.cut_time()
        shrinker.delete_pairs()
        if (shrinker.items, shrinker.ending.at) == before or shrinker.runs >= runs_max:
            return Shrunk(dict(shrinker.items), shrinker.ending, shrinker.runs)


class _Shrinker:
    """The smallest failing choices so far, and the passes over them."""

    def __init__(self, run: Run, meaning: Meaning, ending: Ending, runs_max: int) -> None:
        self.items: Items = []
        self.ending = ending
        self.runs = 0
        self._run = run
        self._meaning = meaning
        self._runs_max = runs_max
        self._seen: set[frozenset[tuple[Key, int]]] = set()

    def take(self, ending: Ending) -> None:
        self.ending = ending
        self.items = sorted(ending.asked.items(), key=self._order)

    def _order(self, item: tuple[Key, int]) -> tuple[bool, int, str]:
        """By time; choices that belong to no time last."""
        slot = self._meaning.slot(item[0])
        return (slot is None, slot or 0, repr(item[0]))

    def accept(self, items: Items, *, earlier: bool = False) -> bool:
        """Run a candidate and keep it if it breaks the same invariant, no later (or strictly earlier)."""
        until = self.ending.at - 1 if earlier else self.ending.at
        identity = frozenset(items)
        if self.runs >= self._runs_max or (not earlier and identity in self._seen):
            return False
        self.runs += 1
        found = self._run(dict(items), until)
        if found is None or found.invariant != self.ending.invariant or found.at > until:
            self._seen.add(identity)
            return False
        self.take(found)
        return True

    # ------------------------------------------------------------ passes
    def delete_kinds(self) -> None:
        """Leave out all entries of one kind: every delay, every fault of a kind, everything one client sends."""
        for kind in sorted({self._meaning.kind(*item) for item in self.items}):
            self.accept([item for item in self.items if self._meaning.kind(*item) != kind])

    def delete_spans(self) -> None:
        """Delta debugging: leave out spans of entries, half of them, a quarter, ..., one."""
        size = max(len(self.items) // 2, 1)
        while self.items:
            start, helped = 0, False
            while start < len(self.items):
                if self.accept(self.items[:start] + self.items[start + size :]):
                    helped = True
                else:
                    start += size
            if size > 1:
                size //= 2
            elif not helped:
                return

    def lower_values(self) -> None:
        self._replace_each(self._meaning.lower)

    def simplify_faults(self) -> None:
        self._replace_each(self._meaning.simpler)

    def _replace_each(self, values: Callable[[Key, int], list[int]]) -> None:
        """Put a lower value in the place of each entry's, one entry at a time."""
        index = 0
        while index < len(self.items):
            key, value = self.items[index]
            for other in values(key, value):
                if self.accept([*self.items[:index], (key, other), *self.items[index + 1 :]]):
                    break
            index += 1

    def delete_pairs(self) -> None:
        """Leave out two entries at once: a fault and what undid it."""
        if len(self.items) > PAIRS_MAX:
            return
        first = 0
        while first < len(self.items):
            second = first + 1
            while second < len(self.items):
                items = self.items
                if self.accept(items[:first] + items[first + 1 : second] + items[second + 1 :]):
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
                    and self.accept(self._moved(place, size), earlier=True)
                ):
                    pass
            place += 1

    def _gap(self, place: int) -> int:
        """Slots between an entry and the one before it, or the beginning."""
        slot = self._meaning.slot(self.items[place][0])
        if slot is None:
            return 0
        before = self._meaning.slot(self.items[place - 1][0]) if place else 0
        return slot - (before or 0)

    def _moved(self, place: int, slots: int) -> Items:
        moved = self.items[:place]
        for key, value in self.items[place:]:
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
