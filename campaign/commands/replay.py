"""`fencepost replay`: run a trace again, with the variant or mutant its header names, or without."""

from pathlib import Path
from typing import Any

from campaign.model_replay import replay_model
from campaign.outcome import Outcome, Refused
from campaign.replay import replay
from traces.reader import read
from traces.trace import Trace


def run(path: Path, clean: bool) -> Outcome:
    """Replay a simulated run from its choices, or a model's execution from its actions. Raises TraceError, Refused."""
    trace = read(path)
    if trace.header.origin == "live":
        raise Refused(f"{path}: a live run cannot be run again; `fencepost validate {path}` holds it against the model")
    if trace.header.origin == "model":
        return _model(trace, path, clean)
    again = replay(trace, clean)
    planted = None if clean else trace.header.mutant
    document = {
        "trace": str(path),
        "origin": "simulated",
        "mutant": planted,
        "clean": clean,
        "steps": again.steps,
        "lines": again.lines,
        "digest": again.digest,
        "same": again.same,
        "invariant": again.invariant,
        "sentence": again.sentence,
    }
    with_what = f"with {planted} planted" if planted else "on the code as it is"
    lines = [f"{again.lines} lines, {again.steps} steps {with_what}"]
    if not clean and not again.same:
        lines.append(
            "the replay differs from what was recorded: another version of the code wrote this trace, or it was edited"
        )
        if again.invariant is None:
            wrote = f"commit {trace.header.commit}" if trace.header.commit else "the version that wrote it"
            said = f"unknown: what it was kept for did not come again; replay it with {wrote}, or search again"
            return Outcome(verdict="unknown", document=document, lines=(*lines, said))
    return _told(document, lines, again.invariant, again.sentence)


def _model(trace: Trace, path: Path, clean: bool) -> Outcome:
    again = replay_model(trace, clean)
    variant = None if clean else trace.header.variant
    document = {
        "trace": str(path),
        "origin": "model",
        "variant": variant,
        "clean": clean,
        "steps": again.steps,
        "digest": again.digest,
        "invariant": again.invariant,
        "refused": again.refused or None,
    }
    lines = [f"{again.steps} actions of {trace.header.model}" + (f", variant {variant}" if variant else "")]
    if again.refused:
        lines.append(f"the next is refused: {again.refused}")
    return _told(document, lines, again.invariant, "")


def _told(document: dict[str, Any], lines: list[str], invariant: str | None, sentence: str) -> Outcome:
    if invariant is None:
        return Outcome(verdict="holds", document=document, lines=(*lines, "holds: nothing is violated"))
    told = f"violated: {invariant}" + (f": {sentence}" if sentence else "")
    return Outcome(verdict="violated", document=document, lines=(*lines, told))
