"""What simulated runs come to, in a few characters each: to hold two ways of running the same code to one another.

    python tests/bench/digests.py --seeds 24

prints, as JSON, for each seed of the profile `mixed`, and for each bug that can be planted with one seed, a digest of
all that a run decides: its verdict, its events, its facts, the model's actions it took, and every choice it asked for.
Whoever changes the simulator for speed compares them before and after. The packages are taken from where Python finds
them first.
"""

import argparse
import hashlib
import json
import sys

from campaign import trial
from campaign.coverage import packed
from campaign.mutants import MUTANTS, Mutant
from campaign.profiles import PROFILES, seeded


def digest(seed: int, mutant: Mutant | None = None) -> str:
    """One run's."""
    scenario, choices = seeded(PROFILES["mixed"], seed)
    done = trial.run(scenario, choices, mutant)
    verdict = None if done.violated is None else (done.violated.invariant, done.violated.sentence)
    said = (verdict, done.at, done.events, done.simulated_ms, done.facts, done.healthy)
    divergence = None if done.divergence is None else done.divergence.sentence
    made = sorted(choices.made.items(), key=repr)
    return hashlib.sha256(repr((said, packed(done.coverage), divergence, made)).encode()).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=24)
    options = parser.parse_args()
    runs = {str(seed): digest(seed) for seed in range(options.seeds)}
    runs.update({name: digest(1, mutant) for name, mutant in MUTANTS.items() if not mutant.stale})
    json.dump(runs, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
