"""`fencepost shrink`: a failing simulated trace made as short as it gets."""

from pathlib import Path

from campaign.outcome import Outcome, Refused
from campaign.progress import Progress
from campaign.regrow import regrown
from campaign.replay import mutant_of, scenario_of
from campaign.shrinking import shrink_run
from campaign.steps import steps_of
from traces.reader import read
from traces.recorder import write

RUNS_MAX = 400
"""Changes that are tried on the shrunk run: who asks for one trace has a moment."""


def run(path: Path, out: Path | None, progress: Progress) -> Outcome:
    """Shrink a trace's choices; the result is written to `out`, or beside the trace. Raises TraceError, Refused."""
    trace = read(path)
    target = out or path.with_suffix(".shrunk.jsonl")
    try:
        # Said before the work, not after it.
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{target}: cannot be written: {error.strerror}; name a file of yours with --out") from None
    progress(None, "leaving out what it does not need")
    mutant = mutant_of(trace)
    found = shrink_run(scenario_of(trace), dict(trace.header.choices), mutant, trace.header.seed)
    if found is None:
        raise Refused(
            f"{path}: nothing fails when it is run, so there is nothing to shrink; see `fencepost replay {path}`"
        )
    progress(None, f"{found.steps} steps: changing it a little")
    found = regrown(found, mutant, RUNS_MAX)
    try:
        write(found.trace, target)
    except OSError as error:
        raise Refused(f"{target}: cannot be written: {error.strerror}; name a file of yours with --out") from None
    before = steps_of(trace)
    document = {
        "trace": str(target),
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
        f"trace: {target}",
    )
    return Outcome(verdict="done", document=document, lines=lines)
