"""Following an execution: the models of all partitions of a cluster, each replaying its own facts.

One rule: the first divergence ends it, and says where it stands: the fact, and the model's view beside it.

The same decision of the controllers told again is no step; another one in its place is a divergence (`traces.told`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from model.machine import ActionDisabled, UnknownAction
from model.replication import REPLICATION
from model.survival import SURVIVAL
from traces import quorum_facts
from traces.abstraction import DivergedError, action_of, diverged
from traces.begun import Begun
from traces.compacted import Restored
from traces.electorate import voter_of, voters_of
from traces.ending import broken
from traces.facts import decoded
from traces.generations import Generations
from traces.refine import OF_MEMBERSHIP, Refinement
from traces.refine_quorum import QuorumRefinement
from traces.schema import Header, Step
from traces.survive import Survival
from traces.told import Contradiction, Told

NO_REPLICA = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """Where an execution leaves the model: the fact, and the model's view beside it."""

    line: int
    """The number of the line in the trace; the number of lines where the end state is meant."""
    node: str
    partition: str
    action: str
    reason: str
    conjunct: str = ""
    """The text of the `require` that is false, where the model refused the action."""
    outside: bool = False
    """The model of this version does not speak of such a step: no verdict, rather than a wrong one."""
    fact: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        where = f"line {self.line}: {self.node}" if self.node else f"after line {self.line - 1}"
        return f"{where}, {self.partition}: {self.action}: {self.reason}"


FOLLOWED: Mapping[str, type[Refinement]] = {REPLICATION.name: Refinement, SURVIVAL.name: Survival}
"""By the name of a model, what follows it."""


