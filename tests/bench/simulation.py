"""Speed of simulated runs: broker events and simulated seconds per processor second, and what the time goes to.

    python -m tests.bench.simulation                  # about half a minute
    python -m tests.bench.simulation --compiled       # after `make fast`: the sources and the compiled copy, in turns
    python -m tests.bench.simulation --seeds 60 --rounds 9 --out docs/benchmarks-simulation-table.md

Every way of running the same seeds takes its turn in each round; a seed counts with its fastest round, in processor
time of its process, so that what else the machine does falls out as far as it can. A round is a process of its own,
and with `--compiled` one of the sources and one of the copy. An event is one handled by a broker
or the controller, ticks included; what clients handle is paid for and not counted. Three brokers, a controller, two
producers, a consumer, an auditor, and the simulated disk, synced at every write (the profile `durable`).

The shares come from a sampling profile of the processor time, which slows nothing down: each sample is the file whose
code was running.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from msgspec.structs import replace

from campaign import trial
from campaign.profiles import PROFILES
from campaign.workers import spare_the_collector
from impl.sim.drivers import Seeded
from impl.sim.scenario import Scenario
from impl.sim.world import World

ROOT = Path(__file__).resolve().parents[2]
PLAIN = PROFILES["durable"].scenario
SAMPLE_SECONDS = 0.001
"""Asked for; many kernels give a sample every 4 ms."""
WARMING = 4
"""Other seeds that each way runs first."""
LAYERS = (
    ("clients", ("impl/sim/client", "impl/sim/producer", "impl/sim/consumer", "impl/sim/auditor", "impl/sim/ledger")),
    ("simulated disk", ("impl/sim/disk",)),
    ("choices", ("impl/sim/drivers",)),
    ("clock, network, faults", ("impl/sim/",)),
    ("broker and controller", ("impl/core/",)),
    ("host", ("impl/host/",)),
    ("storage", ("impl/storage/",)),
    ("record batches", ("impl/wire/batches", "impl/wire/record_varints")),
    ("wire and api", ("impl/wire/", "impl/api/", "<reader", "<writer")),
    ("invariants, step by step", ("invariants/step/",)),
    ("the models alongside", ("model/", "traces/", "campaign/lockstep")),
    ("clients' histories", ("invariants/history/",)),
)
"""Name and the beginnings of its files' paths; the first that fits counts."""


class Ran(NamedTuple):
    """What one run came to."""

    events: int
    simulated_ms: int


Round = list[list[tuple[float, int, int]]]
"""By way and seed: processor seconds, events, simulated milliseconds."""


class Way(NamedTuple):
    """One way of running a seed."""

    name: str
    run: Callable[[int], Ran]


def judged(scenario: Scenario, seed: int) -> Ran:
    """With every invariant and the models on every fact, and the judge of the clients' history at the end."""
    done = trial.run(scenario, Seeded(seed, scenario.table()))
    return Ran(done.events, done.simulated_ms)


def unjudged(scenario: Scenario, seed: int) -> Ran:
    world = World(scenario, Seeded(seed, scenario.table()))
    outcome = world.run()
    world.close()
    return Ran(outcome.steps, outcome.simulated_ms)


WAYS = (
    Way("messages as they are, everything judged", lambda seed: judged(PLAIN, seed)),
    Way("messages as they are, nothing judged", lambda seed: unjudged(PLAIN, seed)),
    Way("as a campaign mixes them, everything judged", lambda seed: judged(PLAIN.varied(seed), seed)),
    Way("every message through Kafka's bytes, everything judged", lambda seed: judged(replace(PLAIN, wire=True), seed)),
    Way("every message through Kafka's bytes, nothing judged", lambda seed: unjudged(replace(PLAIN, wire=True), seed)),
)


def one_round(seeds: int) -> Round:
    """Every way of running every seed once, here."""
    for way in WAYS:
        for seed in range(seeds, seeds + WARMING):
            way.run(seed)  # what is made on first use (codecs, tables, models) is no run's time
    spare_the_collector()
    out: Round = []
    for way in WAYS:
        taken = []
        for seed in range(seeds):
            begun = time.process_time()
            ran = way.run(seed)
            taken.append((time.process_time() - begun, ran.events, ran.simulated_ms))
        out.append(taken)
    return out


