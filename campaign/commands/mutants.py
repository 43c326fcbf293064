"""`fencepost mutants`: every planted bug in turn, searched for by the same search.

One rule: what is found is told at once, row by row, and kept at once; whoever interrupts it has the table so far.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from campaign.detection import Detection, detect, median_seconds
from campaign.mutants import MUTANTS
from campaign.nearest import LISTED, there_is
from campaign.outcome import Outcome, Refused, Word
from campaign.profiles import PROFILES
from campaign.progress import Progress
from campaign.workers import Workers
from traces.written import write_whole

HEADINGS = ("planted bug", "found", "runs", "seconds", "steps", "invariant")
WIDTHS = (max(len(name) for name in MUTANTS), 6, 6, 7, 5, 0)
Say = Callable[[str], None]


def unsaid(_line: str) -> None:
    """For callers who read the document."""


def run(
    names: tuple[str, ...],
    seed: int,
    budget: float,
    profile: str,
    out: Path | None,
    workers: Workers,
    progress: Progress,
    say: Say = unsaid,
) -> Outcome:
    """Search for each of the bugs named, or for all. `budget` is for each, in processor seconds.

    `say` gets the heading and each row of the table as soon as there is one. Raises Refused for a name there is not,
    and for an `out` that cannot be written.
    """
    if profile not in PROFILES:
        raise Refused(f"--profile {profile}: there is no such profile; there is {', '.join(PROFILES)}")
    unknown = [name for name in names if name not in MUTANTS]
    if unknown:
        raise Refused(f"{unknown[0]}: there is no such planted bug; {there_is(unknown[0], MUTANTS, LISTED)}")
    wanted = names or tuple(MUTANTS)
    if out is not None:
        _made(out)
    detections: list[Detection] = []
    paths: list[Path | None] = []
    unwritten: list[str] = []
    say(_line(HEADINGS))
    try:
        with workers as hands:
            calls: Iterator[tuple[Any, ...]] = ((name, seed, budget, profile) for name in wanted)
            for detection in hands.run(detect, calls):
                paths.append(None if out is None else _save(detection, out, unwritten))
                detections.append(detection)
                say(_line(_row(detection)))
                done = len(detections)
                progress(done / len(wanted), f"{done} of {len(wanted)} searched for")
    except KeyboardInterrupt:
        paths = paths[: len(detections)]
    return told(detections, paths, profile, wanted[len(detections) :], tuple(unwritten))


def told(
    detections: list[Detection],
    paths: list[Path | None],
    profile: str,
    unsearched: tuple[str, ...] = (),
    unwritten: tuple[str, ...] = (),
) -> Outcome:
    """What there is to say after the rows. Done where all were found; unknown where one was missed, was not searched
    for, could not be kept, or broke only what it is not known for; violated where the same choices break something
    without the bug.
    """
    whole = not unsearched and not unwritten and all(each.found and each.expected for each in detections)
    own = [each for each in detections if each.without is not None]
    lines = []
    found = sum(each.found for each in detections)
    middle = median_seconds(detections)
    took = "" if middle is None else f", {middle:.2f} s in the median, {_slowest(detections):.2f} s at most"
    lines.append(f"{found} of {len(detections)} found{took} (processor time of one core)")
    if unsearched:
        lines.append(f"interrupted: {len(unsearched)} not searched for, from {unsearched[0]} on; name them to go on")
    lines += [f"violated without the bug, too: {each.without} by the counterexample of {each.id}" for each in own]
    lines += [
        f"{each}; name a directory with room with --out, the same --seed finds it again" for each in unwritten[:1]
    ]
    document = {
        "profile": profile,
        "found": found,
        "missed": [each.id for each in detections if not each.found],
        "unsearched": list(unsearched),
        "unwritten": list(unwritten),
        "median_seconds": None if middle is None else round(middle, 3),
        "mutants": [_entry(each, path) for each, path in zip(detections, paths, strict=True)],
    }
    verdict: Word = "violated" if own else "done" if whole else "unknown"
    return Outcome(verdict=verdict, document=document, lines=tuple(lines))


def _line(row: tuple[str, ...]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, WIDTHS, strict=True)).rstrip()


def _slowest(detections: list[Detection]) -> float:
    return max(each.seconds for each in detections if each.found)


def _row(each: Detection) -> tuple[str, ...]:
    if not each.found:
        return (each.id, "missed", str(each.seeds), f"{each.seconds:.2f}", "", "")
    unexpected = "" if each.expected else " (another than it is known for)"
    return (each.id, "yes", str(each.seeds), f"{each.seconds:.2f}", str(each.steps), f"{each.invariant}{unexpected}")


def _entry(each: Detection, path: Path | None) -> dict[str, Any]:
    return {
        "id": each.id,
        "title": MUTANTS[each.id].title,
        "found": each.found,
        "seeds": each.seeds,
        "seconds": round(each.seconds, 3),
        "steps": each.steps,
        "choices": each.choices,
        "invariant": each.invariant,
        "expected": each.expected,
        "fails_without": each.without,
        "sentence": each.sentence,
        "shrink_seconds": None if each.shrink_seconds is None else round(each.shrink_seconds, 3),
        "trace": None if path is None else str(path),
    }


def _made(out: Path) -> None:
    """Said before the work, not after it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{out}: cannot be made: {error.strerror}; name a directory of yours with --out") from None


def _save(detection: Detection, out: Path, unwritten: list[str]) -> Path | None:
    """Keep a counterexample. Where there is no room for it the search goes on: what was found is told."""
    if detection.data is None:
        return None
    path = out / f"{detection.id}.jsonl"
    try:
        write_whole(path, detection.data)
    except OSError as error:
        unwritten.append(f"{path}: cannot be written: {error.strerror}")
        return None
    return path
