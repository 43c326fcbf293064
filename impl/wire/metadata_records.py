"""Metadata records as bytes: the value of one record in the controller's log, framed as Kafka frames it (KIP-631).

    frame version 1 | API key | version | body          the first three unsigned varints

Bodies are Kafka's own record schemas (`impl.wire.metadata_schemas`), so Kafka's tools can print a log of ours. Two
things Kafka leaves to whoever replays the log, a topic's name by its id and the epochs after a change, we write down in
tagged fields of our own, which Kafka's readers skip: a record of ours can be read alone.

One rule: `decode(encode(record)) == record`, whatever record and whatever id.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from impl.core.decision_facts import WHYS
from impl.core.metadata import (
    BROKER_RESOURCE,
    TOPIC_RESOURCE,
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
)
from impl.core.types import BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicPartition
from impl.wire import metadata_schemas as kafka
from impl.wire.codec import codec_for
from impl.wire.errors import Malformed
from impl.wire.message import NO_ID, Buffer
from impl.wire.varint import Overlong, read_unsigned, unsigned

FRAME_VERSION = 1
LISTENER_NAME = "PLAINTEXT"
FENCED = 1
UNFENCED = -1
UNCHANGED = 0
RECOVERED, RECOVERING = 0, 1
UNASSIGNED = bytes(16)
"""The directory of a replica whose broker has not said where it keeps it (DirectoryId.UNASSIGNED)."""


# Simulated runs write and read the same few records over and over.
@lru_cache(maxsize=8_192)
def encode(record: MetadataRecord, topic_id: bytes = NO_ID) -> bytes:
    """The value of a record. `topic_id` is the topic's, for records about a partition; Kafka's tools show it."""
    match record:
        case PartitionRecord() | PartitionChangeRecord():
            body = _partition_to_kafka(record, topic_id)
        case _:
            body = _TO_KAFKA[type(record)](record)
    schema: Any = type(body)
    header = unsigned(FRAME_VERSION) + unsigned(schema.__api_key__) + unsigned(schema.__version__)
    return b"".join((header, *codec_for(schema, schema).write(body)))


def decode(data: Buffer) -> MetadataRecord:
    """The record in a value. Raises Malformed for bytes that are no record of ours."""
    return _decoded(bytes(data))


@lru_cache(maxsize=8_192)
def _decoded(data: bytes) -> MetadataRecord:
    try:
        frame_version, position = read_unsigned(data, 0)
        api_key, position = read_unsigned(data, position)
        version, position = read_unsigned(data, position)
    except (IndexError, Overlong):
        raise Malformed("metadata record", "header", f"{data[:8]!r}") from None
    if frame_version != FRAME_VERSION:
        raise Malformed("metadata record", "frame version", f"{frame_version}, known is {FRAME_VERSION}")
    schema = kafka.SCHEMAS.get((api_key, version))
    if schema is None:
        raise Malformed("metadata record", "API key and version", f"{api_key}, {version}: not among those we write")
    record: MetadataRecord = _FROM_KAFKA[schema](codec_for(schema, schema).read(data, position))
    return record


# ---------------------------------------------------------------- partitions
def _partition_to_kafka(
    record: PartitionRecord | PartitionChangeRecord, topic_id: bytes
) -> kafka.PartitionRecord | kafka.PartitionChangeRecord:
    if isinstance(record, PartitionRecord):
        return kafka.PartitionRecord(
            partition_id=record.partition.index,
            topic_id=topic_id,
            replicas=record.replicas,
            isr=record.isr,
            removing_replicas=record.removing,
            adding_replicas=record.adding,
            leader=record.leader,
            leader_recovery_state=RECOVERING if record.recovering else RECOVERED,
            leader_epoch=record.leader_epoch,
            partition_epoch=record.partition_epoch,
            directories=(UNASSIGNED,) * len(record.replicas),
            eligible_leader_replicas=record.elr,
            last_known_elr=record.last_known_elr,
            topic=record.partition.topic,
            enough=record.enough,
        )
    return kafka.PartitionChangeRecord(
        partition_id=record.partition.index,
        topic_id=topic_id,
        isr=record.isr,
        leader=record.leader,
        replicas=record.replicas,
        removing_replicas=record.removing,
        adding_replicas=record.adding,
        leader_recovery_state=RECOVERING if record.recovering else RECOVERED,
        eligible_leader_replicas=record.elr,
        last_known_elr=record.last_known_elr,
        topic=record.partition.topic,
        leader_epoch=record.leader_epoch,
        partition_epoch=record.partition_epoch,
        why=record.why,
        about=record.about,
        enough=record.enough,
    )


def _partition(record: kafka.PartitionRecord) -> PartitionRecord:
    return PartitionRecord(
        partition=_name(record),
        replicas=tuple(map(NodeId, record.replicas)),
        isr=tuple(map(NodeId, record.isr)),
        leader=NodeId(record.leader),
        leader_epoch=LeaderEpoch(record.leader_epoch),
        partition_epoch=PartitionEpoch(record.partition_epoch),
        removing=_nodes(record.removing_replicas),
        adding=_nodes(record.adding_replicas),
        elr=_nodes(record.eligible_leader_replicas),
        last_known_elr=_nodes(record.last_known_elr),
        recovering=record.leader_recovery_state == RECOVERING,
        enough=record.enough,
    )


def _partition_change(record: kafka.PartitionChangeRecord) -> PartitionChangeRecord:
    name = _name(record)
    if record.why not in WHYS:
        raise Malformed("PartitionChangeRecord version 2", "why", f"{record.why!r}: no change that we know")
    return PartitionChangeRecord(
        partition=name,
        why=record.why,
        about=NodeId(record.about),
        replicas=_nodes(record.replicas),
        isr=_nodes(record.isr),
        leader=NodeId(record.leader),
        leader_epoch=LeaderEpoch(record.leader_epoch),
        partition_epoch=PartitionEpoch(record.partition_epoch),
        removing=_nodes(record.removing_replicas),
        adding=_nodes(record.adding_replicas),
        elr=_nodes(record.eligible_leader_replicas),
        last_known_elr=_nodes(record.last_known_elr),
        recovering=record.leader_recovery_state == RECOVERING,
        enough=record.enough,
    )


def _nodes(nodes: tuple[int, ...] | None) -> tuple[NodeId, ...]:
    return tuple(map(NodeId, nodes or ()))


def _name(record: kafka.PartitionRecord | kafka.PartitionChangeRecord) -> TopicPartition:
    if not record.topic:
        raise Malformed(type(record).__name__, "topic", "no name beside the id: not a record of this project's")
    return TopicPartition(record.topic, record.partition_id)


# ---------------------------------------------------------------- brokers, topics, producers
def _register_to_kafka(record: RegisterBrokerRecord) -> kafka.RegisterBrokerRecord:
    return kafka.RegisterBrokerRecord(
        broker_id=record.broker,
        incarnation_id=record.incarnation,
        broker_epoch=record.broker_epoch,
        end_points=(kafka.BrokerEndpoint(name=LISTENER_NAME, host=record.host, port=record.port),),
        clean=record.clean,
        rack=record.rack,
    )


def _register(record: kafka.RegisterBrokerRecord) -> RegisterBrokerRecord:
    if not record.end_points:
        raise Malformed("RegisterBrokerRecord version 1", "end_points", "none, where a broker has one")
    return RegisterBrokerRecord(
        broker=NodeId(record.broker_id),
        incarnation=record.incarnation_id,
        broker_epoch=BrokerEpoch(record.broker_epoch),
        host=record.end_points[0].host,
        port=record.end_points[0].port,
        clean=record.clean,
        rack=record.rack,
    )


def _registration_change_to_kafka(record: BrokerRegistrationChangeRecord) -> kafka.BrokerRegistrationChangeRecord:
    return kafka.BrokerRegistrationChangeRecord(
        broker_id=record.broker,
        broker_epoch=record.broker_epoch,
        fenced=_change(record.fenced),
        in_controlled_shutdown=_change(record.in_controlled_shutdown),
    )


def _registration_change(record: kafka.BrokerRegistrationChangeRecord) -> BrokerRegistrationChangeRecord:
    return BrokerRegistrationChangeRecord(
        broker=NodeId(record.broker_id),
        broker_epoch=BrokerEpoch(record.broker_epoch),
        fenced=_changed(record.fenced),
        in_controlled_shutdown=_changed(record.in_controlled_shutdown),
    )


def _change(value: bool | None) -> int:
    return UNCHANGED if value is None else FENCED if value else UNFENCED


def _changed(value: int) -> bool | None:
    return None if value == UNCHANGED else value == FENCED


def _topic_to_kafka(record: TopicRecord) -> kafka.TopicRecord:
    return kafka.TopicRecord(name=record.name, topic_id=record.topic_id)


def _topic(record: kafka.TopicRecord) -> TopicRecord:
    return TopicRecord(record.name, record.topic_id)


def _remove_topic_to_kafka(record: RemoveTopicRecord) -> kafka.RemoveTopicRecord:
    return kafka.RemoveTopicRecord(topic_id=record.topic_id)


def _remove_topic(record: kafka.RemoveTopicRecord) -> RemoveTopicRecord:
    return RemoveTopicRecord(record.topic_id)


def _config_to_kafka(record: ConfigRecord) -> kafka.ConfigRecord:
    return kafka.ConfigRecord(
        resource_type=record.resource, resource_name=record.resource_name, name=record.name, value=record.value
    )


def _config(record: kafka.ConfigRecord) -> ConfigRecord:
    known = (TOPIC_RESOURCE, BROKER_RESOURCE)
    if record.resource_type not in known:
        told = f"{record.resource_type}, known are {TOPIC_RESOURCE} and {BROKER_RESOURCE}"
        raise Malformed("ConfigRecord version 0", "resource_type", told)
    return ConfigRecord(record.resource_type, record.resource_name, record.name, record.value)


def _producer_ids_to_kafka(record: ProducerIdsRecord) -> kafka.ProducerIdsRecord:
    return kafka.ProducerIdsRecord(
        broker_id=record.broker, broker_epoch=record.broker_epoch, next_producer_id=record.next_producer_id
    )


def _producer_ids(record: kafka.ProducerIdsRecord) -> ProducerIdsRecord:
    return ProducerIdsRecord(
        broker=NodeId(record.broker_id),
        broker_epoch=BrokerEpoch(record.broker_epoch),
        next_producer_id=record.next_producer_id,
    )


_TO_KAFKA: dict[type, Callable[[Any], Any]] = {
    RegisterBrokerRecord: _register_to_kafka,
    BrokerRegistrationChangeRecord: _registration_change_to_kafka,
    TopicRecord: _topic_to_kafka,
    RemoveTopicRecord: _remove_topic_to_kafka,
    ConfigRecord: _config_to_kafka,
    ProducerIdsRecord: _producer_ids_to_kafka,
}
_FROM_KAFKA: dict[type, Callable[[Any], MetadataRecord]] = {
    kafka.RegisterBrokerRecord: _register,
    kafka.BrokerRegistrationChangeRecord: _registration_change,
    kafka.TopicRecord: _topic,
    kafka.RemoveTopicRecord: _remove_topic,
    kafka.ConfigRecord: _config,
    kafka.PartitionRecord: _partition,
    kafka.PartitionChangeRecord: _partition_change,
    kafka.ProducerIdsRecord: _producer_ids,
}
