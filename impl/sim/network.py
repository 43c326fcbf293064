"""Connections as TCP makes them: ordered and reliable until they break, and then nobody knows how much arrived.

One rule: on one connection, in one direction, what arrives is a prefix of what was sent, in order. Two connections
between the same two processes, one of them broken, promise nothing about each other.

A process opens at most one connection to each peer; requests go out on it and answers come back. When it breaks, each
end learns of it after all that still arrives; until then it goes on writing into a connection that leads nowhere. A
blocked link holds messages (as retransmission does) until it is open again; a slow link adds to every delay.
"""

from collections.abc import Sequence
from heapq import heappush
from itertools import count
from typing import Any

from impl.sim.choices import Choices

DELAYS_MS = (1, 2, 4, 8, 20, 60, 200, 600)
"""What a delay choice means; 0 chooses the first."""
WINDOW_MS = 20
ARRIVED_MAX = 6
"""A break may let the first 0 to this many messages in flight arrive, in each direction."""
NEVER = 1 << 60

Entry = tuple[int, int, int, Any, Any, Any]
"""A heap entry of the world: time, a number that makes the order total, what it is, and up to three operands."""
DELIVER = 0
LOST = 1

TO_ACCEPTOR = 0
TO_OPENER = 1


class Connection:
    """One connection, from the process that opened it to the one that accepted it."""

    __slots__ = ("acceptor", "arrived", "broken", "ends", "identity", "last", "lives", "opener", "passes", "sent")

    def __init__(self, identity: int, opener: int, acceptor: int, lives: tuple[int, int]) -> None:
        self.identity = identity
        """Never used twice in a run; the `Connection` number the acceptor sees."""
        self.opener = opener
        self.acceptor = acceptor
        self.ends = (acceptor, opener)
        """By direction: where it leads."""
        self.lives = lives
        """By direction: which life of that process holds the end. What is under way to an earlier life is lost."""
        self.sent = [0, 0]
        self.arrived = [0, 0]
        self.passes = [NEVER, NEVER]
        """How many messages in all get through, in each direction."""
        self.last = [0, 0]
        """When the last message in each direction is due."""
        self.broken = False


class _Windows:
    """Numbers what happens on a link within a 20 ms window, so that a choice about it keeps its name."""

    __slots__ = ("_index", "_window", "origin")

    def __init__(self, links: int) -> None:
        self.origin = 0
        self._window = [-1] * links
        self._index = [0] * links

    def next(self, link: int, now: int) -> tuple[int, int]:
        """The window and the next number in it."""
        window = (now - self.origin) // WINDOW_MS
        if self._window[link] != window:
            self._window[link] = window
            self._index[link] = 0
            return window, 0
        self._index[link] = index = self._index[link] + 1
        return window, index


