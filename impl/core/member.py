"""What the parts of one broker share: settings, the metadata image, its partitions, its open calls.

One rule: this holds and decides nothing. The parts (registration, metadata, fetchers, ...) each own their decisions
and meet only here.
"""

from impl.core.calls import Calls
from impl.core.image import MetadataImage
from impl.core.partition import Partition
from impl.core.replication_quotas import ReplicationQuotas
from impl.core.settings import Settings
from impl.core.types import BrokerEpoch, ErrorCode, Millis, TopicPartition


class Member:
    """Mutable. One for each start of a broker."""

    __slots__ = (
        "acting",
        "broker_epoch",
        "calls",
        "controller_backoff_ms",
        "host",
        "image",
        "incarnation",
        "lost",
        "partitions",
        "port",
        "previous_broker_epoch",
        "proposing",
        "quotas",
        "settings",
        "wall_ahead",
        "watermark_fell",
    )

    def __init__(
        self, settings: Settings, host: str, port: int, incarnation: bytes, previous_broker_epoch: BrokerEpoch
    ) -> None:
        self.settings = settings
        self.host = host
        self.port = port
        self.incarnation = incarnation
        self.image = MetadataImage()
        self.partitions: dict[TopicPartition, Partition] = {}
        self.quotas = ReplicationQuotas(self.image, settings.node)
        self.calls = Calls(settings.request_timeout_ms)
        self.previous_broker_epoch = previous_broker_epoch
        """The registration under which the process before this one stopped cleanly; -1: it did not."""
        self.broker_epoch = BrokerEpoch(-1)
        """-1 until the controller has registered this incarnation."""
        self.acting = False
        """The metadata log has been read far enough to act on it (impl/core/metadata_reader.py)."""
        self.proposing: list[TopicPartition] = []
        """Partitions whose new proposal is yet to be sent."""
        self.wall_ahead: int | None = None
        """Milliseconds from this process's time to people's; None where that is not known."""
        self.watermark_fell = False
        """A follower's high watermark has fallen in this step: a checkpoint that is higher must not outlive it."""
        self.controller_backoff_ms = Millis(max(1, settings.broker_heartbeat_interval_ms // 4))
        """How long to wait before asking the controller again after it did not answer or refused."""

        self.lost: set[TopicPartition] = set()
        """Partitions whose logs lie in a directory that has failed."""

    def error_without(self, name: TopicPartition) -> ErrorCode:
        """Why there is no such partition here. Before the broker has read the metadata, nobody can say."""
        if name in self.lost:
            return ErrorCode.KAFKA_STORAGE_ERROR
        if not self.acting or self.image.partition(name) is not None:
            return ErrorCode.NOT_LEADER_OR_FOLLOWER
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION

    @property
    def registered(self) -> bool:
        return self.broker_epoch >= 0
