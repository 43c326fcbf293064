"""Fetch sessions: a fetch names what changed, an answer has what is news, and whoever is out of step begins anew."""

import pytest

from impl.core.admin_messages import DeleteTopics
from impl.core.events import Send
from impl.core.fetch_sessions import EPOCH_MAX, EVICTION_MS, FULL, FetchSessions, epoch_after
from impl.core.messages import Fetch, Fetched, FetchPartition
from impl.core.types import ErrorCode, TopicPartition
from tests.core.pump import Cluster, batch

PARTITIONS = [TopicPartition("t", index) for index in range(4)]


def position(name, offset=0):
    return FetchPartition(
        partition=name, current_leader_epoch=-1, fetch_offset=offset, last_fetched_epoch=-1, max_bytes=1_000_000
    )


class Fetcher:
    """A consumer with a session on broker 1, which leads everything."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.session = 0
        self.epoch = 0

    def send(self, partitions=(), forgotten=(), wait=0, min_bytes=1):
        request = Fetch(
            replica_id=-1,
            max_wait_ms=wait,
            min_bytes=min_bytes,
            max_bytes=1_000_000,
            partitions=tuple(partitions),
            session_id=self.session,
            session_epoch=self.epoch,
            forgotten=tuple(forgotten),
        )
        return self.cluster.ask(1, request)

    def take(self, key):
        """The answer's partitions, by index."""
        reply = self.cluster.replies[key]
        assert reply.error == ErrorCode.NONE
        self.session = reply.session_id
        self.epoch = epoch_after(self.epoch)
        return {part.partition.index: part for part in reply.partitions}

    def fetch(self, partitions=(), forgotten=(), **options):
        return self.take(self.send(partitions, forgotten, **options))


@pytest.fixture
def cluster():
    cluster = Cluster(brokers=1)
    cluster.create_topic(partitions=len(PARTITIONS), replication=1)
    return cluster


@pytest.fixture
def fetcher(cluster):
    fetcher = Fetcher(cluster)
    assert sorted(fetcher.fetch([position(name) for name in PARTITIONS])) == [0, 1, 2, 3]
    assert fetcher.session != 0
    return fetcher


def test_an_answer_has_only_what_is_news(cluster, fetcher):
    assert fetcher.fetch() == {}
    cluster.produce(1, 7, name=PARTITIONS[2])
    told = fetcher.fetch()
    assert list(told) == [2]
    assert told[2].high_watermark == 1
    assert [stored.crc for stored in told[2].records] == [7]


def test_what_is_asked_again_unchanged_is_given_again(cluster, fetcher):
    cluster.produce(1, 7, name=PARTITIONS[2])
    assert list(fetcher.fetch()) == [2]
    assert list(fetcher.fetch()) == [2]
    assert list(fetcher.fetch([position(PARTITIONS[2], 1)])) == []


def test_a_quiet_partition_wakes_the_fetch_that_waits(cluster, fetcher):
    key = fetcher.send(wait=10_000)
    assert key not in cluster.replies
    cluster.produce(1, 7, name=PARTITIONS[3])
    assert list(fetcher.take(key)) == [3]


def test_a_fetch_that_waits_for_more_than_there_is_gets_it_when_its_time_is_up(cluster, fetcher):
    key = fetcher.send(wait=300, min_bytes=250)
    cluster.produce(1, 7, name=PARTITIONS[3])
    cluster.produce(1, 8, name=PARTITIONS[0])
    assert key not in cluster.replies
    cluster.produce(1, batch(9, size=200), name=PARTITIONS[1])
    assert sorted(fetcher.take(key)) == [0, 1, 3]


def test_what_is_forgotten_is_not_answered(cluster, fetcher):
    assert fetcher.fetch(forgotten=[PARTITIONS[1]]) == {}
    cluster.produce(1, 7, name=PARTITIONS[1])
    cluster.produce(1, 8, name=PARTITIONS[2])
    assert list(fetcher.fetch()) == [2]


