"""The readings of every action and invariant agree, on states and parameters that Hypothesis makes up.

One rule: the states are arbitrary within their columns' ranges, reachable or not; what agrees on those agrees.
"""

from functools import cache
from typing import Any

import numpy as np
import pytest
import z3
from columns.searches import MODELS
from hypothesis import given
from hypothesis import strategies as st

from invariants.exploration.in_numpy import NumpySearch
from invariants.proofs.reading_symbolic import SymbolicDomain, SymbolicReading
from invariants.proofs.symbols import SymbolicEntry, SymbolicSet, SymbolicState, SymbolicTable
from invariants.proofs.terms import Terms
from model.columns.terms import Terms as ColumnTerms
from model.columns.tracing import Tracing
from model.kinds import Variable
from model.language import Disabled
from model.reading_values import Bounds, Reading, Values

BOUNDS = Bounds(leader_epochs=2, partition_epochs=2, log=2, values=2)
ASKED = [
    *[("replication", variant.id, grain) for variant in MODELS["replication"].variants for grain in ("asynchronous",)],
    ("replication", None, "asynchronous"),
    ("replication", None, "synchronous"),
    ("replication", "kip-279", "synchronous"),
    ("reference-partition", None, "asynchronous"),
]


@cache
def search_of(name: str, variant: str | None, grain: str) -> NumpySearch:
    reading = Reading(
        MODELS[name], replicas=range(3), bounds=BOUNDS, variant=variant, synchronous=grain == "synchronous"
    )
    return NumpySearch(Tracing(reading, fold=False))


def rows(search: NumpySearch) -> st.SearchStrategy[list[int]]:
    """Rows within their columns' ranges, with logs that are zero past their ends."""
    columns = search.layout.columns

    def trimmed(row: list[int]) -> list[int]:
        made = list(row)
        for at, column in enumerate(columns):
            variable, key, part, offset = column.cell
            if part in ("epoch", "value") and offset >= made[search.layout.place[variable, key, "length", 0]]:
                made[at] = 0
        return made

    return st.tuples(*(st.integers(c.low, c.high) for c in columns)).map(lambda row: trimmed(list(row)))


def on_columns(search: NumpySearch, row: list[int]) -> dict[tuple[Any, ...], list[int]]:
    """Every step that the columns allow in a state, with the row it leads to."""
    array = np.array([row], np.int8).T.copy()
    successors = search.expand(array, search.whole_keys(array))
    found = {}
    if successors.instances:
        made = search.built(array, successors, None)
        for at, number in enumerate(successors.instances):
            instance = search.tracing.instances[number]
            found[instance.name, instance.arguments] = [int(x) for x in made[:, at]]
    return found


def on_values(search: NumpySearch, row: list[int]) -> dict[tuple[Any, ...], list[int]]:
    """The same, of the concrete reading."""
    reading = search.tracing.reading
    state = search.layout.concrete(row)
    return {(name, arguments): search.layout.row(after) for name, arguments, after in reading.successors(state)}


def differing(search: NumpySearch, row: list[int]) -> list[Any]:
    """The steps on which the columns and the concrete reading differ, and the invariants."""
    columns, values = on_columns(search, row), on_values(search, row)
    steps = [step for step in {**columns, **values} if columns.get(step) != values.get(step)]
    state = search.layout.concrete(row)
    array = np.array([row], np.int8).T.copy()
    verdicts = [bool(np.all(x)) for x in search.properties(lambda at: array[at])]
    functions = search.tracing.reading.model.safety_of(ghosts=False)
    for function, verdict in zip(functions, verdicts, strict=True):
        if verdict != search.tracing.reading.holds(function, state):
            steps.append(function.name)
    return steps


@pytest.mark.parametrize(("name", "variant", "grain"), ASKED)
@given(data=st.data())
def test_columns_and_values_agree_on_every_step_and_invariant(
    name: str, variant: str | None, grain: str, data: st.DataObject
) -> None:
    search = search_of(name, variant, grain)
    assert differing(search, data.draw(rows(search))) == []


@given(data=st.data())
def test_rows_and_states_are_each_others_images(data: st.DataObject) -> None:
    search = search_of("replication", None, "asynchronous")
    row = data.draw(rows(search))
    assert search.layout.row(search.layout.concrete(row)) == row


