"""What is still on its way in a cluster that looks whole: a world waits for it before it is judged.

One rule: that it comes to its end is not the world's to judge, so nobody waits for ever.
"""

from collections.abc import Iterable

from impl.core.partition import Partition
from impl.core.types import TopicPartition
from impl.host.broker import BrokerHost
from impl.sim.process import Process
from impl.sim.roll_call import Deciding


def reassigns(active: Deciding | None) -> bool:
    """Somebody takes a replica over. Who asks a broker that lags hears of the partition as it was, and takes it for
    whole. `active` is the active controller, if there is one."""
    return active is None or any(known.adding or known.removing for known in active[2].partitions())


def followed(nodes: Iterable[Process]) -> dict[str, tuple[str, Partition, dict[str, Partition]]]:
    """By label: the leader's name, what it has of the partition, and what those have who are in its epoch and copy its
    log."""
    held: dict[TopicPartition, dict[str, Partition]] = {}
    for process in nodes:
        if process.alive and isinstance(process.host, BrokerHost):
            for name, partition in process.host.broker.partitions.items():
                held.setdefault(name, {})[process.name] = partition
    found = {}
    for everybody in held.values():
        for leader, leads in everybody.items():
            if leads.leading:
                those = {
                    name: each
                    for name, each in everybody.items()
                    if not each.leading
                    and each.reconciled
                    and each.leader_epoch == leads.leader_epoch
                    and each.label == leads.label
                }
                found[leads.label] = leader, leads, those
    return found


def deletes(nodes: Iterable[Process]) -> bool:
    """A leader has deleted what one that follows it has yet to hear of."""
    return any(
        each.log_start < leads.log_start for _, leads, those in followed(nodes).values() for each in those.values()
    )
