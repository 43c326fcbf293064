"""Throttled catch-up (KIP-73): replicas that are named for it and not in sync share a rate in bytes a second.

One rule: only who lags is held back. A replica in sync is never throttled, though what it copies counts, so a quota can
slow a rebuilding broker down and never takes one out of the in-sync set.

The rate is set for running brokers (leader.replication.throttled.rate, follower.replication.throttled.rate), the
replicas by topic (leader.replication.throttled.replicas, follower.replication.throttled.replicas: `partition:broker`,
or `*`). Samples are Kafka's default, eleven of a second each (replication.quota.window.num), and a rate is over the ten
whole ones at least: a quota that was not used lets ten seconds' worth through at once.

Source: Kafka's ReplicationQuotaManager, Rate.measure; ReplicaManager.shouldLeaderThrottle,
ReplicaFetcherThread.shouldFollowerThrottle.
"""

from collections.abc import Mapping

from impl.core.image import CLUSTER_DEFAULT, MetadataImage
from impl.core.topic_configs import number
from impl.core.types import Millis, NodeId

LEADER_RATE = "leader.replication.throttled.rate"
FOLLOWER_RATE = "follower.replication.throttled.rate"
LEADER_REPLICAS = "leader.replication.throttled.replicas"
FOLLOWER_REPLICAS = "follower.replication.throttled.replicas"
SAMPLES = 11
SAMPLE_MS = 1_000


def names(configs: Mapping[str, str], name: str, index: int, node: NodeId) -> bool:
    """Whether a topic's list of throttled replicas has the one of this partition on this broker."""
    listed = configs.get(name, "").replace(" ", "")
    return listed == "*" or f"{index}:{node}" in listed.split(",")


class ReplicationQuota:
    """Bytes a second on one side of replication, of one broker. Time comes by `advance`."""

    __slots__ = ("_image", "_name", "_node", "_now", "_samples")

    def __init__(self, image: MetadataImage, node: NodeId, name: str) -> None:
        self._image = image
        self._node = node
        self._name = name
        self._now = Millis(0)
        self._samples: dict[int, int] = {}
        """Bytes by second."""

    def advance(self, now: Millis) -> None:
        self._now = now

    def record(self, size: int) -> None:
        """So many bytes of throttled partitions were copied."""
        if size:
            second = self._now // SAMPLE_MS
            self._samples[second] = self._samples.get(second, 0) + size
            if len(self._samples) > SAMPLES:
                for old in [each for each in self._samples if each <= second - SAMPLES]:
                    del self._samples[old]

    @property
    def rate(self) -> int | None:
        """Bytes a second allowed; None: any number."""
        configs = self._image.broker_configs
        for name in (str(self._node), CLUSTER_DEFAULT):
            value = configs.get(name, {}).get(self._name)
            if value is not None:
                return number(value, 0)
        return None

    def exceeded(self) -> bool:
        """More was copied lately than is allowed."""
        rate = self.rate
        if rate is None:
            return False
        first = self._now // SAMPLE_MS - SAMPLES + 1
        copied = sum(size for second, size in self._samples.items() if second >= first)
        span = (SAMPLES - 1) * SAMPLE_MS + self._now % SAMPLE_MS
        return copied * SAMPLE_MS > rate * span


class ReplicationQuotas:
    """Both sides of one broker."""

    __slots__ = ("follower", "leader")

    def __init__(self, image: MetadataImage, node: NodeId) -> None:
        self.leader = ReplicationQuota(image, node, LEADER_RATE)
        self.follower = ReplicationQuota(image, node, FOLLOWER_RATE)

    def advance(self, now: Millis) -> None:
        self.leader.advance(now)
        self.follower.advance(now)
