"""Exhaustive search beside TLC and SPIN: one model, one machine, one run, every side's states and processor seconds.

    python tests/bench/explore.py --jar tla2tools.jar [--rounds 3] [--only reference|replication] [--out TABLE]

The reference partition has 2,068,336 states at three replicas, three records and three epochs, and no side reduces
them. Sides take turns within each round (TLC, which takes minutes, in the first only); the table has the median. A side
that counts other states ends the run.

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
from model.reading_values import Bounds
from model.reference_partition import REFERENCE_PARTITION
from model.replication import REPLICATION
from model.tla import export
from tests.bench import partition_pml

STATES = 2_068_336
SECONDS = 1800
REPLICAS, LOG, EPOCHS = partition_pml.REPLICAS, partition_pml.LOG, partition_pml.EPOCHS


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
        raise SystemExit(f"TLC did not end its search:\n{output[-2000:]}")
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
        raise SystemExit(f"SPIN did not end its search:\n{output[-2000:]}")
    return Run(int(float(counted[1])), int(float(walked[1])), processor, generating + compiling)


def sides(jar: Path | None) -> dict[str, Callable[[], Run]]:
    found: dict[str, Callable[[], Run]] = {}
    if compiler() is not None:
        found["fencepost, C, one thread"] = lambda: ours("c", 1)
        found["fencepost, C, two threads"] = lambda: ours("c", 2)
    found["fencepost, numpy"] = lambda: ours("numpy", 1)
    if shutil.which("spin"):
        found["SPIN"] = spin
    if jar is not None and shutil.which("java"):
        found["TLC"] = lambda: tlc(jar)
    return found


# ------------------------------------------------------------ the tables
def reference(rounds: int, jar: Path | None) -> list[str]:
    runs: dict[str, list[Run]] = {}
    chosen = sides(jar)
    for turn in range(rounds):
        for name, side in chosen.items():
            if name == "TLC" and turn > 0:
                continue
            run = side()
            if run.states != STATES:
                raise SystemExit(f"{name} counts {run.states:,} states, not {STATES:,}")
            runs.setdefault(name, []).append(run)
            print(f"{name}: {run.processor:.2f} s", file=sys.stderr, flush=True)
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
    return lines


SPACES: tuple[tuple[str, int, int, int, int, bool], ...] = (
    # grain, replicas, log, leader epochs, partition epochs, reduced
    ("synchronous", 3, 1, 2, 3, False),
    ("synchronous", 3, 1, 2, 3, True),
    ("asynchronous", 3, 1, 1, 2, False),
    ("asynchronous", 3, 1, 1, 2, True),
    ("synchronous", 3, 2, 2, 3, True),
    ("asynchronous", 3, 1, 2, 3, True),
    ("synchronous", 3, 2, 3, 3, True),
    ("synchronous", 3, 2, 3, 4, True),
    ("synchronous", 3, 2, 3, 6, True),
)


def spaces(seconds: float, memory: int) -> list[str]:
    lines = [
        "| grain | replicas, epochs, versions, log | reduced | distinct states | depth | verdict | processor s | MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for grain, replicas, log, epochs, versions, reduced in SPACES:
        found: ExploreResult = explore(
            REPLICATION,
            None,
            range(1, replicas + 1),
            log,
            epochs,
            partition_epochs=versions,
            grain=grain,
            budget=seconds,
            memory=memory,
            symmetry=reduced,
            view=reduced,
        )
        verdict = found.verdict if found.reason is None else f"unknown: {found.reason.split(':')[0]}"
        lines.append(
            f"| {grain} | {replicas}, {epochs}, {versions}, {log} | {'both' if reduced else 'none'} "
            f"| {found.distinct_states:,} | {found.depth} | {verdict} | {found.processor_seconds:.1f} "
            f"| {found.bytes / 2**20:,.0f} |"
        )
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jar", type=Path, default=os.environ.get("TLA2TOOLS_JAR"), help="TLC's tla2tools.jar")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("reference", "replication"))
    parser.add_argument("--seconds", type=float, default=120.0, help="for each space of the replication model")
    parser.add_argument("--memory", type=int, default=6 << 10, help="MiB for each space of the replication model")
    parser.add_argument("--out", type=Path, help="write the tables here, too")
    arguments = parser.parse_args()
    if arguments.jar is not None and not Path(arguments.jar).is_file():
        parser.error(f"--jar {arguments.jar}: there is no such file")
    lines: list[str] = []
    if arguments.only != "replication":
        lines += reference(arguments.rounds, arguments.jar and Path(arguments.jar))
    if arguments.only != "reference":
        lines += [""] * bool(lines) + spaces(arguments.seconds, arguments.memory << 20)
    print("\n".join(lines))
    if arguments.out is not None:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
