"""What was told of a partition until the violation, fact by fact, for sentences that name an earlier step.

One rule: nothing is judged here, and nothing that came after a fact is used to explain it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from traces import facts
from traces.chronicle import Chronicle, Life, Moment
from traces.schema import Fault, Step
from traces.sides import DECISIONS, ENDS_A_PROCESS
from traces.story import letter
from traces.trace import Trace
from traces.wording import node, words


class Past:
    """All facts of a partition up to the line of the verdict, the faults beside them, and who had which record."""

    def __init__(self, trace: Trace, partition: str, until: int | None) -> None:
        self.trace = trace
        self.until = until
        self.chronicle = Chronicle(trace, partition, until)
        self.moments: list[Moment] = []
        self.elsewhere: list[Moment] = []
        """Of other partitions."""
        self.faults: list[tuple[int, Fault]] = []
        """With the number of their line."""
        timed = trace.header.origin != "model"
        for line in trace.lines:
            if until is not None and line.n > until:
                break
            if isinstance(line, Fault):
                self.faults.append((line.n, line))
            if not isinstance(line, Step):
                continue
            for fact in facts.decoded(line.facts):
                moment = Moment(line.n, line.at if timed else -1, line.node, fact)
                (self.moments if fact.partition == partition else self.elsewhere).append(moment)

    @property
    def last(self) -> list[Moment]:
        """The facts of the step at which the verdict stands; empty where it tells of none."""
        return [moment for moment in self.moments if moment.line == self.until]

    def before(self, moment: Moment) -> Iterator[Moment]:
        """What was told before, the newest first."""
        place = self.moments.index(moment)
        yield from reversed(self.moments[:place])

    def earlier(self, moment: Moment, *kinds: str, by: str = "", where: Callable[[Any], bool] = bool) -> Moment | None:
        """The newest fact of these kinds before a moment, told by a node, for which a condition holds."""
        for each in self.before(moment):
            if type(each.fact).__name__ in kinds and by in ("", each.node) and where(each.fact):
                return each
        return None

    def decided(self, moment: Moment) -> Moment | None:
        """The controllers' decision that stood before a moment."""
        return self.earlier(moment, "CreatePartition", "BeginPartition", *sorted(DECISIONS))

    def struck(self, name: str, moment: Moment) -> str:
        """The last fault that hit a process before a moment, in words; empty where none did."""
        for line, fault in reversed(self.faults):
            if line <= moment.line and name in fault.targets:
                detail = f", {fault.detail}" if fault.detail else ""
                return f"{fault.kind} of {name}{detail} ({fault.at / 1000:.3f} s, line {line})"
        return ""

    def ended(self, name: str, moment: Moment) -> str:
        """` after its crash (when)`, of the fault that last ended a process before a moment; empty where none did."""
        for line, fault in reversed(self.faults):
            if line <= moment.line and name in fault.targets and fault.kind in ENDS_A_PROCESS:
                return f" after its {fault.kind} ({fault.at / 1000:.3f} s, line {line})"
        return ""

    # ------------------------------------------------------------ words
    def name(self, crc: int) -> str:
        """A batch's letter, in the order in which batches were first told of."""
        names = dict.fromkeys(crc for _, _, crc in self.chronicle.lives)
        return letter(list(names).index(crc)) if crc in names else f"{crc:08x}"

    def record(self, life: Life) -> str:
        """What the client wrote and the letter it has in the drawing; `record a` where nobody knows the former."""
        name = self.name(life.cell.crc)
        return f"{life.value} ({name})" if life.value else f"record {name}"

    def said(self, moment: Moment) -> str:
        """Who did it, what, and when."""
        return f"{moment.node} {self.did(moment)} ({moment.words})"

    def did(self, moment: Moment) -> str:
        """What was done, to follow its doer's name."""
        text = words(moment.fact, self.name)
        if type(moment.fact).__name__ == "AdvanceHighWatermark":
            return f"sets its high watermark to {moment.fact.to}"
        first = text.partition(" ")[0]
        if first == "the" or re.fullmatch(r"n\d+", first):
            return f"tells that {text}"
        return VERBS.get(first, first) + text[len(first) :]

    def role(self, moment: Moment | None) -> str:
        """What a node had been before, by its last fact of becoming something."""
        if moment is None:
            return "had neither led nor followed since it started"
        epoch = moment.fact.leader_epoch
        if type(moment.fact).__name__ == "BecomeFollower":
            return f"had followed {node(moment.fact.leader)} in epoch {epoch} since ({moment.words})"
        return f"had led epoch {epoch} since ({moment.words})"


VERBS = {
    "log": "takes its log as",
    "ISR": "sets ISR",
    "no": "leaves it without a",
    "creates:": "creates the partition:",
}
"""The words of a fact stand in a box under its doer's name; some need a verb in a sentence."""
