"""A compacted log to test with: keyed batches, a cleaning run to its end, and what a reader makes of it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from impl.core.types import Offset
from impl.sim.disk import SimDisk
from impl.storage.cleaning.cleaner import Cleaner
from impl.storage.cleaning.plan import plan
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import LogDirectory
from impl.storage.producer_snapshots import ProducerEntry
from impl.wire import batches
from impl.wire.opened import Record, closed, open_batch, records_in
from tests.storage.logs import PARTITION, TOPIC_ID

Pair = tuple[bytes | None, bytes | None]
COMPACT = (("cleanup.policy", "compact"),)


def no_producers(_partition: object, _to: int) -> Iterator[ProducerEntry]:
    return iter(())


def keyed(pairs: Sequence[Pair], timestamp: int, codec: int = 0, producer: tuple[int, int] | None = None) -> bytes:
    """A batch as a producer sends it; `producer` is its id and base sequence."""
    identity = (
        {} if producer is None else {"producer_id": producer[0], "producer_epoch": 0, "base_sequence": producer[1]}
    )
    plain = batches.build(pairs, timestamp=timestamp, **identity)
    header = open_batch(plain)
    return closed(header._replace(attributes=codec), records_in(plain), None)


class Compacted:
    """One log in a log directory on a simulated disk, and all that was ever written to it."""

    def __init__(
        self,
        config: LogConfig,
        configs: tuple[tuple[str, str], ...] = COMPACT,
        producers_of: Callable[..., Iterator[ProducerEntry]] = no_producers,
    ) -> None:
        self.disk = SimDisk()
        self.config = config
        self.producers_of = producers_of
        self.directory = LogDirectory(self.disk, config, producers_of)
        self.configs = configs
        self.directory.create(PARTITION, TOPIC_ID, configs)
        self.written: list[Record] = []

    @property
    def log(self) -> Log:
        return self.directory.logs[PARTITION]

    def append(self, *pairs: Pair, timestamp: int = 0, codec: int = 0, producer: tuple[int, int] | None = None) -> None:
        data = keyed(pairs, timestamp, codec, producer)
        end = self.log.end_offset
        self.log.append(batches.parse_header(data), end, 0)
        self.written += records_in(b"".join(batches.stamp(data, end, 0)))

    def clean(self, now: int, high_watermark: int | None = None, **given: Any) -> int | None:
        """Clean as far as is due; up to where, or None."""
        watermark = self.log.end_offset if high_watermark is None else high_watermark
        due = plan(self.log, self.directory.cleaner_offsets[PARTITION], now, watermark)
        if due is None:
            return None
        cleaner = Cleaner(self.directory, PARTITION, due, now=now, **given)
        while not cleaner.step():
            pass
        return self.directory.cleaner_offsets[PARTITION]

    def start_again(self) -> None:
        self.directory = LogDirectory(self.disk, self.config, self.producers_of)
        self.directory.create(PARTITION, TOPIC_ID, self.configs)

    def batches(self, start: int = 0, limit: int | None = None) -> list[bytes]:
        """Every batch from `start` on, as a reader fetches them."""
        limit = self.log.end_offset if limit is None else limit
        found: list[bytes] = []
        while start < limit:
            data = self.log.read(start, limit, 1)
            if not data:
                break
            found.append(data)
            start = open_batch(data).last_offset + 1
        return found

    def read(self, start: int = 0, limit: int | None = None) -> list[Record]:
        return [record for data in self.batches(start, limit) for record in records_in(data)]


def table(records: Sequence[Record]) -> dict[bytes, Record]:
    """What a reader that keeps the latest value of each key ends with."""
    found: dict[bytes, Record] = {}
    for record in records:
        if record.key is None:
            continue
        if record.tombstone:
            found.pop(record.key, None)
        else:
            found[record.key] = record
    return found


def at(offset: int) -> Offset:
    return Offset(offset)
