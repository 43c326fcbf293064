"""Kafka's metadata record schemas, those we write: declared in kio's manner, so that the same codec compiles them.

kio has no classes for these records (they never cross Kafka's client protocol). Each class is its own schema and its
own value. All are flexible versions.

One rule: what is Kafka's stands where Kafka has it. Fields of ours are tagged, from `OURS` up, where Kafka's readers
pass over what they do not know.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from impl.wire.message import NO_ID

OURS = 10_000
"""Kafka numbers a record's tags from 0."""


def _of(kafka_type: str, default: Any, tag: int | None = None) -> Any:
    metadata = {"kafka_type": kafka_type} if tag is None else {"kafka_type": kafka_type, "tag": tag}
    return field(metadata=metadata, default=default)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerEndpoint:
    __version__: ClassVar[int] = 1
    __flexible__: ClassVar[bool] = True
    name: str = _of("string", "")
    host: str = _of("string", "")
    port: int = _of("uint16", 0)
    security_protocol: int = _of("int16", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFeature:
    __version__: ClassVar[int] = 1
    __flexible__: ClassVar[bool] = True
    name: str = _of("string", "")
    min_supported_version: int = _of("int16", 0)
    max_supported_version: int = _of("int16", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterBrokerRecord:
    __api_key__: ClassVar[int] = 27
    __version__: ClassVar[int] = 1
    __flexible__: ClassVar[bool] = True
    broker_id: int = _of("int32", 0)
    incarnation_id: bytes = _of("uuid", NO_ID)
    broker_epoch: int = _of("int64", 0)
    end_points: tuple[BrokerEndpoint, ...] = field(default=())
    features: tuple[BrokerFeature, ...] = field(default=())
    rack: str | None = _of("string", None)
    fenced: bool = _of("bool", True)
    in_controlled_shutdown: bool = _of("bool", False)
    clean: bool = _of("bool", True, tag=OURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRegistrationChangeRecord:
    """`fenced`: -1 unfenced, 0 no change, 1 fenced. `in_controlled_shutdown`: 0 no change, 1 it is."""

    __api_key__: ClassVar[int] = 17
    __version__: ClassVar[int] = 1
    __flexible__: ClassVar[bool] = True
    broker_id: int = _of("int32", 0)
    broker_epoch: int = _of("int64", 0)
    fenced: int = _of("int8", 0, tag=0)
    in_controlled_shutdown: int = _of("int8", 0, tag=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRecord:
    __api_key__: ClassVar[int] = 2
    __version__: ClassVar[int] = 0
    __flexible__: ClassVar[bool] = True
    name: str = _of("string", "")
    topic_id: bytes = _of("uuid", NO_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTopicRecord:
    __api_key__: ClassVar[int] = 9
    __version__: ClassVar[int] = 0
    __flexible__: ClassVar[bool] = True
    topic_id: bytes = _of("uuid", NO_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRecord:
    __api_key__: ClassVar[int] = 4
    __version__: ClassVar[int] = 0
    __flexible__: ClassVar[bool] = True
    resource_type: int = _of("int8", 0)
    resource_name: str = _of("string", "")
    name: str = _of("string", "")
    value: str | None = _of("string", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRecord:
    """Version 2 brings the eligible leader replicas; `directories` (version 1) has one entry for each replica."""

    __api_key__: ClassVar[int] = 3
    __version__: ClassVar[int] = 2
    __flexible__: ClassVar[bool] = True
    partition_id: int = _of("int32", -1)
    topic_id: bytes = _of("uuid", NO_ID)
    replicas: tuple[int, ...] = _of("int32", ())
    isr: tuple[int, ...] = _of("int32", ())
    removing_replicas: tuple[int, ...] = _of("int32", ())
    adding_replicas: tuple[int, ...] = _of("int32", ())
    leader: int = _of("int32", -1)
    leader_recovery_state: int = _of("int8", 0, tag=0)
    leader_epoch: int = _of("int32", -1)
    partition_epoch: int = _of("int32", -1)
    directories: tuple[bytes, ...] = _of("uuid", ())
    eligible_leader_replicas: tuple[int, ...] | None = _of("int32", None, tag=1)
    last_known_elr: tuple[int, ...] | None = _of("int32", None, tag=2)
    topic: str = _of("string", "", tag=OURS)
    enough: bool = _of("bool", True, tag=OURS + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionChangeRecord:
    """None, `leader` -2 and `leader_recovery_state` -1: no change."""

    __api_key__: ClassVar[int] = 5
    __version__: ClassVar[int] = 2
    __flexible__: ClassVar[bool] = True
    partition_id: int = _of("int32", -1)
    topic_id: bytes = _of("uuid", NO_ID)
    isr: tuple[int, ...] | None = _of("int32", None, tag=0)
    leader: int = _of("int32", -2, tag=1)
    replicas: tuple[int, ...] | None = _of("int32", None, tag=2)
    removing_replicas: tuple[int, ...] | None = _of("int32", None, tag=3)
    adding_replicas: tuple[int, ...] | None = _of("int32", None, tag=4)
    leader_recovery_state: int = _of("int8", -1, tag=5)
    eligible_leader_replicas: tuple[int, ...] | None = _of("int32", None, tag=6)
    last_known_elr: tuple[int, ...] | None = _of("int32", None, tag=7)
    topic: str = _of("string", "", tag=OURS)
    leader_epoch: int = _of("int32", -1, tag=OURS + 1)
    partition_epoch: int = _of("int32", -1, tag=OURS + 2)
    why: str = _of("string", "", tag=OURS + 3)
    about: int = _of("int32", -1, tag=OURS + 4)
    enough: bool = _of("bool", True, tag=OURS + 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerIdsRecord:
    __api_key__: ClassVar[int] = 15
    __version__: ClassVar[int] = 0
    __flexible__: ClassVar[bool] = True
    broker_id: int = _of("int32", 0)
    broker_epoch: int = _of("int64", -1)
    next_producer_id: int = _of("int64", 0)


SCHEMAS: dict[tuple[int, int], type] = {
    (schema.__api_key__, schema.__version__): schema
    for schema in (
        RegisterBrokerRecord,
        BrokerRegistrationChangeRecord,
        TopicRecord,
        RemoveTopicRecord,
        ConfigRecord,
        PartitionRecord,
        PartitionChangeRecord,
        ProducerIdsRecord,
    )
}
"""By API key and version."""
