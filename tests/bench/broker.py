"""Throughput and latency of the live broker beside its peers: same client, same machine, one run.

    python -m tests.bench.broker --kafka DIRECTORY --out docs/benchmarks-broker.md      # about twelve minutes
    python -m tests.bench.broker --quick --only readers --out docs/benchmarks-broker.md # one section of it, smaller

confluent-kafka, acks=all, no compression, one producer, then one consumer. In every round each side is started, warmed
up, measured and stopped, so that no idle process of another takes its processor. The tables have the median of the
rounds, and the ratio to the fastest peer. Processor seconds are of all processes of a side, for a million records.

`--out` replaces what stands between the two markers in that file and leaves the rest; it is written anew whenever a
side or a part is done. Whatever cannot be run is a line that says so, and loses nothing else. Past `--minutes` no
further round is begun.
"""

import argparse
import contextlib
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from tests.bench.broker_measures import Measured, Workload, measure
from tests.bench.broker_readers import four_readers, long_run
from tests.bench.broker_start import start_up
from tests.bench.broker_tables import Results, throughput
from tests.bench.peers import Side, Unavailable, fencepost, kafka, mock, noida, tansu

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
LARGE = {"linger.ms": 5}
SMALL = {"linger.ms": 5, "batch.size": 16_384}
"""The Java client's default batch; librdkafka's, in the other workloads, is a megabyte."""
PARTS = ("throughput", "partitions", "readers", "memory", "start-up")
SIDES = ("fencepost", "kafka", "tansu", "noida", "mock")
QUICK = 0.3
Start = Callable[[], contextlib.AbstractContextManager[Side]]


def alone(scale: float) -> list[Workload]:
    """One partition."""

    def count(records: int) -> int:
        return max(1_000, int(records * scale))

    return [
        Workload("100 B, large batches", 100, count(600_000), LARGE, timed=True),
        Workload("100 B, batches of 16 KiB", 100, count(300_000), SMALL),
        Workload("1 KiB, large batches", 1024, count(200_000), LARGE, timed=True),
        Workload("1 KiB, batches of 16 KiB", 1024, count(100_000), SMALL),
        Workload("100 B, a request for each record", 100, count(40_000), {"linger.ms": 0, "batch.num.messages": 1}),
    ]


def spread(scale: float) -> list[Workload]:
    """The same over many partitions."""
    records = max(2_000, int(300_000 * scale))
    return [
        Workload(f"100 B over {count:,} partitions", 100, records, LARGE, partitions=count) for count in (100, 1_000)
    ]


def sides(directory: Path, jars: Path | None, chosen: frozenset[str]) -> list[tuple[str, Start]]:
    """By name, whoever is asked for."""
    every: list[tuple[str, Start]] = [
        ("fencepost", lambda: fencepost(directory, 1)),
        ("kafka", lambda: kafka(directory / "kafka", 1, jars)),
        ("tansu", lambda: tansu(directory)),
        ("noida", lambda: noida(directory)),
        ("mock", lambda: mock(1)),
        ("fencepost", lambda: fencepost(directory, 3)),
        ("kafka", lambda: kafka(directory / "kafka", 3, jars)),
    ]
    asked = chosen & set(SIDES)
    return [(name, start) for name, start in every if not asked or name in asked]


