"""`fencepost storm`: real processes, failures at random, and what the judges say of all that was recorded."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from campaign.judges import Evidence
from campaign.mutants import MUTANTS
from campaign.nearest import LISTED, there_is
from campaign.outcome import Outcome, Refused, Word
from campaign.progress import Progress
from campaign.storm import schedule as kinds
from campaign.storm.evidence import complaints, doubts, judged
from campaign.storm.run import Storm, Weathered, weather
from impl.server.errors import ChildFailed

MERGED = "storm.jsonl"


def run(
    seed: int, budget: float, faults: str | None, mutant: str | None, out: Path | None, progress: Progress
) -> Outcome:
    """Make failures for `budget` seconds. Raises Refused, ServerError."""
    if faults == "list":
        return _listed()
    if mutant is not None and (mutant not in MUTANTS or MUTANTS[mutant].stale):
        raise Refused(f"--mutant {mutant}: there is no such planted bug; {there_is(mutant, MUTANTS, LISTED)}")
    storm = Storm(seed=seed, seconds=budget, kinds=_kinds(faults), mutant=mutant)
    with _place(out) as directory:
        try:
            weathered = weather(storm, directory, progress)
        except TimeoutError as error:
            raise ChildFailed(f"the cluster does not serve: {error}") from error
        progress(None, "merging and judging what was recorded")
        found = judged(weathered, directory / MERGED)
        if out is None and complaints(weathered, found):
            found = _kept(found, Path("traces/found") / f"storm-{seed}.jsonl")
    return told(weathered, found, kept=out is not None or bool(complaints(weathered, found)))


def told(weathered: Weathered, found: Evidence, *, kept: bool) -> Outcome:
    """Violated where a judge says so; unknown where one could not tell; else holds."""
    wrong, unsure = complaints(weathered, found), doubts(found)
    verdict: Word = "violated" if wrong else "unknown" if unsure else "holds"
    struck = ", ".join(f"{count} {kind}" for kind, count in weathered.counts.items())
    lines = [
        f"{verdict}: {weathered.acknowledged} records acknowledged, {weathered.unknown} unknown, "
        f"{weathered.read_on} read on the way, {weathered.read_back} read back; {found.validation.facts} facts, "
        f"{found.validation.steps} steps of the model",
        f"  failures: {struck or 'none'}",
    ]
    lines += [f"  left out: {words}" for words in weathered.left_out]
    lines += [f"  {judge}: {words}" for judge, words in wrong or unsure]
    lines += [f"  {anomaly.count} {anomaly.kind}: {anomaly.example}" for anomaly in found.judgement.anomalies]
    if kept:
        lines.append(f"  the trace: {found.trace}")
    return Outcome(verdict=verdict, document=_document(weathered, found, wrong, unsure, kept), lines=tuple(lines))


def _document(
    weathered: Weathered,
    found: Evidence,
    wrong: list[tuple[str, str]],
    unsure: list[tuple[str, str]],
    kept: bool,
) -> dict[str, Any]:
    return {
        "seed": weathered.storm.seed,
        "mutant": weathered.storm.mutant,
        "failures": dict(weathered.counts),
        "left_out": list(weathered.left_out),
        "schedule": [str(strike) for strike in weathered.strikes],
        "acknowledged": weathered.acknowledged,
        "unknown": weathered.unknown,
        "read_on": weathered.read_on,
        "read_back": weathered.read_back,
        "forced": list(weathered.forced),
        "anomalies": {anomaly.kind: anomaly.count for anomaly in found.judgement.anomalies},
        "facts": found.validation.facts,
        "steps": found.validation.steps,
        "lines": found.lines,
        "complaints": [{"judge": judge, "sentence": words} for judge, words in wrong],
        "doubts": [{"judge": judge, "sentence": words} for judge, words in unsure],
        "trace": str(found.trace) if kept else None,
    }


def _kinds(faults: str | None) -> tuple[str, ...]:
    if faults is None:
        return kinds.KINDS
    asked = [kind.strip() for kind in faults.split(",")]
    for kind in asked:
        if kind not in kinds.KINDS:
            raise Refused(f"--faults {kind}: there is no such failure; there is {', '.join(kinds.KINDS)}")
    return tuple(asked)


def _listed() -> Outcome:
    document = {"faults": [{"kind": kind, "about": kinds.ABOUT[kind]} for kind in kinds.KINDS]}
    width = max(map(len, kinds.KINDS))
    lines = [f"{kind:{width}}  {kinds.ABOUT[kind]}" for kind in kinds.KINDS]
    return Outcome(verdict="done", document=document, lines=tuple(lines))


@contextlib.contextmanager
def _place(out: Path | None) -> Iterator[Path]:
    """Where it happens: `out`, or a directory that is gone afterwards."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="fencepost-") as scratch:
            yield Path(scratch)
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"--out {out}: cannot be made ({error.strerror}); name a directory of yours") from None
    if any(out.iterdir()):
        raise Refused(f"--out {out}: is not empty; name a new directory")
    yield out


def _kept(found: Evidence, path: Path) -> Evidence:
    """The same evidence, its trace where it stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(found.trace, path)
    return msgspec.structs.replace(found, trace=path)
