"""A search that cannot finish says so and why; bad input is one line with its remedy."""

from typing import Any

import pytest

from invariants.exploration import explore as exploration
from invariants.exploration.explore import CannotExplore, ExploreResult, explore
from invariants.exploration.in_c import CompilerFailed, build
from model.design import UnknownVariant
from model.reading_values import Bounds
from model.reference_partition import REFERENCE_PARTITION
from model.replication import REPLICATION


@pytest.mark.parametrize("form", ["c", "numpy", "values"])
def test_a_search_stops_at_its_memory(form: str) -> None:
    found = explore(REFERENCE_PARTITION, None, (1, 2, 3), 3, 3, form=form, memory=5 << 20)
    assert found.verdict == "unknown"
    assert "of 5 MiB: give more memory" in (found.reason or "")
    assert 0 < found.distinct_states < 2_068_336


@pytest.mark.parametrize("form", ["c", "numpy", "values"])
def test_a_search_stops_at_its_time(form: str) -> None:
    found = explore(REFERENCE_PARTITION, None, (1, 2, 3), 3, 3, form=form, budget=0.0)
    assert (found.verdict, found.violated) == ("unknown", None)
    assert "stopped after 0 s" in (found.reason or "")


def test_a_search_cut_at_a_depth_is_no_pass() -> None:
    found = explore(REFERENCE_PARTITION, None, (1, 2, 3), 3, 3, form="numpy", depth=4)
    assert (found.verdict, found.depth) == ("unknown", 4)
    assert found.reason == "stopped at depth 4, as asked"


def test_progress_tells_each_level() -> None:
    told: list[tuple[int, int, int]] = []
    found = explore(
        REFERENCE_PARTITION, None, (1, 2), 1, 1, form="numpy", progress=lambda *figures: told.append(figures)
    )
    assert [new for _, _, new in told] == list(found.states_per_level[1:])
    assert told[-1][:2] == (found.depth, found.distinct_states)


def test_without_a_compiler_numpy_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploration, "compiler", lambda: None)
    found: ExploreResult = explore(REFERENCE_PARTITION, None, (1, 2), 1, 1)
    assert (found.form, found.verdict) == ("numpy", "holds")
    with pytest.raises(CannotExplore, match="use form 'numpy'"):
        explore(REFERENCE_PARTITION, None, (1, 2), 1, 1, form="c")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"form": "fortran"}, "no form 'fortran'"),
        ({"grain": "fine"}, "no grain 'fine'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"log": 1000}, "log is 1000"),
        ({"replicas": (1, 1)}, "2 replicas cannot be searched"),
        ({"view": True}, "reference-partition has no view"),
        ({"form": "values", "symmetry": True}, "without reductions"),
        ({"symmetry": True, "bounds": Bounds(log=1, observers=1)}, "leave symmetry out"),
    ],
)
def test_bad_input_is_named(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(CannotExplore, match=told):
        explore(REFERENCE_PARTITION, **{"replicas": (1, 2), "log": 1, "epochs": 1, **asked})


def test_more_steps_than_a_search_can_hold_are_refused_before_they_are_traced() -> None:
    with pytest.raises(CannotExplore, match=r"there are \d+ steps, and 20000 at most"):
        explore(REPLICATION, None, (1, 2, 3), 100, 2)


def test_an_unknown_variant_is_named() -> None:
    with pytest.raises(UnknownVariant, match="no variant 'kip-1'"):
        explore(REPLICATION, "kip-1")


def test_a_program_that_does_not_compile_is_told_in_one_line() -> None:
    compiler = exploration.compiler()
    assert compiler is not None
    with pytest.raises(CompilerFailed, match="use form 'numpy'"):
        build("this is no program", compiler)
