"""What a run's logs keep: retention that has something to do within seconds.

One rule: it is drawn apart from all else of a seed, which stays as it would be.
"""

import random
from typing import Any, NamedTuple

from msgspec.structs import replace

from impl.host.upkeep import UpkeepConfig
from impl.storage.log_config import LogConfig

RETAINING_SHARE = 0.15
"""Of the runs: retention deletes in them."""
RETAINING: tuple[dict[str, Any], ...] = (
    {"retention_ms": 300, "segment_bytes": 300},
    {"retention_ms": 1_500, "segment_bytes": 300, "segment_ms": 200},
    {"retention_bytes": 1_500, "segment_bytes": 300},
)
"""Changes of their `LogConfig`."""
DELETED_FILES_MS = 400
"""How long deleted files still lie there."""
UPKEEP = UpkeepConfig(retention_check_interval_ms=150, initial_task_delay_ms=100)
"""How often their nodes look."""


class Retention(NamedTuple):
    """What may go though no client has asked for it."""

    retention_ms: int
    """-1: nothing is ever old."""
    by_size: bool


NOTHING = Retention(-1, by_size=False)


def keeping(log: LogConfig, seed: int) -> tuple[LogConfig, UpkeepConfig | None]:
    """How this seed's logs are kept, and how often nodes see to that."""
    draw = random.Random(f"retention {seed}")
    if draw.random() >= RETAINING_SHARE:
        return log, None
    return replace(log, file_delete_delay_ms=DELETED_FILES_MS, **draw.choice(RETAINING)), UPKEEP


def retention_of(log: LogConfig, upkeep: UpkeepConfig | None) -> Retention:
    """What goes by itself in a run of which nodes look after their logs."""
    if upkeep is None or not log.deletes:
        return NOTHING
    timed = log.retention_ms < LogConfig().retention_ms
    return Retention(log.retention_ms if timed else -1, log.retention_bytes >= 0)
