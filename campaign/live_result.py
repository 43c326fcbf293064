"""What a live run comes to, counted by its driver.

One rule: the counts here are plain bookkeeping; whether the run was good is said by those who were not there
(`campaign/judges.py`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from campaign.clients import UNSAID, Read, RecordingProducer

READER = "reader"
"""The client that reads everything back at the end."""


class LiveResult(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, counted."""

    brokers: int
    seconds: float
    traces: tuple[Path, ...]
    """One file for each process of the cluster."""
    histories: tuple[Path, ...]
    """One file for each client, and one for what was done to the processes."""
    killed: int | None
    """The broker that was killed."""
    failover_seconds: float | None
    """From the kill to the next acknowledged record of a partition that the killed broker led."""
    acknowledged: int
    read: int
    unknown: int
    """Records of which the producer never learnt whether they were written."""
    lost: tuple[str, ...]
    """Values acknowledged and not read back."""
    duplicates: tuple[str, ...]
    """Values that stand in the log more than once."""
    out_of_order: tuple[str, ...]
    """Values that stand behind a later value of the same key."""
    misplaced: tuple[str, ...]
    """Values read at another offset than they were acknowledged at."""
    forced: tuple[str, ...]
    """Processes that did not stop cleanly."""


def counted(records: Sequence[Read], producers: Sequence[RecordingProducer], **known: Any) -> LiveResult:
    """What the producers were promised, beside what was read back."""
    acknowledged = [record for producer in producers for record in producer.acknowledged]
    places: dict[str, list[Read]] = {}
    latest: dict[str, int] = {}
    out_of_order = []
    for record in sorted(records):
        places.setdefault(record.value, []).append(record)
        sequence = int(record.value.rpartition(":")[2])
        if sequence < latest.get(record.key, -1):
            out_of_order.append(record.value)
        latest[record.key] = max(sequence, latest.get(record.key, -1))
    found = [record for record in acknowledged if record.value in places and record.offset != UNSAID]
    return LiveResult(
        acknowledged=len(acknowledged),
        read=len(records),
        unknown=sum(len(producer.unknown) for producer in producers),
        lost=tuple(sorted(record.value for record in acknowledged if record.value not in places)),
        duplicates=tuple(sorted(value for value, stood in places.items() if len(stood) > 1)),
        out_of_order=tuple(out_of_order),
        misplaced=tuple(sorted(record.value for record in found if record not in places[record.value])),
        **known,
    )
