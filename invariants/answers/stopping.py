"""`Stopping`: whoever asks for leave to stop gets it once everybody who is counted on knows who leads instead.

One rule: what a controller must know is what brokers have told it while it was active: a heartbeat says how far its
broker has read the metadata log. Where the stop's own records end is taken from the first answer to who wants to stop,
when they are certainly written.
"""

from collections.abc import Callable, Iterable

from invariants.answers.invariant import LET_GO, AnswerInvariant
from invariants.answers.unfencing import Term

Member = tuple[int, int]
"""A broker and its registration."""
Asked = tuple[int, int]
"""Connection and correlation of a heartbeat."""


class _Controller:
    """One controller while it is active."""

    __slots__ = ("asked", "bounds", "due", "knows", "term")

    def __init__(self, term: Term) -> None:
        self.term = term
        self.knows: dict[Member, int] = {}
        """Up to where each has last said that it has read."""
        self.bounds: dict[Member, int] = {}
        """Of each that wants to stop: it may once this is known to all."""
        self.asked: dict[Asked, Member] = {}
        self.due: dict[Asked, int] = {}
        """Heartbeats that are to be answered with leave to stop, and what all knew when they were heard."""


class Stopping:
    def __init__(self, break_: Callable[[AnswerInvariant, str], None]) -> None:
        self._break = break_
        self._controllers: dict[str, _Controller] = {}

    def hears(self, name: str, term: Term, member: Member, read: int) -> None:
        """An active controller hears a heartbeat of a broker that has read the metadata up to `read`."""
        controller = self._controllers.get(name)
        if controller is None or controller.term != term:
            controller = self._controllers[name] = _Controller(term)
        controller.knows[member] = read

    def asks(self, name: str, asked: Asked, member: Member, counted: Iterable[Member]) -> None:
        """The broker whose heartbeat this controller has just heard asks for leave. `counted`: whom it counts on, that
        is, who is neither fenced nor about to stop."""
        controller = self._controllers[name]
        controller.asked[asked] = member
        bound = controller.bounds.get(member)
        if bound is None:
            return
        known = min((controller.knows.get(each, -1) for each in counted if each != member), default=bound)
        if known >= bound:
            controller.due[asked] = known

    def answered(self, name: str, term: Term | None, asked: Asked, offset: int, *, refused: bool, leave: bool) -> None:
        """It answers one. `offset` is where its log ends; None: it is not active any more."""
        controller = self._controllers.get(name)
        if controller is None or controller.term != term:
            self._controllers.pop(name, None)
            return
        member, known = controller.asked.pop(asked, None), controller.due.pop(asked, None)
        if member is None or refused or leave:
            return
        bound = controller.bounds.setdefault(member, offset)
        if known is not None:
            self._break(
                LET_GO,
                f"{name} does not let n{member[0]} stop: its leaderships were moved below offset {bound} of the "
                f"metadata, and whoever is counted on has told that it has read up to {known} at least",
            )
