"""Requests that wait: produces until the in-sync set has them, fetches until there is enough to send.

One rule: a parked request is answered exactly once, by what it waited for, by its deadline, or never because its
connection went away. Several partitions share one parked request, so whoever answers it marks it `done` and the
others drop it when they next look.
"""

from collections.abc import Iterable, Mapping
from typing import Generic, Protocol, TypeVar, cast

from impl.core.events import Effect, SendReply
from impl.core.messages import Fetch, Fetched, FetchedPartition, FetchPartition, Produced, ProducedPartition
from impl.core.types import (
    NO_ERROR,
    Connection,
    ErrorCode,
    Millis,
    NodeId,
    Offset,
    TopicPartition,
)

SWEEP_MIN = 64


class Waiter(Protocol):
    """Something parked. `done`: it has been answered, or nobody waits for the answer any more."""

    @property
    def done(self) -> bool: ...


T = TypeVar("T", bound=Waiter)


class Lot(Generic[T]):
    """A parking lot. Several lots may hold one waiter; those that are done leave when their number has doubled."""

    __slots__ = ("_sweep_at", "items")

    def __init__(self) -> None:
        self.items: list[T] = []
        self._sweep_at = SWEEP_MIN

    def add(self, waiter: T) -> None:
        self.items.append(waiter)
        if len(self.items) >= self._sweep_at:
            self.items = [other for other in self.items if not other.done]
            self._sweep_at = max(SWEEP_MIN, 2 * len(self.items))

    def take(self) -> list[T]:
        """Empty the lot: all who still wait."""
        items, self.items = self.items, []
        return [waiter for waiter in items if not waiter.done]


class FetchSource(Protocol):
    """What a parked fetch needs of a partition (impl.core.leader.Leader has it)."""

    def refusal(self, asked: FetchPartition) -> ErrorCode: ...

    def is_news(self, replica: NodeId) -> bool: ...

    def available(self, asked: FetchPartition, replica: NodeId) -> int: ...

    def answer(self, asked: FetchPartition, replica: NodeId, max_bytes: int, out: list[Effect]) -> FetchedPartition: ...


class Teller(Protocol):
    """The fetch session of a parked fetch (impl.core.fetch_sessions.FetchSession), as far as its answer needs it."""

    number: int

    def tell(
        self, answered: Iterable[tuple[FetchPartition, FetchSource | None, FetchedPartition]], *, whole: bool
    ) -> tuple[FetchedPartition, ...]: ...


class ParkedFetch:
    """A fetch whose positions are already counted; its answer may come later.

    `asked` has every partition to be answered, in order, and who can answer. Where that is nobody, `settled` has the
    answer by its index: one that needs no waiting (an error, or where the logs diverge). `whole`: the answer has every
    one of them; of a `session`'s later fetches it has only news.
    """

    __slots__ = (
        "_asked",
        "_names",
        "_session",
        "_settled",
        "_whole",
        "connection",
        "correlation",
        "deadline",
        "done",
        "request",
    )

    def __init__(
        self,
        connection: Connection,
        correlation: int,
        request: Fetch,
        asked: list[tuple[FetchPartition, FetchSource | None]],
        settled: Mapping[int, FetchedPartition],
        deadline: Millis,
        session: Teller | None = None,
        *,
        whole: bool = True,
    ) -> None:
        self.connection = connection
        self.correlation = correlation
        self.request = request
        self._asked = asked
        self._names: set[TopicPartition] | None = None
        self._settled = settled
        self.deadline = deadline
        self._session = session
        self._whole = whole
        self.done = False

    def names(self) -> list[TopicPartition]:
        return [asked.partition for asked, _ in self._asked]

    def join(self, asked: FetchPartition, source: FetchSource) -> None:
        """A partition of the session that had nothing to say when the fetch came has something by now."""
        if self._names is None:
            self._names = set(self.names())
        if asked.partition not in self._names:
            self._names.add(asked.partition)
            self._asked.append((asked, source))

    def ready(self) -> bool:
        """There is enough to send, something a follower must hear at once, or a partition that refuses by now."""
        request = self.request
        replica = request.replica_id
        available = 0
        for asked, source in self._asked:
            if source is None or source.refusal(asked) is not NO_ERROR or source.is_news(replica):
                return True
            available += source.available(asked, replica)
        return available >= request.min_bytes

    def ready_with(self, asked: FetchPartition, source: FetchSource) -> bool:
        """The same after something happened to one of them, which most often decides."""
        request = self.request
        replica = request.replica_id
        if source.refusal(asked) is not NO_ERROR or source.is_news(replica):
            return True
        available = source.available(asked, replica)
        return available >= request.min_bytes or (available > 0 and self.ready())

    def answer(self, out: list[Effect]) -> None:
        """Answer with what there is now, within the request's `max_bytes` over all partitions."""
        self.done = True
        request = self.request
        replica = request.replica_id
        left = request.max_bytes
        parts: list[FetchedPartition] = []
        for asked, source in self._asked:
            if source is None:
                parts.append(self._settled[len(parts)])
                continue
            part = source.answer(asked, replica, min(left, asked.max_bytes), out)
            parts.append(part)
            if part.records:
                left -= min(source.available(asked, replica), asked.max_bytes)
        session = self._session
        if session is None:
            reply = Fetched(tuple(parts))
        else:
            answered = [(asked, source, part) for (asked, source), part in zip(self._asked, parts, strict=True)]
            reply = Fetched(session.tell(answered, whole=self._whole), session_id=session.number)
        out.append(SendReply(self.connection, self.correlation, reply))

    def expire(self, out: list[Effect]) -> None:
        self.answer(out)


class ParkedProduce:
    """A produce with its answers so far; sent when none is missing, or never where it is `silent` (acks=0)."""

    __slots__ = ("_answers", "_missing", "_partitions", "_silent", "connection", "correlation", "deadline", "done")

    def __init__(
        self,
        connection: Connection,
        correlation: int,
        partitions: tuple[TopicPartition, ...],
        deadline: Millis,
        *,
        silent: bool,
    ) -> None:
        self.connection = connection
        self.correlation = correlation
        self.deadline = deadline
        self.done = False
        self._silent = silent
        self._partitions = partitions
        self._answers: list[ProducedPartition | None] = [None] * len(partitions)
        self._missing = len(partitions)

    def settle(self, index: int, answer: ProducedPartition, out: list[Effect]) -> None:
        """The answer for one partition is known; the last one sends them all."""
        self._answers[index] = answer
        self._missing -= 1
        if not self._missing:
            self._send(out)

    def expire(self, out: list[Effect]) -> None:
        """The client's timeout has passed: what is not known by now is REQUEST_TIMED_OUT, though it may yet commit."""
        timed_out = ErrorCode.REQUEST_TIMED_OUT
        for index, (answer, partition) in enumerate(zip(self._answers, self._partitions, strict=True)):
            if answer is None:
                self._answers[index] = ProducedPartition(partition, timed_out, Offset(-1), Offset(-1))
        self._send(out)

    def _send(self, out: list[Effect]) -> None:
        self.done = True
        if not self._silent:
            answers = cast(list[ProducedPartition], self._answers)
            out.append(SendReply(self.connection, self.correlation, Produced(tuple(answers))))
