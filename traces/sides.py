"""The two sides of a trace, step by step: what the broker tells of every replica, and what the model says beside it.

One rule: neither side sees the other. The told side believes every fact (`traces.replicas`); the model's side is the
model as it is, which takes the same steps until it refuses one, and stands still from there on.

Of a trace of a model's variant, the told side is the variant's own state.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from model.machine import ActionDisabled, UnknownAction
from traces import facts, replicas
from traces.abstraction import action_of
from traces.following import FOLLOWED, Divergence, Follower
from traces.modelled import PARTITION, calls_of, machine_of
from traces.replicas import Cell
from traces.schema import Fault, Step
from traces.topic_labels import is_identified
from traces.trace import NumberedLine, Trace

QUORUM = "quorum"
ENDS_A_PROCESS = frozenset({"crash", "power loss", "stopped"})
ENTERS_AN_EPOCH = frozenset({"BecomeLeader", "BecomeFollower", "Resume", "DeleteReplica"})
DECISIONS = frozenset(kind.__name__ for kind in facts.Decision.__subclasses__())
"""By name: a trace that never left memory holds the broker's own structs."""
NOBODY_ELSE: Mapping[int, int] = {}


class Replica(NamedTuple):
    """One replica as one side has it. Epochs are Kafka's; -1: none yet."""

    cells: tuple[Cell, ...]
    high_watermark: int
    leader_epoch: int
    leading: bool
    counted: tuple[int, ...]
    """While it leads: whom its high watermark waits for."""
    away: bool = False
    """Its process has ended, or is back and in no epoch yet: it had, or found, this. Or it went with its topic."""
    voted: str = ""
    """Of a voter: for whom, in its epoch."""
    stands: bool = False
    """Of a voter: it is a candidate in its epoch."""


class Decided(NamedTuple):
    """What the controllers have decided."""

    leader: int
    """-1: nobody."""
    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]
    elr: tuple[int, ...]


class Side(NamedTuple):
    """Everything one side knows of the partition, by node."""

    replicas: Mapping[str, Replica]
    decided: Decided | None


EMPTY = Side({}, None)


class Sides(ABC):
    """Goes through the lines of a trace once; after each, `told` and `model` are the two sides, `stopped` is where and
    why the model went no further."""

    def __init__(self) -> None:
        self.told = EMPTY
        self.model: Side | None = None
        self.stopped: Divergence | None = None

    @abstractmethod
    def line(self, line: NumberedLine) -> None:
        """The next line."""

    @staticmethod
    def of(trace: Trace, partition: str) -> "Sides":
        """Of one partition of the trace."""
        return _Modelled(trace) if trace.header.origin == "model" else _Followed(trace, partition)


# ---------------------------------------------------------------- a broker's trace
class _Followed(Sides):
    """Facts, and the model that follows them."""

    def __init__(self, trace: Trace, partition: str) -> None:
        super().__init__()
        self._partition = partition
        self._follower = Follower.of(trace.header) if trace.header.model in FOLLOWED else None
        self._known: dict[str, replicas.Replica] = {}
        self._away: set[str] = set()
        self._decided: Decided | None = None

    def line(self, line: NumberedLine) -> None:
        if isinstance(line, Fault) and line.kind in ENDS_A_PROCESS:
            self._away.update(line.targets)
            self.told = self._claims()
        if not isinstance(line, Step):
            return
        here = [fact for fact in facts.decoded(line.facts) if fact.partition == self._partition]
        for fact in here:
            self._decided = decided_by(fact, self._decided)
            if type(fact).__name__ == "Restart":
                self._away.add(line.node)
            if line.node.startswith("n"):
                replicas.apply(self._known.setdefault(line.node, replicas.Replica()), fact)
        if any(type(fact).__name__ in ENTERS_AN_EPOCH for fact in here):
            self._away.discard(line.node)
        if is_identified(self._partition) and any(type(fact).__name__ == "DeleteReplica" for fact in here):
            self._away.add(line.node)  # gone with its topic, for which the model has no step
        if here:
            self.told = self._claims()
        self._follow(line, bool(here))

    def _claims(self) -> Side:
        claimed = {
            node: Replica(
                tuple(replica.cells),
                replica.high_watermark,
                replica.leader_epoch,
                replica.leading,
                replica.counted if replica.leading else (),
                node in self._away,
            )
            for node, replica in sorted(self._known.items())
        }
        return Side(claimed, self._decided)

    def _follow(self, line: Step, moved: bool) -> None:
        follower = self._follower
        if follower is None or self.stopped is not None:
            return
        self.stopped = follower.line(line)
        rest = line
        while self.stopped is not None and self.stopped.action == "reconcile" and _confirm(follower, self.stopped):
            rest = _after(rest, self.stopped)
            self.stopped = follower.line(rest)
        refinement = follower.partitions.get(self._partition)
        if refinement is None or not (moved or self.stopped):
            return
        # A replica that is back stands still in the model until it has registered: till then its side is left out.
        back = {*getattr(refinement, "returning", ()), *getattr(refinement, "unsaid", ())}
        names = {f"n{node}": node for node in refinement.present() if node > 0 and node not in back}
        self.model = _side(refinement.state, names, 1, getattr(refinement, "former", {}))


def _confirm(follower: Follower, stopped: Divergence) -> bool:
    """Older designs take a log for confirmed without asking. Where it is a prefix of the leader's, as the answer would
    have said, the model is told so and goes on, so that it refuses what does the harm. False where it is none."""
    refinement = follower.partitions.get(stopped.partition)
    node = follower.number(stopped.node)
    if refinement is None or node not in refinement.machine.members:
        return False
    state = refinement.state
    leader = refinement.leader_of(state.leader_epoch[node])
    mine = list(state.log[node])
    if leader not in refinement.machine.members or mine != list(state.log[leader])[: len(mine)]:
        return False
    state.reconciled[node] = state.leader_epoch[node]
    return True


