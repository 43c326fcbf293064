"""One counterexample from finding to drawing, told in docs by what the commands print.

    python -m campaign.one_counterexample

plants `kip-101`, searches, and writes `docs/scenarios/one-counterexample` anew: the page, the trace and its drawing.

One rule: nothing on the page is typed by hand that a command could print. A test asks the commands again.
"""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from campaign import trial
from campaign.alphabet import SLOT_MS, Alphabet
from campaign.commands import fuzz, replay, validate
from campaign.mutants import MUTANTS
from campaign.outcome import Outcome
from campaign.profiles import PROFILES, seeded
from campaign.progress import silent
from campaign.replay import mutant_of, scenario_of
from campaign.steps import steps_of
from campaign.workers import local
from impl.sim.drivers import Recorded
from impl.sim.faults import FaultTable
from impl.sim.scenario import TOPIC
from invariants.report.frames import frames
from traces.reader import read
from traces.render import render
from traces.trace import Trace
from traces.why import why

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "scenarios" / "one-counterexample.md"
BUG = "kip-101"
PROFILE = "durable"
SEED = 1
"""Of a search whose shortest counterexample loses an acknowledged record."""
SEARCH_SECONDS = 600.0
"""At most; it ends with what it found."""
TRACE = PAGE.with_suffix(".jsonl")
SHOWN = str(TRACE.relative_to(ROOT))
MADE = "<!-- Made by `python -m campaign.one_counterexample`: change the trace, not this page. -->"
EXIT_CODES = {"holds": 0, "done": 0, "violated": 1, "unknown": 3}
WIDTH = 120


class Size(NamedTuple):
    """How much of a run there is to read."""

    lines: int
    steps: int
    choices: int
    milliseconds: int


def found() -> list[str]:
    """Search, keep the shortest counterexample as the page's trace, and what the search printed but for its speed."""
    with tempfile.TemporaryDirectory(prefix="fencepost-") as scratch:
        outcome = fuzz.run(SEED, SEARCH_SECONDS, PROFILE, BUG, Path(scratch), local(2), (), silent)
        shutil.copyfile(outcome.document["traces"][0]["path"], TRACE)
        place = next(number for number, line in enumerate(outcome.lines) if line.startswith("violated"))
        runs = outcome.lines[0].partition(" broker events")[0] + " broker events"
        return [runs, "...", *(line.replace(scratch, "found") for line in outcome.lines[place : place + 3]), "..."]


def unshrunk(trace: Trace) -> Size | None:
    """The run of the trace's seed before it was shrunk; None where the search had learnt to weigh it otherwise."""
    assert trace.header.seed is not None, "a search names the seed of what it found"
    scenario, choices = seeded(PROFILES[PROFILE], trace.header.seed)
    if trial.run(scenario, choices, mutant_of(trace)).violated is None:
        return None
    judged, whole = trial.record(scenario, choices.made, mutant_of(trace), trace.header.seed)
    return Size(len(whole.lines), steps_of(whole), len(choices.made), judged.at)


def shrunk(trace: Trace) -> Size:
    judged = trial.run(scenario_of(trace), Recorded(dict(trace.header.choices)), mutant_of(trace))
    return Size(len(trace.lines), steps_of(trace), len(trace.header.choices), judged.at)


# ------------------------------------------------------------ blocks of the page
def printed(command: str, verdict: str, lines: Iterable[str]) -> str:
    """A command, what it prints, and its exit code."""
    wrapped = [part for line in lines for part in _wrapped(line.replace(str(TRACE), SHOWN))]
    return "\n".join(["```", f"$ {command}", *wrapped, "$ echo $?", str(EXIT_CODES[verdict]), "```"])


def _of(command: str, outcome: Outcome) -> str:
    return printed(command, outcome.verdict, outcome.lines)


def _wrapped(line: str) -> Iterable[str]:
    while len(line) > WIDTH:
        cut = line.rfind(" ", 0, WIDTH)
        yield line[:cut]
        line = "  " + line[cut + 1 :]
    yield line


def left(trace: Trace) -> str:
    """The choices that are left, in words."""
    table = scenario_of(trace).table()
    alphabet = Alphabet(table)
    rows = []
    for key, value in trace.header.choices:
        slot = alphabet.slot(key)
        when = "" if slot is None else f"{slot * SLOT_MS} ms"
        rows.append(f"| {when} | {_choice(table, key, value)} |")
    return "\n".join(["| when | what |", "|---|---|", *rows])


