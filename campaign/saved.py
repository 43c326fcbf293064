"""The saved counterexamples: each must still fail with its bug, and pass without.

One rule: a saved trace is evidence that a checker can find what it is for. One that no longer fails is as bad as a
clean run that does.
"""

from pathlib import Path
from typing import NamedTuple

from campaign.commands import replay
from campaign.outcome import Outcome
from traces.reader import read
from traces.trace import Trace

SAVED = Path(__file__).resolve().parent.parent / "traces" / "saved"


class Kept(NamedTuple):
    """One saved trace and what became of it."""

    path: Path
    trace: Trace
    planted: str | None
    """The mutant or variant it runs with; None: it fails on the code as it is, and says under which configuration."""
    with_bug: Outcome
    without: Outcome | None
    """None where there is no bug to leave out."""

    @property
    def as_expected(self) -> bool:
        fails = self.with_bug.verdict == "violated"
        return fails and (self.without is None or self.without.verdict == "holds")


def saved_traces(directory: Path = SAVED) -> list[Path]:
    return sorted(directory.glob("*.jsonl"))


def run_again(path: Path) -> Kept:
    """Replay one saved trace both ways. Raises TraceError."""
    trace = read(path)
    planted = trace.header.mutant or trace.header.variant
    without = replay.run(path, clean=True) if planted else None
    return Kept(path, trace, planted, replay.run(path, clean=False), without)
