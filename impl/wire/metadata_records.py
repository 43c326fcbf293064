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

from impl.core.metadata import (
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    TopicRecord,
)
from impl.core.types import BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicPartition
from impl.wire import metadata_schemas as kafka
from impl.wire.codec import codec_for
from impl.wire.errors import Malformed
from impl.wire.message import NO_ID, Buffer
from impl.wire.varint import Overlong, read_unsigned, unsigned

FRAME_VERSION = 1
TOPIC_RESOURCE = 2
"""Kafka's ConfigResource type of a topic."""
LISTENER_NAME = "PLAINTEXT"
FENCED = 1
UNFENCED = -1


# Simulated runs write the same few records over and over.
@lru_cache(maxsize=1_024)
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
    try:
        frame_version, position = read_unsigned(data, 0)
        api_key, position = read_unsigned(data, position)
        version, position = read_unsigned(data, position)
    except (IndexError, Overlong):
        raise Malformed("metadata record", "header", f"{bytes(data[:8])!r}") from None
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
            leader=record.leader,
            leader_epoch=record.leader_epoch,
            partition_epoch=record.partition_epoch,
            topic=record.partition.topic,
        )
    return kafka.PartitionChangeRecord(
        partition_id=record.partition.index,
        topic_id=topic_id,
        isr=record.isr,
        leader=record.leader,
        topic=record.partition.topic,
        leader_epoch=record.leader_epoch,
        partition_epoch=record.partition_epoch,
    )


def _partition(record: kafka.PartitionRecord) -> PartitionRecord:
    return PartitionRecord(
        partition=_name(record),
        replicas=tuple(map(NodeId, record.replicas)),
        isr=tuple(map(NodeId, record.isr)),
        leader=NodeId(record.leader),
        leader_epoch=LeaderEpoch(record.leader_epoch),
        partition_epoch=PartitionEpoch(record.partition_epoch),
    )


def _partition_change(record: kafka.PartitionChangeRecord) -> PartitionChangeRecord:
    return PartitionChangeRecord(
        partition=_name(record),
        isr=tuple(map(NodeId, record.isr or ())),
        leader=NodeId(record.leader),
        leader_epoch=LeaderEpoch(record.leader_epoch),
        partition_epoch=PartitionEpoch(record.partition_epoch),
    )


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
    )


def _registration_change_to_kafka(record: BrokerRegistrationChangeRecord) -> kafka.BrokerRegistrationChangeRecord:
    fenced = FENCED if record.fenced else UNFENCED
    return kafka.BrokerRegistrationChangeRecord(
        broker_id=record.broker, broker_epoch=record.broker_epoch, fenced=fenced
    )


def _registration_change(record: kafka.BrokerRegistrationChangeRecord) -> BrokerRegistrationChangeRecord:
    return BrokerRegistrationChangeRecord(
        broker=NodeId(record.broker_id),
        broker_epoch=BrokerEpoch(record.broker_epoch),
        fenced=record.fenced == FENCED,
    )


def _topic_to_kafka(record: TopicRecord) -> kafka.TopicRecord:
    return kafka.TopicRecord(name=record.name, topic_id=record.topic_id)


def _topic(record: kafka.TopicRecord) -> TopicRecord:
    return TopicRecord(record.name, record.topic_id)


def _config_to_kafka(record: ConfigRecord) -> kafka.ConfigRecord:
    return kafka.ConfigRecord(
        resource_type=TOPIC_RESOURCE, resource_name=record.topic, name=record.name, value=record.value
    )


def _config(record: kafka.ConfigRecord) -> ConfigRecord:
    if record.resource_type != TOPIC_RESOURCE:
        raise Malformed("ConfigRecord version 0", "resource_type", f"{record.resource_type}, known is {TOPIC_RESOURCE}")
    return ConfigRecord(record.resource_name, record.name, record.value)


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
    ConfigRecord: _config_to_kafka,
    ProducerIdsRecord: _producer_ids_to_kafka,
}
_FROM_KAFKA: dict[type, Callable[[Any], MetadataRecord]] = {
    kafka.RegisterBrokerRecord: _register,
    kafka.BrokerRegistrationChangeRecord: _registration_change,
    kafka.TopicRecord: _topic,
    kafka.ConfigRecord: _config,
    kafka.PartitionRecord: _partition,
    kafka.PartitionChangeRecord: _partition_change,
    kafka.ProducerIdsRecord: _producer_ids,
}
