"""Lockstep: every step of a simulated run replayed by the model as it happens.

One rule: watching changes nothing. The first divergence is kept, the models of that run stop there, and the run goes
on: an invariant that it breaks later says more than where it left the model. Whoever wants the run to end where it
diverges (shrinking does) asks for it.
"""

from collections.abc import Iterable
from typing import Any

from impl.sim.faults import WIPED_DISK
from invariants.verdict import Violated
from traces.abstraction import DivergedError
from traces.following import Divergence, Follower

REFINES = "refines_the_model"
"""What a run breaks that leaves the model. Not in the catalogue: it is all of the model at once."""


class Lockstep:
    """Follows one run. An observer of its facts (`impl.sim.observer`)."""

    def __init__(self, model: str, *, synced: bool, voters: tuple[int, ...] = (), stop: bool = False) -> None:
        """`voters`: the controllers' node ids, to follow their quorum too. `stop`: raise Violated at the first
        divergence."""
        self.follower = Follower(model, synced=synced, voters=voters)
        self.diverged: Divergence | None = None
        self._stop = stop
        self._replaced = False
        """A node has another disk, or a log was cut where compaction had been: what comes of that the model follows as
        far as it can."""
        self._over = False
        self._steps = 0

    def facts(self, node: str, at: int, facts: Iterable[Any]) -> None:  # noqa: ARG002 - an observer is told the time
        """What one step of a node did."""
        if self._over or self.diverged is not None:
            return
        self._steps += 1
        left = self.follower.take(node, facts)
        if left is not None:
            self._leaves(node, *left)

    def quorum(self, node: str, facts: Iterable[Any]) -> None:
        """What one step of a controller did as a voter."""
        if self._over or self.diverged is not None:
            return
        self._steps += 1
        for fact in facts:
            try:
                self.follower.quorum_fact(node, fact)
            except DivergedError as diverged:
                self._leaves(node, fact, diverged)
                return

    def left(self) -> bool:
        """The run has left the model."""
        return self.diverged is not None

    def fault(self, kind: str) -> None:
        """What the world did."""
        if kind == WIPED_DISK:
            self.loosen()

    def loosen(self) -> None:
        """From now on the model follows as far as it can, and where it cannot there is no verdict."""
        self._replaced = True

    def _leaves(self, node: str, fact: Any, diverged: DivergedError) -> None:
        if self._replaced:
            self._over = True
            return
        self.diverged = self.follower.divergence(self._steps, node, fact, diverged)
        if self._stop and not diverged.outside:
            raise self.violated(self.diverged) from None

    def violated(self, diverged: Divergence) -> Violated:
        """The divergence as what a run breaks."""
        sentence = f"{diverged.node}, {diverged.partition}: {diverged.action}: {diverged.reason}"
        return Violated(REFINES, sentence)

    def finish(self) -> None:
        """The run is over: Violated where it left the model, or where the state it led to is unsafe."""
        if self._over:
            return
        if self.diverged is None:
            self.diverged = self.follower.end(self._steps)
        if self.diverged is not None and not self.diverged.outside:
            raise self.violated(self.diverged)
