"""Snapshots of the metadata: an image comes back from its records; whoever is behind one reads it and goes on."""

import pytest

from impl.core.controller_messages import BrokerHeartbeat
from impl.core.events import RequestArrived, SnapshotLoaded
from impl.core.image import MetadataImage
from impl.core.metadata import (
    BROKER_RESOURCE,
    TOPIC_RESOURCE,
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    TopicRecord,
)
from impl.core.quorum.batches import SnapshotId
from impl.core.quorum.facts import QuorumLoadSnapshot
from impl.core.quorum.messages import FetchedSnapshot, FetchMetadata, FetchSnapshot, SnapshotSlice
from impl.core.quorum.snapshots import Download, records_of
from impl.core.types import ErrorCode, TopicPartition
from tests.core.quorum_pump import Quorum


def an_image():
    image = MetadataImage()
    for record in (
        RegisterBrokerRecord(broker=2, incarnation=bytes(16), broker_epoch=5, host="h", port=1, clean=False),
        BrokerRegistrationChangeRecord(broker=2, broker_epoch=5, fenced=False, in_controlled_shutdown=True),
        RegisterBrokerRecord(broker=1, incarnation=bytes(16), broker_epoch=0, host="g", port=2),
        TopicRecord("t", b"T" * 16),
        ConfigRecord(TOPIC_RESOURCE, "t", "retention.ms", "5"),
        ConfigRecord(BROKER_RESOURCE, "", "min.insync.replicas", "2"),
        PartitionRecord(
            partition=TopicPartition("t", 1),
            replicas=(1, 2, 3),
            isr=(1,),
            leader=1,
            leader_epoch=7,
            partition_epoch=9,
            removing=(3,),
            adding=(2,),
            elr=(2,),
            last_known_elr=(3,),
            recovering=True,
            enough=False,
        ),
        ProducerIdsRecord(broker=1, broker_epoch=0, next_producer_id=3_000),
    ):
        image.apply(record)
    return image


def fields_of(thing):
    return {name: getattr(thing, name) for name in type(thing).__slots__}


def test_an_image_comes_back_from_its_records():
    image, again = an_image(), MetadataImage()
    again.apply(TopicRecord("gone", b"G" * 16))
    again.load(records_of(image), 42)
    assert again.offset == 42
    assert (again.next_producer_id, again.broker_configs) == (3_000, image.broker_configs)
    assert [fields_of(again.brokers[node]) for node in (1, 2)] == [fields_of(image.brokers[node]) for node in (1, 2)]
    assert list(again.topics) == ["t"]
    assert again.topics_by_id[b"T" * 16] is again.topics["t"]
    assert again.topics["t"].configs == {"retention.ms": "5"}
    assert list(map(fields_of, again.partitions())) == list(map(fields_of, image.partitions()))
    assert records_of(again) == records_of(image)


# ---------------------------------------------------------------- pieces
def piece(snapshot, position, data, size):
    return FetchedSnapshot(error=ErrorCode.NONE, snapshot=snapshot, position=position, size=size, data=data)


def test_pieces_make_a_whole_and_strangers_are_refused():
    one, other = SnapshotId(5, 1), SnapshotId(6, 1)
    download = Download(one)
    assert not download.take(piece(other, 0, b"abc", 5))
    assert not download.take(piece(one, 3, b"de", 5))
    assert not download.take(piece(one, 0, b"", 5))
    assert download.take(piece(one, 0, b"abc", 5))
    assert not download.whole(piece(one, 0, b"abc", 5))
    last = piece(one, 3, b"de", 5)
    assert download.take(last)
    assert download.whole(last)
    assert download.data == b"abcde"
    assert not Download(one).take(piece(one, 0, b"more than it is", 3))


# ---------------------------------------------------------------- voters
@pytest.fixture
def quorum():
    """Snapshots after a few records; the pump's disks keep their records instead of bytes."""
    quorum = Quorum(metadata_snapshot_bytes=300)
    quorum.elected()
    return quorum


