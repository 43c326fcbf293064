"""A planted disagreement is caught, whichever reading it is planted in; rows and states are each other's images.

One rule: what `test_every_model.py` compares, it compares with these functions; each is shown to see a difference.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invariants.proofs.terms import Term
from invariants.proofs.terms import Terms as SymbolicTerms
from model.columns import emit_c, emit_numpy
from model.columns.terms import Terms as ColumnTerms
from model.reading_values import Reading
from model.reference_partition import REFERENCE_PARTITION
from model.replication import REPLICATION
from tests.columns.readings import Readings
from tests.columns.test_every_model import PLAIN, differing, readings_of


@settings(max_examples=25)
@given(data=st.data())
def test_rows_and_states_are_each_others_images(data: st.DataObject) -> None:
    readings = readings_of("replication")
    row = data.draw(readings.rows())
    assert readings.layout.row(readings.layout.concrete(row)) == row


def fresh() -> Readings:
    """Readings that share nothing with those of other tests: something is planted in them."""
    return Readings(REFERENCE_PARTITION, replicas=2, bounds=PLAIN)


def caught(readings: Readings) -> list[Any]:
    """All that differs in visited states."""
    return [each for row in readings.visited for each in differing(readings, row)]


def test_a_wrong_comparison_in_numpy_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(emit_numpy.SIMPLE, "at_most", "{0} < {1}")
    assert {form for form, _ in caught(fresh())} == {"numpy"}


def test_a_wrong_comparison_in_c_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(emit_c.SIMPLE, "at_most", "({0} < {1})")
    assert {form for form, _ in caught(fresh())} == {"c"}


def test_a_wrong_comparison_in_the_terms_is_caught_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ColumnTerms, "less", ColumnTerms.at_most)
    found = caught(fresh())
    assert {form for form, _ in found} == {"numpy", "c"}
    assert any(what[0] == "fetch" for _, what in found if isinstance(what, tuple))


def test_where_a_log_ends_forgotten_in_the_terms_is_caught_in_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ColumnTerms, "partial", lambda _self, value, _condition: value)
    wrong = Readings(REPLICATION, replicas=2, bounds=PLAIN)
    monkeypatch.undo()
    short = [0] * len(wrong.layout.columns)
    for column, at in wrong.layout.place.items():
        if column[0] == "high_watermark":
            short[at] = 1
    assert wrong.broken_on_values(short) == "agree_below_high_watermark"
    assert wrong.broken_on_numpy(short) != wrong.broken_on_values(short)
    assert wrong.broken_on_c(short) != wrong.broken_on_values(short)


def symbols_differ(readings: Readings) -> list[str]:
    return [
        found
        for row in readings.visited
        for step in readings.on_values(row)
        if (found := readings.differs_on_symbols(row, step))
    ]


def test_a_wrong_minimum_in_the_symbols_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    assert symbols_differ(fresh()) == []
    monkeypatch.setattr(SymbolicTerms, "minimum", SymbolicTerms.maximum)
    assert any("fetch" in found for found in symbols_differ(fresh()))


def test_a_wrong_verdict_of_the_symbols_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = Readings(REPLICATION, replicas=2, bounds=PLAIN)
    assert [found for row in readings.visited for found in readings.broken_on_symbols(row)] == []

    def never(_self: SymbolicTerms, _a: Term, _b: Term) -> bool:
        return False

    monkeypatch.setattr(SymbolicTerms, "equal", never)
    assert any(readings.broken_on_symbols(row) for row in readings.visited)


def test_a_concrete_reading_of_another_design_is_caught_by_all_others() -> None:
    readings = Readings(REPLICATION, replicas=2, bounds=PLAIN)
    readings.reading = Reading(REPLICATION, replicas=range(2), bounds=PLAIN, variant="commit-before-isr")
    rows = readings.visited
    forms = {form for row in rows for form, _ in differing(readings, row)}
    assert forms == {"numpy", "c"}
    other = Readings(REPLICATION, replicas=2, bounds=PLAIN)
    steps = [(row, step) for row in rows for step in readings.on_values(row)]
    assert any(step not in other.on_values(row) and other.on_symbols(row, step) is None for row, step in steps)
