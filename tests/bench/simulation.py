"""Speed of simulated runs: broker events and simulated seconds per processor second, and what the time goes to.

    python -m tests.bench.simulation                  # about half a minute
    PYTHONPATH=build/fast python tests/bench/simulation.py   # after `make fast`
    python -m tests.bench.simulation --seeds 60 --rounds 9 --out docs/benchmarks-simulation-table.md

Every way of running the same seeds takes its turn in each round; a seed counts with its fastest round, in processor
time of this process, so that what else the machine does falls out as far as it can. An event is one handled by a broker
or the controller, ticks included; what clients handle is paid for and not counted. Three brokers, a controller, two
producers, a consumer, an auditor, and the simulated disk, synced at every write (the profile `durable`).

The shares come from a sampling profile of the processor time, which slows nothing down: each sample is the file whose
code was running.
"""

import argparse
import gc
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from msgspec.structs import replace

from campaign import trial
from campaign.profiles import PROFILES
from impl.sim.drivers import Seeded
from impl.sim.scenario import Scenario
from impl.sim.world import World

ROOT = Path(__file__).resolve().parents[2]
PLAIN = PROFILES["durable"].scenario
SAMPLE_SECONDS = 0.001
"""Asked for; many kernels give a sample every 4 ms."""
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


def spare_the_collector() -> None:
    """As the processes of a campaign do: a run leaves next to nothing for the collector."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def measure(seeds: int, rounds: int) -> list[str]:
    """The table of rates, as lines of Markdown."""
    fastest = {way.name: [float("inf")] * seeds for way in WAYS}
    ran = {way.name: [Ran(0, 0)] * seeds for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            for seed in range(seeds):
                begun = time.process_time()
                ran[way.name][seed] = way.run(seed)
                fastest[way.name][seed] = min(fastest[way.name][seed], time.process_time() - begun)
    lines = ["| way | events | events/s | simulated s/s | runs/s |", "|---|---|---|---|---|"]
    for way in WAYS:
        seconds = sum(fastest[way.name])
        events = sum(each.events for each in ran[way.name])
        simulated = sum(each.simulated_ms for each in ran[way.name]) / 1000
        rates = f"{events / seconds:,.0f} | {simulated / seconds:,.0f} | {seeds / seconds:.0f}"
        lines.append(f"| {way.name} | {events:,} | {rates} |")
    return lines


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
    parser.add_argument("--profile", type=float, default=5.0, help="processor seconds for each column of shares")
    parser.add_argument("--out", type=Path, help="write the tables here as well")
    options = parser.parse_args()
    for way in WAYS:
        way.run(0)  # what is made on first use (codecs, tables) is no run's time
    spare_the_collector()
    compiled = not str(trial.__file__).endswith(".py")
    lines = [f"Hot modules {'compiled' if compiled else 'as they are'}.", ""]
    lines += [*measure(options.seeds, options.rounds), ""]
    if not compiled:
        # Of compiled code a sample does not tell the file.
        lines += [*profile(options.profile), ""]
    print("\n".join(lines))
    if options.out is not None:
        options.out.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
