"""`fencepost search`: a bounded symbolic search for a violating trace."""

from dataclasses import asdict
from pathlib import Path

from campaign.commands.prove import named
from campaign.outcome import Outcome, Refused, Word
from campaign.progress import Progress
from invariants.proofs.search import SearchResult, search
from model.reading_values import Bounds
from traces.recorder import write


def run(
    name: str,
    variant: str | None,
    depth: int,
    bounds: tuple[int, int] | None,
    seconds: float,
    out: Path | None,
    progress: Progress,
) -> Outcome:
    """Search to a depth; `bounds` is (log, epochs), or None for small ones first. Raises Refused, UnknownVariant."""
    model = named(name)
    model.variant(variant)
    within = None if bounds is None else Bounds(log=bounds[0], leader_epochs=bounds[1], partition_epochs=bounds[1] + 2)
    found = search(
        model,
        variant,
        depth,
        lambda done, of: progress(done / of, f"question {done} of {of}"),
        bounds=within,
        seconds=seconds,
    )
    if out is not None and found.trace is not None:
        try:
            write(found.trace, out)
        except OSError as error:
            raise Refused(f"{out}: cannot be written: {error.strerror}; name a file in a directory of yours") from None
    return told(found, out)


def judged(found: SearchResult) -> tuple[Word, str | None]:
    """The verdict, and what to try where it is not known; a variant in which nothing was found is not called safe."""
    if found.verdict == "violated":
        return "violated", None
    if found.verdict == "holds" and found.variant is None:
        return "holds", None
    variant = f" --variant {found.variant}" if found.variant else ""
    deeper = f"--depth {found.depth + 6}, or fencepost explore {found.model}{variant}, which visits every state"
    if found.verdict == "holds":
        return "unknown", f"nothing within these bounds, which does not make the variant safe: try {deeper}"
    return "unknown", f"the time was up before every question was answered: try a larger --budget, {deeper}"


def told(found: SearchResult, out: Path | None) -> Outcome:
    verdict, reason = judged(found)
    document = {
        "model": found.model,
        "variant": found.variant,
        "depth": found.depth,
        "invariant": found.invariant or None,
        "reason": reason,
        "steps": len(found.steps),
        "coarse_steps": len(found.coarse),
        "rungs": [asdict(rung) for rung in found.rungs],
        "trace": str(out) if out is not None and found.trace is not None else None,
    }
    what = found.model + (f", variant {found.variant}" if found.variant else "")
    lines = [f"{what}: {verdict} to depth {found.depth}"]
    lines += [f"  {_bounds(rung.bounds)}: {rung.result} in {rung.seconds:.1f} s" for rung in found.rungs]
    if found.verdict == "violated":
        lines.append(f"  {found.invariant} is violated after {len(found.coarse)} steps, a fetch being one:")
        lines += [f"    {number:2} {call_words(*call)}" for number, call in enumerate(found.coarse, 1)]
        lines.append(f"  replayed on the model as {len(found.steps)} of its actions")
    if reason:
        lines.append(f"  unknown: {reason}")
    if out is not None and found.trace is not None:
        lines.append(f"  trace: {out}")
    return Outcome(verdict=verdict, document=document, lines=tuple(lines))


def _bounds(bounds: Bounds) -> str:
    return f"epochs to {bounds.leader_epochs}, partition epochs to {bounds.partition_epochs}, logs to {bounds.log}"


def call_words(name: str, parameters: dict[str, object]) -> str:
    return f"{name}({', '.join(f'{each}={value}' for each, value in parameters.items())})"
