"""Kafka's configuration names, values and ranges; anything else is one line that says what is wrong."""

import pytest

from impl.core.settings import Settings
from impl.core.types import NodeId
from impl.host.upkeep import UpkeepConfig
from impl.server.configuration import TABLES, known_names, log_config, network_config, parse_overrides, settings
from impl.server.errors import ConfigurationError
from impl.storage.log_config import LogConfig


def test_overrides_reach_the_part_that_uses_them():
    chosen = parse_overrides(
        [
            "min.insync.replicas=2",
            "log.flush.interval.messages=1",
            "socket.request.max.bytes=1000",
            "num.partitions = 4",
        ]
    )
    given = tuple(sorted(chosen.items()))
    assert settings(2, "c", chosen) == Settings(
        node=NodeId(2), cluster_id="c", configs=given, min_insync_replicas=2, num_partitions=4
    )
    assert log_config(chosen) == LogConfig(flush_messages=1)
    assert network_config(chosen).request_bytes_max == 1000


def test_booleans_are_words():
    assert settings(1, "c", parse_overrides(["auto.create.topics.enable=false"])).auto_create_topics_enable is False
    assert settings(1, "c", parse_overrides(["auto.create.topics.enable=TRUE"])).auto_create_topics_enable is True


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "min.insync.replica=2",
            "unknown configuration min.insync.replica: did you mean min.insync.replicas?",
        ),
        ("xyzzy=2", "unknown configuration xyzzy: known are auto.create"),
        ("min.insync.replicas=two", "min.insync.replicas=two is not a whole number"),
        ("min.insync.replicas=0", "min.insync.replicas=0 is out of range: 1 to"),
        ("auto.create.topics.enable=1", "auto.create.topics.enable=1 is not true or false"),
        ("min.insync.replicas", "write it as name=value"),
    ],
)
def test_a_wrong_configuration_is_named(text, words):
    with pytest.raises(ConfigurationError) as caught:
        parse_overrides([text])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_known_name_sets_a_field_that_exists():
    fields = [
        set(Settings.__struct_fields__),
        set(type(network_config({})).__struct_fields__),
        set(LogConfig.__struct_fields__),
        set(UpkeepConfig.__struct_fields__),
    ]
    assert all(entry.field in known for table, known in zip(TABLES, fields, strict=True) for entry in table.values())
    assert len(known_names()) == sum(map(len, TABLES))


def test_words_have_the_meaning_that_kafka_gives_them():
    selector = "org.apache.kafka.common.replica"
    chosen = {"broker.rack": "north", "replica.selector.class": f"{selector}.RackAwareReplicaSelector"}
    assert (settings(1, "c", chosen).broker_rack, settings(1, "c", chosen).replica_selector_by_rack) == ("north", True)
    assert not settings(1, "c", {"replica.selector.class": f"{selector}.LeaderSelector"}).replica_selector_by_rack
