"""A controller as a whole: the sans-IO core of the quorum and its metadata log.

One rule: what a voter promises is on the disk, synced, before anyone hears of it: each effect on storage is done before
the one after it, the facts are recorded after all of them, and only then does the caller get what is to be sent.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from impl.core.controller import Controller
from impl.core.events import Effect, Event, RecoveredMetadata, Send, SendReply, SnapshotLoaded, Stopped
from impl.core.facts import FACTS
from impl.core.quorum.controller import QuorumController
from impl.core.quorum.effects import LoadSnapshot, RecoveredQuorum, StorageEffect
from impl.core.quorum.facts import QUORUM_FACTS
from impl.core.quorum.messages import FetchedSnapshot, SnapshotSlice
from impl.core.settings import Settings
from impl.core.types import ErrorCode, Millis, NodeId, TopicPartition
from impl.host.broker import Record, Report, failure, unreported
from impl.host.metadata_log import MetadataLog
from impl.host.withheld import Outgoing
from impl.storage.files import Disk

RecordQuorum = Callable[[list[Any]], None]
"""Takes the facts of one step of a voter (`impl.core.quorum.facts`)."""


class MakeController(Protocol):
    """How the active controller is made: `Controller`, or one with a bug planted in it."""

    def __call__(self, settings: Settings, recovered: RecoveredMetadata) -> Controller: ...


class MakeQuorum(Protocol):
    """How the voter is made: `QuorumController`, or one with a bug planted in it."""

    def __call__(
        self, settings: Settings, recovered: RecoveredQuorum, make_controller: MakeController
    ) -> QuorumController: ...


class ControllerHost:
    """A running controller. Once it has raised, it must not be used again.

    Making one recovers the metadata log. Raises StorageError.
    """

    def __init__(
        self,
        disk: Disk,
        settings: Settings,
        *,
        record: Record,
        record_quorum: RecordQuorum | None = None,
        jitter: int = 0,
        make_controller: MakeController = Controller,
        make_quorum: MakeQuorum = QuorumController,
        report: Report = unreported,
    ) -> None:
        """`record` gets the facts of each step that has any; `report` a line for people, where storage has one.
        `record_quorum` gets what the step did as a voter, before that.

        `jitter` is a number of this start of the process, by which its election timeouts are spread.
        """
        self._record = record
        self._record_quorum = record_quorum
        try:
            self._log = MetadataLog(disk, settings)
            recovered = self._log.recovered(jitter)
        except OSError as error:
            raise failure(error) from error
        if self._log.cut:
            report(self._log.cut)
        self.controller = make_quorum(settings, recovered, make_controller)

    def start(self, now: Millis) -> list[Outgoing]:
        """Begin; what is to be sent. Raises StorageError."""
        return self._perform(self.controller.start(now), now)

    def handle(self, event: Event, now: Millis) -> list[Outgoing]:
        """One step; what is to be sent, or that the controller has stopped. Raises StorageError."""
        effects = self.controller.step(event, now)
        return self._perform(effects, now) if effects else []

    def handle_together(self, events: Sequence[Event], now: Millis) -> list[Outgoing]:
        """Several steps, one after the other. Raises StorageError."""
        return [outgoing for event in events for outgoing in self.handle(event, now)]

    def move_leader(self, partition: TopicPartition, to: NodeId, now: Millis) -> list[Outgoing]:
        """Elect another member of the in-sync set, as an operator may ask. Raises StorageError."""
        return self._perform(self.controller.move_leader(partition, to, now), now)

    def _perform(self, effects: Sequence[Effect], now: Millis) -> list[Outgoing]:
        outgoing: list[Outgoing] = []
        facts: list[Any] = []
        of_quorum: list[Any] = []
        loaded: list[SnapshotLoaded] = []
        try:
            for effect in effects:
                if type(effect) in FACTS:
                    facts.append(effect)
                elif type(effect) in QUORUM_FACTS:
                    of_quorum.append(effect)
                elif type(effect) is SendReply:
                    outgoing.append(self._complete(effect))
                elif type(effect) is Send:
                    outgoing.append(effect)
                elif type(effect) is LoadSnapshot:
                    loaded.append(self._log.load(effect))
                elif type(effect) is Stopped:
                    self._log.close()
                    outgoing.append(effect)
                else:
                    assert isinstance(effect, StorageEffect), f"a controller has no {type(effect).__name__}"
                    self._log.perform(effect)
        except OSError as error:
            raise failure(error) from error
        if of_quorum and self._record_quorum is not None:
            self._record_quorum(of_quorum)
        if facts:
            self._record(facts)
        for event in loaded:
            outgoing += self._perform(self.controller.step(event, now), now)
        return outgoing

    def _complete(self, effect: SendReply) -> SendReply:
        """The reply with the bytes that only storage has. Raises OSError."""
        reply = effect.reply
        if type(reply) is not FetchedSnapshot or not isinstance(reply.data, SnapshotSlice):
            return effect
        size, data = self._log.read_snapshot(reply.data)
        if reply.position > size:
            error = ErrorCode.POSITION_OUT_OF_RANGE
            refused = FetchedSnapshot(error=error, epoch=reply.epoch, leader=reply.leader)
            return SendReply(effect.connection, effect.correlation, refused)
        filled = msgspec.structs.replace(reply, size=size, data=data)
        return SendReply(effect.connection, effect.correlation, filled)
