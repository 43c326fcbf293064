"""Configurations: described with where they are from, altered with Kafka's checks, obeyed by running brokers."""

import msgspec
import pytest

from impl.core import topic_configs
from impl.core.admin_messages import (
    AlterConfig,
    AlterConfigs,
    ConfigChange,
    DescribeConfig,
    DescribeConfigs,
    ReplaceConfigs,
)
from impl.core.events import CreateLog, Tick
from tests.core.pump import Cluster, P, batch

TOPIC, BROKER, LOGGER = 2, 4, 8
SET, DELETE, APPEND, SUBTRACT = range(4)


@pytest.fixture
def cluster():
    made = Cluster(configs=(("log.retention.ms", "5000"),), min_insync_replicas=1)
    made.create_topic(configs=(("segment.bytes", "1000"),))
    return made


def alter(cluster, resource, name, *changes, only_check=False):
    """Each change: name, operation, value."""
    wanted = AlterConfig(resource, name, tuple(ConfigChange(*change) for change in changes))
    outcome = cluster.answer(2, AlterConfigs((wanted,), only_check)).resources[0]
    cluster.run()
    return outcome.error.name


def described(cluster, resource, name, keys=None, *, synonyms=False, broker=1):
    asked = DescribeConfigs((DescribeConfig(resource, name, keys),), synonyms, synonyms)
    return cluster.answer(broker, asked).resources[0]


def value(cluster, resource, name, key):
    found = described(cluster, resource, name, (key,)).configs[0]
    return found.value, found.source


# ---------------------------------------------------------------- describing
def test_every_configuration_of_a_topic_is_told_with_its_source(cluster):
    found = {config.name: config for config in described(cluster, TOPIC, "t").configs}
    assert sorted(found) == sorted(topic_configs.KEYS)
    assert (found["segment.bytes"].value, found["segment.bytes"].source) == ("1000", 1)
    assert (found["retention.ms"].value, found["retention.ms"].source) == ("5000", 4)
    assert (found["cleanup.policy"].value, found["cleanup.policy"].source, found["cleanup.policy"].kind) == (
        "delete",
        5,
        7,
    )
    assert not any(config.read_only or config.documentation for config in found.values())


def test_synonyms_are_told_the_nearest_first(cluster):
    alter(cluster, BROKER, "", ("log.retention.ms", SET, "7000"))
    alter(cluster, BROKER, "1", ("log.retention.ms", SET, "8000"))
    alter(cluster, TOPIC, "t", ("retention.ms", SET, "9000"))
    found = described(cluster, TOPIC, "t", ("retention.ms",), synonyms=True).configs[0]
    assert [(each.name, each.value, each.source) for each in found.synonyms] == [
        ("retention.ms", "9000", 1),
        ("log.retention.ms", "8000", 2),
        ("log.retention.ms", "7000", 3),
        ("log.retention.ms", "5000", 4),
        ("log.retention.ms", "604800000", 5),
    ]
    assert found.documentation
    assert described(cluster, TOPIC, "t", ("retention.ms",), broker=2, synonyms=True).configs[0].synonyms[1].source == 3


def test_a_broker_tells_its_own_and_no_others(cluster):
    found = {config.name: config for config in described(cluster, BROKER, "1").configs}
    assert (found["node.id"].value, found["node.id"].read_only) == ("1", True)
    assert (found["log.retention.ms"].value, found["log.retention.ms"].read_only) == ("5000", False)
    assert found["min.insync.replicas"].value == "1"
    assert described(cluster, BROKER, "2").error.name == "INVALID_REQUEST"
    assert described(cluster, BROKER, "").configs == ()
    alter(cluster, BROKER, "", ("message.max.bytes", SET, "2000"))
    assert [config.name for config in described(cluster, BROKER, "").configs] == ["message.max.bytes"]


def test_what_does_not_exist_is_not_described(cluster):
    assert described(cluster, TOPIC, "no").error.name == "UNKNOWN_TOPIC_OR_PARTITION"
    assert described(cluster, LOGGER, "1").error.name == "INVALID_REQUEST"


# ---------------------------------------------------------------- altering
def test_what_is_altered_is_obeyed_at_once(cluster):
    assert alter(cluster, TOPIC, "t", ("max.message.bytes", SET, "500"), ("segment.bytes", DELETE, None)) == "NONE"
    assert cluster.produced(cluster.produce(1, 7, size=501)) == ("MESSAGE_TOO_LARGE", -1)
    told = [effect for _, effect in cluster.effects if isinstance(effect, CreateLog)][-3:]
    assert [effect.configs for effect in told] == [(("max.message.bytes", "500"),)] * 3
    assert value(cluster, TOPIC, "t", "segment.bytes") == ("1073741824", 5)


