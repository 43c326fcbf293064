"""Connections as TCP makes them: ordered and reliable until they break, and then nobody knows how much arrived.

One rule: on one connection, in one direction, what arrives is a prefix of what was sent, in order. Two connections
between the same two processes, one of them broken, promise nothing about each other.

A process opens at most one connection to each peer; requests go out on it and answers come back. When it breaks, each
end learns of it after all that still arrives; until then it goes on writing into a connection that leads nowhere. A
blocked link holds messages (as retransmission does) until it is open again; a slow link adds to every delay.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

from impl.core import types
from impl.sim.calendar import Calendar
from impl.sim.choices import Choices

DELAYS_MS: tuple[int, ...] = (1, 2, 4, 8, 20, 60, 200, 600)
"""What a delay choice means; 0 chooses the first."""
_DELAYS = len(DELAYS_MS)
WINDOW_MS = 20
ARRIVED_MAX = 6
"""A break may let the first 0 to this many messages in flight arrive, in each direction."""
NEVER = 1 << 60

DELIVER = 0
LOST = 1
"""What an entry of the calendar is: its operands are the connection, the direction and, if it arrives, the message."""

TO_ACCEPTOR = 0
TO_OPENER = 1


class Connection:
    """One connection, from the process that opened it to the one that accepted it."""

    __slots__ = (
        "acceptor",
        "arrived",
        "broken",
        "ends",
        "identity",
        "last",
        "links",
        "lives",
        "opener",
        "passes",
        "sent",
    )

    def __init__(
        self,
        identity: types.Connection,
        opener: int,
        acceptor: int,
        lives: tuple[int, ...],
        links: tuple["_Link", ...],
    ) -> None:
        self.identity = identity
        """Never used twice in a run; the `Connection` number the acceptor sees."""
        self.opener = opener
        self.acceptor = acceptor
        self.ends: tuple[int, ...] = (acceptor, opener)
        """By direction: where it leads."""
        self.links = links
        self.lives = lives
        """By direction: which life of that process holds the end. What is under way to an earlier life is lost."""
        self.sent = [0, 0]
        self.arrived = [0, 0]
        self.passes = [NEVER, NEVER]
        """How many messages in all get through, in each direction."""
        self.last = [0, 0]
        """When the last message in each direction is due."""
        self.broken = False


class _Link:
    """One way between two processes: what holds it up, and what is chosen about it.

    Choices on a link are numbered within a 20 ms window, so that each keeps its name whatever came before.
    """

    __slots__ = (
        "blocked_until",
        "break_index",
        "break_window",
        "delay_index",
        "delay_window",
        "name",
        "slow_by",
        "slow_until",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.delay_window = self.break_window = -1
        self.delay_index = self.break_index = 0
        self.blocked_until = 0
        self.slow_until = 0
        self.slow_by = 0


class Network:
    """All connections between `names`; puts what arrives into the world's calendar.

    `calm` is set while nothing is left to choice: every message takes the shortest delay.
    """

    def __init__(self, names: Sequence[str], calendar: Calendar, choices: Choices) -> None:
        size = len(names)
        self.calm = True
        self._size = size
        self._links = [_Link(f"{source}>{target}") for source in names for target in names]
        """By source, then target."""
        self._calendar = calendar
        self._choose = choices.choose
        self._origin = 0
        self._opened: list[Connection | None] = [None] * (size * size)
        self._accepted: dict[int, Connection] = {}
        self.accepted = self._accepted.get
        """A connection by the number its acceptor knows; None once the acceptor has learnt that it is gone."""
        self._identities = count(1)

    def start_choosing(self, now: int) -> None:
        """From here on delays are chosen, and windows are counted."""
        self.calm = False
        self._origin = now

    def connection(self, opener: int, acceptor: int) -> Connection | None:
        """The connection the opener believes it has."""
        return self._opened[opener * self._size + acceptor]

    def open(self, opener: int, acceptor: int, lives: tuple[int, int]) -> Connection:
        """A new connection. It replaces what the opener had to this peer."""
        links = (self._link(opener, acceptor), self._link(acceptor, opener))
        connection = Connection(types.Connection(next(self._identities)), opener, acceptor, lives, links)
        self._opened[opener * self._size + acceptor] = connection
        self._accepted[connection.identity] = connection
        return connection

    def send(self, connection: Connection, direction: int, event: Any, now: int) -> int:
        """Put a message on a connection, broken or not: the sender cannot tell. Returns its number in the calendar."""
        due = self._due(connection.links[direction], now)
        last = connection.last
        if last[direction] > due:
            due = last[direction]
        last[direction] = due
        connection.sent[direction] += 1
        return self._calendar.put(due, DELIVER, connection, direction, event)

    def arrives(self, connection: Connection, direction: int) -> bool:
        """A message is due: whether it gets through. Called once for each, in order."""
        arrived = connection.arrived
        if arrived[direction] >= connection.passes[direction]:
            return False
        arrived[direction] += 1
        return True

    def _link(self, source: int, target: int) -> _Link:
        return self._links[source * self._size + target]

    def _due(self, link: _Link, now: int) -> int:
        """When what is put on a link now comes out at its end."""
        if self.calm:
            due = now + 1
        else:
            window = (now - self._origin) // WINDOW_MS
            if link.delay_window == window:
                link.delay_index += 1
            else:
                link.delay_window, link.delay_index = window, 0
            due = now + DELAYS_MS[self._choose(("delay", link.name, window, link.delay_index), _DELAYS)]
        if link.slow_until > now:
            due += link.slow_by
        if link.blocked_until > due:
            due = link.blocked_until
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
            link, target = connection.links[direction], connection.ends[direction]
            arrived = connection.arrived[direction]
            in_flight = connection.sent[direction] - arrived
            connection.passes[direction] = arrived
            if target == gone:
                continue
            if in_flight:
                connection.passes[direction] = arrived + self._prefix(link, in_flight, now)
            due = max(self._due(link, now), connection.last[direction], notice)
            self._calendar.put(due, LOST, connection, direction)

    def _prefix(self, link: _Link, in_flight: int, now: int) -> int:
        if self.calm:
            return 0
        window = (now - self._origin) // WINDOW_MS
        if link.break_window == window:
            link.break_index += 1
        else:
            link.break_window, link.break_index = window, 0
        kept = self._choose(("arrived", link.name, window, link.break_index), ARRIVED_MAX + 1)
        return min(kept, in_flight)

    def forget(self, connection: Connection, direction: int) -> None:
        """One end has learnt that its connection is gone."""
        if direction == TO_ACCEPTOR:
            self._accepted.pop(connection.identity, None)
        else:
            place = connection.opener * self._size + connection.acceptor
            if self._opened[place] is connection:
                self._opened[place] = None

    def refuse(self, connection: Connection, now: int, notice: int = 0) -> None:
        """Nobody listens at the other end of a connection just opened: the opener is told so."""
        connection.broken = True
        connection.passes = [0, 0]
        due = max(self._due(connection.links[TO_OPENER], now), notice)
        self._calendar.put(due, LOST, connection, TO_OPENER)

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

    def lose_held(self, process: int, now: int) -> None:
        """Break every connection of a process that was cut off for long: what its links still hold never arrives."""
        for peer in range(self._size):
            for opener, acceptor in ((process, peer), (peer, process)):
                connection = self._opened[opener * self._size + acceptor]
                if connection is not None:
                    connection.last = [now, now]
                    self.cut(connection, now)

    def block(self, source: int, target: int, until: int) -> None:
        """Hold what is sent from source to target until then."""
        link = self._link(source, target)
        link.blocked_until = max(link.blocked_until, until)

    def slow(self, source: int, target: int, until: int, by_ms: int) -> None:
        link = self._link(source, target)
        link.slow_until = until
        link.slow_by = by_ms

    def heal(self) -> None:
        """No link is blocked or slow any more. What is already held stays due when it was."""
        for link in self._links:
            link.blocked_until = link.slow_until = 0
