"""The two sides of the controllers' quorum, step by step: what each voter tells of itself, and what the model says
beside it.

One rule: as of partitions (`traces.sides`): the told side believes every fact; the model takes the same steps until it
refuses one, and stands still from there on. A voter's log is shown as the stretches that one epoch wrote.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from traces.electorate import voter_of, voters_of
from traces.following import FOLLOWED, Follower
from traces.quorum_facts import METADATA, decoded
from traces.quorum_words import voter
from traces.replicas import Cell
from traces.schema import Fault, Step
from traces.sides import ENDS_A_PROCESS, Replica, Side, Sides
from traces.trace import NumberedLine, Trace

NOBODY = -1


@dataclass(slots=True)
class Voter:
    """A controller as it tells of itself."""

    epoch: int = 0
    voted: int = NOBODY
    stands: bool = False
    leads: bool = False
    committed: int = 0
    """Its high watermark."""
    away: bool = False
    stretches: list[Cell] = field(default_factory=list)
    """Its log: from where, how many records, of which epoch."""

    def enter(self, epoch: int, voted: int = NOBODY, *, stands: bool = False) -> None:
        """Another epoch, or a vote in this one."""
        self.leads = self.leads and epoch == self.epoch
        self.epoch, self.voted, self.stands = epoch, voted, stands

    def write(self, offset: int, count: int, epoch: int) -> None:
        last = self.stretches[-1] if self.stretches else None
        if last is not None and last.leader_epoch == epoch and last.base_offset + last.record_count == offset:
            self.stretches[-1] = last._replace(record_count=last.record_count + count)
        elif count > 0:
            self.stretches.append(Cell(offset, count, epoch, epoch))

    def cut(self, to: int) -> None:
        kept = [stretch for stretch in self.stretches if stretch.base_offset < to]
        self.stretches = [each._replace(record_count=min(each.record_count, to - each.base_offset)) for each in kept]

    def end(self) -> int:
        return self.stretches[-1].base_offset + self.stretches[-1].record_count if self.stretches else 0

    def copy(self, other: "Voter", to: int) -> None:
        """What the other has from the end of this log on, up to an offset."""
        for stretch in other.stretches:
            start = max(stretch.base_offset, self.end())
            self.write(start, min(stretch.base_offset + stretch.record_count, to) - start, stretch.leader_epoch)

    def shown(self) -> Replica:
        return Replica(
            tuple(self.stretches),
            self.committed,
            self.epoch,
            self.leads,
            (),
            self.away,
            voter(self.voted) if self.voted != NOBODY else "",
            self.stands,
        )


class VotersSides(Sides):
    """Of the quorum of a running cluster."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self._voters = {voter(number): Voter() for number in voters_of(trace.header)}
        self._follower = Follower.of(trace.header) if trace.header.model in FOLLOWED else None

    def line(self, line: NumberedLine) -> None:
        if isinstance(line, Fault) and line.kind in ENDS_A_PROCESS:
            for name in line.targets:
                if name in self._voters:
                    self._voters[name].away = True
        if isinstance(line, Step):
            for fact in decoded(line.quorum):
                self._take(self._voters.setdefault(line.node, Voter()), line.node, fact)
            self._follow(line)
        self.told = Side({name: each.shown() for name, each in sorted(self._voters.items())}, None)

    def _take(self, one: Voter, name: str, fact: Any) -> None:
        """Believe a fact."""
        match type(fact).__name__:
            case "Stand":
                own = voter_of(name)
                one.enter(fact.epoch, NOBODY if own is None else own, stands=True)
            case "GrantVote":
                one.enter(fact.epoch, fact.candidate)
            case "Observe":
                one.enter(fact.epoch)
            case "Win":
                one.leads, one.stands = True, False
            case "Resign":
                one.leads = False
            case "QuorumSendFetch":
                one.stands = False  # whoever fetches follows
            case "QuorumAppend":
                one.write(fact.base_offset, fact.record_count, fact.epoch)
            case "QuorumAdvance":
                one.committed = max(one.committed, fact.to)
            case "QuorumReceiveFetch":
                one.copy(self._voters.get(voter(fact.leader), Voter()), fact.log_end)
                one.committed = max(one.committed, fact.high_watermark)
            case "QuorumTruncate":
                one.cut(fact.to)
                one.committed = fact.high_watermark
            case "QuorumLoadSnapshot":
                one.stretches = [Cell(0, fact.end, fact.last_epoch, fact.last_epoch)]
                one.committed = fact.end
            case "QuorumBegin" | "QuorumRestart":
                self._back(one, fact)
            case "Commit":
                one.committed = max(one.committed, fact.to)

    def _back(self, one: Voter, fact: Any) -> None:
        """A process that comes back has what is on its disk."""
        one.enter(fact.epoch, fact.voted)
        one.leads, one.away = False, False
        one.cut(fact.log_end)
        for epoch, start in getattr(fact, "epochs", ()):
            one.cut(start)
            one.write(start, fact.log_end - start, epoch)
        if one.end() < fact.log_end:
            one.write(one.end(), fact.log_end - one.end(), getattr(fact, "last_epoch", 0))

    def _follow(self, line: Step) -> None:
        follower = self._follower
        if follower is None or follower.quorum is None or self.stopped is not None:
            return
        stopped = follower.line(line)
        if stopped is not None and stopped.partition != METADATA:
            # A partition has left its model; the quorum goes on in its own.
            self._follower = None
            return
        self.stopped = stopped
        state = follower.quorum.state
        known = follower.quorum.known
        self.model = Side({name: _modelled(state, name, known) for name in sorted(self._voters)}, None)


def _modelled(state: Any, name: str, known: Mapping[int, int]) -> Replica:
    """A voter in the model's state. What it once knew to be committed is so after a restart, too, when the model's
    voter has to learn it anew."""
    number = voter_of(name)
    assert number is not None, "voters are called controller-1, ..."
    return Replica(
        tuple(stretches(entry.epoch for entry in state.log[number])),
        max(state.high_watermark[number], known[number]),
        state.leader_epoch[number],
        state.leading[number],
        (),
        False,
        voter(state.vote[number]) if state.voted[number] else "",
        state.candidate[number],
    )


def stretches(epochs: Iterable[int]) -> list[Cell]:
    """A log as the stretches that one epoch wrote."""
    one = Voter()
    for offset, epoch in enumerate(epochs):
        one.write(offset, 1, epoch)
    return one.stretches
