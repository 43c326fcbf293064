"""Exhaustive search beside TLC and SPIN: one model, one machine, one run, every side's states and processor seconds.

    python -m tests.bench.explore --jar tla2tools.jar [--rounds 3] [--only reference|spaces] [--out TABLE]

from the project's folder. The reference partition has 2,068,336 states at three replicas, three records and three
epochs, and no side reduces them. Sides take turns within each round (TLC, which takes minutes, in the first only); the
table has the median. Without TLC's jar, or without SPIN, that side is left out and named. A side that counts other
states, or fails, is told as such and the run goes on; the exit code is then 1.

TLC (org.lamport:tla2tools, Java 11 or newer; two workers) reads the module that `model/tla` prints; SPIN (Debian's
package spin, any C compiler) reads `partition_pml.py` and searches depth first, its default, without partial-order
reduction. Neither is needed for anything else. Processor seconds are those of the search: of ours without tracing and
compiling (shown beside), of SPIN without generating and compiling, of TLC with the virtual machine's start.
"""

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from invariants.exploration.explore import ExploreResult, compiler, explore
from model.design import Model
from model.quorum import QUORUM
from model.reading_values import Bounds
from model.reference_partition import REFERENCE_PARTITION
from model.replication import REPLICATION
from model.tla import export
from tests.bench import partition_pml

STATES = 2_068_336
SECONDS = 1800
REPLICAS, LOG, EPOCHS = partition_pml.REPLICAS, partition_pml.LOG, partition_pml.EPOCHS


class Failed(RuntimeError):
    """A side did not end its search; with the last it said."""


class Run(NamedTuple):
    states: int
    transitions: int
    processor: float
    build: float


# ------------------------------------------------------------ the sides
def ours(form: str, threads: int) -> Run:
    found = explore(REFERENCE_PARTITION, None, range(1, REPLICAS + 1), LOG, EPOCHS, form=form, threads=threads)
    assert found.verdict == "holds", found
    return Run(found.distinct_states, found.generated_states, found.processor_seconds, found.build_seconds)


