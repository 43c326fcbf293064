"""The table of planted bugs as the report shows it: how the search fared, and what became of the saved counterexamples.

One rule: no figure without its source. How many runs the search took is read from the last table of `fencepost mutants
--json` that was kept, `mutants.json` in the report's directory or `docs/planted-bugs.json`; that a counterexample still
fails with its bug and passes without it was seen by this check.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from campaign.mutants import MUTANTS
from campaign.saved import Kept
from campaign.steps import steps_of
from invariants.report.build import Planted

KEPT_TABLE = Path(__file__).resolve().parent.parent / "docs" / "planted-bugs.json"


def table_at(out: Path) -> tuple[Path, Mapping[str, Mapping[str, Any]]] | None:
    """The newest table there is, by the id of the bug, and where it stands. None where there is none to be read."""
    for path in (out / "mutants.json", KEPT_TABLE):
        try:
            document = msgspec.json.decode(path.read_bytes())
            return path, {row["id"]: row for row in document["mutants"]}
        except (OSError, msgspec.DecodeError, KeyError, TypeError):
            continue
    return None


def planted(kept: Iterable[Kept], out: Path) -> tuple[tuple[Planted, ...], str]:
    """A row for each planted bug, and one sentence that says where the figures are from."""
    found = table_at(out)
    rows: Mapping[str, Mapping[str, Any]] = {} if found is None else found[1]
    saved = {each.trace.header.mutant: each for each in kept if each.trace.header.mutant}
    about = "Each has a saved counterexample; nobody has counted runs."
    if found is not None:
        where = f"{found[0].name}, which fencepost mutants --json wrote"
        about = f"Runs and seconds of one core until the first failure: {where}."
    return tuple(_row(name, rows.get(name, {}), saved.get(name)) for name in MUTANTS), about


def _row(name: str, row: Mapping[str, Any], kept: Kept | None) -> Planted:
    verdict = None if kept is None else kept.trace.verdict
    steps = row.get("steps")
    if steps is None and kept is not None:
        steps = steps_of(kept.trace)
    return Planted(
        id=name,
        title=MUTANTS[name].title,
        found=row.get("found", None if kept is None else kept.as_expected),
        seeds=row.get("seeds"),
        seconds=row.get("seconds"),
        steps=steps,
        invariant=row.get("invariant") or (verdict.invariant if verdict is not None else ""),
        replayed=_replayed(kept),
        exhibit="" if kept is None else kept.path.stem,
    )


def _replayed(kept: Kept | None) -> str:
    if kept is None:
        return "no saved counterexample"
    return "fails with it, passes without" if kept.as_expected else "not as expected"
