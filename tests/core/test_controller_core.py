"""The controller's decisions, asked for one at a time, and what it remembers."""

import pytest

from impl.core.controller import Controller
from impl.core.controller_messages import AllocateProducerIds, AlterIsr, AlterPartition, BrokerHeartbeat, RegisterBroker
from impl.core.decided_facts import AlterPartition as AlterPartitionFact
from impl.core.decided_facts import CreatePartition, Elect, Fact, FailOver
from impl.core.events import (
    AppendMetadata,
    RecoveredMetadata,
    RequestArrived,
    SendReply,
    Tick,
)
from impl.core.messages import CreateTopics, NewTopic
from impl.core.settings import Settings
from impl.core.types import TopicPartition

P = TopicPartition("t", 0)
SETTINGS = Settings(node=3000, cluster_id="c")


class Driven:
    """A controller and its log, stepped by hand."""

    def __init__(self, controller=None, *, brokers=3):
        self.core = controller or Controller(SETTINGS, RecoveredMetadata(()))
        self.now = 0
        self.log = []
        self.effects = []
        self.epochs = {}
        for broker in range(1, brokers + 1):
            self.join(broker)

    def step(self, event):
        self.effects = self.core.step(event, self.now)
        for effect in self.effects:
            if isinstance(effect, AppendMetadata):
                assert effect.base_offset == len(self.log)
                self.log.extend(effect.records)
        return self.effects

    def ask(self, request, connection=1):
        return next(
            effect.reply
            for effect in self.step(RequestArrived(connection, 1, request))
            if isinstance(effect, SendReply) and effect.connection == connection
        )

    def register(self, broker, incarnation=1, cluster="c"):
        return self.ask(
            RegisterBroker(
                broker=broker,
                incarnation=bytes([broker, incarnation] * 8),
                cluster_id=cluster,
                host=f"h{broker}",
                port=1,
            )
        )

    def beat(self, broker, *, stop=False, epoch=None, offset=None):
        return self.ask(
            BrokerHeartbeat(
                broker=broker,
                broker_epoch=self.epochs[broker] if epoch is None else epoch,
                metadata_offset=len(self.log) if offset is None else offset,
                want_shut_down=stop,
            )
        )

    def join(self, broker, incarnation=1):
        answer = self.register(broker, incarnation)
        self.epochs[broker] = answer.broker_epoch
        self.beat(broker)
        return answer

    def pass_time(self, milliseconds, alive=()):
        for _ in range(0, milliseconds, 1_000):
            self.now += 1_000
            for broker in alive:
                self.beat(broker)
            self.step(Tick())

    def create(self, name="t", count=1, factor=3, *, only_check=False, **more):
        topic = NewTopic(name=name, partition_count=count, replication_factor=factor, **more)
        return self.ask(CreateTopics((topic,), 1_000, only_check)).topics[0]

    def alter(self, sender, isr, leader_epoch=0, partition_epoch=0, epoch=None, shown=None):
        proposal = AlterIsr(
            partition=P,
            leader_epoch=leader_epoch,
            partition_epoch=partition_epoch,
            isr=isr,
            broker_epochs=tuple(self.epochs.get(node, -1) for node in isr) if shown is None else shown,
        )
        request = AlterPartition(sender, self.epochs[sender] if epoch is None else epoch, (proposal,))
        return self.ask(request)

    def altered(self, *arguments, **more):
        return self.alter(*arguments, **more).partitions[0].error.name

    def facts(self):
        return [effect for effect in self.effects if isinstance(effect, Fact)]


@pytest.fixture
def driven():
    """Three brokers and a topic of one partition, led by 1."""
    controller = Driven()
    assert controller.create().error.name == "NONE"
    return controller


# ---------------------------------------------------------------- registration and sessions
def test_a_registered_broker_is_fenced_until_it_has_read_its_registration():
    driven = Driven(brokers=0)
    answer = driven.register(1)
    assert (answer.error.name, answer.broker_epoch) == ("NONE", 0)
    driven.epochs[1] = 0
    behind = driven.beat(1, offset=0)
    assert (behind.caught_up, behind.fenced) == (False, True)
    there = driven.beat(1, offset=1)
    assert (there.caught_up, there.fenced) == (True, False)


