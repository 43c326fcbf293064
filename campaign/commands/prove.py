"""`fencepost prove`: the inductive proof of a model, or what a variant breaks of it."""

import textwrap

from campaign.model_replay import replay_model
from campaign.outcome import Outcome, Refused
from campaign.progress import Progress
from campaign.saved import saved_traces
from invariants.proofs.arguments import NoProof, model_with_argument
from invariants.proofs.prove import Proof, model_named, prove
from model.design import Model
from traces.reader import read

INDENT = " " * 11


def run(name: str, replicas: str, variant: str | None, seeds: tuple[int, ...], progress: Progress) -> Outcome:
    """Prove with each solver seed in turn. Raises Refused for a model or number there is not, UnknownVariant."""
    model = named(name)
    model.variant(variant)
    try:
        model_with_argument(name)
    except NoProof as none:
        raise Refused(str(none)) from None
    count = number(replicas)
    proofs = [
        prove(model, variant, count, seed, lambda done, of: progress(done / of, f"step {done} of {of}"))
        for seed in seeds
    ]
    outcome = told(proofs)
    if variant is None or outcome.verdict == "holds":
        return outcome
    return refuted(outcome, name, variant)


def refuted(outcome: Outcome, name: str, variant: str) -> Outcome:
    """What is not proved of a variant, beside an execution from the initial state that violates: the saved one."""
    for path in saved_traces():
        header = read(path).header
        if header.model == name and header.variant == variant:
            again = replay_model(read(path))
            if again.invariant is not None:
                line = f"violated: {again.invariant} after {again.steps} actions; see fencepost replay {path}"
                document = {**outcome.document, "counterexample": str(path), "invariant": again.invariant}
                return Outcome(verdict="violated", document=document, lines=(*outcome.lines, line))
    line = f"no execution that violates is saved; look for one: fencepost explore {name} --variant {variant}"
    return Outcome(verdict=outcome.verdict, document=outcome.document, lines=(*outcome.lines, line))


def named(name: str) -> Model:
    try:
        return model_named(name)
    except ValueError as error:
        raise Refused(str(error)) from None


def number(replicas: str) -> int | None:
    if replicas == "any":
        return None
    if not replicas.isdigit() or int(replicas) < 1:
        raise Refused(f"--replicas {replicas}: give a number from 1, or `any`")
    return int(replicas)


def told(proofs: list[Proof]) -> Outcome:
    """The figures of one or several proofs of the same thing; the worst verdict counts."""
    order: dict[str, int] = {"holds": 0, "unknown": 1, "violated": 2}
    worst = max(proofs, key=lambda proof: order[proof.verdict])
    document = {
        "model": worst.model,
        "variant": worst.variant,
        "replicas": "any" if worst.replicas is None else worst.replicas,
        "obligations": len(worst.answers),
        "failed": sum(answer.verdict == "failed" for answer in worst.answers),
        "unknown": sum(answer.verdict == "unknown" for answer in worst.answers),
        "slowest_seconds": round(max(proof.slowest.seconds for proof in proofs), 3),
        "slowest": f"{worst.slowest.step}/{worst.slowest.claim}",
        "properties": [
            {"name": name, "verdict": word, "says": sentences(model_named(worst.model)).get(name, "")}
            for name, word in worst.properties().items()
        ],
        "open": [
            {
                "step": a.step,
                "conjunct": a.claim,
                "verdict": a.verdict,
                "counterexample_to_induction": None if a.counterexample is None else str(a.counterexample),
            }
            for a in worst.open
        ],
        "seeds": [
            {"seed": proof.seed, "verdict": proof.verdict, "seconds": round(proof.seconds, 2)} for proof in proofs
        ],
    }
    return Outcome(verdict=worst.verdict, document=document, lines=tuple(_lines(proofs, worst)))


def sentences(model: Model) -> dict[str, str]:
    """What each safety property says: the first paragraph of its docstring. Lemmas say nothing to users."""
    return {f.name: " ".join(f.doc.split("\n\n")[0].split()) for f in model.safety_of(ghosts=True)}


def _lines(proofs: list[Proof], worst: Proof) -> list[str]:
    scope = "any number of replicas, any log length, any epoch"
    what = worst.model + (f", variant {worst.variant}" if worst.variant else "")
    lines = [f"{what}: {len(worst.answers)} obligations for {scope}"]
    words = sentences(model_named(worst.model))
    for name, word in worst.properties().items():
        lines.append(f"  {word:9}{name}")
        lines += textwrap.wrap(words.get(name, ""), 110, initial_indent=INDENT, subsequent_indent=INDENT)
    for answer in worst.open:
        lines.append(f"  not proved: {answer.step} keeps {answer.claim} ({answer.verdict})")
        if answer.counterexample is not None:
            shown = f"from a small state that satisfies the invariant, {answer.counterexample}"
            lines += textwrap.wrap(shown, 110, initial_indent=INDENT, subsequent_indent=INDENT)
    for proof in proofs:
        slowest = f"slowest {proof.slowest.seconds:.2f} s, {proof.slowest.step}/{proof.slowest.claim}"
        lines.append(f"seed {proof.seed}: {proof.verdict}, {len(proof.open)} open, {proof.seconds:.1f} s ({slowest})")
    return lines
