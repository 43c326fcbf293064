"""What a broker says of the cluster to administrators: configurations, reassignments, brokers, topics page by page.

One rule: answers come from the metadata image and this node's own settings, and from nothing else.
"""

from collections.abc import Iterable

from impl.core import broker_configs
from impl.core.admin_messages import (
    ClusterBroker,
    ConfigSynonym,
    DescribeCluster,
    DescribeConfig,
    DescribeConfigs,
    DescribedCluster,
    DescribedConfig,
    DescribedConfigs,
    DescribedResources,
    DescribeTopicPartitions,
    ListedReassignments,
    ListReassignments,
    OngoingReassignment,
)
from impl.core.effective_configs import Found, of_broker, of_topic
from impl.core.events import Effect, SendReply
from impl.core.image import CLUSTER_DEFAULT, PartitionImage
from impl.core.member import Member
from impl.core.messages import DescribedTopic, DescribedTopicPartitions
from impl.core.metadata import BROKER_RESOURCE, TOPIC_RESOURCE
from impl.core.topic_configs import BROKER_ONLY, KEYS, Key
from impl.core.topics import NO_TOPIC_ID, Topics
from impl.core.types import (
    NO_ERROR,
    NO_LEADER,
    Connection,
    ErrorCode,
    Millis,
    TopicPartition,
)

PAGE_MAX = 2_000
"""max.request.partition.size.limit"""
BROKERS, CONTROLLERS = 1, 2
"""What DescribeCluster may ask of."""


class Descriptions:
    __slots__ = ("_member", "_static", "_topics")

    def __init__(self, member: Member, topics: Topics) -> None:
        self._member = member
        self._topics = topics
        self._static = broker_configs.static(member.settings)

    # ------------------------------------------------------------ configurations
    def configs(
        self, connection: Connection, correlation: int, request: DescribeConfigs, _now: Millis, out: list[Effect]
    ) -> None:
        described = tuple(self._described(asked, request) for asked in request.resources)
        out.append(SendReply(connection, correlation, DescribedResources(described)))

    def _described(self, asked: DescribeConfig, request: DescribeConfigs) -> DescribedConfigs:
        if asked.resource == TOPIC_RESOURCE:
            if asked.name not in self._member.image.topics:
                return _refused(
                    asked, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"The topic '{asked.name}' does not exist."
                )
            configs = [self._topic_config(key, asked.name, request) for key in KEYS.values()]
        elif asked.resource == BROKER_RESOURCE:
            own = str(self._member.settings.node)
            if asked.name not in (own, CLUSTER_DEFAULT):
                message = f"Unexpected broker id, expected {own} or empty string, but received {asked.name}"
                return _refused(asked, ErrorCode.INVALID_REQUEST, message)
            configs = self._broker_configs(asked.name, request)
        else:
            return _refused(asked, ErrorCode.INVALID_REQUEST, f"Unsupported resource type: {asked.resource}")
        if asked.keys is not None:
            configs = [config for config in configs if config.name in asked.keys]
        return DescribedConfigs(resource=asked.resource, name=asked.name, configs=tuple(configs))

    def _topic_config(self, key: Key, topic: str, request: DescribeConfigs) -> DescribedConfig:
        member = self._member
        return _told(key.name, key, of_topic(key, member.image, topic, member.settings.node, self._static), request)

    def _broker_configs(self, name: str, request: DescribeConfigs) -> list[DescribedConfig]:
        """All of this broker's; or what was set for every broker, which is all that the empty name stands for."""
        image = self._member.image
        dynamic = [key for key in (*KEYS.values(), *BROKER_ONLY.values()) if key.broker_name]
        if name == CLUSTER_DEFAULT:
            return [
                _told(key.broker_name, key, [found for found in self._of_broker(key) if found.source == 3], request)
                for key in dynamic
                if image.cluster_config(key.broker_name) is not None
            ]
        told = [_told(key.broker_name, key, self._of_broker(key), request) for key in dynamic]
        return told + broker_configs.read_only(self._member.settings, self._static)

    def _of_broker(self, key: Key) -> list[Found]:
        return of_broker(key, self._member.image, self._member.settings.node, self._static)

    # ------------------------------------------------------------ reassignments
    def reassignments(
        self, connection: Connection, correlation: int, request: ListReassignments, _now: Millis, out: list[Effect]
    ) -> None:
        image = self._member.image
        partitions: Iterable[PartitionImage | None] = image.partitions()
        if request.partitions is not None:
            partitions = [image.partition(name) for name in request.partitions]
        ongoing = tuple(
            OngoingReassignment(partition.name, partition.replicas, partition.adding, partition.removing)
            for partition in partitions
            if partition is not None and (partition.adding or partition.removing)
        )
        out.append(SendReply(connection, correlation, ListedReassignments(ongoing)))

    # ------------------------------------------------------------ the cluster
    def cluster(
        self, connection: Connection, correlation: int, request: DescribeCluster, _now: Millis, out: list[Effect]
    ) -> None:
        if request.endpoint != BROKERS:
            message = "Only a controller's listener tells of controllers."
            reply = DescribedCluster(ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, message, NO_LEADER, ())
        else:
            brokers = tuple(
                ClusterBroker(node, broker.host, broker.port, broker.fenced)
                for node, broker in sorted(self._member.image.brokers.items())
                if request.fenced_too or not broker.fenced
            )
            # As in Metadata: any broker passes on what is for the controller.
            reply = DescribedCluster(NO_ERROR, None, self._member.settings.node, brokers)
        out.append(SendReply(connection, correlation, reply))

    # ------------------------------------------------------------ topics, page by page
    def topic_partitions(
        self,
        connection: Connection,
        correlation: int,
        request: DescribeTopicPartitions,
        _now: Millis,
        out: list[Effect],
    ) -> None:
        image = self._member.image
        names = sorted(set(request.topics) or image.topics)
        start = request.cursor or TopicPartition("", 0)
        left = min(PAGE_MAX, request.partitions_max) if request.partitions_max > 0 else PAGE_MAX
        told: list[DescribedTopic] = []
        cursor: TopicPartition | None = None
        for name in names:
            if name < start.topic:
                continue
            topic = image.topics.get(name)
            if topic is None:
                told.append(DescribedTopic(name, NO_TOPIC_ID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ()))
                continue
            first = start.index if name == start.topic else 0
            indexes = [index for index in sorted(topic.partitions) if index >= first]
            page = tuple(self._topics.describe_partition(index, topic.partitions[index]) for index in indexes[:left])
            if page:
                told.append(DescribedTopic(name, topic.topic_id, NO_ERROR, page))
            if len(page) < len(indexes):
                cursor = TopicPartition(name, indexes[len(page)])
                break
            left -= len(page)
        out.append(SendReply(connection, correlation, DescribedTopicPartitions(tuple(told), cursor)))


def _refused(asked: DescribeConfig, error: ErrorCode, message: str) -> DescribedConfigs:
    return DescribedConfigs(resource=asked.resource, name=asked.name, error=error, message=message)


def _told(name: str, key: Key, found: list[Found], request: DescribeConfigs) -> DescribedConfig:
    return DescribedConfig(
        name=name,
        value=found[0].value,
        source=found[0].source,
        kind=key.kind,
        read_only=False,
        synonyms=tuple(ConfigSynonym(*each) for each in found) if request.synonyms else (),
        documentation=key.about if request.documentation else None,
    )
