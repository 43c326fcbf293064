"""One broker as a whole: the sans-IO core, its log directories, and the order in which a step takes effect.

One rule: nothing leaves before it is true. The storage effects of a step are performed in order and synced where
`flush.messages` says so (once for each log and step); then the facts are recorded; only then does the caller get what
is to be sent. A crash anywhere in between is a crash the log survives, and nobody has been told anything yet.

A log directory whose disk refuses a call is lost, with the logs in it: what the step says of them is withheld
(impl/host/withheld.py), and the core hears that they are gone. Without a directory left the broker cannot go on.

The core never holds record bytes. Where its answer names a slice of a log or a time to look up, the host reads the
storage as it is at that place among the step's effects.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Protocol

from impl.core.broker import Broker
from impl.core.decided_facts import Fact
from impl.core.events import (
    AdvanceLogStart,
    AppendBatch,
    CreateLog,
    DeleteLog,
    Effect,
    Event,
    LogsLost,
    LogStartDue,
    RecoveredLog,
    ResetLog,
    Send,
    SendReply,
    SnapshotLoaded,
    Stopped,
    Tick,
    TruncateLog,
    WriteEpochs,
    WriteHighWatermarks,
)
from impl.core.facts import FACTS, Compact
from impl.core.messages import Fetched, ListedOffsets
from impl.core.quorum.effects import LoadSnapshot
from impl.core.settings import Settings
from impl.core.types import BrokerEpoch, Millis, Offset, TopicPartition
from impl.host.answers import filled, looked_up
from impl.host.gathering import gathering
from impl.host.snapshots import decoded
from impl.host.upkeep import Upkeep, UpkeepConfig
from impl.host.withheld import Outgoing, facts_without, outgoing_without
from impl.storage.cleaning.elsewhere import Elsewhere, Here
from impl.storage.errors import LogDirectoryFailed
from impl.storage.files import Disk
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.log_directories import LogDirectories
from impl.storage.log_directory import LogDirectory
from impl.storage.producer_snapshots import ProducerEntry

Record = Callable[[list[Fact]], None]
Report = Callable[[str], None]


class MakeBroker(Protocol):
    """How the core is made: `Broker`, or one with a bug planted in it."""

    def __call__(
        self,
        settings: Settings,
        *,
        host: str,
        port: int,
        incarnation: bytes,
        logs: tuple[RecoveredLog, ...],
        previous_broker_epoch: BrokerEpoch,
    ) -> Broker: ...


MANY = 6
"""Effects of a step that may make several logs."""


def unreported(_line: str) -> None:
    """For a host nobody reads the log of."""


class BrokerHost:
    """A running broker. Once it has raised, it must not be used again.

    Making one recovers its log directories. Raises StorageError: LogDirectoryFailed where the system refuses a call and
    no directory is left, the others where the content of one cannot be worked with.
    """

    directories_class: ClassVar[type[LogDirectories]] = LogDirectories
    """Where a different behaviour of storage can be planted."""
    upkeep_class: ClassVar[type[Upkeep]] = Upkeep

    def __init__(
        self,
        disk: Disk | Sequence[Disk],
        settings: Settings,
        log_config: LogConfig,
        *,
        host: str,
        port: int,
        incarnation: bytes,
        record: Record,
        make_broker: MakeBroker = Broker,
        report: Report = unreported,
        stored: bool = False,
        upkeep: UpkeepConfig | None = None,
        wall_clock: Callable[[], int] | None = None,
        elsewhere: Elsewhere = Here,
    ) -> None:
        """`record` gets the facts of each step that has any; `report` a line for people, where storage has one.

        `stored`: many records of an answer stay in their file, for whoever can send from there (impl/host/stored.py).
        `wall_clock`: milliseconds since 1970, by which records are old; without, the time of the events. `elsewhere`:
        where the cleaner has large batches unpacked and packed.
        """
        try:
            disks = disk if isinstance(disk, Sequence) else (disk,)
            self.directories = self.directories_class(disks, log_config, self._written)
        except OSError as error:
            raise failure(error) from error
        for refused in self.directories.failures:
            report(str(failure(refused)))
        for cut in self.directories.cuts:
            report(cut)
        self.broker = make_broker(
            settings,
            host=host,
            port=port,
            incarnation=incarnation,
            logs=self.directories.recovered,
            previous_broker_epoch=BrokerEpoch(self.directories.previous_broker_epoch),
        )
        self._logs = self.directories.logs
        self._record = record
        self._report = report
        self._stored = stored
        self._wall_clock = wall_clock
        config = upkeep or UpkeepConfig()
        self._upkeep = self.upkeep_class(self.directories, self.broker.partitions, config, report, elsewhere)
        self._gathering = [(home, found) for home in self.directories.online if (found := gathering(home.disk))]
        self._due: dict[Log, TopicPartition] = {}
        """Logs to flush before the step ends, in the order they came due."""
        self._lost: list[TopicPartition] = []
        """Partitions whose directory failed in this step, of which the core has not heard yet."""

    def start(self, now: Millis) -> list[Outgoing]:
        """Begin; what is to be sent. Raises StorageError."""
        return self._perform(self.broker.start(now), now)

    def handle(self, event: Event, now: Millis) -> list[Outgoing]:
        """One step; what is to be sent, or that the broker has stopped. Raises StorageError."""
        if type(event) is Tick and self._wall_clock is not None:
            event = Tick(self._wall_clock())
        effects = self.broker.step(event, now)
        if len(effects) >= MANY and self._makes_logs(effects):
            for _, disk in self._gathering:
                disk.gather(whole=True)
        outgoing = self._perform(effects, now) if effects else []
        if type(event) is Tick and now >= self._upkeep.due:
            outgoing += self._look_after(now)
        return outgoing

    def handle_together(self, events: Sequence[Event], now: Millis) -> list[Outgoing]:
        """Several steps, one after the other; then their effects in that order, as if they were one step's.

        Each log gets one write, and where it is due one sync, for all of them. Raises StorageError.
        """
        effects: list[Effect] = []
        for event in events:
            effects += self.broker.step(event, now)
        for _, disk in self._gathering:
            disk.gather()
        return self._perform(effects, now)

    def _makes_logs(self, effects: Sequence[Effect]) -> bool:
        """Whether all that a step asks of storage is to make logs and to write their epochs, for several."""
        asked = [type(effect) for effect in effects if type(effect) in _STORAGE]
        return len(asked) > 2 and all(kind is CreateLog or kind is WriteEpochs for kind in asked)

    def _perform(self, effects: Sequence[Effect], now: Millis) -> list[Outgoing]:
        outgoing: list[Outgoing] = []
        facts: list[Any] = []
        loaded: list[SnapshotLoaded] = []
        for effect in effects:
            if type(effect) in FACTS:
                facts.append(effect)
            elif type(effect) is Send:
                outgoing.append(effect)
            elif type(effect) is SendReply:
                outgoing.append(self._complete(effect))
            elif type(effect) is Stopped:
                self._stop()
                outgoing.append(effect)
            elif type(effect) is LoadSnapshot:
                loaded.append(SnapshotLoaded(effect.snapshot, decoded(effect.data)))
            else:
                _STORAGE[type(effect)](self, effect)
        if self._due:
            self._flush()
        for home, disk in self._gathering:
            try:
                disk.settle()
            except OSError as error:
                self._lose(home, error)
        if self._lost:
            facts = facts_without(facts, self._lost)
            outgoing = outgoing_without(outgoing, self._lost)
        if facts:
            self._record(facts)
        if self._lost:
            lost, self._lost = tuple(self._lost), []
            outgoing += self._perform(self.broker.step(LogsLost(lost), now), now)
        for event in loaded:
            outgoing += self._perform(self.broker.step(event, now), now)
        return outgoing

    # ------------------------------------------------------------ failing disks
    def _guarded(self, partition: TopicPartition, act: Callable[[LogDirectory, Any], None], effect: Any) -> None:
        """Do it to the partition's directory, or lose that. Nothing is done to a log that is lost already."""
        home = self.directories.home(partition)
        if home is not None:
            try:
                act(home, effect)
            except OSError as error:
                self._lose(home, error)

    def _lose(self, home: LogDirectory, error: OSError) -> None:
        """Raises LogDirectoryFailed where no directory is left."""
        if home not in self.directories.online:
            return
        failed = failure(error)
        if len(self.directories.online) == 1:
            raise failed from error
        self._report(str(failed))
        self._lost += self.directories.fail(home)

    def _lose_log(self, partition: TopicPartition, error: OSError) -> None:
        home = self.directories.home(partition)
        if home is not None:
            self._lose(home, error)

    # ------------------------------------------------------------ storage effects
    def _append(self, effect: AppendBatch) -> None:
        log = self._logs.get(effect.partition)
        if log is None:
            return
        try:
            log.append(effect.batch, effect.base_offset, effect.leader_epoch)
        except OSError as error:
            self._lose_log(effect.partition, error)
            return
        if log.flush_due:
            self._due[log] = effect.partition

    def _create(self, effect: CreateLog) -> None:
        """A new log goes into another directory where the chosen one fails."""
        while effect.partition not in self._lost:
            home = self.directories.place(effect.partition)
            known = effect.partition in self._logs
            try:
                self.directories.create(home, effect.partition, effect.topic_id, effect.configs)
            except OSError as error:
                self._lose(home, error)
                if known:
                    return
            else:
                return

    def _delete(self, effect: DeleteLog) -> None:
        log = self._logs.get(effect.partition)
        if log is not None:
            self._due.pop(log, None)
        try:
            self.directories.delete(effect.partition, effect.topic_id)
        except OSError as error:
            self._lose_log(effect.partition, error)

    def _truncate(self, effect: TruncateLog) -> None:
        self._guarded(effect.partition, lambda home, effect: home.truncate(effect.partition, effect.to), effect)

    def _advance_start(self, effect: AdvanceLogStart) -> None:
        self._guarded(effect.partition, lambda home, effect: home.advance_start(effect.partition, effect.to), effect)

    def _reset(self, effect: ResetLog) -> None:
        self._guarded(effect.partition, lambda home, effect: home.reset(effect.partition, effect.to), effect)

    def _write_epochs(self, effect: WriteEpochs) -> None:
        self._guarded(
            effect.partition, lambda home, effect: home.logs[effect.partition].write_epochs(effect.epochs), effect
        )

    def _write_high_watermarks(self, effect: WriteHighWatermarks) -> None:
        for home in list(self.directories.online):
            try:
                home.write_high_watermarks(effect.watermarks)
            except OSError as error:
                self._lose(home, error)

    def _flush(self) -> None:
        due = list(self._due.items())
        self._due.clear()
        for log, partition in due:
            try:
                log.flush()
                if log.gap_at >= 0:
                    self._keep_gap(partition)
            except OSError as error:
                self._lose_log(partition, error)

    def _keep_gap(self, partition: TopicPartition) -> None:
        home = self.directories.home(partition)
        if home is not None:
            home.write_recovery_point(partition)

    def _stop(self) -> None:
        """Logs are many and each is synced; that they are all there is written at the root, after what waits."""
        for _, disk in self._gathering:
            disk.gather(whole=True)
        try:
            failures = self.directories.close(self.broker.clean_epoch)
        except OSError as error:
            raise failure(error) from error
        for each in failures:
            self._report(str(failure(each)))

    # ------------------------------------------------------------ upkeep
    def _look_after(self, now: Millis) -> list[Outgoing]:
        """Retention, compaction, the trash."""
        outgoing: list[Outgoing] = []
        wall = now if self._wall_clock is None else self._wall_clock()
        for home, look in self._upkeep.retained(now, wall):
            try:
                due = look()
            except OSError as error:
                self._lose(home, error)
                continue
            for partition, offset in due:
                outgoing += self._perform(self.broker.step(LogStartDue(partition, offset), now), now)
        for home, work in self._upkeep.work(now, wall):
            try:
                work()
            except OSError as error:
                self._lose(home, error)
        compacted = [_compacted(*each) for each in self._upkeep.replaced()]
        if self._lost or compacted:
            outgoing += self._perform(compacted, now)
        return outgoing

    def _written(self, partition: TopicPartition, to: int) -> Iterator[ProducerEntry]:
        """What the partition's idempotent producers had written below an offset, for a snapshot."""
        held = self.broker.partitions.get(partition)
        if held is not None:
            for producer_id, batch in held.producers.written_below(Offset(to)):
                yield ProducerEntry(
                    producer_id,
                    batch.epoch,
                    batch.first_sequence,
                    batch.last_sequence,
                    batch.base_offset,
                    batch.timestamp,
                )

    # ------------------------------------------------------------ answers
    def _complete(self, effect: SendReply) -> SendReply:
        """The reply with the bytes and offsets that only storage knows."""
        reply = effect.reply
        if type(reply) is Fetched:
            whole = filled(reply, self._logs, self._report, self._lose_log, stored=self._stored)
            return SendReply(effect.connection, effect.correlation, whole)
        if type(reply) is ListedOffsets:
            found = looked_up(reply, self._logs, self._report, self._lose_log)
            return SendReply(effect.connection, effect.correlation, found)
        return effect


_STORAGE: dict[type[Any], Callable[[BrokerHost, Any], None]] = {
    AppendBatch: BrokerHost._append,
    CreateLog: BrokerHost._create,
    DeleteLog: BrokerHost._delete,
    TruncateLog: BrokerHost._truncate,
    AdvanceLogStart: BrokerHost._advance_start,
    ResetLog: BrokerHost._reset,
    WriteEpochs: BrokerHost._write_epochs,
    WriteHighWatermarks: BrokerHost._write_high_watermarks,
}


def _compacted(partition: TopicPartition, begin: int, to: int) -> Compact:
    return Compact(partition=str(partition), begin=Offset(begin), to=Offset(to))


def failure(error: OSError) -> LogDirectoryFailed:
    """What the operating system refused, in a line."""
    return LogDirectoryFailed(str(error.filename or "its files"), error.strerror or str(error))
