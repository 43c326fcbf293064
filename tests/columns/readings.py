"""What the four readings of a model make of one state: its steps with their successors, and the first broken property.

One rule: each reading answers in the same words, rows of columns, so that answers are compared and never interpreted.
The readings are the concrete one, the columns in numpy, the columns in C, and the symbolic one over known numbers.
"""

import ctypes
import random
import subprocess
import tempfile
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import z3
from hypothesis import strategies as st

from invariants.exploration.explore import compiler
from invariants.exploration.in_numpy import NumpySearch
from invariants.proofs.reading_symbolic import SymbolicDomain, SymbolicReading
from invariants.proofs.symbols import SymbolicEntry, SymbolicSet, SymbolicState, SymbolicTable
from invariants.proofs.terms import Terms
from model.columns import emit_c
from model.columns.tracing import Tracing
from model.design import Model
from model.kinds import Variable
from model.language import Disabled
from model.reading_values import Bounds, Reading, Values

Row = list[int]
Step = tuple[str, tuple[Any, ...]]
Answer = dict[Step, Row]
"""Every step that can be taken within the bounds, with the row it leads to."""

WALKS, STEPS = 8, 25
"""Random walks from the initial state, and how long they are at most."""

ONE_STATE = """
#include <stdint.h>
#include <string.h>
typedef uint64_t word;
typedef int8_t cell;
static inline int least(int a, int b) { return a < b ? a : b; }
static inline int greatest(int a, int b) { return a > b ? a : b; }
#define checked(value, low, high, column) (value)
#define UNPACK static void unpack(const word *words, cell *s)
#define PACK static void pack(const cell *s, word *words)
#define PROPERTIES static int properties(const cell *s)
#define keys numbers
#define out rows
#define EXPAND(name) static int name(const cell *s, int *numbers, cell (*rows)[COLUMNS], int n)
#define APPLY static void apply(int instance, const cell *s, word *words)
#define BEGIN() memcpy(rows[n], s, COLUMNS)
#define CHANGE(column, old, new, w, shift) rows[n][column] = (cell)(new)
#define END(number) numbers[n++] = number
static const int lows[] = LOWS;
#define BITS(column, old, new, shift) ((word)(((old) - lows[column]) ^ ((new) - lows[column])) << (shift))
#define PUT(column, old, new, w, shift) words[w] ^= BITS(column, old, new, shift)
/*MODEL*/
int successors(const cell *s, int *numbers, cell (*rows)[COLUMNS]) { return expand(s, numbers, rows, 0); }
int broken(const cell *s) { return properties(s); }
void applied(int instance, const cell *s, cell *after) {
  word words[WORDS];
  pack(s, words);
  apply(instance, s, words);
  unpack(words, after);
}
"""


