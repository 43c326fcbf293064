"""Breadth-first search in numpy: guards over whole columns, keys by difference, rows built for new states only.

One rule: nothing is done state by state. A chunk of states is expanded instance by instance; the successors' keys go to
the set of seen keys in one batch, and only what is new there becomes rows of the next level.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invariants.exploration.keys import WIDTH, WORDS, Keys, make_keys
from invariants.exploration.levels import ROWS, Level, Successors
from invariants.exploration.limits import Found, Limits, Progress
from invariants.exploration.seen import Seen
from model.columns import emit_numpy
from model.columns.tracing import Tracing

TOP = np.uint64(1 << 63)
CHUNK = 1 << 15
"""States expanded at a time: few enough for the cache, enough to make numpy's calls cheap."""

SMALL = 16
"""Columns with at most that many values look old and new value up in one table."""


class Contributions:
    """What changing one column adds to a key's word under one renaming."""

    def __init__(self, keys: Keys, column: int, size: int, renaming: int, word: int) -> None:
        first = int(keys.first[column])
        self.single = np.ascontiguousarray(keys.table[first : first + size, renaming, word])
        self.size = size
        pairs = self.single[:, None] ^ self.single[None, :]
        self.pairs = np.ascontiguousarray(pairs).ravel() if size <= SMALL else None
        self.nothing = not self.single.any()

    def of(self, old: NDArray[np.uint8], new: NDArray[np.uint8]) -> WORDS:
        if self.pairs is not None:
            found: WORDS = self.pairs[old * np.uint8(self.size) + new]
            return found
        return self.single[old] ^ self.single[new]