class Network:
    """All connections between `names`; puts what arrives onto the world's heap.

    `calm` is set while nothing is left to choice: every message takes the shortest delay.
    """

    def __init__(self, names: Sequence[str], heap: list[Entry], order: "count[int]", choices: Choices) -> None:
        size = len(names)
        self.calm = True
        self._size = size
        self._links = [f"{source}>{target}" for source in names for target in names]
        self._heap = heap
        self._order = order
        self._choose = choices.choose
        self._opened: list[Connection | None] = [None] * (size * size)
        self._accepted: dict[int, Connection] = {}
        self._identities = count(1)
        self._blocked_until = [0] * (size * size)
        self._slow_until = [0] * (size * size)
        self._slow_by = [0] * (size * size)
        self._delays = _Windows(size * size)
        self._breaks = _Windows(size * size)

    def start_choosing(self, now: int) -> None:
        """From here on delays are chosen, and windows are counted."""
        self.calm = False
        self._delays.origin = self._breaks.origin = now

    def connection(self, opener: int, acceptor: int) -> Connection | None:
        """The connection the opener believes it has."""
        return self._opened[opener * self._size + acceptor]

    def open(self, opener: int, acceptor: int, lives: tuple[int, int]) -> Connection:
        """A new connection. It replaces what the opener had to this peer."""
        connection = Connection(next(self._identities), opener, acceptor, lives)
        self._opened[opener * self._size + acceptor] = connection
        self._accepted[connection.identity] = connection
        return connection

    def accepted(self, identity: int) -> Connection | None:
        """A connection by the number its acceptor knows; None once the acceptor has learnt that it is gone."""
        return self._accepted.get(identity)

    def send(self, connection: Connection, direction: int, event: Any, now: int) -> int:
        """Put a message on a connection, broken or not: the sender cannot tell. Returns its number on the heap."""
        if direction == TO_ACCEPTOR:
            link = connection.opener * self._size + connection.acceptor
        else:
            link = connection.acceptor * self._size + connection.opener
        due = self._due(link, now)
        last = connection.last
        if last[direction] > due:
            due = last[direction]
        last[direction] = due
        connection.sent[direction] += 1
        number = next(self._order)
        heappush(self._heap, (due, number, DELIVER, connection, direction, event))
        return number

    def arrives(self, connection: Connection, direction: int) -> bool:
        """A message is due: whether it gets through. Called once for each, in order."""
        arrived = connection.arrived
        if arrived[direction] >= connection.passes[direction]:
            return False
        arrived[direction] += 1
        return True

    def _due(self, link: int, now: int) -> int:
        if self.calm:
            due = now + 1
        else:
            window, index = self._delays.next(link, now)
            due = now + DELAYS_MS[self._choose(("delay", self._links[link], window, index), len(DELAYS_MS))]
        if self._slow_until[link] > now:
            due += self._slow_by[link]
        if self._blocked_until[link] > due:
            due = self._blocked_until[link]
        return due

    # ------------------------------------------------------------ faults
    def cut(self, connection: Connection, now: int, gone: int | None = None, notice: int = 0) -> None:
        """Break a connection. Of what is in flight a chosen prefix arrives; nothing reaches the process `gone`.

        `notice` is the earliest time at which the ends learn of it: a machine without power does not say goodbye.
        """
        if connection.broken:
            return
        connection.broken = True
        for direction in (TO_ACCEPTOR, TO_OPENER):
            source, target = connection.ends[1 - direction], connection.ends[direction]
            arrived = connection.arrived[direction]
            in_flight = connection.sent[direction] - arrived
            connection.passes[direction] = arrived
            if target == gone:
                continue
            if in_flight:
                connection.passes[direction] = arrived + self._prefix(source * self._size + target, in_flight, now)
            due = max(self._due(source * self._size + target, now), connection.last[direction], notice)
            heappush(self._heap, (due, next(self._order), LOST, connection, direction, None))

    def _prefix(self, link: int, in_flight: int, now: int) -> int:
        if self.calm:
            return 0
        window, index = self._breaks.next(link, now)
        kept = self._choose(("arrived", self._links[link], window, index), ARRIVED_MAX + 1)
        return min(kept, in_flight)

    def forget(self, connection: Connection, direction: int) -> None:
        """One end has learnt that its connection is gone."""
        if direction == TO_ACCEPTOR:
            self._accepted.pop(connection.identity, None)
        else:
            link = connection.opener * self._size + connection.acceptor
            if self._opened[link] is connection:
                self._opened[link] = None

    def refuse(self, connection: Connection, now: int, notice: int = 0) -> None:
        """Nobody listens at the other end of a connection just opened: the opener is told so."""
        connection.broken = True
        connection.passes = [0, 0]
        due = max(self._due(connection.acceptor * self._size + connection.opener, now), notice)
        heappush(self._heap, (due, next(self._order), LOST, connection, TO_OPENER, None))

    def cut_between(self, one: int, other: int, now: int) -> None:
        """Break the connections between two processes, whoever opened them."""
        for opener, acceptor in ((one, other), (other, one)):
            connection = self._opened[opener * self._size + acceptor]
            if connection is not None:
                self.cut(connection, now)

    def cut_all(self, process: int, now: int, notice: int = 0) -> None:
        """The process is gone: break every connection it holds an end of, and forget those it opened."""
        for peer in range(self._size):
            for opener, acceptor in ((process, peer), (peer, process)):
                connection = self._opened[opener * self._size + acceptor]
                if connection is not None:
                    self.cut(connection, now, gone=process, notice=notice)
            self._opened[process * self._size + peer] = None

    def block(self, source: int, target: int, until: int) -> None:
        """Hold what is sent from source to target until then."""
        link = source * self._size + target
        self._blocked_until[link] = max(self._blocked_until[link], until)

    def slow(self, source: int, target: int, until: int, by_ms: int) -> None:
        link = source * self._size + target
        self._slow_until[link] = until
        self._slow_by[link] = by_ms

    def heal(self) -> None:
        """No link is blocked or slow any more. What is already held stays due when it was."""
        for link in range(self._size * self._size):
            self._blocked_until[link] = self._slow_until[link] = 0
