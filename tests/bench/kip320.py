"""Counts `kip320` at the sizes at which its authors' specification has been counted with TLC.

    python tests/bench/kip320.py

Prints both numbers; exit code 1 where they differ. States that differ in the replicas' names only are counted once, as
TLC does with SYMMETRY Permutations(Replicas): the specification was counted so.
"""

import sys
import time

from invariants.exploration.explore import compiler, prepared
from invariants.exploration.limits import Limits
from model.kip320 import KIP320
from model.reading_values import Bounds, Reading

SIZES = {
    (2, 2, 2, 2): 2_987,
    (3, 2, 2, 2): 123_311,
    (3, 2, 3, 2): 282_758,
    (3, 3, 3, 2): 683_278,
    (3, 2, 2, 3): 1_665_204,
}
"""TLC's distinct states, by Replicas, LogSize, MaxRecords, MaxLeaderEpoch of the specification."""


def counted(replicas: int, log: int, records: int, highest: int) -> int:
    """Our distinct states at a size; the specification's epochs count from 0, ours from 1."""
    bounds = Bounds(leader_epochs=highest + 1, partition_epochs=0, log=log, values=records)
    reading = Reading(KIP320, replicas=range(replicas), bounds=bounds)
    run, _ = prepared(reading, "c" if compiler() else "numpy", symmetry=True, view=False, threads=1, seed=0)
    found, _ = run(Limits(memory=6 << 30), None)
    if found.stopped is not None or found.violated is not None:
        raise RuntimeError(f"the search did not end as it should: {found.stopped or 'a property is violated'}")
    return found.distinct


def main() -> int:
    print("| replicas, log, records, highest epoch | their distinct states | ours | seconds |\n|---|---|---|---|")
    same = True
    for size, theirs in SIZES.items():
        started = time.perf_counter()
        ours = counted(*size)
        same = same and ours == theirs
        print(
            f"| {', '.join(map(str, size))} | {theirs:,} | {ours:,} | {time.perf_counter() - started:.1f} |", flush=True
        )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
