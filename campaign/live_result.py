"""What a live run comes to: counts of its own, and the judgements of those who were not there.

One rule: the counts here are plain bookkeeping of the driver; whether the run was good is said by `evidence`: the
history checker on what the clients saw, the step checker and the model's validator on what the processes wrote down.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from campaign.clients import UNSAID, Read, RecordingProducer
from impl.core.names import node_name
from invariants.history import judge, verdict
from invariants.history.judge import Judgement
from invariants.step import Checker
from invariants.step.quorum import QuorumChecker
from invariants.verdict import Verdict, Violated
from traces import quorum_facts
from traces.facts import decoded
from traces.merge import merge
from traces.recorder import write
from traces.schema import Fault, Op, Step
from traces.trace import Trace
from traces.validate import Validation, validate

BEGINS = "begins"
"""The event of a process's first line (impl/server/tracing.py)."""
READER = "reader"
"""The client that reads everything back at the end."""


class LiveResult(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, counted."""

    brokers: int
    seconds: float
    traces: tuple[Path, ...]
    """One file for each process of the cluster."""
    histories: tuple[Path, ...]
    """One file for each client, and one for what was done to the processes."""
    killed: int | None
    """The broker that was killed."""
    failover_seconds: float | None
    """From the kill to the next acknowledged record of a partition that the killed broker led."""
    acknowledged: int
    read: int
    unknown: int
    """Records of which the producer never learnt whether they were written."""
    lost: tuple[str, ...]
    """Values acknowledged and not read back."""
    duplicates: tuple[str, ...]
    """Values that stand in the log more than once."""
    out_of_order: tuple[str, ...]
    """Values that stand behind a later value of the same key."""
    misplaced: tuple[str, ...]
    """Values read at another offset than they were acknowledged at."""
    forced: tuple[str, ...]
    """Processes that did not stop cleanly."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the judges say of a live run."""

    trace: Path
    """The processes' and clients' files merged into one trace."""
    lines: int
    judgement: Judgement
    history: Verdict
    """The history checker's, which knows only what the clients saw."""
    steps: Verdict
    """The step checker's, on the facts."""
    validation: Validation
    """The model's: every fact is one of its actions, or the first that is not."""

    @property
    def good(self) -> bool:
        return (
            not isinstance(self.history, Violated)
            and not isinstance(self.steps, Violated)
            and (self.validation.divergence is None)
        )


def counted(records: Sequence[Read], producers: Sequence[RecordingProducer], **known: Any) -> LiveResult:
    """What the producers were promised, beside what was read back."""
    acknowledged = [record for producer in producers for record in producer.acknowledged]
    places: dict[str, list[Read]] = {}
    latest: dict[str, int] = {}
    out_of_order = []
    for record in sorted(records):
        places.setdefault(record.value, []).append(record)
        sequence = int(record.value.rpartition(":")[2])
        if sequence < latest.get(record.key, -1):
            out_of_order.append(record.value)
        latest[record.key] = max(sequence, latest.get(record.key, -1))
    found = [record for record in acknowledged if record.value in places and record.offset != UNSAID]
    return LiveResult(
        acknowledged=len(acknowledged),
        read=len(records),
        unknown=sum(len(producer.unknown) for producer in producers),
        lost=tuple(sorted(record.value for record in acknowledged if record.value not in places)),
        duplicates=tuple(sorted(value for value, stood in places.items() if len(stood) > 1)),
        out_of_order=tuple(out_of_order),
        misplaced=tuple(sorted(record.value for record in found if record not in places[record.value])),
        **known,
    )


def evidence(result: LiveResult, merged: Path) -> Evidence:
    """Merge what was recorded into one trace at `merged`, and have it judged. Raises TraceError for unusable files."""
    trace = merge([*result.traces, *result.histories])
    write(trace, merged)
    ops = [line for line in trace.lines if isinstance(line, Op)]
    judgement = judge(ops, final=READER)
    return Evidence(
        trace=merged,
        lines=len(trace.lines),
        judgement=judgement,
        history=verdict(judgement),
        steps=check_steps(trace),
        validation=validate(trace),
    )


def check_steps(trace: Trace, final: str = READER) -> Verdict:
    """The step invariants, fact by fact in the order of the trace. `final` is the client that read everything back."""
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