def test_registering_twice_is_one_registration(driven):
    log = list(driven.log)
    assert driven.register(1).broker_epoch == driven.epochs[1]
    assert driven.log == log


def test_another_process_of_a_live_broker_is_a_duplicate_until_the_session_ends(driven):
    assert driven.register(1, incarnation=2).error.name == "DUPLICATE_BROKER_REGISTRATION"
    driven.pass_time(10_000, alive=(2, 3))
    again = driven.register(1, incarnation=2)
    assert again.error.name == "NONE"
    assert again.broker_epoch > driven.epochs[1]


def test_heartbeats_of_strangers_and_of_earlier_processes_are_refused(driven):
    driven.epochs[9] = 0
    assert driven.beat(9).error.name == "BROKER_ID_NOT_REGISTERED"
    assert driven.beat(1, epoch=driven.epochs[1] + 100).error.name == "STALE_BROKER_EPOCH"


def test_another_cluster_is_refused(driven):
    assert driven.register(4, cluster="other").error.name == "INVALID_REQUEST"


def test_a_silent_leader_fails_over_in_one_record(driven):
    driven.pass_time(9_000, alive=(2, 3))
    assert driven.core.image.partition(P).leader == 2
    assert [type(fact) for fact in driven.facts()] == [FailOver]
    assert driven.effects[0].records[-1].isr == (2, 3)
    assert driven.effects[0].records[-1].leader_epoch == 1


def test_two_brokers_fall_silent_at_once(driven):
    driven.pass_time(9_000, alive=(3,))
    partition = driven.core.image.partition(P)
    assert (partition.leader, partition.isr) == (3, (3,))


def test_effects_come_as_records_then_facts_then_replies(driven):
    driven.alter(1, (1, 2))
    assert [type(effect) for effect in driven.effects] == [AppendMetadata, AlterPartitionFact, SendReply]


# ---------------------------------------------------------------- AlterPartition
def test_a_proposal_is_committed_once(driven):
    assert driven.altered(1, (1, 2)) == "NONE"
    assert driven.altered(1, (1, 3)) == "INVALID_UPDATE_VERSION"
    assert driven.core.image.partition(P).isr == (1, 2)
    assert driven.altered(1, (1, 2, 3), partition_epoch=1) == "NONE"


@pytest.mark.parametrize(
    ("sender", "isr", "leader_epoch", "partition_epoch", "error"),
    [
        (1, (1,), 1, 0, "NOT_CONTROLLER"),
        (1, (1,), 0, 1, "NOT_CONTROLLER"),
        (2, (1, 2), 0, 0, "INVALID_REQUEST"),
        (1, (2, 3), 0, 0, "INVALID_REQUEST"),
        (1, (1, 4), 0, 0, "INVALID_REQUEST"),
        (1, (1, 2, 2), 0, 0, "INVALID_REQUEST"),
        (1, (), 0, 0, "INVALID_REQUEST"),
    ],
)
def test_invalid_proposals(driven, sender, isr, leader_epoch, partition_epoch, error):
    assert driven.altered(sender, isr, leader_epoch, partition_epoch) == error
    assert driven.core.image.partition(P).isr == (1, 2, 3)


def test_a_deposed_leader_is_fenced(driven):
    driven.core.move_leader(P, 2, driven.now)
    driven.log.append(None)
    assert driven.altered(1, (1, 2)) == "FENCED_LEADER_EPOCH"


def test_proposals_of_unknown_partitions_and_earlier_processes(driven):
    assert driven.alter(1, (1,), epoch=77).error.name == "STALE_BROKER_EPOCH"
    elsewhere = AlterIsr(partition=P._replace(index=5), leader_epoch=0, partition_epoch=0, isr=(1,))
    answer = driven.ask(AlterPartition(1, driven.epochs[1], (elsewhere,)))
    assert answer.partitions[0].error.name == "UNKNOWN_TOPIC_OR_PARTITION"


