"""What a crash or a careless hand does to a broker's directory while the broker is down.

One rule: only what was not synced may be torn. What a broker has synced (below its recovery point) is damaged by
nothing but a broken disk, which is another fault.
"""

import random
import shutil
from collections.abc import Mapping
from pathlib import Path

TORN_BYTES_MAX = 400
LOGS = "*/*.log"
META = "__cluster_metadata-0"


def synced(directory: Path) -> dict[Path, int]:
    """Every log file and its size while the broker is down: what its next process finds and syncs before it serves."""
    return {path: path.stat().st_size for path in sorted(directory.glob(LOGS))}


def corrupt_tails(directory: Path, draw: random.Random, kept: Mapping[Path, int]) -> int:
    """Tear the end of the newest segment of every partition: cut it, overwrite it or put garbage behind it.

    Nothing below the sizes in `kept` is touched. Returns how many logs were.
    """
    touched = 0
    for partition in sorted(path for path in directory.iterdir() if path.is_dir() and path.name != META):
        segments = sorted(partition.glob("*.log"))
        if segments:
            _tear(segments[-1], draw, kept.get(segments[-1], 0))
            touched += 1
    return touched


def wipe(directory: Path) -> None:
    """Empty the directory: a new disk. The directory itself stays, as a mount point does."""
    for path in sorted(directory.iterdir()):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _tear(segment: Path, draw: random.Random, kept: int) -> None:
    data = segment.read_bytes()
    torn = min(max(0, len(data) - kept), draw.randint(1, TORN_BYTES_MAX))
    how = draw.choice(("cut", "overwrite", "append"))
    if how == "append" or not torn:
        segment.write_bytes(data + draw.randbytes(TORN_BYTES_MAX // 4))
    elif how == "cut":
        segment.write_bytes(data[: len(data) - torn])
    else:
        segment.write_bytes(data[: len(data) - torn] + draw.randbytes(torn))
