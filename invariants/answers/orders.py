"""`Orders`: what operators ask of controllers, and what becomes of it.

One rule: what was acknowledged is so in the end, on every broker that has read all there is, unless something else was
asked for later; what got no answer, or was refused because the controller is active no more, may be so or not.

An order wants one *subject* (min.insync.replicas of a topic, the replicas of a partition) to have one value; both are
words.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from invariants.answers.invariant import OBEYED, AnswerInvariant

ANSWER_MS_MAX = 1_000
"""A controller that lives has this long to answer, from when it is asked: two fetches of its voters, and more."""


class Wish(NamedTuple):
    """What an operator wants to be so."""

    subject: str
    value: str
    possible: bool = True
    """It can be had, by what the controller knew when it was asked."""


class Order:
    """One request, whom it was sent to, and what is known of it."""

    __slots__ = ("acknowledged", "at", "controller", "life", "open", "wishes")

    def __init__(self, controller: str, life: int, wishes: Sequence[Wish], at: int) -> None:
        self.at = at
        self.controller = controller
        self.life = life
        self.wishes = wishes
        self.open = True
        self.acknowledged = False


class Orders:
    def __init__(self, break_: Callable[[AnswerInvariant, str], None]) -> None:
        self._break = break_
        self._orders: dict[int, Order] = {}

    def asked(self, number: int, controller: str, life: int, wishes: Sequence[Wish], at: int = 0) -> None:
        """An operator asks an active controller for something, at this time (ms)."""
        self._orders[number] = Order(controller, life, wishes, at)

    def answered(self, number: int, errors: Sequence[str] | None) -> None:
        """The answer, wish by wish, empty where it was granted. None: the controller is active no more."""
        order = self._orders[number]
        order.open = False
        if errors is None:
            return
        order.acknowledged = not any(errors)
        for wish, error in zip(order.wishes, errors, strict=True):
            if error and wish.possible:
                told = f"an operator asks {order.controller} for {wish.subject} = {wish.value}, which can be done"
                self._break(OBEYED, f"{told}, and is refused: {error}")

    def finish(
        self, lives: Mapping[str, int], brokers: Mapping[str, Mapping[str, str]], now: int = ANSWER_MS_MAX
    ) -> None:
        """The cluster is whole, now (ms); whoever was asked just before that may yet answer. `lives` of the
        controllers' processes; by subject, what each broker has that has read the metadata to its end."""
        may_be: dict[str, list[str]] = {}
        for order in self._orders.values():
            overdue = now - order.at >= ANSWER_MS_MAX
            if order.open and overdue and lives.get(order.controller) == order.life:
                wanted = ", ".join(f"{wish.subject} = {wish.value}" for wish in order.wishes)
                self._break(OBEYED, f"{order.controller} was asked for {wanted}, lives, and has never answered")
            for wish in order.wishes:
                if order.acknowledged:
                    may_be[wish.subject] = [wish.value]
                elif wish.subject in may_be:
                    may_be[wish.subject].append(wish.value)
        for subject, values in may_be.items():
            for broker, known in sorted(brokers.items()):
                if known.get(subject, "") not in values:
                    told = f"an operator was told that {subject} is {values[0]} now, and nobody asked for else since"
                    self._break(OBEYED, f"{told}; {broker} has {known.get(subject) or 'nothing'} in the end")
