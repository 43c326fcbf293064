"""One broker as a whole: the sans-IO core, its log directory, and the order in which a step takes effect.

One rule: nothing leaves before it is true. The storage effects of a step are performed in order and synced where
`flush.messages` says so (once for each log and step); then the facts are recorded; only then does the caller get what
is to be sent. A crash anywhere in between is a crash the log survives, and nobody has been told anything yet.

The core never holds record bytes. Where its answer names a slice of a log or a time to look up, the host reads the
storage as it is at that place among the step's effects.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from impl.core.broker import Broker
from impl.core.events import (
    AppendBatch,
    CreateLog,
    DeleteLog,
    Effect,
    Event,
    RecoveredLog,
    Send,
    SendReply,
    Stopped,
    TruncateLog,
    WriteEpochs,
    WriteHighWatermarks,
)
from impl.core.facts import FACTS, Fact
from impl.core.messages import Fetched, ListedOffsets
from impl.core.settings import Settings
from impl.core.types import BrokerEpoch, Millis
from impl.host.answers import filled, looked_up
from impl.storage.errors import LogDirectoryFailed
from impl.storage.files import Disk
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import LogDirectory

Outgoing = Send | SendReply | Stopped
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


def unreported(_line: str) -> None:
    """For a host nobody reads the log of."""


class BrokerHost:
    """A running broker. Once it has raised, it must not be used again.

    Making one recovers the log directory. Raises StorageError: LogDirectoryFailed where the system refuses a call, the
    others where the directory's content cannot be worked with.
    """

    def __init__(
        self,
        disk: Disk,
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
    ) -> None:
        """`record` gets the facts of each step that has any; `report` a line for people, where storage has one.

        `stored`: many records of an answer stay in their file, for whoever can send from there (impl/host/stored.py).
        """
        try:
            self.directory = LogDirectory(disk, log_config)
        except OSError as error:
            raise failure(error) from error
        for cut in self.directory.cuts:
            report(cut)
        self.broker = make_broker(
            settings,
            host=host,
            port=port,
            incarnation=incarnation,
            logs=self.directory.recovered,
            previous_broker_epoch=BrokerEpoch(self.directory.previous_broker_epoch),
        )
        self._node = settings.node
        self._logs = self.directory.logs
        self._record = record
        self._report = report
        self._stored = stored
        self._due: dict[Log, None] = {}
        """Logs to flush before the step ends, in the order they came due."""

    def start(self, now: Millis) -> list[Outgoing]:
        """Begin; what is to be sent. Raises StorageError."""
        return self._perform(self.broker.start(now))

    def handle(self, event: Event, now: Millis) -> list[Outgoing]:
        """One step; what is to be sent, or that the broker has stopped. Raises StorageError."""
        effects = self.broker.step(event, now)
        return self._perform(effects) if effects else []

    def _perform(self, effects: Sequence[Effect]) -> list[Outgoing]:
        outgoing: list[Outgoing] = []
        facts: list[Any] = []
        try:
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
                else:
                    _STORAGE[type(effect)](self, effect)
            if self._due:
                self._flush()
        except OSError as error:
            raise failure(error) from error
        if facts:
            self._record(facts)
        return outgoing

    # ------------------------------------------------------------ storage effects
    def _append(self, effect: AppendBatch) -> None:
        log = self._logs[effect.partition]
        log.append(effect.batch, effect.base_offset, effect.leader_epoch)
        if log.flush_due:
            self._due[log] = None

    def _create(self, effect: CreateLog) -> None:
        self.directory.create(effect.partition, effect.topic_id, effect.configs)

    def _delete(self, effect: DeleteLog) -> None:
        log = self._logs.get(effect.partition)
        if log is not None:
            self._due.pop(log, None)
        self.directory.delete(effect.partition, effect.topic_id)

    def _truncate(self, effect: TruncateLog) -> None:
        self.directory.truncate(effect.partition, effect.to)

    def _write_epochs(self, effect: WriteEpochs) -> None:
        self._logs[effect.partition].write_epochs(effect.epochs)

    def _write_high_watermarks(self, effect: WriteHighWatermarks) -> None:
        self.directory.write_high_watermarks(effect.watermarks)

    def _flush(self) -> None:
        due = list(self._due)
        self._due.clear()
        for log in due:
            log.flush()

    def _stop(self) -> None:
        registered = self.broker.image.brokers.get(self._node)
        self.directory.close(-1 if registered is None else registered.epoch)

    # ------------------------------------------------------------ answers
    def _complete(self, effect: SendReply) -> SendReply:
        """The reply with the bytes and offsets that only storage knows."""
        reply = effect.reply
        if type(reply) is Fetched:
            whole = filled(reply, self._logs, self._report, stored=self._stored)
            return SendReply(effect.connection, effect.correlation, whole)
        if type(reply) is ListedOffsets:
            return SendReply(effect.connection, effect.correlation, looked_up(reply, self._logs, self._report))
        return effect


_STORAGE: dict[type[Any], Callable[[BrokerHost, Any], None]] = {
    AppendBatch: BrokerHost._append,
    CreateLog: BrokerHost._create,
    DeleteLog: BrokerHost._delete,
    TruncateLog: BrokerHost._truncate,
    WriteEpochs: BrokerHost._write_epochs,
    WriteHighWatermarks: BrokerHost._write_high_watermarks,
}


def failure(error: OSError) -> LogDirectoryFailed:
    """What the operating system refused, in a line."""
    return LogDirectoryFailed(str(error.filename or "its files"), error.strerror or str(error))
