"""A leader that has nothing to send to a follower which lacks offsets: seen, and told apart from one that has."""

from campaign.gaps import waits_past_a_gap
from impl.core.types import TopicPartition
from impl.sim.drivers import Recorded
from impl.sim.scenario import Scenario
from impl.sim.world import World
from impl.wire import batches
from tests.storage.compacted import keyed

P = TopicPartition("t", 0)


def test_whoever_waits_for_what_its_leader_no_longer_has_is_seen() -> None:
    sends = {("send", slot, 1): 1 for slot in range(4)}
    world = World(Scenario(horizon_ms=100), Recorded(sends))
    assert world.run().healthy
    host = next(each.host for each in world.processes[1:] if each.host.broker.partitions[P].leading)
    log, led = host.directories.logs[P], host.broker.partitions[P]
    assert not waits_past_a_gap(world)
    peer = next(iter(led.peers.values()))
    peer.log_end = 0
    assert not waits_past_a_gap(world)
    log.reset_to(0)
    log.append(batches.parse_header(keyed([(b"k", b"v")], 0)), 5, 0)
    assert not waits_past_a_gap(world)
    log.truncate_to(3)
    assert waits_past_a_gap(world)
