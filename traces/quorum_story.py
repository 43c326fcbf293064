"""An execution of the quorum's models told as a story: its steps have no facts, so the model is asked what they did.

One rule: what is told of a step is read off its parameters and the state after it. Epochs are the model's, which are
Kafka's own in the quorum: 0 is before the first election.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from traces.modelled import calls_of, machine_of
from traces.replicas import Cell
from traces.story import Event, Story, View, letter
from traces.trace import Trace
from traces.wording import Weight, members

QUORUM = "quorum"
Parameters = Mapping[str, Any]
ACTORS = ("voter", "leader", "follower", "candidate", "replica")
"""Parameters that name who takes the action, the first of these it has; of a change of voters it is the leader."""


def is_of_quorum(trace: Trace) -> bool:
    """Whether the trace is an execution of one of the quorum's models."""
    return trace.header.origin == "model" and trace.header.model.partition("-")[0] == QUORUM


def tell_quorum(trace: Trace) -> Story:
    """The story of all replicas of an execution of the quorum."""
    teller = _Teller(trace)
    verdict = trace.verdict
    violating = verdict.at_line if verdict is not None else None
    lines = [line for line in trace.lines if getattr(line, "action", None) is not None]
    calls = zip(lines, calls_of(trace), strict=True)
    events = tuple(teller.event(line.n, name, given, line.n == violating) for line, (name, given) in calls)
    return Story(
        partition="the quorum",
        lanes=tuple(teller.node(replica) for replica in sorted(teller.machine.members)),
        events=events,
        invariant=verdict.invariant if verdict is not None else "",
        sentence=teller.broken(verdict.invariant, verdict.sentence) if verdict is not None else "",
    )


