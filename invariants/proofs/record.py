"""Records what each obligation's proof needed, so that the next proof need not look for it, and what needs a conjunct.

    python -m invariants.proofs.record [model]             the hints: hypotheses by obligation
    python -m invariants.proofs.record --needed [model]    by conjunct, an obligation that is not proved without it

One rule: a hint is advice. A stale one costs time, never soundness: the solver falls back to layers of hypotheses.
Run it after the model or the invariant has changed, hints first, and commit the files it writes.
"""

import json
import sys
from pathlib import Path

from invariants.proofs.arguments import model_with_argument
from invariants.proofs.needed import NEEDED, needed
from invariants.proofs.prove import HINTS, Proof, run
from invariants.proofs.solver import Budget
from model.design import Model

ROOT = Path(__file__).parents[2]


def file_of(name: str, what: str = HINTS) -> Path:
    """Where a model's hints, or what needs its conjuncts, are kept."""
    _, argument = model_with_argument(name)
    return ROOT.joinpath(*argument.hints.split(".")) / what


def told(done: int, of: int) -> None:
    print(f"\r{done} of {of}", end="", file=sys.stderr, flush=True)


def record(model: Model, file: Path) -> Proof:
    """Proves the model without hints, writes the cores that are worth writing, and returns the proof.

    A core of the conjunct alone is not worth it: that is what the solver tries first.
    """
    budget = Budget(effort=4_000_000)
    proof, cores = run(model, None, 0, told, None, budget, 2, use_hints=False, record=True)
    kept = {name: sorted(core) for name, core in sorted(cores.items()) if set(core) != {name.rpartition("/")[2]}}
    file.write_text(json.dumps(kept, indent=0) + "\n", encoding="utf-8")
    return proof


def record_needed(name: str, file: Path) -> list[str]:
    """Writes by conjunct an obligation that needs it, and returns the conjuncts that nothing was found to need."""
    found = needed(name, progress=told)
    kept = {conjunct: broken for conjunct, broken in sorted(found.items()) if broken is not None}
    file.write_text(json.dumps(kept, indent=0) + "\n", encoding="utf-8")
    return sorted(conjunct for conjunct, broken in found.items() if broken is None)


def main(arguments: list[str]) -> int:
    """The exit code: 0 when every obligation was proved, or every conjunct is needed."""
    wants_needed = "--needed" in arguments
    name = next((each for each in arguments if not each.startswith("--")), "replication")
    if wants_needed:
        unneeded = record_needed(name, file_of(name, NEEDED))
        said = f"nothing was found to need {', '.join(unneeded)}" if unneeded else "every conjunct is needed"
        print(f"\n{name}: {said}")
        return 1 if unneeded else 0
    proof = record(model_with_argument(name)[0], file_of(name))
    print(f"\n{len(proof.answers)} obligations, {len(proof.open)} open, {proof.seconds:.0f} s")
    return 0 if proof.verdict == "holds" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
