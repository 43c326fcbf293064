"""Metadata: which brokers there are, which topics, who leads each partition."""

from impl.wire.message import NO_ID, Message


class MetadataRequestTopic(Message, frozen=True):
    topic_id: bytes = NO_ID
    name: str | None = None


class MetadataRequest(Message, frozen=True):
    topics: tuple[MetadataRequestTopic, ...] | None = None
    allow_auto_topic_creation: bool = True
    include_cluster_authorized_operations: bool = False
    include_topic_authorized_operations: bool = False


class MetadataResponseBroker(Message, frozen=True):
    node_id: int = 0
    host: str = ""
    port: int = 0
    rack: str | None = None


class MetadataResponsePartition(Message, frozen=True):
    error_code: int = 0
    partition_index: int = 0
    leader_id: int = 0
    leader_epoch: int = -1
    replica_nodes: tuple[int, ...] = ()
    isr_nodes: tuple[int, ...] = ()
    offline_replicas: tuple[int, ...] = ()


class MetadataResponseTopic(Message, frozen=True):
    error_code: int = 0
    name: str | None = None
    topic_id: bytes = NO_ID
    is_internal: bool = False
    partitions: tuple[MetadataResponsePartition, ...] = ()
    topic_authorized_operations: int = -2147483648


class MetadataResponse(Message, frozen=True):
    throttle_time: int = 0
    brokers: tuple[MetadataResponseBroker, ...] = ()
    cluster_id: str | None = None
    controller_id: int = -1
    topics: tuple[MetadataResponseTopic, ...] = ()
    cluster_authorized_operations: int = -2147483648
    error_code: int = 0
