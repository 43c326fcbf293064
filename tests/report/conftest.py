"""A small report, and a home for the browser that opens it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from campaign.exhibits import exhibit
from campaign.planted import planted
from campaign.saved import SAVED, run_again
from invariants.catalogue import CATALOGUE
from invariants.report.build import Evidence, Grid, Invariant, Report, write_report

TOLD = Path(__file__).resolve().parents[1] / "traces" / "told"
EXHIBITS = (
    TOLD / "kip-101.jsonl",
    SAVED / "model-kip-101.jsonl",
    TOLD / "truncates-one-late.jsonl",
    TOLD / "votes-twice.jsonl",
    SAVED / "model-quorum-vote-doubled.jsonl",
)
"""Those of the broker are copies that nobody shrinks anew."""


@pytest.fixture(scope="session")
def a_report(tmp_path_factory) -> Report:
    """Of a few saved counterexamples; the rest of it is made up."""
    kept = [run_again(path) for path in EXHIBITS]
    bugs, about = planted(kept, tmp_path_factory.mktemp("nothing"))
    evidence = (Evidence(arrow="proved", verdict="holds", figure="by induction"),)
    return Report(
        generated="today",
        commit="abc",
        machine="here",
        verdict="holds",
        seconds=1.0,
        invariants=tuple(
            Invariant(
                id=name,
                title=f"Title of {name}",
                statement=CATALOGUE[name].statement,
                catches=CATALOGUE[name].breaks,
                evidence=evidence,
                headline=name == "no_committed_loss",
            )
            for name in ("no_committed_loss", "one_leader")
        ),
        sections=(),
        exhibits=tuple(exhibit(each) for each in kept),
        coverage=(
            Grid(title="Faults", rows=("crash",), columns=("leader", "follower", "client"), cells=((3, 0, None),)),
            Grid(title="Pairs", rows=("-", "append"), columns=("append",), cells=((1,), (0,)), dense=True),
        ),
        planted=bugs,
        planted_about=about,
    )


@pytest.fixture(scope="session")
def page_at(a_report, tmp_path_factory) -> str:
    """Its address."""
    return write_report(a_report, tmp_path_factory.mktemp("report")).as_uri()


@pytest.fixture(scope="session")
def violated_page_at(a_report, tmp_path_factory) -> str:
    """The address of the same report of a run that found a counterexample by itself."""
    first, *others = a_report.exhibits
    found = msgspec.structs.replace(first, id="run-7", title="run 7")
    report = msgspec.structs.replace(a_report, verdict="violated", found=(found,), exhibits=tuple(others))
    return write_report(report, tmp_path_factory.mktemp("violated")).as_uri()


@pytest.fixture
def home() -> Iterator[Path]:
    # Chromium's last processes may still write to their profile while it is removed.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        yield Path(directory)
