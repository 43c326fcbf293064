"""`fencepost explore`: every state of the model within bounds, breadth first.

One rule: what was not looked at is not said to hold. A variant in which nothing is found within its bounds is unknown,
and so is a search that was stopped; each says what to try next.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from campaign.commands.prove import named
from campaign.commands.search import call_words
from campaign.outcome import Outcome, Refused, Word
from campaign.progress import Progress
from campaign.sizes import half_of_memory
from invariants.exploration.explore import VIEWS, CannotExplore, ExploreResult, explore
from model.design import Model
from traces.modelled import told as modelled
from traces.recorder import write


class Space(NamedTuple):
    """How much of the unbounded is visited: replicas, the longest log, the highest leader epoch, and the highest
    partition epoch, twice that unless told."""

    replicas: int
    log: int
    epochs: int
    partition_epochs: int | None = None
    grain: str = "synchronous"


LEAST = Space(replicas=3, log=1, epochs=2)
"""What is visited unless told."""

LADDER = (LEAST, Space(3, 2, 3), Space(3, 2, 4))
"""For a variant unless told: small spaces first, until its counterexample is found."""

LADDERS = {
    "survival": (Space(2, 1, 1), Space(2, 1, 3, 3), Space(2, 1, 1, 3, "asynchronous")),
    "quorum-voters": (LEAST, Space(3, 3, 2), Space(4, 3, 3)),
}
"""For the variants of models whose spaces grow otherwise: `survival` has many states for two replicas already, and
sets of voters differ by two only where logs have room for two changes."""

IN_FLIGHT = (
    "any-sender",
    "elr-kept",
    "no-broker-epoch",
    "refused-for-now",
    "resume-by-old-version",
    "untagged-position",
    "untagged-proposal",
    "wildcard-registration",
)
"""Variants of `survival` that need a message that is in flight while something else happens: no coarse step has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to visit and what it may take: `budget` in seconds, `memory` in bytes, half of the machine's unless told."""

    replicas: int | None = None
    log: int | None = None
    epochs: int | None = None
    partition_epochs: int | None = None
    grain: str | None = None
    form: str = "auto"
    reduce: bool = True
    threads: int = 2
    budget: float = 600.0
    memory: int | None = None

    def rungs(self, model: str, variant: str | None) -> tuple[Space, ...]:
        """The spaces to visit, in order."""
        told = (self.replicas, self.log, self.epochs, self.partition_epochs, self.grain)
        if variant is not None and told == (None,) * len(told):
            ladder = LADDERS.get(model, LADDER)
            return ladder[-1:] if model == "survival" and variant in IN_FLIGHT else ladder
        replicas, log, epochs = self.replicas or LEAST.replicas, self.log or LEAST.log, self.epochs or LEAST.epochs
        return (Space(replicas, log, epochs, self.partition_epochs, self.grain or LEAST.grain),)


def run(name: str, variant: str | None, asked: Asked, out: Path | None, progress: Progress) -> Outcome:
    """Explore what is asked. Raises Refused for bounds that cannot be searched, UnknownVariant."""
    model = named(name)
    model.variant(variant)
    spent = 0.0
    for space in asked.rungs(name, variant):
        found = visited(model, variant, asked, space, asked.budget - spent, progress)
        spent += found.seconds
        if found.verdict != "holds" or spent >= asked.budget:
            break
    if out is not None and found.violated is not None:
        save(found, model, out)
    return told(found, out)


def visited(
    model: Model, variant: str | None, asked: Asked, space: Space, budget: float, progress: Progress
) -> ExploreResult:
    """One space, searched."""
    where = f"{space.replicas} replicas, log {space.log}, epochs {space.epochs}, "
    try:
        return explore(
            model,
            variant,
            range(1, space.replicas + 1),
            space.log,
            space.epochs,
            partition_epochs=space.partition_epochs,
            grain=space.grain,
            form=asked.form,
            symmetry=asked.reduce and asked.form != "values",
            view=asked.reduce and asked.form != "values" and model.name in VIEWS,
            threads=asked.threads,
            budget=budget,
            memory=asked.memory or half_of_memory(),
            progress=lambda depth, distinct, new: progress(
                None, f"{where}depth {depth}: {distinct:,} states, {new:,} new"
            ),
        )
    except CannotExplore as error:
        raise Refused(str(error)) from None


def save(found: ExploreResult, model: Model, out: Path) -> None:
    """The counterexample as a trace."""
    trace = modelled(
        found.steps,
        replicas=found.replicas,
        variant=found.variant,
        invariant=found.violated or "",
        sentence=f"{found.violated} is violated after {len(found.coarse)} steps",
        model=model,
    )
    try:
        write(trace, out)
    except OSError as error:
        raise Refused(f"{out}: cannot be written: {error.strerror}; name a file in a directory of yours") from None


def judged(found: ExploreResult) -> tuple[Word, str | None]:
    """The verdict, and why it is not known where it is not."""
    if found.verdict == "violated":
        return "violated", None
    if found.verdict == "holds" and found.variant is None:
        return "holds", None
    if found.verdict == "holds":
        wider = f"--log {found.bounds.log + 1} --epochs {found.bounds.leader_epochs + 1}"
        return "unknown", f"nothing is violated within these bounds, which does not make the variant safe: try {wider}"
    return "unknown", found.reason


def told(found: ExploreResult, out: Path | None) -> Outcome:
    verdict, reason = judged(found)
    bounds = f"{len(found.replicas)} replicas, {found.bounds.leader_epochs} epochs, log {found.bounds.log}"
    held, memory = found.bytes / 2**20, found.memory / 2**20
    document = {
        "model": found.model,
        "variant": found.variant,
        "bounds": bounds,
        "partition_epochs": found.bounds.partition_epochs,
        "grain": found.grain,
        "form": found.form,
        "reduced": found.symmetry or found.view,
        "symmetry": found.symmetry,
        "view": found.view,
        "complete": found.verdict == "holds",
        "invariant": found.violated,
        "reason": reason,
        "distinct_states": found.distinct_states,
        "generated_states": found.generated_states,
        "depth": found.depth,
        "states_per_level": list(found.states_per_level),
        "processor_seconds": round(found.processor_seconds, 3),
        "build_seconds": round(found.build_seconds, 3),
        "states_per_processor_second": round(found.distinct_states / max(found.processor_seconds, 1e-9)),
        "bytes": found.bytes,
        "memory": found.memory,
        "collision_odds": found.collision_odds,
        "steps": len(found.coarse),
        "trace": str(out) if out is not None and found.violated is not None else None,
    }
    what = found.model + (f", variant {found.variant}" if found.variant else "")
    lines = [
        f"{what}: {verdict}, {bounds}, {found.grain} grain, searched in {found.form}",
        f"  {found.distinct_states:,} distinct states, {found.generated_states:,} generated, depth {found.depth}, "
        f"{found.processor_seconds:.1f} processor seconds, {held:,.0f} of {memory:,.0f} MiB",
    ]
    if reason:
        lines.append(f"  {'stopped' if found.reason else 'unknown'}: {reason}")
    if found.violated:
        lines.append(f"  {found.violated} is violated after {len(found.coarse)} steps:")
        lines += [f"    {number:2} {call_words(*call)}" for number, call in enumerate(found.coarse, 1)]
    if document["trace"]:
        lines.append(f"  trace: {out}")
    return Outcome(verdict=verdict, document=document, lines=tuple(lines))