class Follower:
    """The models of all partitions. `model` is the name of the model in the header; `synced` says that whatever a
    broker tells is on its disk by then."""

    def __init__(self, model: str = REPLICATION.name, *, synced: bool = False, voters: tuple[int, ...] = ()) -> None:
        if model not in FOLLOWED:
            raise ValueError(f"no execution is followed by the model {model!r}; known are {', '.join(FOLLOWED)}")
        self.model = model
        self.synced = synced
        self.facts = 0
        self.restored: Restored | None = None
        """Gives back the facts of lines as they would be of logs that nobody compacts; None: they are taken as told."""
        self._generations: Generations[Refinement] = Generations()
        self.partitions = self._generations.current
        """Those there are now."""
        self.quorum = QuorumRefinement(voters) if voters else None
        """The controllers; None: it is not known who they are, and they are not followed."""
        self._told = Told()
        self._awaiting: dict[str, list[tuple[int, Any]]] = {}
        """By partition: what brokers have told of a log that the trace begins with, until the controllers tell what
        the partition is."""
        self._numbers: dict[str, int] = {}
        self._voters: dict[str, int] = {}

    @classmethod
    def of(cls, header: Header) -> "Follower":
        """As the header of a trace asks for."""
        log = header.configuration.get("log", {})
        synced = isinstance(log, Mapping) and log.get("flush_messages") == 1
        return cls(header.model, synced=synced, voters=voters_of(header))

    @property
    def walk(self) -> Counter[tuple[str, str, str]]:
        """Model actions taken in all partitions: the situation of the partition, the action before, the action."""
        walk: Counter[tuple[str, str, str]] = Counter()
        for refinement in (*self._generations.deleted, *self.partitions.values()):
            walk.update(refinement.walk)
        if self.quorum is not None:
            walk.update(self.quorum.walk)
        return walk

    def number(self, node: str) -> int:
        """The number of a broker; -1 for whoever is none."""
        number = self._numbers.get(node)
        if number is None:
            digits = node[1:]
            number = self._numbers[node] = int(digits) if node[:1] == "n" and digits.isdigit() else NO_REPLICA
        return number

    def line(self, line: Step) -> Divergence | None:
        for quorum_fact in quorum_facts.decoded(line.quorum):
            try:
                self.quorum_fact(line.node, quorum_fact)
            except DivergedError as diverged:
                return self.divergence(line.n, line.node, quorum_fact, diverged)
        facts: Iterable[Any] = decoded(line.facts)
        if self.restored is not None:
            facts = self.restored.facts(line.node, facts)
        left = self.take(line.node, facts)
        if left is not None:
            return self.divergence(line.n, line.node, *left)
        node = self.number(line.node)
        for partition, (log_end, _, high_watermark) in line.logs.items():
            diverged_logs = self.logs(node, partition, log_end, high_watermark)
            if diverged_logs:
                return Divergence(
                    line=line.n,
                    node=line.node,
                    partition=partition,
                    action="logs",
                    reason=diverged_logs,
                    model=self.view(node, partition),
                )
        return None

    def take(self, name: str, facts: Iterable[Any]) -> tuple[Any, DivergedError] | None:
        """Replay what one step of a node did. Where the model does not follow: the fact, and why."""
        node = self._numbers.get(name)
        if node is None:
            node = self.number(name)
        current, generations = self.partitions, self._generations
        fact: Any = None
        refinement: Refinement | None
        try:
            for fact in facts:
                self.facts += 1
                partition = fact.partition
                refinement = generations.of(partition, node) if generations.former else current.get(partition)
                if refinement is None:
                    self._rare(node, fact, generations.gone.get(partition))
                    continue
                kind = refinement.kinds.get(type(fact))
                if kind is None or not kind.at_work or refinement.returning or refinement.unsaid:
                    self._rare(node, fact, refinement)
                elif node not in refinement.machine.members or (
                    kind.of_an_epoch and fact.leader_epoch != refinement.state.leader_epoch[node] - 1
                ):
                    refinement.take(node, fact)
                else:
                    # What `take` comes to, without asking twice.
                    kind.replay(refinement, node, fact)
        except DivergedError as left:
            return fact, left
        except (ActionDisabled, UnknownAction) as refused:
            return fact, diverged(refused)
        return None

    def fact(self, node: int, fact: Any) -> None:
        """Replay one fact of a node. DivergedError where the model does not follow."""
        left = self.take(f"n{node}", (fact,))
        if left is not None:
            raise left[1]

    def _rare(self, node: int, fact: Any, refinement: Refinement | None) -> None:
        """A controller's decision, or of which partitions there are, or of one that is not known."""
        try:
            if self._told.again(fact):
                return
        except Contradiction as contradiction:
            raise DivergedError(action_of(fact), str(contradiction)) from None
        kind = type(fact).__name__
        if kind not in OF_MEMBERSHIP and refinement is not None:
            refinement.take(node, fact)
        elif kind == "CreatePartition":
            if fact.partition in self.partitions:
                raise DivergedError("create_partition", "it exists already")
            self.partitions[fact.partition] = self._created(fact)
        elif kind == "BeginPartition":
            self._begin(fact)
        elif refinement is None and (kind == "BeginReplica" or self._awaits(fact.partition, node)):
            self._awaiting.setdefault(fact.partition, []).append((node, fact))
        elif refinement is None:
            told = "the trace does not tell how this partition came to be: record it from its creation on"
            raise DivergedError(action_of(fact), told, outside=True)
        elif kind == "DeletePartition":
            self._generations.delete(fact.partition, refinement.present())
            self._told.forget(fact.partition)
        elif kind != "DeleteReplica" or not self._leaves_a_deleted(fact.partition, node):
            refinement.take(node, fact)

    def _leaves_a_deleted(self, partition: str, node: int) -> bool:
        """The node has deleted its replica of a partition that is no more."""
        return partition in self._generations.gone or self._generations.left(partition, node)

    def quorum_fact(self, node: str, fact: Any) -> None:
        """Replay one fact of a voter, named as in the trace. DivergedError where the model does not follow."""
        if self.quorum is not None:
            self.facts += 1
            voter = self._voters.get(node)
            if voter is None:
                known = voter_of(node)
                voter = self._voters[node] = NO_REPLICA if known is None else known
            self.quorum.take(voter, fact)

    def _awaits(self, partition: str, node: int) -> bool:
        """The node has told of a log that the trace begins with."""
        return any(teller == node for teller, _ in self._awaiting.get(partition, ()))

    def _begin(self, fact: Any) -> None:
        """The partition was there when the trace began: its model starts with what was told of it until now."""
        known = self.partitions.get(fact.partition)
        if known is not None:
            known.is_told_again(fact)
            return
        if self.model != SURVIVAL.name:
            raise DivergedError(
                action_of(fact), f"the model {self.model} starts with partitions that are new", outside=True
            )
        awaiting = self._awaiting.pop(fact.partition, [])
        logs = {node: told for node, told in awaiting if type(told).__name__ == "BeginReplica"}
        begun = self.partitions[fact.partition] = Begun(fact, logs, synced=self.synced)
        for node, told in awaiting:
            if type(told).__name__ != "BeginReplica" and node in begun.machine.members:
                begun.take(node, told)

    def _created(self, fact: Any) -> Refinement:
        return Survival(fact, synced=self.synced) if self.model == SURVIVAL.name else Refinement(fact)

    def logs(self, node: int, partition: str, log_end: int, high_watermark: int) -> str:
        """What a step says of its logs, beside the facts: an effect without a fact shows here."""
        refinement = self._generations.of(partition, node)
        if refinement is None or node not in refinement.machine.members:
            return ""
        ends = refinement.ends(node)
        if ends is None:
            return ""
        model_end, model_watermark = ends
        if log_end != model_end:
            return f"the log ends at {log_end} after this step, in the model at {model_end}"
        if high_watermark != model_watermark:
            return f"the high watermark is {high_watermark} after this step, in the model {model_watermark}"
        return ""

    def divergence(self, line: int, node: str, fact: Any, diverged: DivergedError) -> Divergence:
        return Divergence(
            line=line,
            node=node,
            partition=fact.partition,
            action=diverged.action,
            reason=diverged.reason,
            conjunct=diverged.conjunct,
            outside=diverged.outside,
            fact=msgspec.to_builtins(fact),
            model=self._beside(node, fact.partition),
        )

    def _beside(self, node: str, partition: str) -> dict[str, Any]:
        if partition == quorum_facts.METADATA and self.quorum is not None:
            return self.quorum.view(voter_of(node) or NO_REPLICA)
        return self.view(self.number(node), partition)

    def view(self, node: int, partition: str) -> dict[str, Any]:
        """The model's side of the story."""
        refinement = self._generations.of(partition, node)
        return {} if refinement is None else refinement.view(node)

    def end(self, lines: int) -> Divergence | None:
        """The models' safety properties, where the execution has led."""
        ended: dict[str, Any] = dict(sorted(self.partitions.items()))
        if self.quorum is not None:
            ended[quorum_facts.METADATA] = self.quorum
        for partition, refinement in ended.items():
            property_broken = broken(refinement.machine)
            if property_broken is not None:
                return Divergence(
                    line=lines,
                    node="",
                    partition=partition,
                    action="safety",
                    reason=f"the model's property {property_broken} does not hold in the state this execution ends in",
                    model=refinement.view(NO_REPLICA),
                )
        return None