def test_batches_from_too_far_ahead_or_back_are_refused_by_the_clock_of_people(cluster):
    def outcome(timestamp):
        sent = msgspec.structs.replace(batch(7), max_timestamp=timestamp)
        return cluster.produced(cluster.produce(1, sent, acks=1))[0]

    wall = 1_700_000_000_000
    hour = 3_600_000
    assert outcome(wall + 10 * hour) == "NONE", "nobody has told the time"
    cluster.give(cluster.nodes[1], Tick(wall))
    assert [outcome(at) for at in (-1, 0, wall, wall + hour)] == ["NONE"] * 4
    assert outcome(wall + hour + 1) == "INVALID_TIMESTAMP"
    alter(cluster, TOPIC, "t", ("message.timestamp.after.max.ms", SET, "10"))
    alter(cluster, TOPIC, "t", ("message.timestamp.before.max.ms", SET, "10"))
    cluster.give(cluster.nodes[1], Tick(wall))
    asked = (wall - 11, wall - 10, wall + 10, wall + 11, -1)
    assert [outcome(at) for at in asked] == ["INVALID_TIMESTAMP", "NONE", "NONE", "INVALID_TIMESTAMP", "NONE"]


def test_what_is_set_for_all_brokers_holds_where_a_topic_says_nothing(cluster):
    assert alter(cluster, BROKER, "", ("message.max.bytes", SET, "500")) == "NONE"
    assert cluster.partition(1).message_bytes_max == 500
    alter(cluster, TOPIC, "t", ("max.message.bytes", SET, "600"))
    assert cluster.partition(1).message_bytes_max == 600
    alter(cluster, TOPIC, "t", ("max.message.bytes", DELETE, None))
    alter(cluster, BROKER, "2", ("message.max.bytes", SET, "700"))
    assert [cluster.partition(number).message_bytes_max for number in (1, 2, 3)] == [500, 700, 500]
    alter(cluster, BROKER, "", ("message.max.bytes", DELETE, None))
    assert cluster.partition(1).message_bytes_max == 1_048_588


def test_a_broker_that_restarts_goes_by_what_was_altered(cluster):
    alter(cluster, BROKER, "", ("message.max.bytes", SET, "500"))
    cluster.restart(1)
    cluster.pass_time(15_000)
    assert cluster.partition(1).message_bytes_max == 500


def test_members_of_lists_come_and_go(cluster):
    assert alter(cluster, TOPIC, "t", ("cleanup.policy", APPEND, "compact")) == "NONE"
    assert value(cluster, TOPIC, "t", "cleanup.policy") == ("delete,compact", 1)
    assert alter(cluster, TOPIC, "t", ("cleanup.policy", SUBTRACT, "delete")) == "NONE"
    assert value(cluster, TOPIC, "t", "cleanup.policy") == ("compact", 1)
    assert alter(cluster, TOPIC, "t", ("cleanup.policy", APPEND, "compact")) == "NONE"
    assert value(cluster, TOPIC, "t", "cleanup.policy") == ("compact", 1)


def test_the_older_request_replaces_everything(cluster):
    wanted = AlterConfig(TOPIC, "t", (ConfigChange("retention.ms", SET, "1"),))
    assert cluster.answer(1, ReplaceConfigs((wanted,), False)).resources[0].error.name == "NONE"
    assert value(cluster, TOPIC, "t", "retention.ms") == ("1", 1)
    assert value(cluster, TOPIC, "t", "segment.bytes")[1] == 5