def test_a_session_that_forgets_everything_ends(cluster, fetcher):
    key = fetcher.send(forgotten=PARTITIONS, wait=10_000)
    assert cluster.replies[key] == Fetched(())
    assert not cluster.partition(1, PARTITIONS[0]).sessions


def test_an_error_is_told_until_it_is_none(cluster, fetcher):
    nowhere = TopicPartition("nowhere", 0)
    assert [part.error.name for part in fetcher.fetch([position(nowhere)]).values()] == ["UNKNOWN_TOPIC_OR_PARTITION"]
    assert [part.error.name for part in fetcher.fetch().values()] == ["UNKNOWN_TOPIC_OR_PARTITION"]
    cluster.create_topic(replication=1, name="nowhere")
    assert [part.error.name for part in fetcher.fetch().values()] == ["NONE"]
    assert fetcher.fetch() == {}


def test_a_topic_asked_for_by_an_id_that_is_known_by_now_is_asked_for_anew(cluster, fetcher):
    cluster.create_topic(replication=1, name="late")
    late = cluster.nodes[1].core.image.topics["late"]
    stand_in = TopicPartition(f"?{late.topic_id.hex()}", 0)
    key = fetcher.send([position(stand_in)])
    assert cluster.replies[key].error == ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
    assert cluster.replies[fetcher.send()].error == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


@pytest.mark.parametrize(
    ("session", "epoch", "error"),
    [
        (0, 0, "INVALID_FETCH_SESSION_EPOCH"),
        (0, 1, "INVALID_FETCH_SESSION_EPOCH"),
        (1, 0, "FETCH_SESSION_ID_NOT_FOUND"),
    ],
)
def test_who_is_out_of_step_begins_anew(cluster, fetcher, session, epoch, error):
    fetcher.session += session
    fetcher.epoch += epoch or 1
    reply = cluster.replies[fetcher.send()]
    assert (reply.error.name, reply.session_id, reply.partitions) == (error, 0, ())


def test_a_refused_fetch_leaves_the_session_as_it_was(cluster, fetcher):
    cluster.produce(1, 7, name=PARTITIONS[2])
    fetcher.epoch += 1
    fetcher.send([position(PARTITIONS[2], 1)])
    fetcher.epoch -= 1
    assert list(fetcher.fetch()) == [2]


@pytest.mark.parametrize("epoch", [0, -1])
def test_a_full_fetch_ends_the_session_it_names(cluster, fetcher, epoch):
    before = fetcher.session
    fetcher.epoch = epoch
    assert sorted(fetcher.fetch([position(PARTITIONS[0])])) == [0]
    assert fetcher.session != before
    assert (fetcher.session == 0) == (epoch == -1)
    fetcher.session, fetcher.epoch = before, 1
    assert cluster.replies[fetcher.send()].error == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_a_leader_that_is_one_no_more_says_so_at_once():
    cluster = Cluster()
    cluster.create_topic()
    fetcher = Fetcher(cluster)
    fetcher.fetch([position(PARTITIONS[0])])
    key = fetcher.send(wait=100_000)
    cluster.shut_down(1)
    cluster.pass_time(100)
    assert cluster.replies[key].partitions[0].error == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_followers_name_only_what_changed():
    cluster = Cluster(brokers=2)
    cluster.create_topic(partitions=50, replication=2)
    cluster.pass_time(2_000)
    cluster.effects.clear()
    led = [index for index in range(50) if cluster.leader(TopicPartition("t", index)) == 1]
    cluster.produce(1, 7, name=TopicPartition("t", led[3]))
    cluster.pass_time(1_000)
    fetches = [
        effect.request
        for number, effect in cluster.effects
        if number == 2 and isinstance(effect, Send) and isinstance(effect.request, Fetch)
    ]
    assert [part.partition.index for fetch in fetches for part in fetch.partitions] == [led[3]]
    assert cluster.log(2, TopicPartition("t", led[3])) == [(0, 7)]
    assert cluster.partition(2, TopicPartition("t", led[3])).high_watermark == 1


