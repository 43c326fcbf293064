"""Topics that go, and others that come under their names: what was known of the one is not taken for the other's."""

from impl.core.admin_messages import DeleteTopics
from impl.core.decided_facts import CreatePartition, DeletePartition
from impl.core.events import Send
from impl.core.facts import BecomeLeader, DeleteReplica
from impl.core.messages import CreateTopics, Fetch, FetchPartition, NewTopic
from impl.core.types import CONTROLLER, ErrorCode
from tests.core.pump import Cluster, P


def remake(cluster, *, pause_ms=40):
    """Delete the topic, and make it again."""
    cluster.answer(1, DeleteTopics(("t",), 1_000))
    cluster.pass_time(pause_ms)
    return cluster.create_topic()


def ask(cluster, session, epoch, *partitions):
    """A consumer's fetch of broker 1 in this session."""
    request = Fetch(
        replica_id=-1,
        max_wait_ms=0,
        min_bytes=1,
        max_bytes=1_000_000,
        partitions=tuple(
            FetchPartition(
                partition=name, current_leader_epoch=-1, fetch_offset=0, last_fetched_epoch=-1, max_bytes=1_000_000
            )
            for name in partitions
        ),
        session_id=session,
        session_epoch=epoch,
    )
    return cluster.answer(1, request)


def test_a_session_ends_where_a_topic_of_it_is_another_now():
    cluster = Cluster()
    cluster.create_topic()
    begun = ask(cluster, 0, 0, P)
    assert begun.error is ErrorCode.NONE
    assert ask(cluster, begun.session_id, 1).error is ErrorCode.NONE
    remake(cluster)
    cluster.produce(1, 7)
    assert ask(cluster, begun.session_id, 2).error is ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    anew = ask(cluster, begun.session_id, 0, P)
    assert [batch.crc for batch in anew.partitions[0].records] == [7]


def test_a_session_goes_on_where_another_topic_goes():
    cluster = Cluster()
    cluster.create_topic()
    cluster.create_topic(name="other")
    begun = ask(cluster, 0, 0, P)
    cluster.answer(1, DeleteTopics(("other",), 1_000))
    cluster.pass_time(40)
    assert ask(cluster, begun.session_id, 1).error is ErrorCode.NONE


def followed(cluster, number):
    """What a follower has named of partition t-0 to its leader, by now."""
    fetches = [
        effect.request
        for node, effect in cluster.effects
        if node == number and isinstance(effect, Send) and isinstance(effect.request, Fetch)
    ]
    return [(fetch.session_epoch, [part.partition for part in fetch.partitions]) for fetch in fetches]


def test_a_follower_that_followed_the_topic_before_names_its_position_anew():
    """It has followed it, and then led; what it told the session once is what it would tell of the new one, too."""
    cluster = Cluster(auto_leader_rebalance_enable=False)
    cluster.create_topic()
    cluster.pass_time(200)
    cluster.perform(cluster.nodes[CONTROLLER], cluster.nodes[CONTROLLER].core.move_leader(P, 2, cluster.now))
    cluster.run()
    assert cluster.leader() == 2
    remake(cluster)
    assert cluster.leader() == 1
    before = len(cluster.effects)
    cluster.pass_time(200)
    named = [names for _, names in followed(cluster, 2)]
    assert [P] in named
    cluster.produce(1, 7)
    cluster.pass_time(200)
    assert cluster.log(2) == [(0, 7)]
    assert len(cluster.effects) > before


def test_a_topic_made_again_at_once_is_followed_in_a_new_session():
    """Its followers read of both in one answer of the metadata log."""
    cluster = Cluster()
    cluster.create_topic()
    cluster.pass_time(200)
    cluster.isolate(3, CONTROLLER)
    cluster.answer(1, DeleteTopics(("t",), 1_000))
    cluster.create_topic()
    cluster.heal()
    begun = len(followed(cluster, 3))
    cluster.pass_time(2_000)
    assert 0 in [epoch for epoch, _ in followed(cluster, 3)[begun:]]
    cluster.produce(1, 7)
    cluster.pass_time(200)
    assert cluster.log(3) == [(0, 7)]


def test_facts_say_of_which_topic_they_are_where_they_are_asked_to():
    cluster = Cluster(facts_name_topic_ids=True)
    cluster.create_topic()
    remake(cluster)
    created = [fact.partition for fact in cluster.facts_of(CreatePartition)]
    assert len(set(created)) == 2
    assert all(name.startswith("t-0@") for name in created)
    assert [fact.partition for fact in cluster.facts_of(DeletePartition)] == created[:1]
    assert {fact.partition for fact in cluster.facts_of(DeleteReplica)} == set(created[:1])
    assert [fact.partition for fact in cluster.facts_of(BecomeLeader)] == created


def test_a_created_topic_has_another_id_than_the_one_before():
    cluster = Cluster()
    first = cluster.create_topic()
    second = remake(cluster)
    assert first.topic_id != second.topic_id
    taken = cluster.answer(
        1, CreateTopics((NewTopic(name="t", partition_count=1, replication_factor=3),), 1_000, False)
    )
    assert taken.topics[0].error is ErrorCode.TOPIC_ALREADY_EXISTS