class Run:
    """Everything measured so far, by section; `save` writes it wherever it goes."""

    def __init__(self, directory: Path, options: argparse.Namespace) -> None:
        self.scale = float(options.scale or (QUICK if options.quick else 1.0))
        self._directory = directory
        self._options = options
        self._chosen = frozenset(options.only)
        self._rounds: dict[str, dict[str, tuple[Side, list[Measured]]]] = {}
        self._sections: dict[str, list[str]] = {}
        self._missing: dict[str, None] = {}
        self._began = time.monotonic()

    def wants(self, part: str) -> bool:
        asked = self._chosen & set(PARTS)
        return part in asked if asked else not self._chosen or part in ("throughput", "partitions")

    def all(self) -> None:
        """One round, then the parts that ours alone has, then more rounds as time allows."""
        first = (alone(self.scale) if self.wants("throughput") else []) + (
            spread(self.scale) if self.wants("partitions") else []
        )
        options = self._options
        if first:
            self.round(first)
        if self.wants("readers"):
            self.part("Four readers", lambda: self.ours(four_readers))
        if self.wants("memory"):
            self.part("Memory", lambda: self.ours(lambda side: long_run(side, max(4.0, 40 * self.scale))))
        if self.wants("start-up"):
            self.part("Start", self.start)
        rounds = 1 if options.quick else options.rounds
        for _ in range(rounds - 1):
            if self.wants("throughput") and time.monotonic() - self._began < 60 * options.minutes:
                self.round(alone(self.scale))

    # ------------------------------------------------------------ throughput
    def round(self, workloads: list[Workload]) -> None:
        """Each side alone: warmed up, then measured."""
        warm = Workload("warm-up", 100, max(1_000, int(100_000 * self.scale)), LARGE)
        for name, start in sides(self._directory, self._options.kafka, self._chosen):
            try:
                with start() as side:
                    with contextlib.suppress(Unavailable):
                        measure(side, warm)
                    for workload in workloads:
                        if workload.partitions == 1 or side.creates_topics:
                            self.row(side, workload)
            # Whatever one side does, the others' rows count.
            except Exception as reason:
                self.miss(f"{name}: {reason}")
            self.save()

    def row(self, side: Side, workload: Workload) -> None:
        try:
            result = measure(side, workload)
        except Unavailable as reason:
            self.miss(f"{workload.name}: {reason}")
            return
        for failure in result.failures:
            self.miss(f"{workload.name}: {failure}")
        rows = self._rounds.setdefault(workload.name, {})
        rows.setdefault(side.name, (side, []))[1].append(result)
        results = [Results(each.name, _conditions(each), rounds, not each.processes) for each, rounds in rows.values()]
        self._sections[workload.name] = throughput(workload, results)
        self.say(f"{workload.name}: {side.name}: {result.produced:,.0f} produced, {result.consumed:,.0f} consumed")

    # ------------------------------------------------------------ ours alone
    def ours(self, measured: Callable[[Side], list[str]]) -> list[str]:
        with fencepost(self._directory, 1) as side:
            return measured(side)

    def start(self) -> list[str]:
        partitions = max(10, int(1_000 * min(1.0, self.scale)))
        with tempfile.TemporaryDirectory(dir=self._directory) as data:
            return start_up(Path(data), partitions, self._options.gib * min(1.0, self.scale))

    def part(self, title: str, measured: Callable[[], list[str]]) -> None:
        try:
            self._sections[title] = measured()
            self.say("\n".join(self._sections[title]))
        except Exception as reason:
            self.miss(f"{title}: {reason}")
        self.save()

    # ------------------------------------------------------------ what is told
    def say(self, line: str) -> None:
        print(f"{time.monotonic() - self._began:4.0f} s  {line}", flush=True)

    def miss(self, line: str) -> None:
        self._missing[line] = None
        self.say(f"left out: {line}")

    def lines(self) -> list[str]:
        lines = machine()
        for section in self._sections.values():
            lines += section
        if self._missing:
            lines += ["Left out:", "", *(f"- {line}" for line in self._missing), ""]
        return lines

    def save(self) -> None:
        """With a part of it measured, the other sections stay as they are."""
        file = self._options.out
        if file is not None:
            here = {section[0] for section in self._sections.values()}
            kept = sections_of(file) if self._chosen else {}
            others = [line for heading, lines in kept.items() if heading not in here for line in lines]
            put([*self.lines(), *others], file)


def _conditions(side: Side) -> str:
    return f"{side.kept}, {side.replicas} cop{'ies' if side.replicas > 1 else 'y'}"


def machine() -> list[str]:
    """Where this runs, and how busy it was."""
    processor = "an unknown processor"
    with contextlib.suppress(OSError, StopIteration):
        processor = next(
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        )
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return [
        f"Python {platform.python_version()}, confluent-kafka {version('confluent-kafka')}, {os.cpu_count()} cores "
        f"of {processor}, {platform.system()}. Load averages at the end, the run's own load included: {load}.",
        "",
    ]


def sections_of(file: Path) -> dict[str, list[str]]:
    """What stands between the markers, by heading."""
    sections: dict[str, list[str]] = {}
    if file.exists():
        lines: list[str] = []
        for line in file.read_text().partition(BEGIN)[2].partition(END)[0].splitlines():
            if line.startswith("### "):
                lines = sections[line] = []
            elif line == "Left out:":
                lines = []
            lines.append(line)
    return sections


def put(lines: list[str], file: Path) -> None:
    """Replace what stands between the markers; make the file where it is not there."""
    text = file.read_text() if file.exists() else f"# The live broker beside its peers\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    file.write_text(f"{before}{BEGIN}\n\n" + "\n".join(lines).rstrip() + f"\n\n{END}{rest.partition(END)[2]}")


@contextlib.contextmanager
def place(kept: Path | None) -> Iterator[Path]:
    """Where peers are installed and data goes: given, or temporary."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
    else:
        # A process that is still ending may write there while it is removed; the tables are out by then.
        with tempfile.TemporaryDirectory(prefix="fencepost-bench-", ignore_cleanup_errors=True) as made:
            yield Path(made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=9.0, help="begin no further round after this")
    parser.add_argument("--quick", action="store_true", help="one round of a third of everything")
    parser.add_argument("--scale", type=float, help="of records, seconds, partitions and gibibytes; to try it: 0.01")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=[*PARTS, *SIDES],
        help="these parts, or these sides; may be given several times",
    )
    parser.add_argument("--gib", type=float, default=10.0, help="of segments for the part start-up")
    jars = os.environ.get("FENCEPOST_KAFKA")
    parser.add_argument(
        "--kafka", type=Path, default=Path(jars) if jars else None, help="directory that holds libs/*.jar of Kafka"
    )
    parser.add_argument("--directory", type=Path, help="keep the peers' environments and all data here")
    parser.add_argument("--out", type=Path, help="put the tables between the markers of this file")
    options = parser.parse_args()
    if options.out is not None and set(options.only) & set(SIDES):
        parser.error("--out with --only of a side would lose the other sides' rows: name parts, or leave --out away")
    # Asked to stop, it stops whom it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with place(options.directory) as directory:
        run = Run(directory, options)
        try:
            run.all()
        finally:
            print("\n".join(["", *run.lines()]))


if __name__ == "__main__":
    main()
