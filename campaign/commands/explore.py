"""`fencepost explore`: every state of a model within bounds, breadth first."""

from pathlib import Path

from campaign.commands.prove import named
from campaign.commands.search import call_words
from campaign.outcome import Outcome, Refused, Word
from campaign.progress import Progress
from invariants.exploration.explore import VIEWS, CannotExplore, ExploreResult, explore
from traces.modelled import told as modelled
from traces.recorder import write


def run(
    name: str,
    variant: str | None,
    bounds: tuple[int, int, int],
    grain: str,
    form: str,
    reduce: bool,
    budget: float,
    out: Path | None,
    progress: Progress,
) -> Outcome:
    """Explore within (replicas, log, epochs). Raises Refused for bounds that cannot be searched, UnknownVariant."""
    model = named(name)
    model.variant(variant)
    replicas, log, epochs = bounds
    try:
        found = explore(
            model,
            variant,
            range(1, replicas + 1),
            log,
            epochs,
            grain=grain,
            form=form,
            symmetry=reduce,
            view=reduce and model.name in VIEWS,
            budget=budget,
            progress=lambda depth, distinct, new: progress(None, f"depth {depth}: {distinct:,} states, {new:,} new"),
        )
    except CannotExplore as error:
        raise Refused(str(error)) from None
    if out is not None and found.violated is not None:
        sentence = f"{found.violated} is violated after {len(found.coarse)} steps"
        trace = modelled(
            found.steps,
            replicas=found.replicas,
            variant=variant,
            invariant=found.violated,
            sentence=sentence,
            model=model,
        )
        try:
            write(trace, out)
        except OSError as error:
            raise Refused(f"{out}: cannot be written: {error.strerror}; name a file in a directory of yours") from None
    return told(found, out)


def told(found: ExploreResult, out: Path | None) -> Outcome:
    verdict: Word = "violated" if found.verdict == "violated" else "holds" if found.verdict == "holds" else "unknown"
    bounds = f"{len(found.replicas)} replicas, {found.bounds.leader_epochs} epochs, log {found.bounds.log}"
    document = {
        "model": found.model,
        "variant": found.variant,
        "bounds": bounds,
        "grain": found.grain,
        "form": found.form,
        "reduced": found.symmetry or found.view,
        "complete": found.verdict == "holds",
        "invariant": found.violated,
        "reason": found.reason,
        "distinct_states": found.distinct_states,
        "generated_states": found.generated_states,
        "depth": found.depth,
        "states_per_level": list(found.states_per_level),
        "states_per_processor_second": round(found.distinct_states / max(found.processor_seconds, 1e-9)),
        "bytes": found.bytes,
        "collision_odds": found.collision_odds,
        "steps": len(found.coarse),
        "trace": str(out) if out is not None and found.violated is not None else None,
    }
    what = found.model + (f", variant {found.variant}" if found.variant else "")
    lines = [
        f"{what}: {verdict}, {bounds}, {found.grain} grain, searched in {found.form}",
        f"  {found.distinct_states:,} distinct states, {found.generated_states:,} generated, depth {found.depth}, "
        f"{found.processor_seconds:.1f} processor seconds",
    ]
    if found.reason:
        lines.append(f"  stopped: {found.reason}")
    if found.violated:
        lines.append(f"  {found.violated} is violated after {len(found.coarse)} steps:")
        lines += [f"    {number:2} {call_words(*call)}" for number, call in enumerate(found.coarse, 1)]
    if document["trace"]:
        lines.append(f"  trace: {out}")
    return Outcome(verdict=verdict, document=document, lines=tuple(lines))