def _choice(table: FaultTable, key: tuple[str | int, ...], value: int) -> str:
    if key[0] == "fault":
        fault = table.decode(value)
        whom = f"n{fault.first}"
        if fault.kind == "move":
            return f"the controller is asked to make {whom} the leader of {TOPIC}-{fault.second}"
        return f"{fault.kind} {whom} for {fault.duration_ms} ms"
    if key[0] == "send":
        return f"client c{key[2]} writes to its key {value - 1}"
    if key[0] == "delay":
        return (
            f"message {int(key[3]) + 1} from {str(key[1]).replace('>', ' to ')} in these 20 ms is late (delay {value})"
        )
    return f"{' '.join(map(str, key))}: {value}"


def last_step(trace: Trace) -> str:
    """Both sides after the violating step, as the explorer of the report shows them."""
    frame = frames(trace)[-1]
    theirs = {replica["node"]: replica for replica in (frame["model"] or {"replicas": []})["replicas"]}
    rows = []
    for replica in frame["replicas"]:
        other = theirs.get(replica["node"])
        rows.append(
            f"| {replica['node']} | {_side(replica)} | {'the same' if other is None else '**' + _side(other) + '**'} |"
        )
    return "\n".join(["| | the broker says | the model says |", "|---|---|---|", *rows])


def _side(replica: dict[str, object]) -> str:
    entries = replica["log"]
    assert isinstance(entries, list), "a frame lists the cells of a log"
    log = " ".join(f"{offset}:{name}" for offset, _, _, name in entries) or "empty"
    role = "leads" if replica["leading"] else "follows in"
    return f"{role} epoch {replica['leader_epoch']}, log {log}, high watermark {replica['high_watermark']}"


def blocks(trace: Trace) -> dict[str, str]:
    """What the page quotes of the saved trace, by name."""
    return {
        "replay": _of(f"fencepost replay {SHOWN}", replay.run(TRACE, clean=False)),
        "clean": _of(f"fencepost replay {SHOWN} --clean", replay.run(TRACE, clean=True)),
        "validate": _of(f"fencepost validate {SHOWN}", validate.run([TRACE], silent)),
        "left": left(trace),
        "why": f"> {why(trace)}.",
        "last step": last_step(trace),
    }


def page(trace: Trace, search: list[str]) -> str:
    """The page in Markdown; `search` is what the search printed."""
    quoted, bug = blocks(trace), MUTANTS[BUG]
    sizes = [
        f"| {name} | {size.lines:,} | {size.steps} | {size.choices} | {size.milliseconds} |"
        for name, size in (("as found", unshrunk(trace)), ("shrunk", shrunk(trace)))
        if size is not None
    ]
    heading = ["| run | lines | steps to follow | choices | milliseconds to the failure |", "|---|---|---|---|---|"]
    parts = [
        MADE,
        "# One counterexample, from finding to drawing",
        f"The bug is `{BUG}`: {bug.title[:1].lower()}{bug.title[1:]} {bug.history}",
        "## Found",
        printed(f"fencepost fuzz --mutant {BUG} --profile {PROFILE} --seed {SEED} --out found", "violated", search),
        "The search knows nothing of the bug. It shrinks several of the runs that fail, which takes longer than finding"
        " them, and keeps the shortest of each invariant they break, the shortest of all first: here that of seed "
        f"{trace.header.seed}. What is left is needed: with any one choice left out, nothing fails.",
        "\n".join([*heading, *sizes]),
        "These choices are left, of all that could have been delayed, broken or sent:",
        quoted["left"],
        "## Repeated",
        quoted["replay"],
        "The same choices without the bug break nothing, so it is the bug that they show:",
        quoted["clean"],
        "## Understood",
        quoted["why"],
        "The sentence is made of the trace's facts: who acknowledged the record, when, at which line; who cut it off, "
        "by which step; and why that matters. The client was promised that its record outlives any one broker; were "
        "the replica without it elected, as it may be, the others would cut it off, too.",
        "## Held against the model",
        quoted["validate"],
        "The model refuses earlier than any invariant breaks: a follower takes its log for confirmed without having "
        "asked the leader where the two part. That question is what KIP-101 added. After the last step:",
        quoted["last step"],
        "The page that `fencepost check` writes has both sides for every step of every saved counterexample, to go "
        "through with the arrow keys; the address names the step.",
        "## Drawn",
        f"```\nfencepost render {SHOWN} -o one-counterexample.svg\n```",
        "![An acknowledged record is cut off by a follower](one-counterexample.svg)",
        "For other viewers: `fencepost export --to itf` and `--to perfetto` ([traces](../how-to-traces.md)). Put into "
        "`traces/saved/`, a trace is replayed by `fencepost check` and by a test, with its bug and without.",
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Search, and write the page, the trace and the drawing."""
    search = found()
    trace = read(TRACE)
    PAGE.write_text(page(trace, search), encoding="utf-8")
    render(trace, PAGE.with_suffix(".svg")).with_suffix(".gv").unlink()


if __name__ == "__main__":
    main()