class Readings:
    """The readings of a model, or a variant of it, at a grain, within small bounds."""

    def __init__(
        self, model: Model, *, replicas: int, bounds: Bounds, variant: str | None = None, synchronous: bool = False
    ) -> None:
        self.reading = Reading(model, replicas=range(replicas), bounds=bounds, variant=variant, synchronous=synchronous)
        self.tracing = Tracing(self.reading, fold=False)
        self.layout = self.tracing.layout
        self.search = NumpySearch(self.tracing)
        self.safety = model.safety_of(ghosts=False)
        self.numbered = {(i.name, i.arguments): number for number, i in enumerate(self.tracing.instances)}

    # ------------------------------------------------------------ states
    @cached_property
    def visited(self) -> list[Row]:
        """Rows of states on random walks from the initial one that prefer the kinds of step taken least so far."""
        chosen, rows, taken = random.Random(7), [], Counter[str]()
        for _ in range(WALKS):
            state = self.reading.initial()
            for _ in range(STEPS):
                rows.append(self.layout.row(state))
                following: dict[str, list[Values]] = {}
                for name, _, successor in self.reading.successors(state):
                    following.setdefault(name, []).append(successor)
                if not following:
                    break
                name = min(following, key=lambda name: (taken[name], chosen.random()))
                taken[name] += 1
                state = chosen.choice(following[name])
        return rows

    def rows(self) -> st.SearchStrategy[Row]:
        """Arbitrary rows within their columns' ranges, and rows of visited states with a few columns changed."""
        columns = self.layout.columns

        def arbitrary(given: bytes) -> Row:
            return [c.low + byte % (c.high - c.low + 1) for c, byte in zip(columns, given, strict=True)]

        def changed(row: Row, changes: list[tuple[int, int]]) -> Row:
            made = list(row)
            for at, byte in changes:
                made[at] = columns[at].low + byte % (columns[at].high - columns[at].low + 1)
            return made

        byte = st.integers(0, 255)
        near = st.lists(st.tuples(st.integers(0, len(columns) - 1), byte), max_size=6)
        far = st.binary(min_size=len(columns), max_size=len(columns))
        return st.one_of(far.map(arbitrary), st.builds(changed, st.sampled_from(self.visited), near)).map(self.trimmed)

    def trimmed(self, row: Row) -> Row:
        """The row with its logs zero past their ends."""
        made = list(row)
        for at, column in enumerate(self.layout.columns):
            variable, key, part, offset = column.cell
            if part in ("epoch", "value") and offset >= made[self.layout.place[variable, key, "length", 0]]:
                made[at] = 0
        return made

    # ------------------------------------------------------------ the concrete reading
    def on_values(self, row: Row) -> Answer:
        state = self.layout.concrete(row)
        return {(name, arguments): self.layout.row(after) for name, arguments, after in self.reading.successors(state)}

    def broken_on_values(self, row: Row) -> str | None:
        return self.reading.broken(self.layout.concrete(row))

    # ------------------------------------------------------------ the columns in numpy
    def on_numpy(self, row: Row) -> Answer:
        array = np.array([row], np.int8).T.copy()
        successors = self.search.expand(array, self.search.whole_keys(array))
        if not successors.instances:
            return {}
        made = self.search.built(array, successors, None)
        instances = [self.tracing.instances[number] for number in successors.instances]
        return {(i.name, i.arguments): [int(x) for x in made[:, at]] for at, i in enumerate(instances)}

    def broken_on_numpy(self, row: Row) -> str | None:
        found = self.search.broken(np.array([row], np.int8).T.copy())
        return None if found is None else self.safety[found[1]].name

    # ------------------------------------------------------------ the columns in C
    @cached_property
    def library(self) -> ctypes.CDLL:
        """The emitted steps and properties, compiled for one state at a time."""
        found = compiler()
        assert found is not None, "the C form is not tested where no C compiler is"
        definitions = emit_c.definitions(self.tracing, exact=False, renamings=1)
        text = definitions + ONE_STATE.replace("/*MODEL*/", emit_c.program(self.tracing))
        with tempfile.TemporaryDirectory() as folder:
            program, library = Path(folder, "one.c"), Path(folder, "one.so")
            program.write_text(text, encoding="utf-8")
            subprocess.run([found, "-O0", "-shared", "-fPIC", "-w", "-o", str(library), str(program)], check=True)
            return ctypes.CDLL(str(library))

    def on_c(self, row: Row) -> Answer:
        """The successors as they are expanded; those that are applied to packed words are the same."""
        width, room = len(row), len(self.tracing.instances) + 1
        state = (ctypes.c_int8 * width)(*row)
        numbers, rows = (ctypes.c_int * room)(), (ctypes.c_int8 * (width * room))()
        found = {}
        for at in range(self.library.successors(state, numbers, rows)):
            instance = self.tracing.instances[numbers[at]]
            after = list(rows[at * width : (at + 1) * width])
            applied = (ctypes.c_int8 * width)()
            self.library.applied(numbers[at], state, applied)
            assert list(applied) == after, f"{instance.name}{instance.arguments} differs packed"
            found[instance.name, instance.arguments] = after
        return found

    def broken_on_c(self, row: Row) -> str | None:
        which = self.library.broken((ctypes.c_int8 * len(row))(*row))
        return None if which < 0 else self.safety[which].name

    # ------------------------------------------------------------ the symbolic reading
    @cached_property
    def symbolic(self) -> SymbolicReading:
        """Over known numbers, so that terms fold to values."""
        sizes = self.layout.sizes
        domains = {
            name: SymbolicDomain(name, z3.IntSort(), tuple(range(size)))
            for name, size in sizes.items()
            if name != "Quorum"
        }
        domains["Quorum"] = SymbolicDomain("Quorum", z3.IntSort(), tuple(self.reading.domains["Quorum"]))
        return SymbolicReading(Terms(int), domains, known=lambda _: True, ghosts=False)

    def symbolic_state(self, state: Values) -> SymbolicState:
        """A known state as the symbolic reading has them: tables are functions of known keys."""
        found = {}
        for variable in self.reading.variables.values():
            content = getattr(state, variable.name)
            found[variable.name] = self.table(variable, content) if variable.keys else self.symbolic_value(content)
        return SymbolicState(found)

    def symbolic_value(self, value: Any) -> Any:
        if isinstance(value, frozenset):
            return SymbolicSet(self.symbolic.terms, lambda x: x in value)
        return value

    def table(self, variable: Variable, content: dict[Any, Any]) -> SymbolicTable:
        terms, arity = self.symbolic.terms, len(variable.keys)
        nothing = {"set": frozenset(), "log": (), "flag": False}.get(variable.kind, 0)

        def value(keys: tuple[Any, ...]) -> Any:
            return content.get(keys[0] if len(keys) == 1 else keys, nothing)

        def entry(*k: Any) -> SymbolicEntry:
            log, offset = value(k[:arity]), k[-1]
            found = log[offset] if 0 <= offset < len(log) else (0, 0)
            return SymbolicEntry(terms, int(found[0]), int(found[1]))

        if variable.kind == "set":
            return SymbolicTable(terms, "set", (lambda *k: k[-1] in value(k[:arity]),))
        if variable.kind == "log":
            return SymbolicTable(terms, "log", (lambda *k: len(value(k)), entry))
        return SymbolicTable(terms, variable.kind, (lambda *k: value(k),))

    def on_symbols(self, row: Row, step: Step) -> SymbolicState | None:
        """The state after a step, or None where its guards are false."""
        name, arguments = step
        function = self.reading.steps[name].function
        before = self.symbolic_state(self.layout.concrete(row))
        after = self.symbolic.after(before, function, [self.symbolic_value(argument) for argument in arguments])
        if self.reading.synchronous:
            for variable in self.reading.variables.values():
                if variable.message:
                    after.__dict__[variable.name] = before.variable(variable.name)
        return after if all(guard is True for guard in after.guards) else None

    def content(self, variable: Variable, state: SymbolicState, key: Any) -> Any:
        """One value of a symbolic state whose terms are all known."""
        value = state.variable(variable.name)
        found = value[key] if variable.keys else value
        if variable.kind == "set":
            return frozenset(r for r in self.reading.replicas if found.contains(r) is True)
        if variable.kind == "log":
            return tuple((found.at(o).epoch, found.at(o).value) for o in range(found.length))
        return found

    def differs_on_symbols(self, row: Row, step: Step) -> str | None:
        """What the symbolic reading makes differently of a step from a state; None where nothing, or where the concrete
        reading refuses to read past an end, of which the symbolic one says nothing."""
        name, arguments = step
        try:
            expected = self.reading.after(self.layout.concrete(row), name, arguments)
        except Disabled:
            expected = None
        except LookupError:
            return None
        after = self.on_symbols(row, step)
        if (after is None) != (expected is None):
            return f"{name}{arguments} is {'taken' if after else 'refused'} by the symbolic reading only"
        if expected is None or after is None:
            return None
        for variable in self.reading.variables.values():
            table = getattr(expected, variable.name)
            for key in table if variable.keys else [None]:
                wanted = table[key] if variable.keys else table
                wanted = tuple(map(tuple, wanted)) if variable.kind == "log" else wanted
                if self.content(variable, after, key) != wanted:
                    return f"{name}{arguments} leaves another {variable.name}"
        return None

    def broken_on_symbols(self, row: Row) -> list[str]:
        """The properties that the symbolic reading judges otherwise than the concrete one."""
        state = self.layout.concrete(row)
        symbols, differing = self.symbolic_state(state), []
        for function in self.safety:
            try:
                expected = bool(self.reading.function(function)(state))
            except LookupError:
                continue
            if self.symbolic.function(function)(symbols) is not expected:
                differing.append(function.name)
        return differing
