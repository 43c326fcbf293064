"""A controller of the quorum: the voter, and on top of it, while it leads, the one that decides.

One rule: what the active controller decides is told when it is committed, and not before. Its records go to the
quorum's log; the facts and replies that follow them wait until the high watermark has passed the log's end as it was
then. An answer that decides nothing waits like the others, for it may rest on what others before it decided.

The active controller is the leader whose first record is committed: only then does it know all that was ever decided,
and its image is built anew from that. A leader that resigns drops what was not committed and refuses who waits for it
(NOT_CONTROLLER): whether it comes to stand is for the next leader to say, who tells the facts of what it inherits
(`impl.core.decision_facts`).
"""

from collections import deque
from collections.abc import Callable
from typing import ClassVar, NamedTuple, cast, get_args

import msgspec

from impl.core.calls import NEVER
from impl.core.controller import Controller
from impl.core.decision_facts import beginnings, facts_of
from impl.core.events import (
    AppendMetadata,
    ConnectionLost,
    Disconnected,
    Effect,
    Event,
    RecoveredMetadata,
    ReplyArrived,
    RequestArrived,
    SendReply,
    ShutDown,
    SnapshotLoaded,
    Stopped,
    Tick,
)
from impl.core.image import MetadataImage
from impl.core.labels import labels_of
from impl.core.metadata import MetadataRecord
from impl.core.quorum.batches import SnapshotId
from impl.core.quorum.effects import DropMetadata, NoteCommitted, RecoveredQuorum, WriteSnapshot
from impl.core.quorum.facts import Commit, QuorumBegin
from impl.core.quorum.messages import QuorumRequest, Refused
from impl.core.quorum.raft import Raft
from impl.core.quorum.snapshots import records_of
from impl.core.settings import Settings
from impl.core.types import EpochStart, ErrorCode, LeaderEpoch, Millis, NodeId, Offset, TopicPartition

MakeController = Callable[[Settings, RecoveredMetadata], Controller]
STOP_MS_MAX = 1_000
"""How long a leader that is to stop waits for the others to hear of it."""

_OF_THE_QUORUM = frozenset(get_args(QuorumRequest))


class Held(NamedTuple):
    """What may be told when everything below `end` is committed."""

    end: Offset
    effects: list[Effect]


