"""Metadata: which brokers there are, which topics, who leads each partition.

One rule: a client that names a topic by its id never creates one (KIP-516); an id without a topic travels as a
stand-in (`impl.api.names`).
"""

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames, error_for, id_for, is_stand_in, name_for
from impl.core.messages import BrokerAddress, DescribedPartition, DescribedTopic, DescribedTopics, DescribeTopics
from impl.core.types import ErrorCode, LeaderEpoch, NodeId
from impl.wire.apis import ApiKey
from impl.wire.message import NO_ID
from impl.wire.messages.metadata import (
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)

EMPTY_MEANS_ALL_BEFORE = 1
NULL_NAME_FROM = 12
INTERNAL = "__"
"""Topics of the brokers' own begin with this."""


class MetadataHandler(CoreHandler[MetadataRequest, MetadataResponse, DescribeTopics, DescribedTopics]):
    key = ApiKey.METADATA
    core_request = DescribeTopics
    sent_version = 13

    def __init__(self, cluster_id: str) -> None:
        self.cluster_id = cluster_id

    def request_to_core(self, version: int, message: MetadataRequest, names: TopicNames) -> DescribeTopics:
        topics = message.topics
        if topics is None or (not topics and version < EMPTY_MEANS_ALL_BEFORE):
            return DescribeTopics(None, allow_auto_topic_creation=False)
        asked = tuple(name_for(topic.topic_id, names) if topic.name is None else topic.name for topic in topics)
        by_name_only = all(topic.name is not None for topic in topics)
        return DescribeTopics(asked, message.allow_auto_topic_creation and by_name_only)

    def reply_to_wire(
        self, version: int, request: DescribeTopics, reply: DescribedTopics, names: TopicNames
    ) -> MetadataResponse:
        del request, names
        return MetadataResponse(
            brokers=tuple(
                MetadataResponseBroker(node_id=broker.node, host=broker.host, port=broker.port, rack=broker.rack)
                for broker in reply.brokers
            ),
            cluster_id=self.cluster_id,
            controller_id=reply.controller,
            topics=tuple(_topic_to_wire(version, topic) for topic in reply.topics),
        )

    def request_to_wire(self, request: DescribeTopics, names: TopicNames) -> MetadataRequest:
        if request.topics is None:
            return MetadataRequest(topics=None, allow_auto_topic_creation=request.allow_auto_topic_creation)
        return MetadataRequest(
            topics=tuple(
                MetadataRequestTopic(topic_id=id_for(name, names))
                if is_stand_in(name)
                else MetadataRequestTopic(name=name)
                for name in request.topics
            ),
            allow_auto_topic_creation=request.allow_auto_topic_creation,
        )

    def reply_to_core(self, message: MetadataResponse, names: TopicNames) -> DescribedTopics:
        return DescribedTopics(
            brokers=tuple(BrokerAddress(NodeId(b.node_id), b.host, b.port, b.rack) for b in message.brokers),
            controller=NodeId(message.controller_id),
            topics=tuple(
                DescribedTopic(
                    name_for(topic.topic_id, names) if topic.name is None else topic.name,
                    topic.topic_id,
                    error_of(topic.error_code),
                    tuple(_part_to_core(part) for part in topic.partitions),
                )
                for topic in message.topics
            ),
        )

    def refuse(self, version: int, message: MetadataRequest, error: ErrorCode) -> MetadataResponse:
        """Before version 13 there is no error for the whole; each topic asked for carries it."""
        return MetadataResponse(
            error_code=error,
            cluster_id=self.cluster_id,
            topics=tuple(
                MetadataResponseTopic(error_code=error, name=_name(version, topic.name), topic_id=topic.topic_id)
                for topic in message.topics or ()
            ),
        )


def _name(version: int, name: str | None) -> str | None:
    return "" if name is None and version < NULL_NAME_FROM else name


def _topic_to_wire(version: int, topic: DescribedTopic) -> MetadataResponseTopic:
    unknown = is_stand_in(topic.name)
    return MetadataResponseTopic(
        error_code=error_for(topic.name, topic.error),
        name=_name(version, None if unknown else topic.name),
        topic_id=bytes.fromhex(topic.name[1:]) if unknown else topic.topic_id or NO_ID,
        is_internal=topic.name.startswith(INTERNAL),
        partitions=tuple(_part_to_wire(part) for part in topic.partitions),
    )


def _part_to_wire(part: DescribedPartition) -> MetadataResponsePartition:
    return MetadataResponsePartition(
        error_code=part.error,
        partition_index=part.index,
        leader_id=part.leader,
        leader_epoch=part.leader_epoch,
        replica_nodes=part.replicas,
        isr_nodes=part.isr,
        offline_replicas=part.offline,
    )


def _part_to_core(part: MetadataResponsePartition) -> DescribedPartition:
    return DescribedPartition(
        index=part.partition_index,
        error=error_of(part.error_code),
        leader=NodeId(part.leader_id),
        leader_epoch=LeaderEpoch(part.leader_epoch),
        replicas=tuple(map(NodeId, part.replica_nodes)),
        isr=tuple(map(NodeId, part.isr_nodes)),
        offline=tuple(map(NodeId, part.offline_replicas)),
    )
