"""`Unfencing`: who is counted on again by a controller, and whether he knew by then that he had not been.

One rule: a controller is looked at when it hears a heartbeat, so that whoever has been unfenced since the last was
unfenced by that. A controller that has just become active is not asked for what others decided.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from invariants.answers.invariant import KNOWS_FIRST, AnswerInvariant

Heartbeat = tuple[int, int]
"""Of whom, and up to where he says that he has read the metadata log."""

Term = tuple[int, int]
"""A controller's process, by its number, and the epoch in which it is active."""


class Counted(NamedTuple):
    """A registered broker as a controller has it."""

    epoch: int
    fenced: bool


class Watched:
    """One controller while it is active."""

    __slots__ = ("brokers", "heard", "must_know", "offset", "term")

    def __init__(self, term: Term) -> None:
        self.term = term
        self.offset = -1
        self.brokers: Mapping[int, Counted] = {}
        self.must_know: dict[int, int] = {}
        """Of each that is fenced: where the log ended when it was looked at before it was registered or fenced."""
        self.heard: Heartbeat | None = None
        """The last."""


class Unfencing:
    def __init__(self, break_: Callable[[AnswerInvariant, str], None]) -> None:
        self._break = break_
        self._controllers: dict[str, Watched] = {}

    def resigns(self, controller: str) -> None:
        """It is not active."""
        self._controllers.pop(controller, None)

    def is_news(self, controller: str, term: Term, offset: int) -> bool:
        """Its log has another end than when it was looked at."""
        watched = self._controllers.get(controller)
        if watched is None or watched.term != term:
            self._controllers[controller] = Watched(term)
            return True
        return watched.offset != offset

    def looks(self, controller: str, offset: int, brokers: Mapping[int, Counted]) -> None:
        """What it has decided by now."""
        watched = self._controllers[controller]
        if watched.offset >= 0:
            for node, counted in brokers.items():
                known = watched.brokers.get(node)
                if counted.fenced and counted != known:
                    watched.must_know[node] = watched.offset
                elif not counted.fenced and known is not None and known.fenced:
                    self._unfenced(controller, watched, node)
        watched.offset, watched.brokers = offset, brokers

    def _unfenced(self, controller: str, watched: Watched, node: int) -> None:
        must_know = watched.must_know.pop(node, None)
        if must_know is None:
            return
        if watched.heard is None or watched.heard[0] != node:
            self._break(KNOWS_FIRST, f"{controller} counts on n{node} again, which has sent no heartbeat")
        elif watched.heard[1] <= must_know:
            self._break(
                KNOWS_FIRST,
                f"{controller} counts on n{node} again, which has read the metadata log up to {watched.heard[1]}: it "
                f"was registered or fenced at {must_know} or later",
            )

    def hears(self, controller: str, heartbeat: Heartbeat) -> None:
        """What it hears now, after it was looked at."""
        self._controllers[controller].heard = heartbeat
