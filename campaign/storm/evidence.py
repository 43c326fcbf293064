"""What the judges say of a storm: the history checker, the step checker, the model.

One rule: a run is good when all three say so, every process that ended was ended, and the cluster was whole again.
"""

from pathlib import Path

from campaign.judges import Evidence, evidence
from campaign.storm.run import READBACK, Weathered
from invariants.verdict import Unknown, Violated


def judged(weathered: Weathered, merged: Path) -> Evidence:
    """What the judges say. Raises TraceError for unusable files."""
    final = "" if weathered.unsettled else READBACK
    return evidence([*weathered.traces, *weathered.histories], merged, final)


def complaints(weathered: Weathered, found: Evidence) -> list[tuple[str, str]]:
    """What is wrong, worst first, each with the judge's name: `history`, `steps`, `model`, `processes`,
    `clients`, `healing`.
    """
    wrong = []
    for judge_name, said in (("history", found.history), ("steps", found.steps)):
        if isinstance(said, Violated):
            wrong.append((judge_name, f"{said.invariant}: {said.sentence}"))
    if found.validation.divergence is not None and not found.validation.divergence.outside:
        wrong.append(("model", found.validation.divergence.sentence))
    wrong += [("processes", words) for words in weathered.unexpected]
    wrong += [("clients", f"a producer gave up: {words}") for words in weathered.gave_up]
    if weathered.unsettled:
        wrong.append(("healing", weathered.unsettled))
    return wrong


def doubts(found: Evidence) -> list[tuple[str, str]]:
    """What nobody could decide."""
    unsure = []
    for judge_name, said in (("history", found.history), ("steps", found.steps)):
        if isinstance(said, Unknown):
            unsure.append((judge_name, said.reason))
    if found.validation.divergence is not None and found.validation.divergence.outside:
        unsure.append(("model", found.validation.divergence.sentence))
    return unsure