class _Teller:
    """Steps the model, and says of each step who took it, what it did, and which step made him do it."""

    def __init__(self, trace: Trace) -> None:
        self.machine = machine_of(trace, variant=trace.header.variant)
        self.state: Any = self.machine.state
        self.shift = 1 if min(self.machine.members) == 0 else 0
        self.letters: dict[tuple[int, int, int], str] = {}
        self.sent: dict[tuple[Any, ...], int] = {}
        self.believed: dict[tuple[int, int], int] = {}
        """Replica and offset -> the line at which it took that for committed."""
        self.won: dict[tuple[int, int], str] = {}
        """Replica and epoch -> who elected it, and at which line."""

    def node(self, replica: int) -> str:
        return f"n{replica + self.shift}"

    def nodes(self, replicas: Iterable[int]) -> str:
        return members(replica + self.shift for replica in replicas)

    def event(self, line: int, name: str, given: Parameters, violating: bool) -> Event:
        kind = next(kind for kind in KINDS if name.startswith(kind))
        actor = given["leader"] if kind in CHANGES else next(given[key] for key in ACTORS if key in given)
        before = len(self.state.log[actor])
        cause = self.sent.get(self.cause(kind, actor, given))
        self.machine.step(name, **given)
        self.remember(kind, actor, given, line)
        for offset in range(self.state.high_watermark[actor]):
            self.believed.setdefault((actor, offset), line)
        if kind == "win":
            self.won[actor, self.state.leader_epoch[actor]] = f"elected by {self.electors(actor, given)} (line {line})"
        weight, message = KINDS[kind]
        return Event(
            line=line,
            at=-1,
            lane=self.node(actor),
            words=(self.said(kind, actor, given, before),),
            weight=Weight.TURN if violating else weight,
            kind="step",
            view=self.view(actor),
            cause=cause,
            message=message,
            violating=violating,
        )

    def view(self, actor: int) -> View:
        log = self.state.log[actor]
        cells = []
        for offset in range(len(log)):
            epoch, value = log[offset]
            # Kafka tells records of one offset apart by their epoch; so does the letter here, and by the value.
            name = self.letters.setdefault((offset, epoch, value), letter(len(self.letters)))
            cells.append((Cell(offset, 1, epoch, value), name))
        return View(
            log_end=len(log),
            high_watermark=self.state.high_watermark[actor],
            leader_epoch=self.state.leader_epoch[actor],
            leading=self.state.leading[actor],
            cells=tuple(cells),
            hidden=0,
        )

    def broken(self, invariant: str, otherwise: str) -> str:
        """Who breaks a property in the state the story ends in, and with what; `otherwise` where it is another one."""
        state, pairs = self.state, itertools.permutations(sorted(self.machine.members), 2)
        for one, leader in pairs:
            epoch = state.leader_epoch[leader]
            if not state.leading[leader] or state.leader_epoch[one] > epoch:
                continue
            if invariant == "one_leader_per_epoch" and state.leading[one] and state.leader_epoch[one] == epoch:
                return f"{self.chosen(one, epoch)}, and {self.chosen(leader, epoch)}, both lead epoch {epoch}"
            own, other = state.log[one], state.log[leader]
            for offset in range(state.high_watermark[one] if invariant == "leader_has_committed" else 0):
                if offset >= len(other) or own[offset] != other[offset]:
                    lacks = "does not have it" if offset >= len(other) else f"has {self.entry(offset, other)} there"
                    since = f" (line {self.believed[one, offset]})" if (one, offset) in self.believed else ""
                    believes = (
                        f"{self.node(one)} took {self.entry(offset, own)} at offset {offset} for committed{since}"
                    )
                    return f"{believes}; {self.chosen(leader, epoch)}, leads epoch {epoch} and {lacks}"
        return otherwise

    def chosen(self, replica: int, epoch: int) -> str:
        """A leader, and who made it one."""
        by = self.won.get((replica, epoch))
        return self.node(replica) if by is None else f"{self.node(replica)}, {by}"

    def entry(self, offset: int, log: Any) -> str:
        """A record by its letter and epoch."""
        epoch, value = log[offset]
        return f"record {self.letters.setdefault((offset, epoch, value), letter(len(self.letters)))} of epoch {epoch}"

    # ------------------------------------------------------------ who made whom
    def cause(self, kind: str, actor: int, given: Parameters) -> tuple[Any, ...]:
        """What a step handles, as `remember` calls it; empty where it handles nothing that was sent."""
        epoch = self.state.leader_epoch[actor]
        match kind:
            case "grant":
                return "request", given["candidate"], given["epoch"]
            case "win":
                return "vote", actor, epoch
            case "acknowledge" | "answer_diverging":
                return "fetch", given["follower"]
            case "receive":
                return "answer", given.get("epoch", epoch)
            case "truncate":
                return "diverging", actor
        return ()

    def remember(self, kind: str, actor: int, given: Parameters, line: int) -> None:
        """What a step sent that another may handle."""
        epoch = self.state.leader_epoch[actor]
        match kind:
            case "stand" | "ask_pre":
                self.sent["request", actor, epoch] = line
            case "grant" | "grant_pre":
                self.sent["vote", given["candidate"], given["epoch"]] = line
            case "send":
                self.sent["fetch", actor] = line
            case "answer_fetch":
                self.sent["answer", epoch] = line
            case "answer_diverging":
                self.sent["diverging", given["follower"]] = line

    # ------------------------------------------------------------ words
    def voters(self, actor: int) -> str:
        log = self.state.log[actor]
        return self.nodes(self.state.voters_at[log[len(log) - 1].epoch, len(log) - 1])

    def said(self, kind: str, actor: int, given: Parameters, before: int) -> str:
        """What a step did, after it was taken; `before` is where the actor's log ended until then."""
        epoch, end = self.state.leader_epoch[actor], len(self.state.log[actor])
        match kind:
            case "stand":
                return f"stands in epoch {epoch}"
            case "ask_pre":
                return f"asks for pre-votes in epoch {epoch}"
            case "observe":
                return f"learns of epoch {epoch}"
            case "win":
                return f"leads epoch {epoch}, elected by {self.electors(actor, given)}"
            case "append":
                return f"appends at {before}"
            case "answer_fetch":
                return f"answers with its log to {end}"
            case "send":
                return f"fetches from {before} in epoch {epoch}"
            case "receive":
                got = f"receives {before} to {end - 1}" if end - before > 1 else f"receives {before}"
                told = got if end > before else "receives nothing new"
                return f"{told}, high watermark {self.state.high_watermark[actor]}"
            case "truncate":
                return f"truncates from {before} to {end}"
            case "restart":
                return f"restarts with a log of {end}" + (f", {before - end} lost" if end < before else "")
        return self.said_of(kind, actor, given)

    def said_of(self, kind: str, actor: int, given: Parameters) -> str:
        """As `said`, of steps that name another replica, or an offset."""
        match kind:
            case "grant":
                return f"votes for {self.node(given['candidate'])} in epoch {given['epoch']}"
            case "grant_pre":
                return f"would vote for {self.node(given['candidate'])}"
            case "add_voter":
                return f"adds {self.node(given['voter'])}: voters {self.voters(actor)}"
            case "remove_voter":
                return f"removes {self.node(given['voter'])}: voters {self.voters(actor)}"
            case "acknowledge":
                return f"counts {self.node(given['follower'])} at {given['offset']}"
            case "answer_diverging":
                return f"tells {self.node(given['follower'])} that its log diverges"
            case "advance":
                return f"commits up to {given['to']}, which is on {self.nodes(given['quorum'])}"
        assert kind == "flush", f"every kind of step has words, {kind} too"
        return f"has flushed up to {given['to']}"

    def electors(self, actor: int, given: Parameters) -> str:
        """Who elected a leader; where voters change, of whom."""
        if "quorum" in given:
            return self.nodes(given["quorum"])
        granted = self.state.granted[self.state.leader_epoch[actor], actor]
        return f"{self.nodes(granted)} of {self.voters(actor)}"


CHANGES = ("add_voter", "remove_voter")
KINDS: dict[str, tuple[Weight, str]] = {
    "stand": (Weight.TURN, "client"),
    "ask_pre": (Weight.TURN, "client"),
    "grant_pre": (Weight.TURN, "request"),
    "grant": (Weight.TURN, "request"),
    "win": (Weight.TURN, "answer"),
    "observe": (Weight.VIEW, "client"),
    "append": (Weight.RECORD, "client"),
    "add_voter": (Weight.SET, "client"),
    "remove_voter": (Weight.SET, "client"),
    "acknowledge": (Weight.MESSAGE, "request"),
    "advance": (Weight.SET, "client"),
    "answer_fetch": (Weight.MESSAGE, "request"),
    "answer_diverging": (Weight.MESSAGE, "request"),
    "flush": (Weight.VIEW, "client"),
    "send": (Weight.MESSAGE, "client"),
    "receive": (Weight.RECORD, "answer"),
    "truncate": (Weight.TURN, "answer"),
    "restart": (Weight.TURN, "client"),
}
"""By the beginning of an action's name: how much it matters, and what kind of message it handles."""
