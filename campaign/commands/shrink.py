"""`fencepost shrink`: a failing simulated trace made as short as it gets.

One rule: what was found is not lost. Room is asked for before the work; where it is gone after it, the trace goes to
another directory, and where that is full too, to standard output.
"""

import tempfile
from pathlib import Path
from typing import Any

from campaign.outcome import Outcome, Refused
from campaign.progress import Progress
from campaign.regrow import regrown
from campaign.replay import mutant_of, scenario_of
from campaign.shrinking import shrink_run
from campaign.steps import steps_of
from traces.reader import read
from traces.recorder import encode, write
from traces.trace import Trace

RUNS_MAX = 400
"""Changes that are tried on the shrunk run: who asks for one trace has a moment."""


def run(path: Path, out: Path | None, progress: Progress) -> Outcome:
    """Shrink a trace's choices; the result is written to `out`, or beside the trace. Raises TraceError, Refused."""
    trace = read(path)
    target = out or path.with_suffix(".shrunk.jsonl")
    _ask_for_room(target, path)
    progress(None, "leaving out what it does not need")
    mutant = mutant_of(trace)
    found = shrink_run(scenario_of(trace), dict(trace.header.choices), mutant, trace.header.seed)
    if found is None:
        raise Refused(
            f"{path}: nothing fails when it is run, so there is nothing to shrink; see `fencepost replay {path}`"
        )
    progress(None, f"{found.steps} steps: changing it a little")
    found = regrown(found, mutant, RUNS_MAX)
    kept, said = _kept(found.trace, target)
    before = steps_of(trace)
    document: dict[str, Any] = {
        "trace": None if kept is None else str(kept),
        "invariant": found.invariant,
        "sentence": found.sentence,
        "steps_before": before,
        "steps": found.steps,
        "choices": found.choices,
        "runs": found.runs,
    }
    lines = (
        f"{before} steps shrunk to {found.steps}, {len(trace.header.choices)} choices to {found.choices}",
        f"{found.invariant}: {found.sentence}",
        *said,
    )
    if kept is None:
        document["lines"] = _lines_of(found.trace)
    return Outcome(verdict="done" if kept == target else "unknown", document=document, lines=lines)


def _ask_for_room(target: Path, trace: Path) -> None:
    """Refused where there is no room for as much as the trace takes: what is left of it takes less."""
    beside = target.with_name(f"{target.name}.room")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_file():
            # A device or a pipe.
            return
        try:
            beside.write_bytes(trace.read_bytes())
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"{target}: cannot be written: {error.strerror}; name a file of yours with --out") from None


def _kept(trace: Trace, target: Path) -> tuple[Path | None, tuple[str, ...]]:
    """Where the trace is now (None: nowhere), and the lines that say so."""
    try:
        write(trace, target)
    except OSError as error:
        full = f"{target}: cannot be written: {error.strerror}"
    else:
        return target, (f"trace: {target}",)
    try:
        elsewhere = Path(tempfile.mkdtemp(prefix="fencepost-")) / target.name
        write(trace, elsewhere)
    except OSError:
        return None, (f"{full}; the trace itself follows, keep these lines in a file", *_lines_of(trace))
    return elsewhere, (f"{full}; it is in {elsewhere} instead",)


def _lines_of(trace: Trace) -> list[str]:
    return encode(trace).decode().splitlines()
