"""Throughput and latency of the live broker beside its peers: same client, same machine, one run.

    python -m tests.bench.broker --kafka DIRECTORY --out docs/benchmarks-broker.md      # about twelve minutes
    python -m tests.bench.broker --quick                                                # about three

confluent-kafka, acks=all, no compression, one producer, then one consumer. In every round each side is started, warmed
up, measured and stopped, so that no idle process of another takes its processor. The tables have the median of the
rounds, and the ratio to the fastest peer. Processor seconds are of all processes of a side, for a million records.

`--out` replaces what stands between the two markers in that file and leaves the rest. Whatever cannot be run is a line
that says so. Past `--minutes` no further round is begun.
"""

import argparse
import contextlib
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from tests.bench.broker_measures import Measured, Workload, measure
from tests.bench.broker_readers import four_readers, long_run
from tests.bench.broker_tables import throughput
from tests.bench.kafka_peer import kafka
from tests.bench.peers import Side, Unavailable, fencepost, mock, noida, tansu

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
LARGE = {"linger.ms": 5}
SMALL = {"linger.ms": 5, "batch.size": 16_384}
"""The Java client's default batch; librdkafka's, in the other workloads, is a megabyte."""
Start = Callable[[], contextlib.AbstractContextManager[Side]]
Say = Callable[[str], None]


def workloads(scale: float) -> list[Workload]:
    def count(records: int) -> int:
        return max(1_000, int(records * scale))

    return [
        Workload("100 B, large batches", 100, count(600_000), LARGE, timed=True),
        Workload("100 B, batches of 16 KiB", 100, count(300_000), SMALL),
        Workload("1 KiB, large batches", 1024, count(200_000), LARGE, timed=True),
        Workload("1 KiB, batches of 16 KiB", 1024, count(100_000), SMALL),
        Workload("100 B, a request for each record", 100, count(20_000), {"linger.ms": 0, "batch.num.messages": 1}),
    ]


def spread(scale: float) -> list[Workload]:
    """The same over many partitions."""
    records = max(20_000, int(300_000 * scale))
    return [
        Workload(f"100 B over {count:,} partitions", 100, records, LARGE, partitions=count) for count in (100, 1_000)
    ]


def sides(directory: Path, jars: Path | None) -> list[Start]:
    return [
        lambda: fencepost(directory, 1),
        lambda: fencepost(directory, 3),
        lambda: kafka(directory / "kafka", jars, 1),
        lambda: kafka(directory / "kafka", jars, 3),
        lambda: tansu(directory),
        lambda: noida(directory),
        lambda: mock(1),
    ]


class Results:
    """By workload, by side, the rounds; and what was left out, each reason once."""

    def __init__(self, all_workloads: list[Workload], say: Say) -> None:
        self.rounds: dict[str, dict[str, list[Measured]]] = {workload.name: {} for workload in all_workloads}
        self.missing: dict[str, None] = {}
        self._say = say

    def add(self, side: Side, workload: Workload) -> None:
        try:
            result = measure(side, workload)
        except Unavailable as reason:
            self.miss(f"{workload.name}: {reason}")
            return
        self.rounds[workload.name].setdefault(side.name, []).append(result)
        self._say(f"{workload.name}: {side.name}: {result.produced:,.0f} produced, {result.consumed:,.0f} consumed")

    def miss(self, line: str) -> None:
        self.missing[line] = None
        self._say(f"left out: {line}")


def one_round(starts: list[Start], chosen: list[Workload], results: Results) -> None:
    """Each side alone: warmed up, then measured."""
    warm = Workload("warm-up", 100, 100_000, LARGE)
    for start in starts:
        try:
            with start() as side:
                with contextlib.suppress(Unavailable):
                    measure(side, warm)
                for workload in chosen:
                    if workload.partitions == 1 or side.creates_topics:
                        results.add(side, workload)
        except (Unavailable, TimeoutError, OSError) as reason:
            results.miss(str(reason))


def run(directory: Path, options: argparse.Namespace, say: Say) -> list[str]:
    """All of it; the lines of the tables."""
    scale = 0.3 if options.quick else 1.0
    end = time.monotonic() + 60 * options.minutes
    alone, many = workloads(scale), spread(scale)
    results = Results([*alone, *many], say)
    starts = sides(directory, options.kafka)
    one_round(starts, [*alone, *many], results)
    for _ in range((1 if options.quick else options.rounds) - 1):
        if time.monotonic() < end:
            one_round(starts, alone, results)
    lines = conditions()
    for workload in (*alone, *many):
        lines += throughput(workload, results.rounds[workload.name])
    for title, measured in (
        ("Four readers of one topic", four_readers),
        ("Memory over a long run", lambda side: long_run(side, 8 if options.quick else 40)),
    ):
        try:
            with fencepost(directory, 1) as side:
                lines += measured(side)
        except (Unavailable, TimeoutError, OSError) as reason:
            results.miss(f"{title}: {reason}")
    if results.missing:
        lines += ["Left out:", "", *(f"- {line}" for line in results.missing), ""]
    return lines


def conditions() -> list[str]:
    with contextlib.suppress(OSError, StopIteration):
        processor = next(
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        )
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        return [
            f"Python {platform.python_version()}, confluent-kafka {version('confluent-kafka')}, {os.cpu_count()} cores "
            f"of {processor}, {platform.system()}. Load averages at the end: {load}.",
            "",
        ]
    return []


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
        with tempfile.TemporaryDirectory(prefix="fencepost-bench-") as made:
            yield Path(made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=9.0, help="begin no further round after this")
    parser.add_argument("--quick", action="store_true", help="one round of a third of the records")
    jars = os.environ.get("KAFKA_DIST")
    parser.add_argument(
        "--kafka", type=Path, default=Path(jars) if jars else None, help="directory that holds libs/*.jar of Kafka"
    )
    parser.add_argument("--directory", type=Path, help="keep the peers' environments and all data here")
    parser.add_argument("--out", type=Path, help="put the tables between the markers of this file")
    options = parser.parse_args()
    with place(options.directory) as directory:
        lines = run(directory, options, lambda line: print(line, flush=True))
    print("\n".join(["", *lines]))
    if options.out is not None:
        put(lines, options.out)


if __name__ == "__main__":
    main()
