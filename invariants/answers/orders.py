"""`Orders`: what operators ask of controllers, and what becomes of it.

One rule: what was acknowledged is so in the end, on every broker that has read all there is, unless something else was
asked for later; what got no answer, or was refused because the controller is active no more, may be so or not.

An order wants one *subject* (min.insync.replicas of a topic, the replicas of a partition) to have one value; both are
words, and no value is the empty one: a configuration that is not set.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from invariants.answers.invariant import OBEYED, TOLD_AS_SET, AnswerInvariant

NEVER = 1 << 60
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

    __slots__ = ("acknowledged", "at", "controller", "end", "life", "open", "wishes")

    def __init__(self, controller: str, life: int, wishes: Sequence[Wish], at: int) -> None:
        self.at = at
        self.controller = controller
        self.life = life
        self.wishes = wishes
        self.open = True
        self.acknowledged = False
        self.end = NEVER
        """Whoever has read the metadata up to here has read what came of it."""


class Orders:
    def __init__(self, break_: Callable[[AnswerInvariant, str], None]) -> None:
        self._break = break_
        self._orders: dict[Hashable, Order] = {}
        self._by_subject: dict[str, list[tuple[Order, str]]] = {}

    def __contains__(self, number: Hashable) -> bool:
        return number in self._orders

    def asked(self, number: Hashable, controller: str, life: int, wishes: Sequence[Wish], at: int = 0) -> None:
        """An operator asks an active controller for something, at this time (ms)."""
        order = self._orders[number] = Order(controller, life, wishes, at)
        for wish in wishes:
            self._by_subject.setdefault(wish.subject, []).append((order, wish.value))

    def wanted(self, number: Hashable) -> Sequence[Wish]:
        """By an order that was heard."""
        return self._orders[number].wishes

    def answered(self, number: Hashable, errors: Sequence[str] | None, end: int = NEVER) -> None:
        """The answer, wish by wish, empty where it was granted. None: the controller is active no more.
        `end`: up to where it has written metadata by now."""
        order = self._orders[number]
        order.open = False
        if errors is None:
            return
        order.acknowledged = not any(errors)
        order.end = end
        for wish, error in zip(order.wishes, errors, strict=True):
            if error and wish.possible:
                told = f"an operator asks {order.controller} for {wish.subject} = {wish.value}, which can be done"
                self._break(OBEYED, f"{told}, and is refused: {error}")

    def told(self, broker: str, read: int, values: Iterable[tuple[str, str]]) -> None:
        """A broker that has read the metadata up to here says, subject by subject, what is set."""
        for subject, value in values:
            orders = self._by_subject.get(subject)
            if orders is None:
                if value:
                    self._break(TOLD_AS_SET, f"{broker} says that {subject} is {value}, and nobody has ever set it")
                continue
            may_be = [""]
            for order, wanted in orders:
                if order.acknowledged and order.end <= read:
                    may_be = [wanted]
                else:
                    may_be.append(wanted)
            if value not in may_be:
                set_to = may_be[0] or "nothing"
                told = f"{broker} says that {subject} is {value or 'not set'}, and has read the metadata to {read}"
                self._break(TOLD_AS_SET, f"{told}: by then it was set to {set_to}, and to nothing else since")

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
