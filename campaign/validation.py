"""What a validation says, as the outcome of a command."""

from dataclasses import asdict

from campaign.outcome import Outcome, Word
from traces.validate import Validation


def told(result: Validation, lines: int, source: str, words: str = "") -> Outcome:
    """Holds; violated with the first divergence; unknown where the model does not speak of the step it stopped at.

    `words` says what is false in plain words.
    """
    document = {
        "trace": source,
        "lines": lines,
        "facts": result.facts,
        "steps": result.steps,
        "partitions": result.partitions,
        "quorum": result.quorum,
        "actions": result.actions,
        "first_divergence": None,
    }
    divergence = result.divergence
    if divergence is None:
        line = f"holds: {result.facts} facts of {result.partitions} partitions are {result.steps} steps of the model"
        if result.quorum:
            line += ", those of the controllers' quorum among them"
        return Outcome(verdict="holds", document=document, lines=(line,))
    said = [divergence.sentence]
    if words:
        said.append(f"in words: {words}")
    if divergence.conjunct:
        said.append(f"false: {divergence.conjunct}")
    if divergence.fact:
        said.append(f"the fact:  {_plain(divergence.fact)}")
    if divergence.model:
        said.append(f"the model: {_plain(divergence.model)}")
    verdict: Word = "unknown" if divergence.outside else "violated"
    first = {**asdict(divergence), "words": words or None}
    return Outcome(verdict=verdict, document={**document, "first_divergence": first}, lines=tuple(said))


def _plain(fields: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in fields.items())