class QuorumController:
    """Mutable. `raft_class` is where a different behaviour of the quorum can be planted."""

    raft_class: ClassVar[type[Raft]] = Raft

    def __init__(
        self, settings: Settings, recovered: RecoveredQuorum, make_controller: MakeController = Controller
    ) -> None:
        self.settings = settings
        self.raft = self.raft_class(settings, recovered)
        self.active: Controller | None = None
        """The one that decides, while this voter is the active controller."""
        self._make_controller = make_controller
        self._epoch = LeaderEpoch(0)
        """In which it has become active."""
        self._held: deque[Held] = deque()
        self._committed = self.raft.high_watermark
        """How far the log was committed when that was last told."""
        self._image = MetadataImage()
        self._snapshot_records = recovered.snapshot_records
        """What the log began with, where it does not begin at 0."""
        if recovered.snapshot is not None:
            self._image.load(recovered.snapshot_records, recovered.snapshot.end)
        self._bytes = 0
        """How much was committed since the last snapshot."""
        self._inherited: list[Effect] = []
        """Facts of what earlier leaders decided and this one has committed: told when it becomes active."""
        self._before_trace = Offset(0)
        """What lies below was written before the trace began: nobody tells of its records one by one."""
        self._begins_trace = False
        """It has yet to tell what they come to."""
        self._stop_by = NEVER
        self._stopped = False

    def begin_trace(self) -> QuorumBegin | None:
        """A trace begins with what the disk held; None where it held nothing. To be called before `start`."""
        log = self.raft.log
        if log.end == 0:
            return None
        self._before_trace = log.end
        self._begins_trace = True
        epochs = log.epochs_between(log.start, log.end) or (EpochStart(log.start_epoch, log.start),)
        raft = self.raft
        return QuorumBegin(
            epoch=raft.epoch, voted=raft.voted, committed=raft.high_watermark, log_end=log.end, epochs=epochs
        )

    @property
    def image(self) -> MetadataImage:
        """The cluster as the active controller has decided it, or as far as this one knows it to be committed."""
        if self.active is not None:
            return self.active.image
        self._catch_up()
        return self._image

    # ------------------------------------------------------------ steps
    def start(self, now: Millis) -> list[Effect]:
        """Begin with what the disk held."""
        out: list[Effect] = []
        self.raft.start(now, out)
        self._settle(now, out)
        return out

    def step(self, event: Event, now: Millis) -> list[Effect]:
        """Handle one event."""
        out: list[Effect] = []
        if self._stopped:
            return out
        # Compared by type and not matched: a pattern that does not fit costs as much as all the rest of a tick.
        if type(event) is Tick:
            self.raft.tick(now, out)
            if self.active is not None:
                self._ask_active(event, now, out)
            if not out and self._stop_by > now and not self._held:
                return out
        elif type(event) is RequestArrived:
            request = event.request
            if type(request) in _OF_THE_QUORUM:
                self.raft.requested(event.connection, event.correlation, cast(QuorumRequest, request), now, out)
            elif self.active is None or self._stop_by is not NEVER:
                out.append(SendReply(event.connection, event.correlation, Refused(ErrorCode.NOT_CONTROLLER)))
            else:
                self._ask_active(event, now, out)
        elif type(event) is ReplyArrived:
            self.raft.replied(event, now, out)
        elif type(event) is SnapshotLoaded:
            self._loaded(event, now, out)
        elif type(event) is ConnectionLost:
            self.raft.lost(event, now, out)
        elif type(event) is Disconnected:
            self.raft.disconnected(event)
        else:
            assert type(event) is ShutDown
            self._shut_down(now, out)
        self._settle(now, out)
        if self._stop_by <= now or (self._stop_by is not NEVER and self.raft.quiet):
            self._stopped = True
            out.append(Stopped())
        return out

    def move_leader(self, name: TopicPartition, to: NodeId, now: Millis) -> list[Effect]:
        """Elect `to` leader of a partition, if this is the active controller and it may be."""
        out: list[Effect] = []
        if self.active is not None and not self._stopped:
            self._perform(self.active.move_leader(name, to, now), now, out)
            self._settle(now, out)
        return out

    def _shut_down(self, now: Millis, out: list[Effect]) -> None:
        """A leader of others resigns and lets them know; whoever does not lead stops at once."""
        if self._stop_by is NEVER:
            self._stop_by = now
            if self.raft.leading and not self.raft.alone:
                self._stop_by = Millis(now + STOP_MS_MAX)
                self.raft.resign(now, out)

    # ------------------------------------------------------------ the active controller
    def _ask_active(self, event: Event, now: Millis, out: list[Effect]) -> None:
        if self.active is not None and self._leads_on:
            effects = self.active.step(event, now)
            if effects:
                self._perform(effects, now, out)

    @property
    def _leads_on(self) -> bool:
        """This voter has led without a break since it became the active controller."""
        return self.raft.leads_in(self._epoch)

    def _perform(self, effects: list[Effect], now: Millis, out: list[Effect]) -> None:
        """Write what was decided to the log; hold the rest until that is committed."""
        raft = self.raft
        decides = [effect for effect in effects if type(effect) is AppendMetadata]
        if not decides and not self._held and raft.high_watermark == raft.log.end:
            out.extend(effects)
            return
        held: list[Effect] = []
        for effect in effects:
            if type(effect) is AppendMetadata:
                assert effect.base_offset == self.raft.log.end, "the active controller alone writes to the log"
                self.raft.append(effect.records, now, out)
            else:
                held.append(effect)
        if held:
            self._held.append(Held(self.raft.log.end, held))

    def _settle(self, now: Millis, out: list[Effect]) -> None:
        """Whatever has happened: become active or cease to be, and tell what is committed."""
        raft = self.raft
        if self.active is not None and not self._leads_on:
            self._deactivate(out)
        if raft.high_watermark > self._committed:
            self._tell_commit(out)
        if self.active is None and raft.established:
            self._activate(now, out)
        held = self._held
        while held and held[0].end <= raft.high_watermark:
            out.extend(held.popleft().effects)
        if self._bytes >= self.settings.metadata_snapshot_bytes:
            self._take_snapshot(now, out)

    def _tell_commit(self, out: list[Effect]) -> None:
        to = self.raft.high_watermark
        epochs = self.raft.log.epochs_between(self._committed, to)
        # Not the new one: the facts of this step are told after its effects, and a crash may come between.
        out.append(NoteCommitted(self._committed))
        out.append(Commit(start=self._committed, to=to, epochs=epochs))
        for batch in self.raft.log.read(self._committed, to, to):
            self._bytes += sum([len(msgspec.msgpack.encode(record)) for record in batch.records])
        self._committed = to

    def _activate(self, now: Millis, out: list[Effect]) -> None:
        """Everything below the first record of this epoch is committed: decide from there on."""
        self._epoch = self.raft.epoch
        self._catch_up()
        out.extend(self._inherited)
        self._inherited.clear()
        if self._begins_trace:
            self._begins_trace = False
            out.extend(beginnings(self._image))
        begun = MetadataImage()
        begun.load(self._snapshot_records, self.raft.log.start)
        self.active = self._make_controller(self.settings, RecoveredMetadata(self._records(), begun))
        self._perform(self.active.start(now), now, out)

    def _deactivate(self, out: list[Effect]) -> None:
        """Another one decides now, or nobody: who waits is told to look elsewhere."""
        self.active = None
        out.extend(
            SendReply(effect.connection, effect.correlation, Refused(ErrorCode.NOT_CONTROLLER))
            for held in self._held
            for effect in held.effects
            if type(effect) is SendReply
        )
        self._held.clear()

    # ------------------------------------------------------------ the committed log
    def _catch_up(self) -> None:
        """Bring the image up to what is committed, whoever asks first; keep the facts that only a leader who inherits
        them can tell."""
        image, raft = self._image, self.raft
        say = labels_of(image, self.settings)
        for batch in raft.log.read(image.offset, raft.high_watermark, raft.high_watermark):
            for record in batch.records:
                if raft.leading and image.offset >= max(raft.inherited_from, self._before_trace):
                    self._inherited.extend(facts_of(record, image, say))
                image.apply(record)

    def _take_snapshot(self, now: Millis, out: list[Effect]) -> None:
        """Write down what the committed log has come to, and drop it."""
        self._catch_up()
        self._bytes = 0
        log = self.raft.log
        snapshot = SnapshotId(self._image.offset, log.epoch_before(self._image.offset))
        self._snapshot_records = records_of(self._image)
        out.append(WriteSnapshot(snapshot, now, self._snapshot_records))
        out.append(DropMetadata(snapshot))
        log.drop_before(snapshot)

    def _loaded(self, event: SnapshotLoaded, now: Millis, out: list[Effect]) -> None:
        """A snapshot of a leader has taken the place of the log."""
        if self.raft.loaded(event, now, out) and event.records is not None:
            self._snapshot_records = event.records
            self._image.load(event.records, event.snapshot.end)
            self._committed = Offset(max(self._committed, event.snapshot.end))
            self._bytes = 0

    def _records(self) -> tuple[MetadataRecord, ...]:
        log = self.raft.log
        return tuple(record for batch in log.read(log.start, log.end, log.end) for record in batch.records)
