"""An operator at his desk: he changes configurations while the weather lasts, and has them told to him again.

One rule: he asks as any operator does (AlterConfigs, the older that replaces and the newer that adds; DescribeConfigs),
whichever broker is next, one thing at a time and nothing again: what he was answered, or was not, is for others to
judge.
"""

from typing import NamedTuple

from impl.core.admin_messages import (
    AlterConfig,
    AlterConfigs,
    ConfigChange,
    DescribeConfig,
    DescribeConfigs,
    ReplaceConfigs,
)
from impl.core.config_changes import DELETE, SET
from impl.core.events import Send
from impl.core.image import CLUSTER_DEFAULT
from impl.core.messages import Reply, Request
from impl.core.metadata import BROKER_RESOURCE, TOPIC_RESOURCE
from impl.sim.client import Client, Target

Pairs = tuple[tuple[str, str], ...]


class Order(NamedTuple):
    """What one choice has him do."""

    of_topic: bool
    """Of the topic; else of every broker."""
    replaces: bool
    """What is not named goes (KIP-133); else only what is named changes (KIP-339)."""
    set_to: Pairs = ()
    deleted: tuple[str, ...] = ()
    """Without effect where everything is replaced."""
    also: "Order | None" = None
    """Asked for in the same request, of another resource."""


def _topic(*pairs: tuple[str, str], replaces: bool = False, deleted: tuple[str, ...] = ()) -> Order:
    return Order(True, replaces, pairs, deleted)


def _brokers(
    *pairs: tuple[str, str], replaces: bool = False, deleted: tuple[str, ...] = (), also: Order | None = None
) -> Order:
    return Order(False, replaces, pairs, deleted, also)


_MINIMUM = "min.insync.replicas"
_UNCLEAN = "unclean.leader.election.enable"
ORDERS: tuple[Order | None, ...] = (
    None,
    _topic((_MINIMUM, "1"), ("segment.bytes", "500")),
    _topic(replaces=True),
    _topic((_MINIMUM, "2"), replaces=True),
    _topic(("flush.messages", "1"), ("segment.bytes", "1000"), replaces=True),
    _topic(("index.interval.bytes", "0")),
    _topic(deleted=(_MINIMUM, "segment.bytes")),
    _topic(deleted=("flush.messages", "index.interval.bytes")),
    _brokers((_MINIMUM, "1"), ("log.segment.bytes", "700")),
    _brokers(("log.flush.interval.messages", "1"), replaces=True),
    _brokers(replaces=True),
    _brokers(deleted=(_MINIMUM,)),
    _topic((_UNCLEAN, "true")),
    _topic((_UNCLEAN, "false")),
    _brokers((_UNCLEAN, "true")),
    _brokers((_UNCLEAN, "false"), replaces=True),
    _topic(deleted=(_UNCLEAN,)),
    _brokers(deleted=(_UNCLEAN,)),
    _brokers((_UNCLEAN, "true"), also=_topic((_UNCLEAN, "false"))),
    _brokers((_UNCLEAN, "false"), also=_topic((_UNCLEAN, "true"))),
    _brokers((_UNCLEAN, "true"), replaces=True, also=_topic((_UNCLEAN, "false"), replaces=True)),
    _brokers((_UNCLEAN, "true"), also=_topic(deleted=(_UNCLEAN,))),
    _topic(("flush.ms", "100")),
    _brokers(("log.flush.interval.ms", "300")),
    _topic(("flush.ms", "0"), replaces=True),
    _topic(deleted=("flush.ms",)),
)
"""None: he only asks. Recorded runs hold the numbers of these: a new one comes at the end. Only those that allow
unclean elections may lose what is synced."""
_TOLD = "tell me"


class Administrator(Client):
    """He has one request under way at a time; each is followed by a question, to the next broker."""

    def __init__(self, name: str, target: Target) -> None:
        super().__init__(name, target)
        # He asks whichever broker is next, and needs to know of no leader.
        self.stale = False
        self._busy = False
        self._asks_next = False

    def administer(self, value: int, now: int) -> list[Send]:
        """Give the order of this number, or only ask."""
        sends: list[Send] = []
        if not self._busy:
            self._busy = True
            order = ORDERS[value]
            if order is None:
                self._ask(now, sends)
            else:
                self.request(self.next_contact(), self._wanted(order), order, now, sends)
        return sends

    def _wanted(self, order: Order) -> Request:
        resources = tuple(self._altered(each) for each in (order, order.also) if each is not None)
        return ReplaceConfigs(resources, False) if order.replaces else AlterConfigs(resources, False)

    def _altered(self, order: Order) -> AlterConfig:
        resource, name = (TOPIC_RESOURCE, self._topic) if order.of_topic else (BROKER_RESOURCE, CLUSTER_DEFAULT)
        changes = [ConfigChange(key, SET, value) for key, value in order.set_to]
        changes += [ConfigChange(key, DELETE, None) for key in order.deleted]
        return AlterConfig(resource, name, tuple(changes))

    def _ask(self, now: int, sends: list[Send]) -> None:
        resources = ((TOPIC_RESOURCE, self._topic), (BROKER_RESOURCE, CLUSTER_DEFAULT))
        wanted = DescribeConfigs(tuple(DescribeConfig(*each, None) for each in resources), False, False)
        self.request(self.next_contact(), wanted, _TOLD, now, sends)

    def flow(self, now: int, sends: list[Send]) -> None:
        if self._asks_next:
            self._asks_next = False
            self._ask(now, sends)

    def answered(self, about: Order | str, reply: Reply, now: int) -> None:
        del reply, now
        self._next(about)

    def unanswered(self, about: Order | str, now: int) -> None:
        del now
        self._next(about)

    def _next(self, about: Order | str) -> None:
        self._asks_next = self._busy = about != _TOLD