@pytest.mark.parametrize(
    ("resource", "name", "change", "error"),
    [
        (TOPIC, "t", ("no.such", SET, "1"), "INVALID_CONFIG"),
        (TOPIC, "t", ("log.retention.ms", SET, "1"), "INVALID_CONFIG"),
        (TOPIC, "t", ("retention.ms", SET, "soon"), "INVALID_CONFIG"),
        (TOPIC, "t", ("retention.ms", SET, "-2"), "INVALID_CONFIG"),
        (TOPIC, "t", ("segment.bytes", SET, str(2**31)), "INVALID_CONFIG"),
        (TOPIC, "t", ("segment.bytes", SET, "9" * 30_000), "INVALID_CONFIG"),
        (TOPIC, "t", ("retention.ms", SET, "-" + "9" * 30_000), "INVALID_CONFIG"),
        (TOPIC, "t", ("cleanup.policy", SET, "shred"), "INVALID_CONFIG"),
        (TOPIC, "t", ("cleanup.policy", APPEND, "shred"), "INVALID_CONFIG"),
        (TOPIC, "t", ("retention.ms", APPEND, "1"), "INVALID_CONFIG"),
        (TOPIC, "t", ("retention.ms", SET, None), "INVALID_REQUEST"),
        (TOPIC, "t", ("retention.ms", 7, "1"), "INVALID_REQUEST"),
        (TOPIC, "t", ("unclean.leader.election.enable", SET, "perhaps"), "INVALID_CONFIG"),
        (TOPIC, "t", ("min.cleanable.dirty.ratio", SET, "1.5"), "INVALID_CONFIG"),
        (TOPIC, "t", ("leader.replication.throttled.replicas", SET, "x"), "INVALID_CONFIG"),
        (TOPIC, "no", ("retention.ms", SET, "1"), "UNKNOWN_TOPIC_OR_PARTITION"),
        (BROKER, "", ("retention.ms", SET, "1"), "INVALID_CONFIG"),
        (BROKER, "", ("node.id", SET, "1"), "INVALID_CONFIG"),
        (BROKER, "1", ("min.insync.replicas", SET, "1"), "INVALID_CONFIG"),
        (BROKER, "x", ("log.retention.ms", SET, "1"), "INVALID_REQUEST"),
        (BROKER, "9", ("log.retention.ms", SET, "1"), "BROKER_ID_NOT_REGISTERED"),
        (BROKER, "01", ("log.retention.ms", SET, "1"), "BROKER_ID_NOT_REGISTERED"),
        (BROKER, "1" * 30_000, ("log.retention.ms", SET, "1"), "BROKER_ID_NOT_REGISTERED"),
        (LOGGER, "1", ("root", SET, "INFO"), "INVALID_REQUEST"),
    ],
)
def test_what_is_wrong_changes_nothing(cluster, resource, name, change, error):
    before = cluster.nodes[3000].core.image.offset
    assert alter(cluster, resource, name, change) == error
    good = ("max.message.bytes" if resource == TOPIC else "message.max.bytes", SET, "9")
    assert alter(cluster, resource, name, good, change) == error
    assert cluster.nodes[3000].core.image.offset == before


def test_a_refusal_names_the_configuration(cluster):
    wanted = AlterConfig(TOPIC, "t", (ConfigChange("retention.mx", SET, "1"),))
    assert cluster.answer(1, AlterConfigs((wanted,), False)).resources[0].message == (
        "Unknown topic config name: retention.mx"
    )


@pytest.mark.parametrize(
    ("text", "number"), [("007", 7), (" +3 ", 3), ("-0", 0), ("-12", -12), ("0" * 5_000 + "4", 4), ("1_0", None)]
)
def test_numbers_are_read_as_kafka_reads_them(text, number):
    assert topic_configs.whole_number(text) == number


def test_twice_the_same_is_refused(cluster):
    wanted = AlterConfig(TOPIC, "t", (ConfigChange("retention.ms", SET, "1"),))
    answer = cluster.answer(1, AlterConfigs((wanted, wanted), False))
    assert [outcome.error.name for outcome in answer.resources] == ["INVALID_REQUEST"] * 2
    assert alter(cluster, TOPIC, "t", ("retention.ms", SET, "1"), ("retention.ms", SET, "2")) == "INVALID_REQUEST"


def test_a_trial_changes_nothing(cluster):
    assert alter(cluster, TOPIC, "t", ("retention.ms", SET, "1"), only_check=True) == "NONE"
    assert value(cluster, TOPIC, "t", "retention.ms") == ("5000", 4)


def test_a_number_with_ever_so_many_zeros_is_still_that_number(cluster):
    assert alter(cluster, TOPIC, "t", ("min.insync.replicas", SET, "0" * 30_000 + "2")) == "NONE"
    assert cluster.partition(1).min_insync_replicas == 2


def test_altering_one_topic_leaves_the_others_alone(cluster):
    cluster.create_topic(name="u")
    alter(cluster, TOPIC, "u", ("max.message.bytes", SET, "9"))
    assert cluster.partition(1, P).message_bytes_max == 1_048_588
