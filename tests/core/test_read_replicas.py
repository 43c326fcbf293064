"""Follower fetching (KIP-392): consumers are sent to a replica in their rack, which serves below its own watermark."""

import pytest

from impl.core.image import MetadataImage
from impl.core.metadata import BrokerRegistrationChangeRecord, RegisterBrokerRecord
from impl.core.read_replicas import Candidate, preferred
from impl.core.types import CONTROLLER
from tests.core.pump import Cluster

RACKS = {1: "north", 2: "south", 3: "east", CONTROLLER: None}


class Racks(Cluster):
    """Brokers 1 to 3 in racks of their own."""

    def start(self, number):
        self.settings = {**self.settings, "broker_rack": RACKS[number], "replica_selector_by_rack": True}
        super().start(number)

    def consume(self, number, offset, rack="", epoch=-1, wait=0):
        return self.fetch(number, offset, epoch=epoch, wait=wait, rack=rack)


@pytest.fixture
def cluster():
    cluster = Racks()
    cluster.create_topic()
    cluster.produce(1, 7)
    return cluster


def test_a_consumer_is_sent_to_the_replica_in_its_rack(cluster):
    part = cluster.fetched(cluster.consume(1, 0, rack="south"))
    assert (part.preferred_replica, part.records, part.high_watermark) == (2, (), 1)


@pytest.mark.parametrize("rack", ["north", "west", "", None])
def test_the_leader_serves_whoever_has_no_better_replica(cluster, rack):
    part = cluster.fetched(cluster.consume(1, 0, rack=rack))
    assert part.preferred_replica == -1
    assert [stored.crc for stored in part.records] == [7]


def test_nobody_is_sent_to_a_replica_that_lacks_what_is_asked_for(cluster):
    cluster.isolate(2)
    cluster.produce(1, 8)
    assert cluster.fetched(cluster.consume(1, 1, rack="south")).preferred_replica == 2
    assert cluster.fetched(cluster.consume(1, 2, rack="south")).preferred_replica == -1


def test_nobody_is_sent_to_a_replica_out_of_sync(cluster):
    cluster.crash(2)
    cluster.pass_time(12_000)
    assert 2 not in cluster.isr()
    assert cluster.fetched(cluster.consume(1, 0, rack="south")).preferred_replica == -1


def test_a_follower_serves_below_its_own_high_watermark(cluster):
    cluster.isolate(3)
    cluster.produce(1, 8)
    assert (cluster.partition(2).log_end, cluster.partition(2).high_watermark) == (2, 1)
    part = cluster.fetched(cluster.consume(2, 0))
    assert (part.error.name, part.high_watermark) == ("NONE", 1)
    assert [stored.crc for stored in part.records] == [7]
    beyond = cluster.fetched(cluster.consume(2, 1))
    assert (beyond.error.name, beyond.records) == ("NONE", ())
    assert cluster.fetched(cluster.consume(2, 3)).error.name == "OFFSET_OUT_OF_RANGE"


def test_a_fetch_parked_at_a_follower_is_answered_when_its_watermark_moves(cluster):
    key = cluster.consume(2, 1, wait=5_000)
    assert cluster.fetched(key) is None
    cluster.produce(1, 8)
    assert [stored.crc for stored in cluster.fetched(key).records] == [8]


def test_a_follower_serves_nobody_who_only_asks_leaders(cluster):
    assert cluster.fetched(cluster.consume(2, 0, rack=None)).error.name == "NOT_LEADER_OR_FOLLOWER"


def test_a_follower_serves_its_own_leader_epoch_only(cluster):
    assert cluster.fetched(cluster.consume(2, 0, epoch=0)).error.name == "NONE"
    assert cluster.fetched(cluster.consume(2, 0, epoch=1)).error.name == "UNKNOWN_LEADER_EPOCH"
    cluster.crash(1)
    cluster.pass_time(12_000)
    follower = 5 - cluster.leader()
    assert cluster.fetched(cluster.consume(follower, 0, epoch=0)).error.name == "FENCED_LEADER_EPOCH"


def test_a_fetch_parked_at_a_follower_hears_of_a_new_leader(cluster):
    parked = {number: cluster.consume(number, 1, epoch=0, wait=100_000) for number in (2, 3)}
    cluster.crash(1)
    cluster.pass_time(12_000)
    assert {cluster.fetched(key).error.name for key in parked.values()} == {"FENCED_LEADER_EPOCH"}


# ---------------------------------------------------------------- the choice
def image(*brokers):
    made = MetadataImage()
    for number, rack in brokers:
        made.apply(
            RegisterBrokerRecord(broker=number, incarnation=bytes(16), broker_epoch=1, host="h", port=1, rack=rack)
        )
        made.apply(BrokerRegistrationChangeRecord(broker=number, broker_epoch=1, fenced=False))
    return made


def test_of_several_the_one_with_most_then_the_one_last_caught_up_is_chosen():
    racks = image((1, "north"), (2, "south"), (3, "south"), (4, "south"))
    assert preferred("south", 1, 5, [Candidate(9, 1, 2), Candidate(8, 5, 3)], racks) == 2
    assert preferred("south", 1, 5, [Candidate(9, 1, 2), Candidate(9, 5, 3), Candidate(4, 9, 4)], racks) == 3
    assert preferred("south", 1, 5, [Candidate(4, 9, 4)], racks) == -1
