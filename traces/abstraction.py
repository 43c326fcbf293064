"""A partition's model beside the broker: what it says, what it refuses, and where the two differ.

One rule: a difference is an error with words. `DivergedError` carries the action, the false conjunct where the model
refused a step, and one sentence that names what the broker says and what the model says.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from copy import copy
from functools import lru_cache
from typing import Any, ClassVar

from model.design import Model
from model.language import Entry, Log
from model.machine import ActionDisabled, Machine, UnknownAction
from model.models import model_named
from model.replication import REPLICATION
from traces.ending import alike

START = "-"
"""What came before the first action of a partition, in pairs of actions."""


class DivergedError(Exception):
    """The execution is not one of the model's. `conjunct` is the false guard, where one was refused."""

    def __init__(self, action: str, reason: str, *, conjunct: str = "", outside: bool = False) -> None:
        super().__init__(reason)
        self.action = action
        self.reason = reason
        self.conjunct = conjunct
        self.outside = outside
        """The model of this version says nothing of such a step: the execution may be right."""


def diverged(refused: ActionDisabled | UnknownAction) -> DivergedError:
    """What a refusal by the model says of the execution."""
    conjunct = refused.conjunct if isinstance(refused, ActionDisabled) else ""
    return DivergedError(refused.action, f"the model refuses it: {refused}", conjunct=conjunct)


class Steps:
    """A model's state, in step with an execution, and which of its actions were taken on the way."""

    model: ClassVar[Model]

    def __init__(self, replicas: tuple[int, ...], members: tuple[int, ...]) -> None:
        """`members` are those in sync, or with a vote, at the beginning."""
        self.machine = machine_of(self.model, replicas, members)
        self.state: Any = self.machine.state
        self.actions: dict[str, Callable[..., None]] = self.machine.functions
        """The model's, by name. Whoever takes one by itself, and not by `step`, notes it in `trail`."""
        self.trail: list[str] = []
        """Model actions taken in this situation, since they were last counted."""
        self._pairs: dict[str, dict[tuple[str, str], int]] = {}
        """By situation: the action before and the action."""
        self._last = START
        self._situation = START

    @property
    def walk(self) -> Counter[tuple[str, str, str]]:
        """Model actions taken: the situation, the action before, the action."""
        self.moves(self._situation)
        walk: Counter[tuple[str, str, str]] = Counter()
        for situation, counted in self._pairs.items():
            for (before, action), times in counted.items():
                walk[situation, before, action] = times
        return walk

    def moves(self, situation: str) -> None:
        """What is taken from now on is taken in this situation."""
        trail, before = self.trail, self._situation
        if trail:
            counted = self._pairs.get(before)
            if counted is None:
                counted = self._pairs[before] = {}
            last = self._last
            for action in trail:
                pair = (last, action)
                counted[pair] = counted.get(pair, 0) + 1
                last = action
            self._last = last
            trail.clear()
        self._situation = situation

    @property
    def taken(self) -> Counter[str]:
        """Model actions taken, by name."""
        taken: Counter[str] = Counter()
        for (_, _, action), times in self.walk.items():
            taken[action] += times
        return taken

    def step(self, action: str, **parameters: Any) -> None:
        """One action of the model; DivergedError names the conjunct that is false."""
        try:
            self.machine.take(action, parameters)
        except (ActionDisabled, UnknownAction) as refused:
            raise diverged(refused) from None
        self.trail.append(action)

    def same(self, fact: Any, field: str, expected: Any) -> None:
        """What the fact says must be what the model says."""
        said = getattr(fact, field)
        if said == expected:
            return
        if isinstance(expected, frozenset):
            if len(said) == len(expected) and expected == frozenset(said):
                return
            said, expected = sorted(said), sorted(self.nodes(expected))
        if said != expected:
            raise DivergedError(action_of(fact), f"it says {field} is {said}, in the model it is {expected}")

    def nodes(self, members: frozenset[int]) -> frozenset[int]:
        """Whom these replicas of the model stand for."""
        return members


