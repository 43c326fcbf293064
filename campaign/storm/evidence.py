"""What the judges say of a storm: the history checker, the step checker, the model.

One rule: a run is good when all three say so, every process that ended was ended, and the cluster was whole again.
"""

from pathlib import Path

import msgspec

from campaign.live_result import check_steps
from campaign.storm.run import READBACK, Weathered
from invariants.history import judge, verdict
from invariants.history.judge import Judgement
from invariants.verdict import Unknown, Verdict, Violated
from traces.merge import merge
from traces.recorder import write
from traces.schema import Op
from traces.validate import Validation, validate


class StormEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """The judgements, and the one trace they are of."""

    trace: Path
    lines: int
    judgement: Judgement
    history: Verdict
    """What the clients saw: acknowledged and lost, duplicated, reordered, read and gone again."""
    steps: Verdict
    """The invariants, fact by fact."""
    validation: Validation
    """Every fact is a step of the model, or the first that is not."""


def evidence(weathered: Weathered, merged: Path) -> StormEvidence:
    """Merge what was recorded into `merged` and have it judged. Raises TraceError for unusable files."""
    trace = merge([*weathered.traces, *weathered.histories])
    write(trace, merged)
    final = "" if weathered.unsettled else READBACK
    judgement = judge([line for line in trace.lines if isinstance(line, Op)], final=final)
    return StormEvidence(
        trace=merged,
        lines=len(trace.lines),
        judgement=judgement,
        history=verdict(judgement),
        steps=check_steps(trace, final),
        validation=validate(trace),
    )


def complaints(weathered: Weathered, found: StormEvidence) -> list[tuple[str, str]]:
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


def doubts(found: StormEvidence) -> list[tuple[str, str]]:
    """What nobody could decide."""
    unsure = []
    for judge_name, said in (("history", found.history), ("steps", found.steps)):
        if isinstance(said, Unknown):
            unsure.append((judge_name, said.reason))
    if found.validation.divergence is not None and found.validation.divergence.outside:
        unsure.append(("model", found.validation.divergence.sentence))
    return unsure
