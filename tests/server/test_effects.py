"""No configuration is taken and forgotten: each has its effect, or is listed among those that have none."""

import ast
from pathlib import Path

import pytest

import impl
from impl.core.image import MetadataImage
from impl.core.partition import Partition
from impl.core.settings import Settings
from impl.core.topic_configs import BOOLEAN, DOUBLE, KEYS, LIST, WITHOUT_EFFECT
from impl.core.types import NodeId, TopicPartition
from impl.host.upkeep import UpkeepConfig
from impl.server.configuration import TABLES, NetworkConfig
from impl.server.kafka_names import inert, refused
from impl.storage.log_config import LogConfig

AT_THE_CONTROLLER = {"unclean.leader.election.enable"}
"""Read when a leader is elected: tests/core/test_eligible.py."""
PAGE = Path(__file__).parents[2] / "docs" / "how-to-serve.md"
WORDS = {"cleanup.policy": "compact", "compression.type": "zstd", "message.timestamp.type": "LogAppendTime"}
KINDS = {BOOLEAN: "true", DOUBLE: "0.25", LIST: "0:1"}


def effects(name, value):
    """What of a log and of a partition changes with a topic's configuration."""
    partition = Partition(TopicPartition("t", 0), Settings(node=NodeId(1)), MetadataImage(), [])
    slots = [slot for each in Partition.__mro__ for slot in getattr(each, "__slots__", ()) if slot != "configs"]
    before = {slot: getattr(partition, slot, None) for slot in slots}
    partition.configure({name: value})
    found = {slot for slot in slots if getattr(partition, slot, None) != before[slot]}
    log = LogConfig().overridden(((name, value),))
    return found | {
        field for field in LogConfig.__struct_fields__ if getattr(log, field) != getattr(LogConfig(), field)
    }


def test_every_topic_configuration_has_an_effect_or_is_listed():
    without = set()
    for key in KEYS.values():
        value = WORDS.get(key.name, KINDS.get(key.kind, "1000"))
        assert key.check(value) is None
        assert value != key.default
        if not effects(key.name, value):
            without.add(key.name)
    assert without == WITHOUT_EFFECT | AT_THE_CONTROLLER
    assert not effects("a.name.that.nobody.reads", "1000")


def read_fields():
    """Every attribute that some code of the broker reads."""
    found = set()
    for path in Path(impl.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.add(node.attr)
    return found


@pytest.mark.parametrize("declared", [Settings, LogConfig, UpkeepConfig, NetworkConfig])
def test_every_field_that_a_configuration_sets_is_read(declared):
    read = read_fields()
    assert set(declared.__struct_fields__) - read == set()
    assert "a_field_that_nobody_reads" not in read


def test_what_has_no_effect_is_not_said_to_have_one():
    names = {name for table in TABLES for name in table}
    assert {name for name in names if inert(name) or refused(name)} == set()
    text = PAGE.read_text()
    assert [name for name in sorted(WITHOUT_EFFECT) if f"`{name}`" not in text] == []
