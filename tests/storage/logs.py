"""Logs to test with: batches in a line, a log on a simulated disk, and that log recovered after a stop."""

from collections.abc import Sequence

from impl.core.events import RecoveredLog
from impl.core.types import Batch, Offset, TopicPartition
from impl.sim.disk import SimDisk
from impl.storage.files import Disk
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.recovery import Found, Recovered, recover
from impl.wire import batches

PARTITION = TopicPartition("t", 0)
DIRECTORY = "t-0"
TOPIC_ID = bytes(range(16))
FIRST = f"{DIRECTORY}/00000000000000000000.log"
INDEX = f"{DIRECTORY}/00000000000000000000.index"
TIME_INDEX = f"{DIRECTORY}/00000000000000000000.timeindex"


def a_batch(name: str, count: int = 1, *, timestamp: int = 1_000, size: int = 0, producer: int = -1) -> Batch:
    """A batch of `count` records whose values begin with `name`; `producer` is the base sequence of producer 7."""
    records: list[batches.Record] = [(None, f"{name}/{number}".encode().ljust(size, b".")) for number in range(count)]
    identity = {} if producer < 0 else {"producer_id": 7, "producer_epoch": 1, "base_sequence": producer}
    return batches.parse_header(batches.build(records, timestamp=timestamp, **identity))


def open_log(
    disk: Disk,
    config: LogConfig | None = None,
    *,
    recovery_point: int = 0,
    high_watermark: int = 0,
    every_batch_synced: bool = False,
) -> Recovered:
    """Recover the one log of a disk, making its directory where there is none."""
    disk.make_directory(DIRECTORY)
    disk.sync_directory("")
    found = Found(PARTITION, DIRECTORY, TOPIC_ID, Offset(recovery_point), Offset(high_watermark))
    return recover(disk, found, config or LogConfig(), every_batch_synced=every_batch_synced)


def new_log(config: LogConfig | None = None) -> tuple[SimDisk, Log]:
    disk = SimDisk()
    return disk, open_log(disk, config).log


def append(log: Log, *several: Batch, epoch: int = 0) -> None:
    for batch in several:
        log.append(batch, log.end_offset, epoch)


def values(log: Log, start: int = 0, limit: int | None = None, max_bytes: int = 1) -> list[str]:
    """Every record's value from the batch that holds `start`, read a batch (or `max_bytes`) at a time."""
    limit = log.end_offset if limit is None else limit
    found: list[str] = []
    while start < limit:
        records = batches.records(log.read(start, limit, max_bytes))
        if not records:
            break
        found += [(value or b"").decode().rstrip(".") for _, _, _, value in records]
        start = records[-1][0] + 1
    return found


def names(*several: tuple[str, int]) -> list[str]:
    """The values of batches made by `a_batch(name, count)`."""
    return [f"{name}/{number}" for name, count in several for number in range(count)]


def epochs_of(state: RecoveredLog) -> Sequence[tuple[int, int]]:
    return [(entry.epoch, entry.start) for entry in state.epochs]
