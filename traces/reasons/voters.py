"""Why voters of the controllers' quorum contradict each other: one_leader, committed_prefix, no_cut_below_commit.

One rule: as of partitions: who told what, when, and what he or another had told before that it contradicts.
"""

from typing import Any, NamedTuple

from traces.quorum_facts import decoded
from traces.quorum_words import said, voter
from traces.schema import Fault, Step
from traces.trace import Trace

BINDING = frozenset({"GrantVote", "Stand", "Observe", "QuorumRestart", "Win"})
"""What a voter must stand by."""


class Told(NamedTuple):
    """One fact of a voter, and where it stands."""

    line: int
    at: int
    node: str
    fact: Any

    @property
    def words(self) -> str:
        return f"{self.at / 1000:.3f} s, line {self.line}"

    @property
    def kind(self) -> str:
        return type(self.fact).__name__


def told(trace: Trace) -> list[Told]:
    steps = [line for line in trace.lines if isinstance(line, Step)]
    return [Told(line.n, line.at, line.node, fact) for line in steps for fact in decoded(line.quorum)]


# ------------------------------------------------------------ one leader
def votes(trace: Trace) -> str:
    """A voter that goes back on what it said, or follows who has not won; or two winners."""
    facts = told(trace)
    if astray := _astray(trace, facts):
        return astray
    last = next((each for each in reversed(facts) if each.kind in BINDING), None)
    if last is None:
        return ""
    before = [each for each in facts if each.line < last.line]
    if last.kind == "Win":
        rival = next((each for each in before if each.kind == "Win" and each.fact.epoch == last.fact.epoch), None)
        if rival is not None and rival.node != last.node:
            return (
                f"{rival.node} won epoch {last.fact.epoch} ({rival.words}), and so did {last.node} ({last.words}): two "
                "leaders in one epoch"
            )
    own = [each for each in before if each.node == last.node and each.kind in BINDING]
    if not own or last.fact.epoch > own[-1].fact.epoch:
        return ""
    first = own[-1]
    if last.fact.epoch < first.fact.epoch:
        struck = _struck(trace, last)
        return (
            f"{last.node} {said(first.fact)} ({first.words}), and after {struck} it {said(last.fact)} ({last.words}): "
            f"it has forgotten its vote in epoch {first.fact.epoch} and may give it again to another"
        )
    whom = last.node if first.kind == "Stand" else voter(getattr(first.fact, "candidate", -1))
    return (
        f"{last.node} {said(first.fact)} ({first.words}), which is a vote for {whom}, and then {said(last.fact)} as "
        f"well ({last.words}): one voter, two votes in one epoch, so that two candidates can win it"
    )


def _astray(trace: Trace, facts: list[Told]) -> str:
    """A voter that, in the last step, fetches in an epoch from who has not won it."""
    at = trace.verdict.at_line if trace.verdict is not None else None
    last = next((each for each in facts if each.line == at and each.kind == "QuorumSendFetch"), None)
    if last is None:
        return ""
    wins = [each for each in facts if each.kind == "Win"]
    won = next((each for each in wins if each.fact.epoch == last.fact.epoch), None)
    leader = voter(last.fact.leader)
    if won is not None and won.node == leader:
        return ""
    winner = "nobody has won" if won is None else f"{won.node} won ({won.words})"
    led = [each for each in wins if each.node == leader]
    other = f"; {leader} won epoch {led[-1].fact.epoch} ({led[-1].words})" if led else ""
    return f"{last.node} fetches from {leader} in epoch {last.fact.epoch} ({last.words}), which {winner}{other}"


def _struck(trace: Trace, moment: Told) -> str:
    for line in reversed(trace.lines):
        if isinstance(line, Fault) and line.n < moment.line and moment.node in line.targets:
            return f"a {line.kind} ({line.at / 1000:.3f} s, line {line.n})"
    return "a restart"


