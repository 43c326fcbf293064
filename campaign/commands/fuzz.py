"""`fencepost fuzz`: random failure interleavings on the simulated cluster."""

import re
from pathlib import Path
from typing import Any

from campaign import coverage, source, validation
from campaign.fuzz import FuzzResult, fuzz
from campaign.journal import About, Journal
from campaign.lockstep import REFINES
from campaign.mutants import MUTANTS
from campaign.nearest import LISTED, there_is
from campaign.outcome import Outcome, Refused
from campaign.profiles import PROFILES
from campaign.progress import Progress
from campaign.shrinking import Counterexample
from campaign.workers import Workers, dask, local
from impl.sim.recording import MODEL
from traces.validate import validate


def run(
    seed: int,
    budget: float,
    profile: str,
    mutant: str | None,
    out: Path | None,
    workers: Workers,
    campaign: tuple[Path, ...],
    progress: Progress,
) -> Outcome:
    """Search until failures are found or the budget is spent; go on where the first file of `campaign` stops.

    Raises Refused for a profile or mutant there is not, and for a file of another campaign.
    """
    if profile not in PROFILES:
        raise Refused(f"--profile {profile}: there is no such profile; there is {', '.join(PROFILES)}")
    if mutant == "list":
        return _listed()
    if mutant is not None and mutant not in MUTANTS:
        raise Refused(f"--mutant {mutant}: there is no such planted bug; {there_is(mutant, MUTANTS, LISTED)}")
    journal = None
    if campaign:
        about = About(profile=profile, mutant=mutant, commit=source.commit())
        journal = Journal(campaign[0], about, campaign[1:])
    try:
        result = fuzz(seed, budget, mutant, profile, out, progress, workers, journal)
    except OSError as error:
        raise Refused(f"{out}: cannot be written: {error.strerror}; name a directory of yours with --out") from None
    return told(result)


def workers_of(address: str | None, processes: int) -> Workers:
    """Who runs the seeds: a Dask cluster where its scheduler's address is given. Raises Refused."""
    if address is None:
        return local(processes)
    if not re.fullmatch(r"(\w+://)?[^:/]+:\d+", address):
        raise Refused(f"--workers {address}: this is no address of a scheduler; name it as tcp://HOST:8786")
    return dask(address)


def _listed() -> Outcome:
    mutants = [{"id": each.id, "title": each.title, "invariants": list(each.invariants)} for each in MUTANTS.values()]
    width = max(len(name) for name in MUTANTS)
    lines = tuple(f"{each.id:{width}}  {each.title}" for each in MUTANTS.values())
    return Outcome(verdict="done", document={"mutants": mutants}, lines=lines)


def document(result: FuzzResult) -> dict[str, Any]:
    traces = [
        {
            "path": str(result.paths[place]) if result.paths and result.paths[place] else None,
            "invariant": found.invariant,
            "sentence": found.sentence,
            "steps": found.steps,
            "choices": found.choices,
            "minimal": found.minimal,
            "seed": found.seed,
        }
        for place, found in enumerate(result.counterexamples)
    ]
    return {
        "profile": result.profile,
        "profile_about": PROFILES[result.profile].about,
        "mutant": result.mutant,
        "seeds": result.seeds,
        "resumed": result.resumed,
        "events": result.events,
        "events_per_second": round(result.events_per_second),
        "events_per_core_second": round(result.events_per_core_second),
        "simulated_seconds_per_second": round(result.simulated_seconds_per_second, 1),
        "unhealthy": result.unhealthy,
        "failing": result.failing,
        "seeds_to_failure": result.seeds_to_failure,
        "seconds_to_failure": None if result.seconds_to_failure is None else round(result.seconds_to_failure, 2),
        "shrink_seconds": round(result.shrink_seconds, 2),
        "failure_rate_bound": failure_rate_bound(result),
        "traces": traces,
        "untraced": [
            {"invariant": each.invariant, "sentence": each.sentence, "seed": each.seed} for each in result.untraced
        ],
        "unspoken": {"runs": len(result.unspoken), "first": next(iter(result.unspoken), None)},
        "interrupted": result.interrupted,
        "corpus": result.corpus,
        "coverage": coverage.document(result.coverage, MODEL),
    }


def beside_the_model(found: Counterexample) -> list[str]:
    """Of a run that leaves the model: the fact, the false conjunct and what the model says."""
    if found.invariant != REFINES:
        return []
    trace = found.trace
    followed = validation.told(validate(trace), len(trace.lines), "")
    return [f"    {line}" for line in followed.lines[1:]]


def failure_rate_bound(result: FuzzResult) -> float | None:
    """With no failure in n independent runs, the failure rate is below 3/n with 95 % confidence (the rule of three)."""
    return None if result.failing or not result.seeds else 3 / result.seeds


def told(result: FuzzResult) -> Outcome:
    planted = f" with {result.mutant} planted" if result.mutant else ""
    lines = [
        f"{result.seeds:,} runs of profile {result.profile}{planted}: {result.events:,} broker events, "
        f"{result.events_per_second:,.0f} a second, {result.simulated_seconds_per_second:,.0f} simulated seconds in one"
    ]
    if result.resumed:
        lines.append(f"{result.resumed:,} of them had been run before")
    lines += coverage.lines(coverage.document(result.coverage, MODEL))
    if result.failing:
        lines.append(f"violated: {result.failing} runs failed, the first was number {result.seeds_to_failure}")
        for place, found in enumerate(result.counterexamples):
            lines.append(f"  {found.invariant}: {found.sentence}")
            lines += beside_the_model(found)
            path = result.paths[place] if result.paths else None
            where = f": fencepost replay {path}" if path else ""
            lines.append(f"  shrunk to {found.steps} steps, {found.choices} choices{where}")
            if path and not found.minimal:
                lines.append(f"  more may be left out of it: fencepost shrink {path}")
        for failure in result.untraced:
            lines.append(f"  {failure.invariant}: {failure.sentence}")
            lines.append(f"  not recorded: it was seed {failure.seed}, and the same --seed finds it again")
        if result.unwritten:
            lines.append(f"{result.unwritten}; name a directory with room with --out, the same --seed finds it again")
        return Outcome(verdict="violated", document=document(result), lines=tuple(lines))
    if result.unhealthy:
        lines.append(f"{result.unhealthy} runs in which too much failed did not heal: nothing promised that")
    if not result.seeds or result.unspoken or result.interrupted:
        if result.interrupted:
            lines.append(f"unknown: interrupted, none of {result.seeds:,} runs failed; keep them with --campaign")
        if not result.seeds:
            lines.append("unknown: no run was finished in time; give it a longer --budget")
        if result.unspoken:
            lines.append(f"unknown: {len(result.unspoken)} runs did what the model does not speak of")
            lines.append(f"  {result.unspoken[0]}")
        return Outcome(verdict="unknown", document=document(result), lines=tuple(lines))
    bound = failure_rate_bound(result)
    lines.append(f"holds: none failed; with 95 % confidence fewer than {bound:.2%} of such runs would")
    return Outcome(verdict="holds", document=document(result), lines=tuple(lines))
