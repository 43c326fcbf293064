"""Asks TLC whether it agrees: every model, every variant, both grains, printed as TLA+ and searched by both sides.

    python tests/bench/tlc.py --jar tla2tools.jar [--only replication] [--out docs/benchmarks-tlc.md]

The jar (org.lamport:tla2tools, Java 11 or newer) is named by `--jar` or by the variable TLA2TOOLS_JAR; nothing here
fetches it. A row agrees when both sides have the same distinct states and the same depth for the whole space, the same
properties that hold, and counterexamples of the same length for each that does not. Exit code 1 where one disagrees.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from campaign.commands.prove import named
from invariants.exploration.explore import compiler, prepared
from invariants.exploration.limits import Found, Limits
from invariants.exploration.on_values import Step
from model.design import Model
from model.reading_values import Bounds, Reading
from model.tla import Exported, export
from model.tla.names import upper

SECONDS = 1800
SECONDS_ON_VALUES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One search. `whole`: the whole space is counted; else it goes to its first counterexample only."""

    model: str
    variant: str | None = None
    grain: str = "synchronous"
    replicas: int = 2
    bounds: Bounds
    whole: bool = True


@dataclass(slots=True, kw_only=True)
class Seen:
    """What one side saw: distinct states and levels of the whole space, and the steps to each broken property."""

    distinct: int | None = None
    levels: int | None = None
    broken: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def agrees(self, other: "Seen") -> bool:
        return (self.distinct, self.levels, self.broken) == (other.distinct, other.levels, other.broken)


# ------------------------------------------------------------ our side
def ours(case: Case, model: Model) -> Seen:
    """Searches again without each property that broke, until the rest hold."""
    seen, safety = Seen(), list(model.safety_of(ghosts=False))
    started = time.perf_counter()
    while True:
        left = replace(model, safety=tuple(function.python for function in safety))
        reading = Reading(
            left,
            replicas=range(case.replicas),
            bounds=case.bounds,
            variant=case.variant,
            synchronous=case.grain == "synchronous",
        )
        found, path = searched(reading)
        if found.stopped is not None:
            raise RuntimeError(f"our search of {case} did not end: {found.stopped}")
        if found.violated is None:
            seen.distinct, seen.levels = found.distinct, len(found.levels)
            break
        seen.broken[safety.pop(found.violated).name] = len(path)
        if not case.whole:
            break
    seen.seconds = time.perf_counter() - started
    return seen


def searched(reading: Reading) -> tuple[Found, list[Step]]:
    """On values, which needs no building, while that is quick; else compiled."""
    for form, seconds in (("values", SECONDS_ON_VALUES), ("c" if compiler() else "numpy", SECONDS)):
        run, _ = prepared(reading, form, symmetry=False, view=False, threads=1, seed=0)
        found, path = run(Limits(seconds=seconds), None)
        if found.stopped is None:
            break
    return found, path


# ------------------------------------------------------------ their side
def theirs(case: Case, model: Model, jar: Path, broken: Iterable[str]) -> Seen:
    """TLC's answer: one run for the properties that hold, and one for each that we say is broken."""
    exported = export(model, replicas=range(case.replicas), bounds=case.bounds, variant=case.variant, grain=case.grain)
    names = {upper(function.name): function.name for function in model.safety_of(ghosts=False)}
    expected = [name for name in names if names[name] in broken]
    runs = [[name for name in names if name not in expected]] if case.whole else []
    seen = Seen()
    started = time.perf_counter()
    for properties in (*runs, *([name] for name in expected)):
        output = tlc(exported, properties, jar)
        if match := re.search(r"Invariant (\w+) is violated", output):
            seen.broken[names[match[1]]] = max(int(n) for n in re.findall(r"^State (\d+):", output, re.M)) - 1
        elif "No error has been found" in output:
            counted = re.search(r"(\d+) distinct states found, 0 states left", output)
            depth = re.search(r"state graph search is (\d+)", output)
            assert counted, output
            assert depth, output
            seen.distinct, seen.levels = int(counted[1]), int(depth[1])
        else:
            raise RuntimeError(f"TLC gave no verdict on {case}:\n{output[-2000:]}")
    seen.seconds = time.perf_counter() - started
    return seen


