"""What simulated logs hold that are compacted, read off their files past the brokers that have them.

One rule: looking changes nothing, and no fault of a disk shows in it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from impl.core.facts import Compact, Restart
from impl.host.broker import BrokerHost
from impl.sim.files import SimFile
from impl.sim.observer import Held, LogObserver
from impl.sim.process import Process
from impl.sim.tombstones import held_in
from impl.storage.log import Log
from impl.wire.batches import CorruptBatch, split
from impl.wire.opened import open_batch


class Inspector:
    """Shows an observer what is compacted when it is, and whole logs when a process has found them, and in the end."""

    def __init__(self, observer: LogObserver) -> None:
        self._observer = observer
        self._processes: dict[str, Process] = {}

    def watch(self, processes: Iterable[Process]) -> None:
        """These are the processes of a world."""
        self._processes = {process.name: process for process in processes}

    def after(self, name: str, now: int, facts: Sequence[Any]) -> None:
        """A step of this node told these facts."""
        for fact in facts:
            if type(fact) is Compact:
                self._look(name, now, fact.partition, fact.begin, fact.to)
            elif type(fact) is Restart:
                self._look(name, now, fact.partition)

    def look_at_all(self, now: int) -> None:
        """At every log of every broker that runs."""
        for name, process in self._processes.items():
            if process.alive and isinstance(process.host, BrokerHost):
                for partition in sorted(process.host.directories.logs):
                    self._look(name, now, str(partition))

    def _look(self, name: str, now: int, partition: str, begin: int = 0, to: int | None = None) -> None:
        host = self._processes[name].host
        assert isinstance(host, BrokerHost), "brokers tell of logs"
        log = next((log for label, log in host.directories.logs.items() if str(label) == partition), None)
        if log is None:
            return
        cleaned = to is not None
        begin, to = max(begin, log.start_offset), log.end_offset if to is None else to
        records = held(log, begin, to)
        if records is not None:
            self._observer.held(name, now, partition, begin, to, records, cleaned=cleaned)


def held(log: Log, begin: int, to: int) -> list[Held] | None:
    """Every record from `begin` on below `to`, in the order in which they lie; None where something is damaged."""
    found: list[Held] = []
    try:
        for segment in log.segments:
            if segment.base_offset >= to or segment.end_offset <= begin:
                continue
            assert isinstance(segment.log, SimFile), "a simulated log lies in simulated files"
            for batch in split(segment.log.content()[: segment.size]):
                assert isinstance(batch.data, memoryview), "split gives the bytes"
                found += [each for each in held_in(batch.data, open_batch(batch.data)) if begin <= each[0] < to]
    except CorruptBatch:
        return None
    return found
