"""Leaderships go back to the preferred replicas from time to time (auto.leader.rebalance.enable).

One rule: nobody leads by this who could not have been elected: the preferred replica, the first of the assignment,
takes over where it is in sync and alive, and the partition has another leader. A partition without one is none of this.

As in Kafka 4 (QuorumController's periodic task, ReplicationControlManager.maybeBalancePartitionLeaders): every
leader.imbalance.check.interval.seconds, a bounded number of elections at once, and the rest right after.
leader.imbalance.per.broker.percentage is of the days of ZooKeeper (KAFKA-18743).
"""

from impl.core.calls import NEVER
from impl.core.elections import Elections
from impl.core.settings import Settings
from impl.core.types import NO_LEADER, Millis

ELECTIONS_MAX = 1_000
"""In one check."""


class Balance:
    """`due` is when the next check is; never, where it is switched off."""

    def __init__(self, settings: Settings, elections: Elections) -> None:
        self._elections = elections
        self._interval_ms = settings.leader_imbalance_check_interval_seconds * 1_000
        self._enabled = settings.auto_leader_rebalance_enable
        self.due = NEVER

    def begin(self, now: Millis) -> None:
        """The controller has just become active: everybody has an interval's time to come back."""
        if self._enabled:
            self.due = Millis(now + self._interval_ms)

    def check(self, now: Millis) -> None:
        """Elect preferred leaders. What is left over is due with the next tick."""
        self.due = Millis(now + self._interval_ms)
        elections = 0
        for partition in list(self._elections.image.partitions()):
            if partition.leader not in (NO_LEADER, partition.replicas[0]) and self._elections.prefer(partition):
                elections += 1
                if elections == ELECTIONS_MAX:
                    self.due = now
                    return