def test_a_follower_whose_session_was_evicted_begins_anew():
    cluster = Cluster(brokers=2, fetch_session_slots=1)
    cluster.create_topic(partitions=2, replication=2)
    cluster.pass_time(1_000)
    for number in (1, 2):
        sessions = cluster.nodes[number].core._clients._sessions
        for session in list(sessions._sessions):
            sessions.end(session)
    for index in range(2):
        name = TopicPartition("t", index)
        key = cluster.produce(cluster.leader(name), 7, name=name, timeout_ms=5_000)
        cluster.pass_time(1_500)
        assert cluster.produced(key) == ("NONE", 0)


# ---------------------------------------------------------------- the cache
def asked(count):
    return tuple(position(TopicPartition("t", index)) for index in range(count))


def test_epochs_pass_over_zero():
    assert [epoch_after(epoch) for epoch in (0, 1, EPOCH_MAX)] == [1, 2, 1]


def test_without_room_there_is_no_session():
    sessions = FetchSessions(slots=1, first=9)
    assert sessions.begin(-1, asked(1), now=0) is not None
    assert sessions.begin(-1, asked(5), now=EVICTION_MS - 1) is None
    assert FetchSessions(slots=0, first=9).begin(2, asked(1), now=0) is None


def test_a_session_nobody_used_for_long_gives_way():
    sessions = FetchSessions(slots=2, first=9)
    used, idle = (sessions.begin(2, asked(5), now=0).number for _ in range(2))
    assert not isinstance(sessions.go_on(used, 1, (), (), EVICTION_MS), ErrorCode)
    assert sessions.begin(-1, asked(1), now=EVICTION_MS) is not None
    assert sessions.go_on(idle, 1, (), (), EVICTION_MS) == ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    assert not isinstance(sessions.go_on(used, 2, (), (), EVICTION_MS), ErrorCode)


def test_a_follower_takes_the_place_of_a_consumer_and_never_the_reverse():
    sessions = FetchSessions(slots=1, first=9)
    consumer = sessions.begin(-1, asked(5), now=0)
    follower = sessions.begin(2, asked(1), now=1)
    assert follower is not None
    assert sessions.go_on(consumer.number, 1, (), (), 2) == ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    assert not isinstance(sessions.go_on(follower.number, 1, (), (), EVICTION_MS), ErrorCode)
    assert sessions.begin(-1, asked(50), now=EVICTION_MS + 1) is None


def test_of_old_sessions_the_smallest_gives_way_to_a_larger_one():
    sessions = FetchSessions(slots=2, first=9)
    small, large = (sessions.begin(-1, asked(count), now=0).number for count in (2, 3))
    for number in (small, large):
        sessions.go_on(number, 1, (), (), EVICTION_MS)
    assert sessions.begin(-1, asked(1), now=EVICTION_MS) is None
    assert sessions.begin(-1, asked(9), now=EVICTION_MS) is not None
    assert sessions.go_on(small, 2, (), (), EVICTION_MS) == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_a_follower_of_a_topic_that_is_deleted_begins_its_sessions_anew():
    # On the wire a session is told by topic id what to forget, and the id is gone with the topic.
    cluster = Cluster()
    cluster.create_topic(name="gone", partitions=3)
    cluster.create_topic(name="kept", partitions=3)
    cluster.pass_time(1_000)
    cluster.effects.clear()
    cluster.answer(1, DeleteTopics(("gone",), 1_000))
    cluster.pass_time(1_000)
    fetches = [
        effect.request
        for _, effect in cluster.effects
        if isinstance(effect, Send) and isinstance(effect.request, Fetch) and effect.request.replica_id > 0
    ]
    anew = [fetch for fetch in fetches if fetch.session_epoch == FULL]
    assert anew
    assert all({asked.partition.topic for asked in fetch.partitions} == {"kept"} for fetch in anew)
    assert {asked.partition.topic for asked in fetches[-1].partitions} <= {"kept"}
