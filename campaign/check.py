"""`fencepost check`, the main job: every kind of evidence once, and the report.

One rule: a part that fails or does not know makes the whole so, and the report is written in any case. Each part is the
command of the same name; this file gives them their share of the time and gathers what they say.
"""

import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from campaign.commands import explore, fuzz, live, prove
from campaign.coverage_grids import grids
from campaign.evidence import invariants
from campaign.exhibits import exhibit, order
from campaign.outcome import Outcome, Refused, Word
from campaign.planted import planted
from campaign.progress import Progress
from campaign.saved import Kept, run_again, saved_traces
from campaign.source import commit
from campaign.validation import told as validation_told
from campaign.workers import local
from invariants.report.build import Report, Section, write_report
from invariants.report.build import Word as ReportWord
from traces.reader import read

EXPLORE_SHARE = 0.3
FUZZ_SHARES = {"durable": 0.4, "crashes": 0.3}
PLANTED = "kip-101"
PLANTED_SECONDS = 60.0
"""At most; the bug is found within a second or two."""
LIVE_SECONDS = 15.0
QUORUMS = ("quorum", "quorum-voters")
"""The models of the controllers that are proved too."""
Say = Callable[[str], None]


class Check:
    """One run of the main job: its parts in order, each told as it ends."""

    def __init__(self, budget: float, out: Path, seed: int, progress: Progress, say: Say) -> None:
        self.budget = budget
        self.out = out
        self.seed = seed
        self.progress = progress
        self.say = say
        self.outcomes: dict[str, Outcome] = {}
        self.sections: list[Section] = []
        self.kept: list[Kept] = []

    def part(self, name: str, command: str, run: Callable[[], Outcome]) -> Outcome:
        """Run one part, tell its verdict and first line, and keep both for the report."""
        started = time.monotonic()
        self.progress(None, name)
        outcome = run()
        seconds = time.monotonic() - started
        self.outcomes[name] = outcome
        self.sections.append(_section(name, command, outcome, seconds))
        self.say(f"{outcome.verdict:9}{name:18}{seconds:6.1f} s  {headline(outcome)}")
        if outcome.document.get("interrupted"):
            # Who interrupts a search wants its end told, and no other part begun.
            raise KeyboardInterrupt
        return outcome

    def run(self) -> Outcome:
        started = time.monotonic()
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            # Said before a minute's work, not after it.
            raise Refused(f"{self.out}: cannot be made: {error.strerror}; name a directory with --out") from None
        self._model()
        self._simulation()
        self._live()
        self.part("saved traces", "fencepost replay traces/saved/*.jsonl", self._saved)
        verdict = worst([outcome.verdict for outcome in self.outcomes.values()])
        bugs, about = planted(self.kept, self.out)
        report = Report(
            generated=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            commit=commit(),
            machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
            verdict=verdict,
            seconds=time.monotonic() - started,
            invariants=invariants(self.outcomes),
            sections=tuple(self.sections),
            exhibits=tuple(exhibit(kept) for kept in sorted(self.kept, key=order)),
            found=tuple(exhibit(kept) for kept in self._found()),
            coverage=grids(self._coverage()),
            planted=bugs,
            planted_about=about,
        )
        lines = [f"{found.verdict:9}{found.title}" for found in report.invariants]
        document = {name: {"verdict": each.verdict, **each.document} for name, each in self.outcomes.items()}
        page, told = self._written(report)
        if page is None or page.parent != self.out:
            # What was found stands; that nobody can read it where he asked for it is no pass.
            verdict = worst([verdict, "unknown"])
        return Outcome(verdict=verdict, document={**document, "report": page and str(page)}, lines=("", *lines, told))

    def _written(self, report: Report) -> tuple[Path | None, str]:
        """The page, in another directory where the one asked for is full; and the line that says where it is."""
        try:
            page = write_report(report, self.out)
            return page, f"report: {page}"
        except OSError as error:
            full = f"{self.out}: the report cannot be written: {error.strerror}"
        try:
            page = write_report(report, Path(tempfile.mkdtemp(prefix="fencepost-report-")))
        except OSError:
            return None, f"{full}; make room and run again, or name a directory with room with --out"
        return page, f"{full}; it is in {page} instead, name a directory with room with --out"

    def _coverage(self) -> list[dict[str, Any]]:
        """Of the searches without a planted bug."""
        searches = [self.outcomes[name].document for name in ("fuzz", "fuzz crashes") if name in self.outcomes]
        return [document["coverage"] for document in searches if "coverage" in document]

    def _found(self) -> list[Kept]:
        """What the searches without a planted bug found: it comes first on the page."""
        traces = [
            Path(trace["path"])
            for name in ("fuzz", "fuzz crashes")
            for trace in (self.outcomes[name].document["traces"] if name in self.outcomes else ())
            if trace["path"]
        ]
        return [Kept(path, read(path), None, self.outcomes["fuzz"], None) for path in traces]

    def _model(self) -> None:
        self.part(
            "prove",
            "fencepost prove replication --replicas any",
            lambda: prove.run("replication", "any", None, (0,), self.progress),
        )
        for quorum in QUORUMS:
            self.part(
                f"prove {quorum}",
                f"fencepost prove {quorum} --replicas any",
                partial(prove.run, quorum, "any", None, (0,), self.progress),
            )
        budget = self.budget * EXPLORE_SHARE
        self.part(
            "explore",
            "fencepost explore replication --replicas 3 --log 1 --epochs 2",
            lambda: explore.run(
                "replication", None, explore.Asked(log=1, epochs=2, budget=budget), None, self.progress
            ),
        )

    def _simulation(self) -> None:
        for profile, share in FUZZ_SHARES.items():
            name = "fuzz" if profile == "durable" else f"fuzz {profile}"
            self.part(
                name,
                f"fencepost fuzz --profile {profile} --seed {self.seed}",
                partial(
                    fuzz.run,
                    self.seed,
                    self.budget * share,
                    profile,
                    None,
                    self.out / "found",
                    local(2),
                    (),
                    self.progress,
                ),
            )
        self.part("planted bug", f"fencepost fuzz --mutant {PLANTED}", self._planted)

    def _planted(self) -> Outcome:
        """The same search with a historic bug planted: it must find it."""
        found = fuzz.run(
            self.seed, PLANTED_SECONDS, "durable", PLANTED, self.out / "found", local(2), (), self.progress
        )
        if found.verdict != "violated":
            line = f"{PLANTED} was planted and not found in {found.document['seeds']} runs"
            return Outcome(verdict="unknown", document=found.document, lines=(line,))
        steps = found.document["traces"][0]["steps"]
        line = f"{PLANTED} found in run {found.document['seeds_to_failure']}, shrunk to {steps} steps"
        return Outcome(verdict="done", document=found.document, lines=(line,))

    def _live(self) -> None:
        """Traces of the live run stay in the report's folder; its data, which is large, does not."""
        kept = self.out / "live.jsonl"
        validated: list[Outcome] = []

        def live_run() -> Outcome:
            with tempfile.TemporaryDirectory(prefix="fencepost-") as scratch:
                outcome, judged = live.run(Path(scratch), LIVE_SECONDS, self.progress)
                outcome.document["trace"] = _copied(judged.trace, kept)
            validated.append(validation_told(judged.validation, judged.lines, str(kept)))
            return outcome

        self.part("live", "fencepost serve, confluent-kafka, kill -9", live_run)
        self.part("validate", f"fencepost validate {kept}", lambda: validated[0])

    def _saved(self) -> Outcome:
        self.kept = [run_again(path) for path in saved_traces()]
        wrong = [kept for kept in self.kept if not kept.as_expected]
        document = {
            "traces": [
                {
                    "path": kept.path.name,
                    "planted": kept.planted,
                    "with_bug": kept.with_bug.verdict,
                    "without": kept.without.verdict if kept.without else None,
                    "as_expected": kept.as_expected,
                }
                for kept in self.kept
            ]
        }
        if wrong:
            names = ", ".join(kept.path.name for kept in wrong)
            return Outcome(verdict="violated", document=document, lines=(f"not as expected: {names}",))
        line = f"{len(self.kept)} saved counterexamples fail with their bug and pass without"
        if not self.kept:
            return Outcome(
                verdict="unknown", document=document, lines=("there are no saved counterexamples to replay",)
            )
        return Outcome(verdict="holds", document=document, lines=(line,))


