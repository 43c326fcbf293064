"""Logs that compaction has left nothing at the end of, because an unclean election gave up what stood for it.

One rule: it looks, and judges nothing.

A record is compacted away because a later one of its key is committed. An unclean election may cut that later one off;
then a log ends where it was cut, and has nothing there. A leader of such a log has nothing to send to a follower that
lacks the offsets, and the follower waits for the next record past them, as Apache Kafka's does (LocalLog.read gives
the empty set where every record up to the log's end is gone). Where too few are in sync for a write no record comes.
"""

from impl.host.broker import BrokerHost
from impl.sim.world import World


def waits_past_a_gap(world: World) -> bool:
    """A follower lacks offsets for which its leader has no record any more."""
    for process in world.processes:
        host = process.host
        if not process.alive or not isinstance(host, BrokerHost):
            continue
        for name, led in host.broker.partitions.items():
            log = host.directories.logs.get(name)
            if not led.leading or log is None:
                continue
            shown = [max(peer.log_end, log.start_offset) for peer in led.peers.values()]
            if any(end < log.end_offset and not log.slices(end, log.end_offset, 1) for end in shown):
                return True
    return False