def test_a_fenced_member_is_ineligible_and_the_leader_gets_a_new_epoch(driven):
    """Without the new epoch the leader would count the dead member for ever."""
    driven.pass_time(10_000, alive=(1, 2))
    assert driven.core.image.partition(P).isr == (1, 2)
    assert driven.altered(1, (1, 2, 3), partition_epoch=1) == "INELIGIBLE_REPLICA"
    assert [(type(fact), fact.leader, fact.leader_epoch) for fact in driven.facts()] == [(Elect, 1, 1)]
    assert driven.altered(1, (1, 2, 3), partition_epoch=1) == "FENCED_LEADER_EPOCH"


# ---------------------------------------------------------------- moving leadership
def test_leadership_moves_within_the_in_sync_set_only(driven):
    assert [type(effect) for effect in driven.core.move_leader(P, 3, 0)] == [AppendMetadata, Elect]
    assert driven.core.image.partition(P).isr == (1, 2, 3)
    assert driven.core.move_leader(P, 3, 0) == []
    assert driven.core.move_leader(P, 4, 0) == []
    assert driven.core.move_leader(P._replace(topic="no"), 1, 0) == []


# ---------------------------------------------------------------- restarts
def test_a_restarted_controller_remembers_and_gives_everybody_a_fresh_session(driven):
    driven.alter(1, (1, 2))
    again = Driven(Controller(SETTINGS, RecoveredMetadata(tuple(driven.log))), brokers=0)
    again.log, again.epochs, again.now = driven.log, driven.epochs, 1_000_000
    partition = again.core.image.partition(P)
    assert (partition.leader, partition.isr, partition.partition_epoch) == (1, (1, 2), 1)
    again.step(Tick())
    again.pass_time(8_000)
    assert again.core.image.partition(P).leader == 1
    again.pass_time(2_000, alive=(2,))
    assert again.core.image.partition(P).leader == 2


# ---------------------------------------------------------------- controlled shutdown
def test_a_broker_that_wants_to_stop_is_let_go_once_all_others_know_that_it_leads_nothing(driven):
    answer = driven.beat(1, stop=True)
    assert (answer.fenced, answer.should_shut_down) == (False, False)
    assert [type(fact) for fact in driven.facts()] == [FailOver]
    assert (driven.core.image.partition(P).leader, driven.core.image.partition(P).isr) == (2, (2, 3))
    driven.beat(2)
    assert not driven.beat(1, stop=True).should_shut_down
    driven.beat(3)
    answer = driven.beat(1, stop=True)
    assert (answer.fenced, answer.should_shut_down) == (True, True)
    assert driven.register(1, incarnation=2).error.name == "NONE"


# ---------------------------------------------------------------- producer ids
def test_producer_ids_are_allocated_once(driven):
    blocks = [driven.ask(AllocateProducerIds(broker, driven.epochs[broker])) for broker in (1, 2)]
    assert [(block.first, block.count) for block in blocks] == [(0, 1_000), (1_000, 1_000)]
    assert driven.ask(AllocateProducerIds(1, 77)).error.name == "STALE_BROKER_EPOCH"
    again = Driven(Controller(SETTINGS, RecoveredMetadata(tuple(driven.log))), brokers=0)
    again.log = driven.log
    assert again.ask(AllocateProducerIds(3, driven.epochs[3])).first == 2_000


# ---------------------------------------------------------------- topics
def test_replicas_are_spread_round_robin():
    driven = Driven()
    driven.create("t", 4, 2)
    records = [effect for effect in driven.facts() if isinstance(effect, CreatePartition)]
    assert [fact.replicas for fact in records] == [(1, 2), (2, 3), (3, 1), (1, 2)]
    assert [fact.leader for fact in records] == [1, 2, 3, 1]


def test_fenced_brokers_are_replicas_only_where_they_must_be_and_never_in_sync(driven):
    driven.pass_time(10_000, alive=(2, 3))
    created = driven.create("u")
    fact = driven.facts()[0]
    assert created.error.name == "NONE"
    assert (fact.replicas[-1], fact.isr, fact.leader in (2, 3)) == (1, (2, 3), True)


