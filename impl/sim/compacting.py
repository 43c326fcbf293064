"""What a run's logs keep of each key: compaction that has something to do within seconds.

One rule: it is drawn apart from all else of a seed, which stays as it would be.
"""

import random
from typing import Any, NamedTuple

from msgspec.structs import replace

from impl.host.upkeep import UpkeepConfig
from impl.sim.keeping import DELETED_FILES_MS, UPKEEP
from impl.storage.log_config import LogConfig

COMPACTING_SHARE = 0.15
"""Of the runs: their topic is compacted."""
COMPACTING: tuple[dict[str, Any], ...] = (
    {"min_cleanable_dirty_ratio": 0.0, "delete_retention_ms": 600, "segment_bytes": 300},
    {"min_cleanable_dirty_ratio": 0.0, "delete_retention_ms": 1_500, "segment_bytes": 400},
    {"min_cleanable_dirty_ratio": 0.3, "delete_retention_ms": 400, "segment_bytes": 300, "min_compaction_lag_ms": 300},
    {"min_cleanable_dirty_ratio": 0.9, "delete_retention_ms": 800, "max_compaction_lag_ms": 500, "segment_bytes": 600},
)
"""Changes of their `LogConfig`."""
BOTH_SHARE = 0.2
"""Of those: whose logs retention shortens, too."""
RETENTION_MS = 2_500
CLEANER_BACKOFF_MS = 150


class Compacted(NamedTuple):
    """What compaction may do, and when. Times in ms."""

    delete_retention_ms: int
    min_compaction_lag_ms: int


def compacting(log: LogConfig, upkeep: UpkeepConfig | None, seed: int) -> tuple[LogConfig, UpkeepConfig | None]:
    """How this seed's logs are compacted, and how often nodes see to that."""
    draw = random.Random(f"compaction {seed}")
    if draw.random() >= COMPACTING_SHARE:
        return log, upkeep
    changes = draw.choice(COMPACTING)
    cleaned = replace(upkeep or UPKEEP, cleaner_backoff_ms=CLEANER_BACKOFF_MS)
    log = replace(log, cleanup_policy=("compact",), file_delete_delay_ms=DELETED_FILES_MS, **changes)
    if draw.random() < BOTH_SHARE:
        log = replace(log, cleanup_policy=("compact", "delete"), retention_ms=RETENTION_MS)
    return log, cleaned


def compacted(log: LogConfig) -> Compacted | None:
    """What compaction may do to logs of this configuration; None: nothing."""
    return Compacted(log.delete_retention_ms, log.min_compaction_lag_ms) if log.compacts else None
