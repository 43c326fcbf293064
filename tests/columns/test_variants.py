"""Every variant that an exhaustive search of the concrete reading finds is found by the others, as deep."""

from functools import cache

import pytest

from invariants.exploration import explore as exploration
from invariants.exploration import in_c
from invariants.exploration.explore import explore
from invariants.exploration.replay import ReadingsDisagree, replayed
from model.machine import Machine
from model.reading_values import Bounds, Reading
from model.replication import REPLICATION

SHALLOW = {"commit-before-isr": 4, "expand-unchecked": 7}
"""Variants that the concrete reading finds in seconds, with three replicas, one record and two epochs."""

DEPTHS = {
    "commit-before-isr": 4,
    "expand-unchecked": 7,
    "fetch-unfenced": 9,
    "expand-uncounted": 10,
    "alter-without-comparing": 11,
    "kip-101": 12,
    "expand-below-epoch-start": 15,
}
"""The shortest counterexample at the synchronous grain, two epochs, three versions, one record."""


@pytest.mark.parametrize("variant", SHALLOW)
def test_plain_searches_find_what_the_concrete_reading_finds(variant: str) -> None:
    small = {"partition_epochs": 3, "grain": "synchronous"}
    if variant == "commit-before-isr":
        expected = explore(REPLICATION, variant, (1, 2, 3), 1, 2, form="values", **small)
        assert (expected.verdict, expected.depth) == ("violated", SHALLOW[variant])
    found = explore(REPLICATION, variant, (1, 2, 3), 1, 2, form="numpy", **small)
    assert (found.verdict, found.violated, found.depth) == ("violated", "committed_in_isr", SHALLOW[variant])


@pytest.mark.parametrize("variant", DEPTHS)
def test_reductions_find_each_variant_at_its_depth(variant: str) -> None:
    found = explore(
        REPLICATION,
        variant,
        (1, 2, 3),
        1,
        2,
        partition_epochs=3,
        grain="synchronous",
        form="numpy",
        symmetry=True,
        view=True,
    )
    assert (found.verdict, found.depth, len(found.coarse)) == ("violated", DEPTHS[variant], DEPTHS[variant])
    machine = Machine(REPLICATION, replicas=(1, 2, 3), variant=variant)
    machine.run(found.steps[:-1])
    assert machine.broken() is None
    machine.run(found.steps[-1:])
    assert machine.broken() == found.violated


@pytest.mark.parametrize("reduced", [False, True])
def test_c_finds_the_same_counterexample_whatever_the_threads(reduced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_c, "build", cache(in_c.build))  # both searches are one program
    bounds = Bounds(leader_epochs=2, partition_epochs=3, log=1)
    found = [
        explore(
            REPLICATION,
            "expand-unchecked",
            (1, 2, 3),
            bounds=bounds,
            grain="synchronous",
            form="c",
            threads=threads,
            symmetry=reduced,
            view=reduced,
        )
        for threads in (1, 2)
    ]
    assert found[0].coarse == found[1].coarse
    assert (found[0].verdict, found[0].depth) == ("violated", DEPTHS["expand-unchecked"])


def test_the_asynchronous_grain_finds_a_variant_in_the_models_own_steps() -> None:
    found = explore(REPLICATION, "commit-before-isr", (1, 2), 1, 1, form="numpy")
    assert found.verdict == "violated"
    assert found.steps == found.coarse


def test_the_model_itself_holds_where_its_variants_do_not() -> None:
    found = explore(REPLICATION, None, (1, 2), 1, 2, partition_epochs=3, grain="synchronous", form="numpy", view=True)
    assert (found.verdict, found.reason, found.violated) == ("holds", None, None)


def test_a_counterexample_that_the_concrete_reading_denies_is_not_believed() -> None:
    reading = Reading(REPLICATION, replicas=range(2), bounds=Bounds(leader_epochs=1, partition_epochs=1, log=1))
    with pytest.raises(ReadingsDisagree, match="does not allow append"):
        replayed(reading, [("append", (0, 0))], (1, 2))
    with pytest.raises(ReadingsDisagree, match="nothing wrong after"):
        replayed(reading, [("elect", (0,))], (1, 2))


def test_every_variant_of_replication_has_a_view() -> None:
    view = exploration.VIEWS["replication"]
    assert {view.of(v.id).function.name for v in REPLICATION.variants} > {"live", "live_but_probes"}
