"""Byte-identical runs: the same seeds, in other processes, under other hash seeds, by other Pythons.

    python -m campaign.identical                             # 1,000 seeds, hash seeds 0 and 1, every Python at hand
    python -m campaign.identical --seeds 20 --hash-seeds 0,1,2 --python python3.12

One rule: what is compared is the whole trace of a run, byte by byte, by its SHA-256; the first seed that differs is
named. A Python counts as at hand if it is on the path and has what a simulated run imports.

Every process runs the same code from this directory; with `--digests` it is such a process, and prints one line a seed.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from campaign import trial
from campaign.profiles import PROFILES, seeded
from impl.sim.recording import header
from traces.recorder import Recorder, encode

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
"""Those that the project supports."""
IMPORTS = "import sys; sys.path.insert(0, '.'); import campaign.trial"


class Ran(NamedTuple):
    """One process's run of all seeds."""

    python: str
    version: str
    hash_seed: str
    digests: tuple[str, ...]
    seconds: float

    @property
    def digest(self) -> str:
        """Of all its traces together."""
        return hashlib.sha256("".join(self.digests).encode()).hexdigest()


def digests(profile: str, seeds: Iterable[int]) -> Iterator[str]:
    """The SHA-256 of each seed's trace, verdict included."""
    for seed in seeds:
        scenario, choices = seeded(PROFILES[profile], seed)
        recorder = Recorder(header(scenario, {}))
        ran = trial.run(scenario, choices, recorder=recorder)
        recorder.header = header(scenario, choices.made, seed=seed)
        if ran.violated is not None:
            recorder.verdict(ran.violated.invariant, ran.violated.sentence)
        yield hashlib.sha256(encode(recorder.trace())).hexdigest()


def elsewhere(python: str, hash_seed: str, profile: str, first: int, seeds: int) -> Ran:
    """The same in a process of its own. Raises subprocess.CalledProcessError."""
    started = time.monotonic()
    command = [python, "-m", "campaign.identical", "--digests", "--profile", profile]
    command += ["--first", str(first), "--seeds", str(seeds)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    told = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    version, *lines = told.split()
    return Ran(python, version, hash_seed, tuple(lines), time.monotonic() - started)


def at_hand(pythons: Sequence[str]) -> list[str]:
    """Those of them that can run the simulation."""
    found = []
    for python in pythons:
        try:
            subprocess.run([python, "-c", IMPORTS], cwd=ROOT, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        found.append(python)
    return found


def difference(one: Ran, other: Ran, first: int) -> str:
    """Where two runs of the same seeds differ, in words; empty where they do not."""
    for place, (mine, theirs) in enumerate(zip(one.digests, other.digests, strict=True)):
        if mine != theirs:
            return (
                f"seed {first + place}: Python {one.version} with PYTHONHASHSEED={one.hash_seed} and Python "
                f"{other.version} with PYTHONHASHSEED={other.hash_seed} tell two stories"
            )
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all the same; 1: a seed differs; 2: usage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="mixed")
    parser.add_argument("--hash-seeds", default="0,1", help="values of PYTHONHASHSEED, each a process of its own")
    parser.add_argument("--python", action="append", help="a Python to run, beside this one; default: those at hand")
    parser.add_argument("--digests", action="store_true", help="run the seeds here and print their digests")
    options = parser.parse_args(arguments)
    if options.digests:
        print(sys.version.split()[0])
        for digest in digests(options.profile, range(options.first, options.first + options.seeds)):
            print(digest)
        return 0
    others = options.python if options.python is not None else at_hand(PYTHONS)
    runs: list[Ran] = []
    calls = [(sys.executable, seed) for seed in options.hash_seeds.split(",")]
    calls += [(python, options.hash_seeds.split(",")[0]) for python in others]
    for python, hash_seed in calls:
        try:
            ran = elsewhere(python, hash_seed, options.profile, options.first, options.seeds)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{python}: cannot run the simulation ({error}); install fencepost for it", file=sys.stderr)
            return 2
        runs.append(ran)
        print(f"Python {ran.version}, PYTHONHASHSEED={hash_seed}: {ran.digest} ({ran.seconds:.0f} s)", flush=True)
        different = difference(runs[0], ran, options.first)
        if different:
            print(different)
            return 1
    print(f"{options.seeds} seeds from {options.first} of profile {options.profile}: {len(runs)} processes, one story")
    return 0


if __name__ == "__main__":
    sys.exit(main())