def _after(line: Step, stopped: Divergence) -> Step:
    """What is left of a step behind the fact that the model refused."""
    told = [(action_of(fact), fact.partition) for fact in facts.decoded(line.facts)]
    place = told.index((stopped.action, stopped.partition))
    return msgspec.structs.replace(line, facts=line.facts[place + 1 :], quorum=())


def decided_by(fact: Any, before: Decided | None) -> Decided | None:
    """What the controllers have decided after this fact, which may be none of theirs."""
    if type(fact).__name__ == "CreatePartition":
        return Decided(fact.leader, 0, 0, tuple(sorted(fact.isr)), ())
    if type(fact).__name__ not in DECISIONS:
        return before
    leader = before.leader if before is not None else -1
    if before is None or fact.leader_epoch != before.leader_epoch:
        leader = getattr(fact, "leader", -1)
    isr, elr = tuple(sorted(fact.isr)), tuple(sorted(fact.elr))
    return Decided(leader, fact.leader_epoch, fact.partition_epoch, isr, elr)


# ---------------------------------------------------------------- a model's trace
class _Modelled(Sides):
    """The variant's own states, and the model as it is, which takes the same actions."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        header = trace.header
        self._calls = dict(zip((line.n for line in trace.lines), calls_of(trace), strict=False))
        self._variant = machine_of(trace, variant=header.variant)
        self._clean = machine_of(trace)
        variant = self._variant.reading.model.variant(header.variant)
        self._confirms = variant is not None and "truncate" in variant.replaces
        shift = 1 if min(self._variant.members) == 0 else 0
        self._names = {f"n{replica + shift}": replica for replica in sorted(self._variant.members)}
        self._epochs_before = 0 if header.model.startswith(QUORUM) else 1
        self._show()

    def line(self, line: NumberedLine) -> None:
        call = self._calls.get(line.n)
        if call is None:
            return
        name, parameters = call
        self._variant.step(name, **parameters)
        if self.stopped is None:
            self._refusal(line, name, parameters)
        self._show()

    def _refusal(self, line: NumberedLine, name: str, parameters: Mapping[str, Any]) -> None:
        clean = self._clean
        given = {key: parameters[key] for key, _ in clean.parameters.get(name, ()) if key in parameters}
        try:
            clean.step(name, **given)
            if self._confirms and name == "truncate":
                # The variant's truncation also confirms the log, which is an action of its own in the model.
                clean.step("reconcile", follower=parameters["follower"])
        except (ActionDisabled, UnknownAction) as refused:
            self.stopped = Divergence(
                line=line.n,
                node=line.node if isinstance(line, Step) else "",
                partition=PARTITION,
                action=name,
                reason=f"the model refuses it: {refused}",
                conjunct=refused.conjunct if isinstance(refused, ActionDisabled) else "",
            )

    def _show(self) -> None:
        self.told = _side(self._variant.state, self._names, self._epochs_before)
        self.model = _side(self._clean.state, self._names, self._epochs_before)


def _side(state: Any, names: Mapping[str, int], epochs_before: int, also: Mapping[int, int] = NOBODY_ELSE) -> Side:
    """What a model's state says of these replicas. `epochs_before` is by how much its epochs are ahead of Kafka's;
    `also` names the nodes whose former replicas are replicas of their own in the model."""
    named = {**also, **{replica: int(name[1:]) for name, replica in names.items()}}

    def nodes(members: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted({named.get(member, member) for member in members}))

    shown = {
        name: Replica(
            tuple(cells(state.log[replica], epochs_before)),
            state.high_watermark[replica],
            state.leader_epoch[replica] - epochs_before,
            state.leading[replica],
            nodes(state.maximal_isr[replica]) if _counts(state, replica) else (),
            False,
            _vote(state, replica, names),
            bool(getattr(state, "candidate", {}).get(replica)),
        )
        for name, replica in names.items()
    }
    if not hasattr(state, "newest_partition_epoch"):
        return Side(shown, None)
    newest = state.newest_leader_epoch
    return Side(
        shown,
        Decided(
            nodes((state.leader[newest],))[0] if state.has_leader[newest] else -1,
            newest - epochs_before,
            state.newest_partition_epoch - epochs_before,
            nodes(state.isr[newest]),
            nodes(state.elr[newest]) if hasattr(state, "elr") else (),
        ),
    )


def _vote(state: Any, replica: int, names: Mapping[str, int]) -> str:
    """For whom a voter has voted in its epoch, as its lane is called; empty where nobody votes."""
    if not hasattr(state, "voted") or not state.voted[replica]:
        return ""
    return next((name for name, number in names.items() if number == state.vote[replica]), "")


def _counts(state: Any, replica: int) -> bool:
    return bool(state.leading[replica]) and hasattr(state, "maximal_isr")


def cells(log: Iterable[Any], epochs_before: int) -> list[Cell]:
    """A model's log as batches. A broker's records name their batch; a record of a model is a batch of its own."""
    found: list[Cell] = []
    for offset, (epoch, value) in enumerate(log):
        if isinstance(value, tuple):
            crc, index = value
            if index and found and found[-1].crc == crc:
                found[-1] = found[-1]._replace(record_count=found[-1].record_count + 1)
                continue
        else:
            crc = (epoch << 20) + (offset << 8) + value % 256
        found.append(Cell(offset, 1, epoch - epochs_before, crc))
    return found