def run(budget: float, out: Path, seed: int, progress: Progress, say: Say) -> Outcome:
    """The main job within about `budget` seconds of search, besides proof and live run. Raises ServerError, OSError."""
    return Check(budget, out, seed, progress, say).run()


def _copied(trace: Path, kept: Path) -> str | None:
    """Keep the trace of the live run. Where the disk is full it is not: it has been judged."""
    try:
        shutil.copyfile(trace, kept)
    except OSError:
        kept.unlink(missing_ok=True)
        return None
    return str(kept)


def worst(verdicts: Iterable[Word]) -> ReportWord:
    """Violated before unknown before holds; a part that is merely done is no verdict."""
    found = set(verdicts)
    return "violated" if "violated" in found else "unknown" if "unknown" in found else "holds"


_FIGURES = (
    ("obligations", "obligations"),
    ("distinct_states", "distinct states"),
    ("depth", "depth"),
    ("seeds", "runs"),
    ("events", "broker events"),
    ("events_per_second", "events a second"),
    ("acknowledged", "records acknowledged"),
    ("read", "records read back"),
    ("failover_seconds", "seconds to fail over"),
    ("facts", "facts"),
    ("steps", "model steps"),
)


def headline(outcome: Outcome) -> str:
    """The first line, and, where it is no pass, the one that says why."""
    first, *others = outcome.lines
    if outcome.verdict in ("holds", "done"):
        return first
    reasons = [line.strip() for line in others if line.startswith(f"{outcome.verdict}:")]
    return "; ".join([first, *reasons[:1]])


def _section(name: str, command: str, outcome: Outcome, seconds: float) -> Section:
    figures = [
        (words, f"{value:,}")
        for key, words in _FIGURES
        if isinstance(value := outcome.document.get(key), int | float) and not isinstance(value, bool) and value
    ]
    bound = outcome.document.get("failure_rate_bound")
    if bound:
        figures.append(("fail at most, with 95 % confidence", f"{bound:.2%}"))
    return Section(
        name=name,
        command=command,
        verdict=outcome.verdict,
        seconds=round(seconds, 2),
        headline=headline(outcome),
        figures=tuple(figures),
    )
