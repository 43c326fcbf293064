"""Planted bugs of brokers to which a disk gives less than they asked for: no bytes, or room for half of a write.

One rule: each is found by that kind of refusal alone; a disk that refuses whole writes does not show it.
"""

from campaign.mutants.registry import mutant
from impl.core.types import Batch
from impl.storage.log import Log
from impl.storage.recovery import Recovery
from impl.storage.segment import Segment
from impl.storage.walk import Torn


@mutant("unreadable-is-torn", "recovery", "no_committed_loss", "log_matching", "high_watermark_bound")
class CutsWhatItCannotRead(Recovery):
    """Recovery takes what it cannot read for a torn tail, and cuts it off.

    A loop that reads until something is wrong and does not ask what: an input/output error passes by, what stands
    behind it is there the next time. KAFKA-2955's kin; Kafka's LogLoader once deleted indexes for any error there was.
    """

    def _scan_segment(self, segment: Segment) -> Torn | None:
        try:
            segment.log.read(0, segment.log.size())
        except OSError:
            segment.log.truncate(0)
        return super()._scan_segment(segment)


@mutant("written-again-whole", "heals", "recovery", "no_committed_loss", "log_matching")
class WritesAgain(Log):
    """A write that fails is done again, behind whatever the first try left.

    write(2) may write less than it was given, and then say why. Who takes the error for "nothing is written" puts the
    batch behind the half of itself, and every position after it is wrong.
    """

    def append(self, batch: Batch, base_offset: int, leader_epoch: int) -> None:
        try:
            super().append(batch, base_offset, leader_epoch)
        except OSError:
            super().append(batch, base_offset, leader_epoch)