# ------------------------------------------------------------ what is committed
def committed(trace: Trace) -> str:
    """What is taken for committed and may yet be overwritten, or has been."""
    facts = told(trace)
    at = trace.verdict.at_line if trace.verdict is not None else None
    for last in [each for each in facts if each.line == at]:
        if last.kind == "QuorumAdvance" and (text := _older_epoch(facts, last)):
            return text
        if last.kind == "QuorumAppend" and (text := _begins_below(facts, last)):
            return text
        if last.kind == "Commit" and (text := _differs(facts, last)):
            return text
    return ""


def _older_epoch(facts: list[Told], last: Told) -> str:
    epoch = last.fact.epoch
    first = next((each for each in facts if each.kind == "QuorumAppend" and each.fact.epoch == epoch), None)
    if first is None or last.fact.to > first.fact.base_offset:
        return ""
    voters = " and ".join(voter(number) for number in sorted(last.fact.quorum))
    return (
        f"{last.node}, leader of epoch {epoch}, committed everything below offset {last.fact.to} ({last.words}) "
        f"because {voters} have it, and nothing of its own epoch is among it: its first record stands at "
        f"{first.fact.base_offset} ({first.words}); a voter without those records can still win a later epoch and "
        "overwrite them"
    )


def _begins_below(facts: list[Told], last: Told) -> str:
    known = [each for each in facts if each.kind == "Commit" and each.line < last.line]
    furthest = max(known, key=lambda each: int(each.fact.to), default=None)
    if furthest is None or last.fact.base_offset >= furthest.fact.to:
        return ""
    return (
        f"{last.node} leads epoch {last.fact.epoch} and writes from offset {last.fact.base_offset} on ({last.words}), "
        f"and {furthest.node} had taken everything below {furthest.fact.to} for committed ({furthest.words}): the new "
        "leader lacks it"
    )


def _differs(facts: list[Told], last: Told) -> str:
    mine = _epochs(last)
    for other in facts:
        if other.kind != "Commit" or other.line >= last.line:
            continue
        theirs = _epochs(other)
        for offset in sorted(mine.keys() & theirs.keys()):
            if mine[offset] != theirs[offset]:
                return (
                    f"{last.node} takes the record of epoch {mine[offset]} at offset {offset} for committed "
                    f"({last.words}), and {other.node} had taken that of epoch {theirs[offset]} for it ({other.words})"
                )
    return ""


def _epochs(moment: Told) -> dict[int, int]:
    """Offset to epoch, of what a commit told."""
    ends = [start for _, start in moment.fact.epochs[1:]] + [moment.fact.to]
    return {
        offset: epoch
        for (epoch, start), end in zip(moment.fact.epochs, ends, strict=True)
        for offset in range(start, end)
    }


# ------------------------------------------------------------ what is cut off
def cut(trace: Trace) -> str:
    """A voter that cuts off what it took for committed."""
    facts = told(trace)
    last = next((each for each in reversed(facts) if each.kind == "QuorumTruncate"), None)
    if last is None:
        return ""
    taken = [each for each in facts if each.kind == "Commit" and each.node == last.node and each.line < last.line]
    furthest = max(taken, key=lambda each: int(each.fact.to), default=None)
    if furthest is None or last.fact.to >= furthest.fact.to:
        return ""
    asked = [
        each
        for each in facts
        if each.kind == "QuorumAnswerDiverging" and voter(each.fact.follower) == last.node and each.line < last.line
    ]
    answer = ""
    if asked:
        answer = (
            f"; {asked[-1].node} had only told it that its log leaves the leader's at {asked[-1].fact.diverging_end} "
            f"({asked[-1].words})"
        )
    return (
        f"{last.node} cut its log to offset {last.fact.to} in epoch {last.fact.epoch} ({last.words}), and had taken "
        f"everything below {furthest.fact.to} for committed ({furthest.words}){answer}"
    )