class Abstraction(Steps):
    """One partition's model state, in step with the execution. Nodes are numbers; model epochs are Kafka's + 1."""

    model: ClassVar[Model] = REPLICATION

    def __init__(self, replicas: tuple[int, ...], isr: tuple[int, ...]) -> None:
        super().__init__(replicas, isr)
        self.believed: dict[int, int] = dict.fromkeys(replicas, 0)
        """The highest high watermark each replica has ever had."""
        self.lowered: dict[int, tuple[int, Log]] = {}
        """The highest high watermark that a replica had, and of which log, before a new leader's own put it back."""
        self.starts: dict[int, int] = {}
        """Where logs begin that do not at 0."""
        self.found_at: dict[int, int] = {}
        """Where a log begins that a process has found on its disk, until its `restart`."""
        self.inside: set[int] = set()
        """Replicas with nothing in their logs, which begin where their leaders' do, perhaps inside a batch."""
        self.compacted = 0
        """Up to where somebody has compacted its log."""

    def situated(self) -> None:
        """The controller has decided: who may lead now, in a word."""
        state = self.state
        newest = state.newest_leader_epoch
        led = "led" if state.has_leader[newest] else "leaderless"
        situation = f"{len(state.isr[newest])} in sync, {led}"
        if situation != self._situation:
            self.moves(situation)

    def view(self, node: int) -> dict[str, Any]:
        """The model's side of the story, in Kafka's numbers: the partition, and this node's replica of it."""
        state = self.state
        newest = state.newest_leader_epoch
        view = {
            "leader_epoch": newest - 1,
            "partition_epoch": state.newest_partition_epoch - 1,
            "leader": state.leader[newest] if state.has_leader[newest] else -1,
            "isr": sorted(state.isr[newest]),
        }
        if node in self.machine.members:
            view["replica"] = {
                "leader_epoch": state.leader_epoch[node] - 1,
                "leading": state.leading[node],
                "reconciled_in": state.reconciled[node] - 1,
                "log_end": len(state.log[node]),
                "high_watermark": state.high_watermark[node],
                "maximal_isr": sorted(state.maximal_isr[node]),
            }
        return view

    def holds(self, node: int, batch: Any, action: str) -> None:
        """The model's log must hold this batch in its place. First and last record tell, since batches stay whole."""
        log = self.state.log[node]
        last = batch.record_count - 1
        epoch = batch.leader_epoch + 1
        begin, end = batch.base_offset, batch.base_offset + last
        if 0 <= begin <= end < log.length:
            held = log.buffer
            if held[begin] == (epoch, (batch.crc, 0)) and held[end] == (epoch, (batch.crc, last)):
                return
        for index in (0, last):
            offset = batch.base_offset + index
            entry = Entry(epoch, (batch.crc, index))
            if not 0 <= offset < len(log) or log[offset] != entry:
                found = _described(log[offset]) if 0 <= offset < len(log) else "nothing"
                said = _described(entry)
                raise DivergedError(
                    action, f"it says offset {offset} of n{node} holds {said}, in the model it holds {found}"
                )

    def leader_of(self, epoch: int) -> int:
        """Who leads this epoch of the model; -1: nobody."""
        return self.state.leader[epoch] if self.state.has_leader[epoch] else -1

    def confirmed(self, node: int) -> bool:
        """Whether this replica's log was found to be a prefix of its leader's, in the epoch it is in."""
        return bool(self.state.reconciled[node] == self.state.leader_epoch[node])

    def put_back(self, node: int, before: int) -> None:
        """The high watermark has fallen to what a new leader knows, whose own lags; a checkpoint may be from before."""
        if not self.has_believed(node, before):
            self.lowered[node] = before, self.state.log[node]

    def has_believed(self, node: int, high_watermark: int) -> bool:
        """Before its high watermark was put back this replica's was as high, and of the same records."""
        highest, log = self.lowered.get(node, (0, None))
        return high_watermark <= highest and alike(log, self.state.log[node], high_watermark)

    def present(self) -> list[int]:
        """Who has a replica, by what was told."""
        state = self.state
        return [node for node in sorted(self.machine.members) if state.leader_epoch[node] or len(state.log[node])]

    def ends(self, node: int) -> tuple[int, int] | None:
        """Log end and high watermark of this replica; None where nothing has shown them yet."""
        return len(self.state.log[node]), self.state.high_watermark[node]


@lru_cache(maxsize=64)
def _template(model: str, replicas: tuple[int, ...]) -> Machine:
    """A machine of these replicas: compiling the model's functions takes longer than following a small trace."""
    return Machine(model_named(model), replicas=replicas)


def machine_of(model: Model, replicas: tuple[int, ...], isr: Iterable[int]) -> Machine:
    """A machine of its own: it shares the compiled functions, which keep no state."""
    machine = copy(_template(model.name, replicas))
    machine.state = machine.begun(isr)
    return machine


def shared(one: Log, other: Log) -> int:
    """How far two logs hold the same."""
    ends = min(len(one), len(other))
    return next((offset for offset in range(ends) if one[offset] != other[offset]), ends)


def _described(entry: Entry) -> str:
    crc, index = entry.value
    return f"record {index} of batch {crc:08x} of epoch {entry.epoch - 1}"


def action_of(fact: Any) -> str:
    """The fact's name, which is that of the action it claims to be."""
    return str(type(fact).__struct_config__.tag)
