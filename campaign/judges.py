"""The judges of a live run: what was recorded becomes one trace, and those who were not there say what they find.

One rule: three judges, none of which knows the others: the history checker on what the clients saw, the step checker
and the model's validator on what the processes wrote down.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from impl.core.names import node_name
from invariants.history import judge, verdict
from invariants.history.judge import Judgement
from invariants.step import Checker
from invariants.step.quorum import QuorumChecker
from invariants.verdict import Unknown, Verdict, Violated
from traces import quorum_facts
from traces.beginnings import Unfit
from traces.facts import decoded
from traces.merge import merge
from traces.recorder import write
from traces.schema import Fault, Op, Step
from traces.trace import Trace
from traces.validate import Validation, validate

BEGINS = "begins"
"""The event of a process's first line (impl/server/tracing.py)."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The judgements, and the one trace they are of."""

    trace: Path
    """The processes' and clients' files merged into one."""
    lines: int
    judgement: Judgement
    history: Verdict
    """What the clients saw: acknowledged and lost, duplicated, reordered, read and gone again."""
    steps: Verdict
    """The invariants, fact by fact."""
    validation: Validation
    """The model's: every fact is one of its actions, or the first that is not."""


def evidence(files: Iterable[Path], merged: Path, final: str) -> Evidence:
    """Merge what was recorded into `merged` and have it judged; `final` is the client that read everything back, if
    any. Raises TraceError for unusable files."""
    trace = merge([*files])
    write(trace, merged)
    judgement = judge([line for line in trace.lines if isinstance(line, Op)], final=final)
    return Evidence(
        trace=merged,
        lines=len(trace.lines),
        judgement=judgement,
        history=verdict(judgement),
        steps=check_steps(trace, final),
        validation=validate(trace),
    )


def check_steps(trace: Trace, final: str) -> Verdict:
    """The step invariants, fact by fact in the order of the trace."""
    checker = Checker()
    quorum = QuorumChecker(node_name)
    try:
        for line in trace.lines:
            if isinstance(line, Step):
                if line.event == BEGINS:
                    # Of what is on its disk its `Restart` facts will speak; the rest is there no more.
                    checker.fault("power loss", (line.node,))
                quorum.facts(line.node, quorum_facts.decoded(line.quorum))
                checker.facts(line.node, line.at, decoded(line.facts))
            elif isinstance(line, Fault):
                checker.fault(line.kind, line.targets)
            else:
                checker.op(line)
        return verdict(checker.finish(final))
    except Violated as violated:
        return violated
    except Unfit as unfit:
        return Unknown(str(unfit))
