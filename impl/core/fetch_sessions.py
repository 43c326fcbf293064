"""Fetch sessions (KIP-227): what a fetcher asks for is remembered; a fetch names what changed in it, its answer news.

One rule: what neither says was said before and still holds. The session's epoch counts its fetches; a fetch out of turn
is refused, and the fetcher begins anew.

Theory of operation. A partition of a session is *quiet* when its last answer had nothing to give and nothing has
happened to it since. Quiet partitions are not looked at: each partition tells its sessions when something happens to it
(`FetchSession.stir`). Twice a second all are looked at, so that a follower's positions are counted and its standing is
considered as often as by Kafka's full fetches. A fetch of a thousand partitions thus costs what its news cost.

Sources: KIP-227; Kafka's FetchSession.scala (FetchSessionCache, FetchManager.newContext).
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from impl.core.messages import FetchedPartition, FetchPartition
from impl.core.parking import FetchSource, ParkedFetch
from impl.core.topic_names import STAND_IN
from impl.core.types import NO_ERROR, NO_LEADER, ErrorCode, Millis, NodeId, Offset, TopicPartition

NO_SESSION = 0
FULL = 0
"""The epoch of a fetch that begins a session."""
SESSIONLESS = -1
"""The epoch of a fetch that wants none, and ends the one it names."""
EPOCH_MAX = 2**31 - 1
EVICTION_MS = 120_000
"""A session nobody used for so long gives way to any other."""
LOOK_AT_ALL_MS = 500
UNTOLD = Offset(-1)


class Watched(FetchSource, Protocol):
    """A partition that tells its sessions what happens to it."""

    name: TopicPartition
    sessions: "dict[int, FetchSession]"


class Entry:
    """One partition of a session: what is asked of it, and what its fetcher was last told."""

    __slots__ = ("asked", "high_watermark", "log_start", "source")

    def __init__(self, asked: FetchPartition) -> None:
        self.asked = asked
        self.source: Watched | None = None
        self.high_watermark = UNTOLD
        self.log_start = UNTOLD

    def has_news(self, part: FetchedPartition) -> bool:
        return bool(
            part.records
            or part.error
            or part.diverging is not None
            or part.preferred_replica != NO_LEADER
            or self.is_behind(part.high_watermark, part.log_start)
        )

    def is_behind(self, high_watermark: Offset, log_start: Offset) -> bool:
        """The fetcher was last told something else."""
        return high_watermark != self.high_watermark or log_start != self.log_start


def epoch_after(epoch: int) -> int:
    """Epochs run from 1; 0 begins a session."""
    return 1 if epoch == EPOCH_MAX else epoch + 1


class FetchSession:
    """Mutable. `epoch` is that of the next fetch; `parked` the fetch that waits for its answer."""

    __slots__ = (
        "_looked_at_all",
        "_stirred",
        "created_at",
        "entries",
        "epoch",
        "looked_at_topics",
        "number",
        "parked",
        "replica",
        "topic_ids",
        "unnamed",
        "used_at",
    )

    def __init__(self, number: int, replica: NodeId, now: Millis) -> None:
        self.number = number
        self.epoch = FULL + 1
        self.replica = replica
        """-1: a consumer's. Followers' sessions are privileged."""
        self.created_at = now
        self.used_at = now
        self.entries: dict[TopicPartition, Entry] = {}
        self.topic_ids: dict[str, bytes] = {}
        """Of the topics asked for, the id that each name stood for (`MetadataImage.topics_gone` was `looked_at_topics`
        when that was last compared)."""
        self.looked_at_topics = 0
        self.unnamed: dict[TopicPartition, None] = {}
        """Of the entries, those asked for by a topic id that was not known then."""
        self.parked: ParkedFetch | None = None
        self._stirred: dict[TopicPartition, None] = {}
        self._looked_at_all = now

    def update(self, changed: Iterable[FetchPartition], forgotten: Iterable[TopicPartition]) -> None:
        for name in forgotten:
            entry = self.entries.pop(name, None)
            self._stirred.pop(name, None)
            self.unnamed.pop(name, None)
            if entry is not None:
                self._unwatch(entry)
        for asked in changed:
            entry = self.entries.get(asked.partition)
            if entry is None:
                self.entries[asked.partition] = Entry(asked)
                if asked.partition.topic.startswith(STAND_IN):
                    self.unnamed[asked.partition] = None
            else:
                entry.asked = asked
            self._stirred[asked.partition] = None

    def stirred(self, now: Millis) -> Iterator[Entry]:
        """The partitions to look at for a fetch that arrives now, those that waited longest first."""
        names: Iterable[TopicPartition] = self._stirred
        if now - self._looked_at_all >= LOOK_AT_ALL_MS:
            self._looked_at_all = now
            names = [*self._stirred, *(name for name in self.entries if name not in self._stirred)]
        self._stirred = {}
        return (self.entries[name] for name in names)

    def watch(self, entry: Entry, source: Watched | None) -> None:
        """From now on the partition tells this session what happens to it."""
        if entry.source is not source:
            self._unwatch(entry)
            entry.source = source
            if source is not None:
                source.sessions[self.number] = self

    def _unwatch(self, entry: Entry) -> None:
        if entry.source is not None:
            entry.source.sessions.pop(self.number, None)
            entry.source = None

    def stir(self, name: TopicPartition) -> ParkedFetch | None:
        """Something happened to the partition; the parked fetch, where that makes it ready to be answered."""
        entry = self.entries.get(name)
        if entry is None or entry.source is None:
            return None
        parked = self.parked
        if parked is None or parked.done:
            self._stirred[name] = None
            return None
        parked.join(entry.asked, entry.source)
        return parked if parked.ready_with(entry.asked, entry.source) else None

    def abandon(self) -> None:
        """The parked fetch was given up with its connection: what it would have been told is yet to be told."""
        if self.parked is not None:
            self._stirred |= dict.fromkeys(self.parked.names())
            self.parked = None

    def tell(
        self, answered: Iterable[tuple[FetchPartition, FetchSource | None, FetchedPartition]], *, whole: bool
    ) -> tuple[FetchedPartition, ...]:
        """What of these answers is news (all of it where `whole`); remembers that it is told."""
        self.parked = None
        told: list[FetchedPartition] = []
        starved: dict[TopicPartition, None] = {}
        given: dict[TopicPartition, None] = {}
        for asked, source, part in answered:
            entry = self.entries.get(asked.partition)
            if entry is None:
                continue
            if whole or entry.has_news(part):
                told.append(part)
                failed = part.error is not NO_ERROR
                entry.high_watermark = UNTOLD if failed else part.high_watermark
                entry.log_start = UNTOLD if failed else part.log_start
            if part.records or source is None or part.error is not NO_ERROR:
                # Asked again unchanged, the fetcher wants it again.
                given[asked.partition] = None
            elif source.available(asked, self.replica):
                starved[asked.partition] = None
        self._stirred = starved | self._stirred | given
        return tuple(told)

    def close(self) -> None:
        """Nobody will ask under this number any more."""
        for entry in self.entries.values():
            self._unwatch(entry)
        self.entries.clear()

    def eviction_key(self) -> tuple[bool, int, int]:
        """Consumers' before followers', small before large ones."""
        return (self.replica >= 0, len(self.entries), self.number)


class FetchSessions:
    """All sessions of a broker, the least recently used first.

    At most `slots` (max.incremental.fetch.session.cache.slots).
    Numbers begin at `first`, which should differ from start to start: a session of the process before must not be taken
    for one of this.
    """

    __slots__ = ("_last", "_sessions", "_slots")

    def __init__(self, slots: int, first: int) -> None:
        self._slots = slots
        self._sessions: dict[int, FetchSession] = {}
        self._last = first & EPOCH_MAX

    def __len__(self) -> int:
        return len(self._sessions)

    def end(self, number: int) -> None:
        """A full fetch ends the session it names, if any."""
        session = self._sessions.pop(number, None)
        if session is not None:
            session.close()

    def begin(self, replica: NodeId, partitions: tuple[FetchPartition, ...], now: Millis) -> FetchSession | None:
        """A new session for what a full fetch asks for; None where there is no room for it."""
        key = (replica >= 0, len(partitions), EPOCH_MAX)
        if len(self._sessions) >= self._slots and not self._make_room(key, now):
            return None
        self._last = number = epoch_after(self._last)
        while number in self._sessions:
            self._last = number = epoch_after(self._last)
        session = self._sessions[number] = FetchSession(number, replica, now)
        session.update(partitions, ())
        return session

    def go_on(
        self,
        number: int,
        epoch: int,
        changed: tuple[FetchPartition, ...],
        forgotten: tuple[TopicPartition, ...],
        now: Millis,
    ) -> FetchSession | ErrorCode:
        """The session that an incremental fetch continues, brought up to date."""
        session = self._sessions.get(number)
        if session is None:
            return ErrorCode.FETCH_SESSION_ID_NOT_FOUND
        if epoch != session.epoch:
            return ErrorCode.INVALID_FETCH_SESSION_EPOCH
        session.epoch = epoch_after(epoch)
        session.used_at = now
        self._sessions[number] = self._sessions.pop(number)
        session.abandon()
        session.update(changed, forgotten)
        if not session.entries:
            self.end(number)
        return session

    def _make_room(self, key: tuple[bool, int, int], now: Millis) -> bool:
        """Evict one session, if any must give way: who was not used lately, or by size and privilege (KIP-227)."""
        oldest = next(iter(self._sessions.values()), None)
        if oldest is None:
            return False
        if now - oldest.used_at < EVICTION_MS:
            privileged = key[0]
            candidates = [
                session
                for session in self._sessions.values()
                if (privileged and session.replica < 0) or now - session.created_at >= EVICTION_MS
            ]
            oldest = min(candidates, key=FetchSession.eviction_key, default=oldest)
            if not candidates or oldest.eviction_key() >= key:
                return False
        self.end(oldest.number)
        return True
