"""Segments of which nothing is in doubt, as recovery opens them.

One rule: they are believed as they lie; of what they hold nothing is read.
"""

from itertools import pairwise

from impl.storage.files import Disk
from impl.storage.leftovers import Layout
from impl.storage.log_config import LogConfig
from impl.storage.segment import Segment


def trusted(disk: Disk, directory: str, config: LogConfig, layout: Layout, end: int) -> list[Segment]:
    """The segments below `end`, where one begins: nothing is in doubt of them. A missing index is made anew."""
    segments = []
    for base, next_base in pairwise(base for base in layout.bases if base <= end):
        segment = Segment(disk, directory, base, config)
        segment.trust(next_base)
        if base in layout.unindexed:
            segment.rebuild_indexes()
        segments.append(segment)
    return segments


def place_of(bases: list[int], offset: int) -> int:
    """Which segment holds an offset; the first one where none does."""
    return max([place for place, base in enumerate(bases) if base <= offset], default=0)