class NumpySearch:
    """A traced model, compiled. `run` searches it."""

    def __init__(self, tracing: Tracing, *, symmetry: bool = False, seed: int = 0) -> None:
        self.tracing, self.layout = tracing, tracing.layout
        self.keys = make_keys(self.layout, symmetry=symmetry, seed=seed)
        names: dict[str, Any] = {name: getattr(np, name) for name in emit_numpy.NAMES}
        exec(compile(emit_numpy.program(tracing), "<columns>", "exec"), names)
        self.guards = names["guards"]
        self.updates = [names[f"update_{at}"] for at in range(len(tracing.instances))]
        self.changed = [tuple(instance.updates) for instance in tracing.instances]
        self.properties = names["properties"]
        self.view = names.get("view")
        self.viewed = tuple(tracing.view or ())
        self.words = [(r, w) for r in range(self.keys.renamings) for w in range(WIDTH)]
        self.contributions = [
            [Contributions(self.keys, at, column.high - column.low + 1, r, w) for r, w in self.words]
            for at, column in enumerate(self.layout.columns)
        ]

    # ------------------------------------------------------------ pieces
    def offset(self, column: int, values: ROWS) -> NDArray[np.uint8]:
        """A column's values counted from its lowest; a value outside its range is a broken promise of the layout."""
        bounds = self.layout.columns[column]
        found = values.view(np.uint8) - np.uint8(bounds.low & 255)
        if len(found) and int(found.max()) > bounds.high - bounds.low:
            raise AssertionError(f"{bounds.name} left its range {bounds.low} to {bounds.high}")
        return found

    def spread(self, value: Any, count: int) -> ROWS:
        """What a compiled function returned, as a column of that many states."""
        array = np.asarray(value)
        if array.ndim == 0:
            return np.full(count, np.int8(array), np.int8)
        return array.view(np.int8) if array.dtype == bool else array.astype(np.int8, copy=False)

    def whole_keys(self, rows: ROWS) -> list[WORDS]:
        """The key words of whole rows, one array for each renaming and word."""
        words = [np.zeros(rows.shape[1], np.uint64) for _ in self.words]
        for column, parts in enumerate(self.contributions):
            old = self.offset(column, rows[column])
            for word, part in zip(words, parts, strict=True):
                if not part.nothing:
                    word ^= part.single[old]
        return words

    def least(self, words: Sequence[WORDS]) -> tuple[WORDS, WORDS]:
        """The least key over all renamings, with the bits that keep it from being zero."""
        high, low = words[0], words[1]
        for other_high, other_low in zip(words[2::2], words[3::2], strict=True):
            less = (other_high < high) | ((other_high == high) & (other_low < low))
            high, low = np.where(less, other_high, high), np.where(less, other_low, low)
        return high | TOP, low | TOP

    def apply_view(self, rows: ROWS) -> None:
        """Replaces rows by their view, in place."""
        if self.view is not None:
            values = [self.spread(v, rows.shape[1]).copy() for v in self.view(lambda at: rows[at])]
            for column, value in zip(self.viewed, values, strict=True):
                rows[column] = value

    def broken(self, rows: ROWS) -> tuple[int, int] | None:
        """The first state that violates a property, and which one."""
        found: tuple[int, int] | None = None
        for which, holds in enumerate(self.properties(lambda at: rows[at])):
            bad = np.flatnonzero(~np.broadcast_to(np.asarray(holds, bool), (rows.shape[1],)))
            if len(bad) and (found is None or bad[0] < found[0]):
                found = int(bad[0]), which
        return found

    def initial(self) -> ROWS:
        rows = np.array([self.layout.initial_row()], np.int8).T.copy()
        self.apply_view(rows)
        return rows

    # ------------------------------------------------------------ one chunk
    def expand(self, rows: ROWS, words: list[WORDS]) -> "Successors":
        """Every successor of a chunk of states."""
        count = rows.shape[1]
        found = Successors()
        for at, mask in enumerate(self.guards(lambda column: rows[column])):
            if mask is True:
                index = np.arange(count)
            elif mask is False or not len(index := np.flatnonzero(mask)):
                continue
            cache: dict[int, ROWS] = {}

            def column(number: int, cache: dict[int, ROWS] = cache, index: NDArray[np.intp] = index) -> ROWS:
                if number not in cache:
                    cache[number] = rows[number][index]
                return cache[number]

            values = [self.spread(v, len(index)) for v in self.updates[at](column)]
            found.add(at, index, values)
            if self.view is None:
                found.words.append(self.moved(at, column, values, [word[index] for word in words]))
        if self.view is not None and found.instances:
            found.rows = self.built(rows, found, None)
            self.apply_view(found.rows)
            found.words = [self.whole_keys(found.rows)]
        return found

    def moved(self, at: int, column: Callable[[int], ROWS], values: list[ROWS], words: list[WORDS]) -> list[WORDS]:
        """The keys after an instance's changes, from the keys before."""
        for number, value in zip(self.changed[at], values, strict=True):
            old, new = self.offset(number, column(number)), self.offset(number, value)
            for word, part in zip(words, self.contributions[number], strict=True):
                if not part.nothing:
                    word ^= part.of(old, new)
        return words

    def built(self, rows: ROWS, found: "Successors", chosen: NDArray[np.intp] | None) -> ROWS:
        """The rows of the chosen successors, or of all."""
        parents = found.parents if chosen is None else found.parents[chosen]
        made: ROWS = np.take(rows, parents, axis=1)
        ends = np.cumsum([0, *found.counts])
        cuts = ends if chosen is None else np.searchsorted(chosen, ends)
        for which, instance in enumerate(found.instances):
            a, b = cuts[which], cuts[which + 1]
            if a < b:
                inside = slice(None) if chosen is None else chosen[a:b] - ends[which]
                for column, value in zip(self.changed[instance], found.values[which], strict=True):
                    made[column, a:b] = value[inside]
        return made

    # ------------------------------------------------------------ the search
    def run(self, limits: Limits, progress: Progress | None = None) -> Found:
        """Searches until nothing is new, a property is violated, or a limit is reached."""
        found, seen, rows = Found(), Seen(), self.initial()
        words = self.whole_keys(rows)
        seen.add(*self.least(words))
        history: list[tuple[NDArray[np.uint32], NDArray[np.uint16]]] = []
        if (broken := self.broken(rows)) is not None:
            found.violated = broken[1]
            return found
        while rows.shape[1]:
            if limits.depth is not None and len(found.levels) > limits.depth:
                found.stopped = limits.reason_depth()
                break
            level = Level()
            found.levels.append(0)
            for start in range(0, rows.shape[1], CHUNK):
                chunk = slice(start, start + CHUNK)
                self.step(rows[:, chunk], [w[chunk] for w in words], start, seen, level, found)
                found.levels[-1] = level.count
                found.bytes = self.memory(seen, rows, words, level, history)
                if level.broken is not None or self.stop(found, limits):
                    break
            if not level.count and found.stopped is None:
                found.levels.pop()
                break
            if level.broken is not None:
                found.violated = level.broken[1]
                found.path = self.path([*history, level.origins()], level.broken[0])
                break
            if found.stopped is not None:
                break
            history.append(level.origins())
            rows, words = level.joined(len(self.words))
            if progress is not None:
                progress(len(found.levels) - 1, found.distinct, found.levels[-1])
        return found

    def stop(self, found: Found, limits: Limits) -> bool:
        if limits.over_time():
            found.stopped = limits.reason_time()
        elif found.bytes > limits.memory:
            found.stopped = limits.reason_memory(found.bytes)
        return found.stopped is not None

    def step(self, rows: ROWS, words: list[WORDS], start: int, seen: Seen, level: "Level", found: Found) -> None:
        """Expands one chunk and adds what is new to the level."""
        successors = self.expand(rows, words)
        if not successors.instances:
            return
        joined = successors.joined(len(self.words))
        found.generated += len(joined[0])
        chosen = np.flatnonzero(seen.add(*self.least(joined)))
        if not len(chosen):
            return
        built = successors.rows
        made = self.built(rows, successors, chosen) if built is None else built[:, chosen]
        broken = self.broken(made)
        if broken is not None:
            level.broken = level.count + broken[0], broken[1]
        level.add(made, [word[chosen] for word in joined], successors.parents[chosen] + start, successors.of(chosen))

    def memory(self, seen: Seen, rows: ROWS, words: list[WORDS], level: "Level", history: Sequence[Any]) -> int:
        """Bytes held now, and what one more chunk may need."""
        held = seen.bytes_after(CHUNK * 8) + rows.nbytes + sum(w.nbytes for w in words)
        held += 2 * level.nbytes
        return int(held + sum(p.nbytes + i.nbytes for p, i in history))

    def path(self, history: Sequence[tuple[Any, Any]], at: int) -> list[int]:
        """The instances that lead to a state of the last level, by its place in it."""
        steps = []
        for parents, instances in reversed(history):
            steps.append(int(instances[at]))
            at = int(parents[at])
        return steps[::-1]
