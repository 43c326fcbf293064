"""Planted bugs of storage: what is believed of a disk after a stop, and what is made to last."""

from campaign.mutants.registry import mutant
from impl.core.controller_messages import RegisterBroker
from impl.core.image import BrokerImage
from impl.core.sessions import Sessions
from impl.core.types import NO_BROKER_EPOCH
from impl.storage.files import Disk
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import CLEAN_SHUTDOWN, LogDirectory, ProducersOf
from impl.storage.recovery import Recovery
from impl.storage.segment import Segment
from impl.storage.walk import Torn


@mutant("torn-tail-left", "recovery", "no_committed_loss", "log_matching", "heals")
class LeavesTheTornTail(Recovery):
    """Recovery finds where the log is torn, and leaves the torn bytes in the file.

    KAFKA-18723 and KAFKA-14104 tell of tails that recovery let pass. The next batch is written after the debris, and
    whoever reads from there on reads debris.
    """

    def _cut_segment(self, segment: Segment, torn: Torn, file_size: int) -> None:
        del file_size
        self._cut(segment.path, torn.position, torn.reason)


class _BelievesAnyMarker(Sessions):
    """As before the clean-shutdown file said under which registration the broker had stopped (KIP-966)."""

    def stopped_cleanly(self, known: BrokerImage, request: RegisterBroker) -> bool:
        del known
        return request.previous_broker_epoch != NO_BROKER_EPOCH


@mutant("marker-outlives-the-start", "recovery", "no_committed_loss", "quorum_superset", also=(_BelievesAnyMarker,))
class KeepsTheMarker(LogDirectory):
    """The file that tells of a clean stop is still there when the broker runs.

    KAFKA-10471, until Kafka 2.8: the file was removed once all logs were loaded, and a crash before that was taken for
    a clean stop at the next start. Here it stays for the whole life of the process, and the controller believes it
    whatever registration it is of, as it did then.
    """

    def __init__(self, disk: Disk, config: LogConfig, producers_of: ProducersOf | None = None) -> None:
        super().__init__(disk, config, producers_of)
        if self.stopped_cleanly:
            content = b'{"version":0,"brokerEpoch":%d}' % self.previous_broker_epoch
            disk.write_file(CLEAN_SHUTDOWN, content)