def tlc(exported: Exported, properties: Sequence[str], jar: Path) -> str:
    """One run of TLC on the module with these invariants; one worker, so that depths are exact."""
    kept = [line for line in exported.configuration.splitlines() if not line.startswith("INVARIANT")]
    configuration = "\n".join([*kept, *(f"INVARIANT {name}" for name in properties)]) + "\n"
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, f"{exported.name}.tla").write_text(exported.module)
        Path(directory, f"{exported.name}.cfg").write_text(configuration)
        command = ["java", "-XX:+UseParallelGC", "-cp", str(jar.resolve()), "tlc2.TLC"]
        options = ["-deadlock", "-workers", "1", "-metadir", "states", exported.name]
        result = subprocess.run(
            [*command, *options], cwd=directory, capture_output=True, text=True, check=False, timeout=SECONDS
        )
        return result.stdout + result.stderr


# ------------------------------------------------------------ the cases
def small(model: str, grain: str, bounds: Bounds, replicas: int = 2) -> Iterator[Case]:
    """The model and each of its variants within the same bounds."""
    for variant in (None, *(variant.id for variant in named(model).variants)):
        yield Case(model=model, variant=variant, grain=grain, replicas=replicas, bounds=bounds)


def cases() -> Iterator[Case]:
    tiny = Bounds(leader_epochs=2, partition_epochs=2, log=1)
    yield from small("replication", "synchronous", tiny)
    yield from small("replication", "asynchronous", Bounds(leader_epochs=1, partition_epochs=2, log=1))
    for variant, replicas, bounds in (
        ("kip-279", 2, Bounds(leader_epochs=3, partition_epochs=3, log=2)),
        ("alter-without-comparing", 2, Bounds(leader_epochs=2, partition_epochs=4, log=1)),
        ("fetch-unfenced", 2, Bounds(leader_epochs=2, partition_epochs=3, log=1)),
    ):
        yield Case(model="replication", variant=variant, replicas=replicas, bounds=bounds, whole=False)
    yield Case(
        model="kip320", grain="asynchronous", bounds=Bounds(leader_epochs=3, partition_epochs=0, log=2, values=2)
    )
    one_epoch = Bounds(leader_epochs=1, log=1)
    for name in ("quorum-voters", "quorum-pre-vote", "quorum"):
        yield from small(name, "asynchronous", one_epoch)
        yield from small(name, "synchronous", one_epoch, replicas=3)
    yield from small("epoch-cache", "asynchronous", Bounds(leader_epochs=2, partition_epochs=2, log=2))
    power_loss = Bounds(leader_epochs=1, partition_epochs=1, log=1, broker_epochs=1)
    yield from small("survival", "synchronous", power_loss)
    yield from small("survival", "asynchronous", power_loss, replicas=1)
    for variant in ("below-minimum", "leads-before-registration", None):
        yield Case(
            model="survival", variant=variant, grain="asynchronous", bounds=power_loss, whole=variant != "below-minimum"
        )


# ------------------------------------------------------------ the page
def row(case: Case, mine: Seen, yours: Seen) -> str:
    """One line of the table: the verdict names each broken property with the length of its shortest execution."""
    bounds = f"{case.replicas}, {case.bounds.leader_epochs}, {case.bounds.partition_epochs}, {case.bounds.log}"
    verdict = ", ".join(f"{name} in {steps}" for name, steps in mine.broken.items()) or "holds"
    if not mine.agrees(yours):
        verdict = f"DISAGREE: ours {mine}, TLC {yours}"
    counts = f"{mine.distinct:,} | {mine.levels}" if mine.distinct is not None and mine.levels else "- | -"
    return (
        f"| {case.model} | {case.variant or ''} | {case.grain} | {bounds} | {counts} | {verdict} "
        f"| {mine.seconds:.1f} | {yours.seconds:.1f} |"
    )


HEAD = """| model | variant | grain | bounds | distinct states | levels | verdict | ours, s | TLC, s |
|---|---|---|---|---|---|---|---|---|"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jar", type=Path, default=os.environ.get("TLA2TOOLS_JAR"))
    parser.add_argument("--only", nargs="+", help="Names of models.")
    parser.add_argument("--out", type=Path, help="Write the rows here, too.")
    arguments = parser.parse_args()
    if arguments.jar is None or not Path(arguments.jar).is_file():
        parser.error(f"--jar {arguments.jar}: name TLC's tla2tools.jar, or set TLA2TOOLS_JAR")
    lines, agreed = HEAD.splitlines(), True
    print(HEAD, flush=True)
    for case in cases():
        if arguments.only is None or case.model in arguments.only:
            model = named(case.model)
            mine = ours(case, model)
            yours = theirs(case, model, Path(arguments.jar), mine.broken)
            agreed = agreed and mine.agrees(yours)
            lines.append(row(case, mine, yours))
            print(lines[-1], flush=True)
    if arguments.out is not None:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
