"""An epoch of which compaction has taken the first records, on a follower that has copied the rest."""

from impl.core.types import EpochStart
from tests.core.pump import Cluster, P
from tests.core.test_failover import move


def test_an_epoch_that_begins_in_a_gap_begins_where_that_does():
    """n3 goes on in epoch 0, alone; n1 leads epoch 1, whose first records are compacted away before n2 copies them. It
    is to tell n3 that epoch 0 ends where the gap begins, and not that it reaches as far as n3's own records."""
    cluster = Cluster()
    cluster.create_topic()
    cluster.produce(1, 1)
    cluster.pass_time(1_000)
    move(cluster, 2)
    cluster.pass_time(200)
    cluster.isolate(3)
    for value in range(10, 14):
        cluster.produce(2, value, acks=1)
    leader = cluster.nodes[2].logs[P]
    leader.batches = [stored for stored in leader.batches if stored.crc not in (10, 11)]
    cluster.heal()
    cluster.pass_time(2_000)
    follower = cluster.partition(3)
    assert follower.log_end == 5
    assert follower.epochs.entries == (EpochStart(0, 0), EpochStart(1, 1))
    assert follower.epochs.end_offset_for(0, follower.log_end) == (0, 1)