def test_a_reading_that_counts_one_too_far_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ColumnTerms, "less", ColumnTerms.at_most)
    wrong = search_of.__wrapped__("reference-partition", None, "asynchronous")
    monkeypatch.undo()
    right = search_of("reference-partition", None, "asynchronous")
    caught: list[Any] = []

    @given(row=rows(right))
    def disagreements(row: list[int]) -> None:
        caught.extend(differing(wrong, row))

    disagreements()
    assert any(step[0] == "fetch" for step in caught)


def test_a_reading_that_forgets_where_a_log_ends_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ColumnTerms, "partial", lambda _self, value, _condition: value)
    wrong = search_of.__wrapped__("replication", None, "asynchronous")
    monkeypatch.undo()
    right = search_of("replication", None, "asynchronous")
    caught: list[Any] = []

    @given(row=rows(right))
    def disagreements(row: list[int]) -> None:
        caught.extend(differing(wrong, row))

    disagreements()
    assert "agree_below_high_watermark" in caught


# ---------------------------------------------------------------- the symbolic reading
def symbolic() -> SymbolicReading:
    """The symbolic reading over ints, so that terms of a known state fold to values."""
    search = search_of("replication", None, "asynchronous")
    domains = {
        name: SymbolicDomain(name, z3.IntSort(), tuple(range(size)))
        for name, size in search.layout.sizes.items()
        if name != "Quorum"
    }
    return SymbolicReading(Terms(z3.IntVal), domains, known=lambda _: True, ghosts=False)


def symbolic_state(reading: SymbolicReading, variables: dict[str, Variable], state: Values) -> SymbolicState:
    """A known state as the symbolic reading's tables: functions of known keys."""

    def table(variable: Variable, content: dict[Any, Any]) -> SymbolicTable:
        def value(keys: tuple[Any, ...]) -> Any:
            return content[keys[0] if len(keys) == 1 else keys]

        terms, arity = reading.terms, len(variable.keys)
        if variable.kind == "set":
            return SymbolicTable(terms, "set", (lambda *k: k[-1] in value(k[:arity]),))
        if variable.kind == "log":

            def entry(*k: Any) -> SymbolicEntry:
                log, offset = value(k[:arity]), k[-1]
                found = log[offset] if 0 <= offset < len(log) else (0, 0)
                return SymbolicEntry(terms, int(found[0]), int(found[1]))

            return SymbolicTable(terms, "log", (lambda *k: len(value(k)), entry))
        return SymbolicTable(terms, variable.kind, (lambda *k: value(k),))

    return SymbolicState(
        {v.name: table(v, getattr(state, v.name)) if v.keys else getattr(state, v.name) for v in variables.values()}
    )


def content(variable: Variable, state: SymbolicState, key: tuple[int, ...]) -> Any:
    """One cell of a symbolic state whose terms are all known."""
    value = state.variable(variable.name)
    if not variable.keys:
        return value
    found = value[key if len(key) > 1 else key[0]]
    if variable.kind == "set":
        return frozenset(r for r in range(3) if found.contains(r))
    if variable.kind == "log":
        return tuple((found.at(o).epoch, found.at(o).value) for o in range(found.length))
    return found


@given(data=st.data())
def test_the_symbolic_reading_agrees_on_enabledness_successor_and_verdict(data: st.DataObject) -> None:
    search = search_of("replication", None, "asynchronous")
    reading, symbols = search.tracing.reading, symbolic()
    state = search.layout.concrete(data.draw(rows(search)))
    before = symbolic_state(symbols, reading.variables, state)
    name = data.draw(st.sampled_from(sorted(reading.steps)))
    arguments = data.draw(st.sampled_from(reading.steps[name].instances))
    given_arguments = [
        SymbolicSet(symbols.terms, lambda x, a=a: x in a) if isinstance(a, frozenset) else a for a in arguments
    ]
    try:
        expected = reading.after(state, name, arguments)
    except (Disabled, LookupError):
        expected = None
    after = symbols.after(before, reading.steps[name].function, given_arguments)
    assert all(guard is True for guard in after.guards) == (expected is not None)
    if expected is not None:
        for variable in reading.variables.values():
            value = getattr(expected, variable.name)
            for key in value if variable.keys else [()]:
                keys = key if isinstance(key, tuple) else (key,)
                wanted = value[key] if variable.keys else value
                wanted = tuple(map(tuple, wanted)) if variable.kind == "log" else wanted
                assert content(variable, after, keys) == wanted
