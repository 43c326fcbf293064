"""Simulated consumers read from followers, too, and one that serves more than is committed is caught."""

from campaign import trial
from campaign.mutants.registry import Mutant
from campaign.profiles import PROFILES
from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.partition import Partition
from impl.core.quorum.controller import QuorumController
from impl.core.types import LogSlice
from impl.sim.drivers import Seeded
from impl.sim.weights import Weights

SCENARIO = PROFILES["durable"].scenario
KINDS = PROFILES["durable"].kinds
SEEDS = 40


class ServesAllItHas(Partition):
    """A follower that takes the end of its log for the high watermark."""

    __slots__ = ()

    def answer(self, asked, replica, max_bytes, out):
        watermark = self.high_watermark
        if replica < 0 and not self.leading:
            self.high_watermark = self.log_end
        try:
            return super().answer(asked, replica, max_bytes, out)
        finally:
            self.high_watermark = watermark


def run(seed, partition):
    """The verdict of a run, and how many records followers gave consumers."""
    served = 0

    class Counting(partition):
        __slots__ = ()

        def answer(self, asked, replica, max_bytes, out):
            nonlocal served
            part = super().answer(asked, replica, max_bytes, out)
            served += replica < 0 and not self.leading and isinstance(part.records, LogSlice)
            return part

    class Planted(Broker):
        partition_class = Counting

    mutant = Mutant("follower-reads", "", "", ("stable_read",), Planted, Controller, QuorumController)
    scenario = SCENARIO.varied(seed)
    choices = Seeded(seed, scenario.table(), Weights.swarm(seed, KINDS))
    return trial.run(scenario, choices, mutant, seeking="stable_read").violated, served


def test_followers_serve_and_nothing_above_the_watermark_is_read():
    ran = [run(seed, Partition) for seed in range(6)]
    assert [violated for violated, _ in ran] == [None] * 6
    assert sum(served for _, served in ran) > 10


def test_a_follower_that_serves_what_is_not_committed_is_caught():
    found = next((violated for seed in range(SEEDS) if (violated := run(seed, ServesAllItHas)[0]) is not None), None)
    assert found is not None
    assert found.invariant == "stable_read"