def fastest(copies: Sequence[Path], seeds: int, rounds: int) -> list[Round]:
    """The fastest of the rounds, seed by seed, of each copy of the packages; they take turns."""
    found: list[list[Round]] = [[] for _ in copies]
    for _ in range(rounds):
        for copy, of_copy in zip(copies, found, strict=True):
            command = [sys.executable, __file__, "--round", "--seeds", str(seeds)]
            environment = {**os.environ, "PYTHONPATH": str(copy)}
            ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if ran.returncode:
                raise SystemExit(f"{copy} does not run: {(ran.stderr.strip().splitlines() or ['it says nothing'])[-1]}")
            of_copy.append(json.loads(ran.stdout))
    return [
        [[min(runs) for runs in zip(*ways, strict=True)] for ways in zip(*of_copy, strict=True)] for of_copy in found
    ]


def measure(copies: Sequence[Path], seeds: int, rounds: int) -> list[str]:
    """The rates of the sources, as lines of Markdown, and beside them those of the compiled copy, if there is one."""
    plain, *compiled = fastest(copies, seeds, rounds)
    head = "| way | events | events/s | simulated s/s | runs/s |"
    lines = [head + " compiled: events/s | simulated s/s | times |" * len(compiled)]
    lines.append("|---" * (lines[0].count("|") - 1) + "|")
    for index, way in enumerate(WAYS):
        events, seconds, simulated = rates(plain[index])
        line = f"| {way.name} | {events:,} | {events / seconds:,.0f} | {simulated / seconds:,.0f} |"
        line += f" {seeds / seconds:.0f} |"
        for copy in compiled:
            same, faster, _ = rates(copy[index])
            assert same == events, f"{way.name}: {events} events in the sources, {same} in the compiled copy"
            line += f" {events / faster:,.0f} | {simulated / faster:,.0f} | {seconds / faster:.2f} |"
        lines.append(line)
    return lines


def rates(taken: Sequence[tuple[float, int, int]]) -> tuple[int, float, float]:
    """Events, processor seconds and simulated seconds of all seeds."""
    return sum(run[1] for run in taken), sum(run[0] for run in taken), sum(run[2] for run in taken) / 1000


def layer_of(path: str) -> str:
    """The layer a file belongs to."""
    name = path.removeprefix(f"{ROOT}/")
    return next((layer for layer, starts in LAYERS if name.startswith(starts)), "the rest")


def shares(way: Way, seconds: float) -> Counter[str]:
    """Samples by layer while seeds are run for that long."""
    samples: Counter[str] = Counter()

    def sample(_signal: int, frame: FrameType | None) -> None:
        if frame is not None:
            samples[layer_of(frame.f_code.co_filename)] += 1

    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)
    end = time.process_time() + seconds
    seed = 0
    while time.process_time() < end:
        way.run(seed)
        seed += 1
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)
    return samples


def profile(seconds: float) -> list[str]:
    """Where the time goes with everything judged, without and with the wire, as lines of Markdown."""
    plain, wire = (shares(way, seconds) for way in (WAYS[0], WAYS[3]))
    lines = ["| layer | as they are | through Kafka's bytes |", "|---|---|---|"]
    lines += [
        f"| {layer} | {plain[layer] / plain.total():.0%} | {wire[layer] / wire.total():.0%} |"
        for layer in (*(name for name, _ in LAYERS), "the rest")
    ]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="runs of each way in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--profile", type=float, default=5.0, help="processor seconds for each column of shares; 0: none"
    )
    parser.add_argument("--compiled", action="store_true", help="beside the sources, the copy that `make fast` makes")
    parser.add_argument("--copy", type=Path, default=ROOT / "build" / "fast", help="where that is")
    parser.add_argument("--out", type=Path, help="write the tables here as well")
    parser.add_argument("--round", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.round:
        json.dump(one_round(options.seeds), sys.stdout)
        return
    copies = [ROOT, options.copy] if options.compiled else [ROOT]
    if options.compiled and not (options.copy / ".fast").exists():
        parser.error(f"{options.copy} holds no compiled copy: make one with `make fast`, or name another with --copy")
    lines = [*measure(copies, options.seeds, options.rounds), ""]
    if options.profile > 0:
        for way in WAYS:
            way.run(0)
        spare_the_collector()
        lines += [*profile(options.profile), ""]
    print("\n".join(lines))
    if options.out is not None:
        options.out.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
