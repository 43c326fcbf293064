"""Records what each obligation's proof needed, so that the next proof need not look for it.

    python -m invariants.proofs.record [model]

One rule: a hint is advice. A stale one costs time, never soundness: the solver falls back to layers of hypotheses.
Run it after the model or the invariant has changed, and commit the file it writes.
"""

import json
import sys
from pathlib import Path

from invariants.proofs.argument import model_with_argument
from invariants.proofs.prove import HINTS, Proof, run
from invariants.proofs.solver import Budget
from model.design import Model

ROOT = Path(__file__).parents[2]


def file_of(name: str) -> Path:
    """Where a model's hints are kept."""
    _, argument = model_with_argument(name)
    return ROOT.joinpath(*argument.hints.split(".")) / HINTS


def record(model: Model, file: Path) -> Proof:
    """Proves the model without hints, writes the cores that are worth writing, and returns the proof.

    A core of the conjunct alone is not worth it: that is what the solver tries first.
    """

    def progress(done: int, steps: int) -> None:
        print(f"\r{done} of {steps} steps", end="", file=sys.stderr, flush=True)

    budget = Budget(milliseconds=2000)
    proof, cores = run(model, None, 0, progress, None, budget, 2, use_hints=False, record=True)
    kept = {name: sorted(core) for name, core in sorted(cores.items()) if set(core) != {name.rpartition("/")[2]}}
    file.write_text(json.dumps(kept, indent=0) + "\n", encoding="utf-8")
    return proof


if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else "replication"
    proof = record(model_with_argument(name)[0], file_of(name))
    print(f"\n{len(proof.answers)} obligations, {len(proof.open)} open, {proof.seconds:.0f} s")
    sys.exit(0 if proof.verdict == "holds" else 1)