def timed(command: list[str], directory: str) -> tuple[str, float]:
    """What a command prints, and the processor seconds it takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=SECONDS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout + done.stderr, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def tlc(jar: Path) -> Run:
    bounds = Bounds(leader_epochs=EPOCHS, partition_epochs=0, log=LOG)
    exported = export(REFERENCE_PARTITION, replicas=range(REPLICAS), bounds=bounds, variant=None, grain="asynchronous")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, f"{exported.name}.tla").write_text(exported.module, encoding="utf-8")
        Path(directory, f"{exported.name}.cfg").write_text(exported.configuration, encoding="utf-8")
        command = ["java", "-XX:+UseParallelGC", "-cp", str(jar.resolve()), "tlc2.TLC", "-deadlock", "-workers", "2"]
        output, processor = timed([*command, "-metadir", "states", exported.name], directory)
    counted = re.search(r"(\d+) states generated, (\d+) distinct states found, 0 states left", output)
    if counted is None:
        raise Failed(f"TLC did not end its search:\n{output[-2000:]}")
    return Run(int(counted[2]), int(counted[1]) - 1, processor, 0.0)


def spin() -> Run:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "partition.pml").write_text(partition_pml.text(), encoding="utf-8")
        flags = ["-O2", "-march=native", "-DSAFETY", "-DNOREDUCE", "-DNOCLAIM", "-DMEMLIM=4096"]
        _, generating = timed(["spin", "-a", "partition.pml"], directory)
        _, compiling = timed([compiler() or "cc", *flags, "-o", "pan", "pan.c"], directory)
        output, processor = timed(["./pan", "-m4000000", "-w24"], directory)
    counted = re.search(r"(\d+(?:\.\d+e\+\d+)?) states, stored", output)
    walked = re.search(r"(\d+(?:\.\d+e\+\d+)?) transitions", output)
    if counted is None or walked is None or "max search depth too small" in output:
        raise Failed(f"SPIN did not end its search:\n{output[-2000:]}")
    return Run(int(float(counted[1])), int(float(walked[1])), processor, generating + compiling)


def sides(jar: Path | None) -> dict[str, Callable[[], Run]]:
    """The sides that this machine has; the others are named."""
    found: dict[str, Callable[[], Run]] = {}
    if compiler() is not None:
        found["fencepost, C, one thread"] = lambda: ours("c", 1)
        found["fencepost, C, two threads"] = lambda: ours("c", 2)
    found["fencepost, numpy"] = lambda: ours("numpy", 1)
    if shutil.which("spin") and compiler() is not None:
        found["SPIN"] = spin
    if jar is not None and shutil.which("java"):
        found["TLC"] = lambda: tlc(jar)
    for missing in sorted({"SPIN", "TLC", "fencepost, C, one thread"} - found.keys()):
        tell(f"{missing}: left out, for it is not on this machine (see --help)")
    return found


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# ------------------------------------------------------------ the tables
def reference(rounds: int, jar: Path | None) -> tuple[list[str], bool]:
    """The table of the reference partition, and whether every side counted its states."""
    runs: dict[str, list[Run]] = {}
    chosen, agreed = sides(jar), True
    for turn in range(rounds):
        for name, side in chosen.items():
            if name == "TLC" and turn > 0:
                continue
            try:
                run = side()
            except (Failed, OSError, subprocess.TimeoutExpired) as error:
                tell(f"{name}: failed: {error}")
                agreed = False
                continue
            if run.states != STATES:
                tell(f"{name} counts {run.states:,} states, not {STATES:,}")
                agreed = False
            runs.setdefault(name, []).append(run)
            tell(f"{name}: {run.processor:.2f} s, load {os.getloadavg()[0]:.1f}")
    seconds = {name: statistics.median(run.processor for run in of_side) for name, of_side in runs.items()}
    lines = [
        "| side | distinct states | transitions | processor s | distinct states/s | x TLC | x SPIN | build s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, of_side in runs.items():
        ratios = [f"{seconds[peer] / seconds[name]:.1f}" if peer in seconds else "-" for peer in ("TLC", "SPIN")]
        rate = of_side[0].states / seconds[name]
        build = statistics.median(run.build for run in of_side)
        lines.append(
            f"| {name} | {of_side[0].states:,} | {of_side[0].transitions:,} | {seconds[name]:.2f} | {rate:,.0f} "
            f"| {ratios[0]} | {ratios[1]} | {build:.1f} |"
        )
    return lines, agreed


class Space(NamedTuple):
    """A space to search; `reduced` is `none`, `names` (symmetry) or `both` (and the view)."""

    model: Model
    grain: str
    log: int
    epochs: int
    versions: int
    reduced: str


SPACES = (
    Space(REPLICATION, "synchronous", 1, 2, 3, "none"),
    Space(REPLICATION, "synchronous", 1, 2, 3, "both"),
    Space(REPLICATION, "asynchronous", 1, 1, 2, "none"),
    Space(REPLICATION, "asynchronous", 1, 1, 2, "both"),
    Space(REPLICATION, "asynchronous", 1, 2, 3, "both"),
    Space(REPLICATION, "synchronous", 2, 3, 3, "both"),
    Space(REPLICATION, "synchronous", 2, 3, 6, "both"),
    Space(REPLICATION, "synchronous", 2, 3, 7, "both"),
    Space(REPLICATION, "synchronous", 3, 3, 6, "both"),
    Space(QUORUM, "asynchronous", 1, 1, 0, "names"),
    Space(QUORUM, "asynchronous", 1, 1, 0, "both"),
    Space(QUORUM, "synchronous", 2, 3, 0, "names"),
    Space(QUORUM, "synchronous", 2, 3, 0, "both"),
)


def spaces(seconds: float, memory: int, threads: int) -> list[str]:
    """The table of spaces, each with three replicas."""
    lines = [
        "| model | grain | epochs, versions, log | reduced | distinct states | transitions | depth | verdict "
        "| processor s | s | MiB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for space in SPACES:
        found: ExploreResult = explore(
            space.model,
            None,
            (1, 2, 3),
            space.log,
            space.epochs,
            partition_epochs=space.versions,
            grain=space.grain,
            budget=seconds,
            memory=memory,
            symmetry=space.reduced != "none",
            view=space.reduced == "both",
            threads=threads,
        )
        verdict = found.verdict if found.reason is None else f"unknown: {found.reason.split(':')[0]}"
        lines.append(
            f"| {space.model.name} | {space.grain} | {space.epochs}, {space.versions or '-'}, {space.log} "
            f"| {space.reduced} | {found.distinct_states:,} | {found.generated_states:,} | {found.depth} | {verdict} "
            f"| {found.processor_seconds:.1f} | {found.seconds - found.build_seconds:.1f} "
            f"| {found.bytes / 2**20:,.0f} |"
        )
        tell(lines[-1])
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jar", type=Path, default=os.environ.get("TLA2TOOLS_JAR"), help="TLC's tla2tools.jar")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("reference", "spaces"))
    parser.add_argument("--seconds", type=float, default=600.0, help="for each space")
    parser.add_argument("--memory", type=int, default=6 << 10, help="MiB for each space")
    parser.add_argument("--threads", type=int, default=2, help="for each space")
    parser.add_argument("--out", type=Path, help="write the tables here, too")
    arguments = parser.parse_args()
    if arguments.jar is not None and not Path(arguments.jar).is_file():
        parser.error(f"--jar {arguments.jar}: there is no such file")
    lines, agreed = [f"load at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", ""], True
    if arguments.only != "spaces":
        table, agreed = reference(arguments.rounds, arguments.jar and Path(arguments.jar))
        lines += [*table, ""]
    if arguments.only != "reference":
        lines += spaces(arguments.seconds, arguments.memory << 20, arguments.threads)
    print("\n".join(lines))
    if arguments.out is not None:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
