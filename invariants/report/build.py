"""The invariant report: what must hold, how far each kind of evidence went, and what broke.

One rule: the report decides nothing. It is given verdicts and figures (`Evidence`), counterexamples (`Exhibit`) and
lays them out, as one self-contained HTML page and as the same in JSON.
"""

import json
from pathlib import Path
from typing import Any, Literal

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from traces.written import write_whole

Arrow = Literal["proved", "explored", "fuzzed", "validated", "judged"]
Word = Literal["holds", "violated", "unknown"]
ARROWS: tuple[tuple[Arrow, str], ...] = (
    ("proved", "Proved: every log length, every epoch, any number of replicas"),
    ("explored", "Explored: every state of the model within bounds"),
    ("fuzzed", "Fuzzed: the broker in a simulated world, judged at every step"),
    ("validated", "Validated: every fact of the simulated runs, and of the live one, is a step of a model"),
    ("judged", "Judged: what clients of the live run saw, and what its processes wrote down"),
)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One arrow of the tower for one invariant: `figure` says how far it went, in words with numbers."""

    arrow: Arrow
    verdict: Word
    figure: str


class Invariant(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    statement: str
    catches: str
    evidence: tuple[Evidence, ...]
    headline: bool = True
    """One of the few that the front page promises: shown open."""

    @property
    def verdict(self) -> Word:
        """Violated if any arrow is; holds only if every arrow that was tried does."""
        words = {evidence.verdict for evidence in self.evidence}
        if "violated" in words:
            return "violated"
        return "holds" if words == {"holds"} else "unknown"


class Exhibit(msgspec.Struct, frozen=True, kw_only=True):
    """A counterexample: a planted or historic bug, its sentence, its drawing and its steps for the explorer."""

    title: str
    story: str
    invariant: str
    sentence: str
    steps: int
    command: str
    drawing: str
    frames: tuple[dict[str, Any], ...]
    id: str = ""
    """Names it in the page's address."""
    lanes: tuple[str, ...] = ()
    """The processes of its steps, in order."""
    voters: bool = False
    """It is about the controllers' quorum, whose logs have no records of clients."""


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """One planted bug: how the search fared, and whether its saved counterexample still stands."""

    id: str
    title: str
    found: bool | None
    """None: nobody has searched for it."""
    seeds: int | None
    """Runs to the first failure; None where nobody has counted."""
    seconds: float | None
    steps: int | None
    """Of its counterexample, shrunk."""
    invariant: str
    replayed: str
    exhibit: str = ""
    """The id of its counterexample on the page."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the run: its command, verdict and figures, for the table under the invariants."""

    name: str
    command: str
    verdict: Literal["holds", "violated", "unknown", "done"]
    seconds: float
    headline: str
    figures: tuple[tuple[str, str], ...]


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """What was exercised: how often each cell was reached. 0: never; None: there is no such cell."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[int | None, ...], ...]
    dense: bool = False
    """Too many cells for numbers: they are coloured, and say what they are when pointed at."""
    notes: tuple[str, ...] = ()
    """Why there are no such cells as one might look for."""

    @property
    def reached(self) -> int:
        return sum(1 for row in self.cells for cell in row if cell)

    @property
    def size(self) -> int:
        return sum(1 for row in self.cells for cell in row if cell is not None)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    generated: str
    commit: str
    machine: str
    verdict: Word
    seconds: float
    invariants: tuple[Invariant, ...]
    sections: tuple[Section, ...]
    exhibits: tuple[Exhibit, ...]
    coverage: tuple[Grid, ...] = ()
    planted: tuple[Planted, ...] = ()
    planted_about: str = ""
    """Where the figures of the planted bugs are from."""
    found: tuple[Exhibit, ...] = ()
    """Counterexamples that this very run found in the broker as it is: nobody planted anything."""

    @property
    def searched(self) -> int:
        """How many planted bugs somebody has searched for."""
        return sum(bug.found is not None for bug in self.planted)

    def breaking(self, invariant: str) -> tuple[Planted, ...]:
        """The planted bugs that break an invariant."""
        return tuple(bug for bug in self.planted if bug.invariant == invariant)

    def figure(self, section: str, name: str) -> str:
        """One figure of a part of the run; empty where there is none."""
        figures = {each.name: dict(each.figures) for each in self.sections}
        return figures.get(section, {}).get(name, "")


def write_report(report: Report, directory: Path) -> Path:
    """Write `index.html` and `report.json` into `directory`, making it if need be; returns the page's path.

    Raises OSError where the directory cannot be written; an earlier report stays then.
    """
    page = directory / "index.html"
    write_whole(page, _page(report))
    write_whole(directory / "report.json", json.dumps(msgspec.to_builtins(_with_verdicts(report)), indent=2))
    return page


def read_report(directory: Path) -> Report:
    """The report of an earlier run. Raises FileNotFoundError, or msgspec.ValidationError where it is not one."""
    return msgspec.json.decode((directory / "report.json").read_bytes(), type=Report)


def _with_verdicts(report: Report) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(report)
    for invariant, whole in zip(plain["invariants"], report.invariants, strict=True):
        invariant["verdict"] = whole.verdict
    return plain


def _page(report: Report) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    statements = {invariant.id: invariant.statement for invariant in report.invariants}
    frames = [
        {
            "id": each.id,
            "lanes": each.lanes,
            "frames": each.frames,
            "voters": each.voters,
            "invariant": each.invariant,
            "statement": statements.get(each.invariant, ""),
        }
        for each in (*report.found, *report.exhibits)
    ]
    return environment.get_template("page.html").render(report=report, arrows=ARROWS, frames=frames)