def test_defaults_apply():
    driven = Driven()
    created = driven.create("t", -1, -1)
    assert (created.partition_count, created.replication_factor, len(created.topic_id)) == (1, 1, 16)


def test_topic_ids_differ_and_repeat_with_the_same_history():
    one, other = Driven(), Driven()
    assert one.create("t").topic_id == other.create("t").topic_id != one.create("u").topic_id


@pytest.mark.parametrize(
    ("topic", "error", "message"),
    [
        ({"name": "t"}, "TOPIC_ALREADY_EXISTS", "Topic 't' already exists."),
        ({"name": ""}, "INVALID_TOPIC_EXCEPTION", "Topic name is invalid: the empty string is not allowed"),
        ({"name": ".."}, "INVALID_TOPIC_EXCEPTION", "Topic name is invalid: '..' is not allowed"),
        ({"name": "x" * 250}, "INVALID_TOPIC_EXCEPTION", "max allowed length 249"),
        ({"name": "__cluster_metadata"}, "TOPIC_AUTHORIZATION_FAILED", "is the controllers' own log"),
        ({"name": "a b"}, "INVALID_TOPIC_EXCEPTION", "other than ASCII alphanumerics"),
        ({"factor": 0}, "INVALID_REPLICATION_FACTOR", "must be larger than 0"),
        ({"factor": 4}, "INVALID_REPLICATION_FACTOR", "only 3 broker(s) are registered"),
        ({"count": 0}, "INVALID_PARTITIONS", "non-positive"),
        ({"count": 20_000}, "INVALID_PARTITIONS", "Excessively large"),
        ({"configs": (("no.such", "1"),)}, "INVALID_CONFIG", "Unknown topic config name: no.such"),
        ({"configs": (("retention.ms", "soon"),)}, "INVALID_CONFIG", "Not a number of type LONG"),
        ({"configs": (("min.insync.replicas", "0"),)}, "INVALID_CONFIG", "at least 1"),
        ({"configs": (("cleanup.policy", "keep"),)}, "INVALID_CONFIG", "must be one of"),
        ({"assignments": ((1, 2),)}, "INVALID_REQUEST", "replication factor was not set to -1"),
        ({"assignments": ((1, 2),), "factor": -1}, "INVALID_REQUEST", "numPartitions was not set to -1"),
        (
            {"assignments": ((1, 1),), "factor": -1, "count": -1},
            "INVALID_REPLICA_ASSIGNMENT",
            "includes the broker 1 more than once",
        ),
        (
            {"assignments": ((1, 9),), "factor": -1, "count": -1},
            "INVALID_REPLICA_ASSIGNMENT",
            "no such broker is registered",
        ),
    ],
)
def test_topics_that_shall_not_be(driven, topic, error, message):
    log = list(driven.log)
    created = driven.create(**{"name": "new", **topic})
    assert created.error.name == error
    assert message in created.message
    assert driven.log == log


def test_names_that_differ_in_dots_and_underscores_collide(driven):
    driven.create("a.b")
    assert driven.create("a_b").message == "Topic 'a_b' collides with existing topic: a.b"


def test_a_manual_assignment_is_kept(driven):
    created = driven.create("u", -1, -1, assignments=((3, 1), (2, 3)))
    assert (created.partition_count, created.replication_factor) == (2, 2)
    assert [fact.replicas for fact in driven.facts()] == [(3, 1), (2, 3)]


def test_checking_only_decides_nothing(driven):
    log = list(driven.log)
    created = driven.create("u", only_check=True)
    assert (created.error.name, driven.log) == ("NONE", log)


def test_a_name_given_twice_is_refused_twice(driven):
    topic = NewTopic(name="u", partition_count=1, replication_factor=1)
    created = driven.ask(CreateTopics((topic, topic), 1_000, False)).topics
    assert [one.error.name for one in created] == ["INVALID_REQUEST"] * 2