def work(quorum, number, count, first=1):
    for broker in range(first, first + count):
        quorum.register(number, broker=broker)
        quorum.pass_time(60)


def states(quorum):
    return [records_of(node.image) for node in quorum.nodes.values()]


def test_a_log_is_dropped_behind_its_snapshot(quorum):
    leader = quorum.active[0]
    work(quorum, leader, 12)
    log = quorum.nodes[leader].raft.log
    assert log.start > 0
    assert max(quorum.disks[leader].snapshots).end == log.start
    assert states(quorum)[0] == states(quorum)[1] == states(quorum)[2]
    assert sorted(quorum.nodes[leader].image.brokers) == list(range(1, 13))


def test_voters_start_from_their_snapshots(quorum):
    work(quorum, quorum.active[0], 12)
    before = states(quorum)
    for number in quorum.numbers:
        quorum.crash(number)
    for number in quorum.numbers:
        quorum.start(number)
    leader = quorum.elected()
    quorum.pass_time(200)
    assert states(quorum) == before
    heartbeat = BrokerHeartbeat(broker=3, broker_epoch=3, metadata_offset=99, want_shut_down=False)
    assert quorum.answer(leader, heartbeat).error is ErrorCode.NONE


def test_a_voter_that_was_away_reads_a_snapshot_and_goes_on(quorum):
    leader = quorum.active[0]
    away = next(number for number in quorum.numbers if number != leader)
    quorum.crash(away)
    work(quorum, leader, 12)
    quorum.start(away)
    quorum.pass_time(1_000)
    assert quorum.told(QuorumLoadSnapshot, away)
    work(quorum, leader, 2, first=20)
    assert states(quorum)[0] == states(quorum)[1] == states(quorum)[2]
    quorum.crash(leader)
    following = quorum.elected()
    assert sorted(quorum.nodes[following].image.brokers) == [*range(1, 13), 20, 21]


def test_an_observer_that_is_behind_is_told_of_the_snapshot(quorum):
    leader = quorum.active[0]
    work(quorum, leader, 12)
    newest = max(quorum.disks[leader].snapshots)
    answer = quorum.answer(leader, FetchMetadata(replica=1, offset=2, max_wait_ms=0))
    assert (answer.error, answer.snapshot, answer.batches) == (ErrorCode.NONE, newest, ())

    def ask(snapshot, position=0):
        request = FetchSnapshot(replica=1, epoch=-1, snapshot=snapshot, position=position, max_bytes=100)
        return quorum.answer(leader, request)

    assert ask(SnapshotId(1, 1)).error is ErrorCode.SNAPSHOT_NOT_FOUND
    assert ask(newest, position=-1).error is ErrorCode.SNAPSHOT_NOT_FOUND
    assert ask(newest).snapshot == newest
    other = next(number for number in quorum.numbers if number != leader)
    request = FetchSnapshot(replica=1, epoch=-1, snapshot=newest, position=0, max_bytes=100)
    assert quorum.answer(other, request).error is ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_a_snapshot_that_cannot_be_read_is_asked_for_again(quorum):
    leader = quorum.active[0]
    away = next(number for number in quorum.numbers if number != leader)
    quorum.crash(away)
    work(quorum, leader, 12)
    quorum.start(away)
    quorum.give(away, SnapshotLoaded(SnapshotId(3, 1), None))
    assert quorum.nodes[away].raft.log.start == 0
    quorum.pass_time(1_000)
    assert quorum.nodes[away].raft.log.start > 0


def test_the_host_is_asked_for_the_bytes():
    quorum = Quorum(voters=1, metadata_snapshot_bytes=100)
    work(quorum, 3001, 5)
    newest = max(quorum.disks[3001].snapshots)
    node = quorum.nodes[3001]
    request = FetchSnapshot(replica=1, epoch=-1, snapshot=newest, position=7, max_bytes=50)
    (answer,) = node.step(RequestArrived(5, 1, request), quorum.now)
    assert answer.reply.data == SnapshotSlice(newest, 7, 50)
