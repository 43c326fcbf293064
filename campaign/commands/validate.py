"""`fencepost validate`: is this execution one of the model's?"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from campaign.outcome import Outcome, Word
from campaign.progress import Progress
from traces.merge import merge
from traces.reader import read
from traces.trace import Trace
from traces.validate import validate


def run(paths: Sequence[Path], progress: Progress) -> Outcome:
    """One trace, or the files of several live processes, which are merged. Raises TraceError."""
    trace = read(paths[0]) if len(paths) == 1 else merge(paths)
    return judged(trace, progress)


def judged(trace: Trace, progress: Progress) -> Outcome:
    """Validate a trace in memory."""
    result = validate(trace, lambda done, of: progress(done / max(of, 1), f"line {done} of {of}"))
    document = {
        "trace": trace.source,
        "lines": len(trace.lines),
        "facts": result.facts,
        "steps": result.steps,
        "partitions": result.partitions,
        "actions": result.actions,
        "first_divergence": None,
    }
    if result.divergence is None:
        line = f"holds: {result.facts} facts of {result.partitions} partitions are {result.steps} steps of the model"
        return Outcome(verdict="holds", document=document, lines=(line,))
    document["first_divergence"] = asdict(result.divergence)
    lines = [result.divergence.sentence]
    if result.divergence.conjunct:
        lines.append(f"false: {result.divergence.conjunct}")
    if result.divergence.fact:
        lines.append(f"the fact:  {_plain(result.divergence.fact)}")
    if result.divergence.model:
        lines.append(f"the model: {_plain(result.divergence.model)}")
    verdict: Word = "unknown" if result.divergence.outside else "violated"
    return Outcome(verdict=verdict, document=document, lines=tuple(lines))


def _plain(fields: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in fields.items())
