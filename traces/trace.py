"""A whole trace in memory, and the error every reader of one raises.

One rule: a `Trace` is well formed. Whoever makes one (the reader, the recorder, the merge) has seen to it that its
lines are numbered from 0 without a gap.
"""

from dataclasses import dataclass

from traces.schema import End, Fault, Header, Op, Step, Verdict

NumberedLine = Step | Fault | Op


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    header: Header
    lines: tuple[NumberedLine, ...]
    """`lines[n].n == n`."""
    verdict: Verdict | None = None
    end: End | None = None
    """None for a process's own file, which never says that it is whole."""
    source: str = ""
    """The file it was read from."""
    notes: tuple[str, ...] = ()
    """What the reader let pass: a torn last line."""


class TraceError(Exception):
    """A trace that cannot be used: in which file, at which line of it (from 1), what is wrong, and the remedy."""

    def __init__(self, source: str, line: int | None, wrong: str, remedy: str) -> None:
        place = source if line is None else f"{source}, line {line}"
        super().__init__(f"{place}: {wrong}; {remedy}")
        self.source = source
        self.line = line
        self.wrong = wrong
        self.remedy = remedy
