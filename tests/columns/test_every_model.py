"""Every reading of every model agrees with the concrete one: who may step, where to, and what is broken.

One rule: the states are made up by Hypothesis, reachable or not; what agrees on those agrees. For each pair of readings
a planted disagreement is caught.
"""

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.models import MODELS
from model.reading_values import Bounds
from model.reference_partition import REFERENCE_PARTITION
from tests.columns.readings import Readings

ALL = {**MODELS, REFERENCE_PARTITION.name: REFERENCE_PARTITION}
SMALL = Bounds(leader_epochs=1, partition_epochs=1, log=2, values=2, broker_epochs=1)
PLAIN = Bounds(leader_epochs=2, partition_epochs=2, log=2, values=2)
GRAINS = [(name, False) for name in ALL] + [(name, True) for name, model in ALL.items() if model.macros]
VARIANTS = [(name, variant.id) for name, model in ALL.items() for variant in model.variants]


@cache
def readings_of(name: str, synchronous: bool = False, variant: str | None = None) -> Readings:
    large = name.startswith(("quorum", "survival"))
    return Readings(
        ALL[name],
        replicas=3 if name.startswith("quorum") else 2,
        bounds=SMALL if large else PLAIN,
        variant=variant,
        synchronous=synchronous,
    )


def differing(readings: Readings, row: list[int], *, in_c: bool = True) -> list[Any]:
    """The steps on which the columns differ from the concrete reading, and the properties."""
    expected = readings.on_values(row)
    found: list[Any] = []
    for form in ("numpy", "c") if in_c else ("numpy",):
        answer = getattr(readings, f"on_{form}")(row)
        found += [(form, step) for step in {**expected, **answer} if expected.get(step) != answer.get(step)]
        broken = getattr(readings, f"broken_on_{form}")(row)
        if broken != readings.broken_on_values(row):
            found.append((form, broken))
    return found


@pytest.mark.parametrize(("name", "synchronous"), GRAINS)
@settings(max_examples=25)
@given(data=st.data())
def test_the_columns_agree_in_numpy_and_in_c(name: str, synchronous: bool, data: st.DataObject) -> None:
    readings = readings_of(name, synchronous)
    assert differing(readings, data.draw(readings.rows())) == []


@pytest.mark.parametrize(("name", "synchronous"), GRAINS)
def test_every_step_is_taken_in_a_state_that_is_compared(name: str, synchronous: bool) -> None:
    readings = readings_of(name, synchronous)
    taken: set[str] = set()
    for row in readings.visited[:: max(1, len(readings.visited) // 20)]:
        steps = readings.on_values(row)
        assert differing(readings, row) == []
        first = {step[0]: step for step in steps}
        assert [w for step in first.values() if (w := readings.differs_on_symbols(row, step))] == []
        taken |= first.keys()
    assert len(taken) >= len(readings.reading.steps) / 2, sorted(readings.reading.steps.keys() - taken)


@pytest.mark.parametrize(("name", "synchronous"), GRAINS)
@settings(max_examples=15)
@given(data=st.data())
def test_the_symbols_agree(name: str, synchronous: bool, data: st.DataObject) -> None:
    readings = readings_of(name, synchronous)
    row = data.draw(readings.rows())
    taken = list(readings.on_values(row))
    steps = [data.draw(st.sampled_from(taken))] if taken else []
    action = data.draw(st.sampled_from(sorted(readings.reading.steps)))
    steps.append((action, data.draw(st.sampled_from(readings.reading.steps[action].instances))))
    assert [w for step in steps if (w := readings.differs_on_symbols(row, step))] == []
    assert readings.broken_on_symbols(row) == []


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
@settings(max_examples=5)
@given(data=st.data())
def test_what_a_variant_replaces_is_read_alike(name: str, variant: str, data: st.DataObject) -> None:
    readings = readings_of(name, variant=variant)
    row = data.draw(readings.rows())
    assert differing(readings, row, in_c=False) == []
    replaced = ALL[name].variant(variant)
    assert replaced is not None
    for action in sorted(replaced.replaces):
        step = action, data.draw(st.sampled_from(readings.reading.steps[action].instances))
        assert readings.differs_on_symbols(row, step) is None
