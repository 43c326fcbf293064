"""CreateTopics (KIP-4, KIP-464)."""

from impl.wire.message import NO_ID, Message


class CreatableReplicaAssignment(Message, frozen=True):
    partition_index: int = 0
    broker_ids: tuple[int, ...] = ()


class CreatableTopicConfig(Message, frozen=True):
    name: str = ""
    value: str | None = None


class CreatableTopic(Message, frozen=True):
    name: str = ""
    num_partitions: int = 0
    replication_factor: int = 0
    assignments: tuple[CreatableReplicaAssignment, ...] = ()
    configs: tuple[CreatableTopicConfig, ...] = ()


class CreateTopicsRequest(Message, frozen=True):
    topics: tuple[CreatableTopic, ...] = ()
    timeout: int = 60000
    validate_only: bool = False


class CreatableTopicConfigs(Message, frozen=True):
    name: str = ""
    value: str | None = None
    read_only: bool = False
    config_source: int = -1
    is_sensitive: bool = False


class CreatableTopicResult(Message, frozen=True):
    name: str = ""
    topic_id: bytes = NO_ID
    error_code: int = 0
    error_message: str | None = None
    topic_config_error_code: int = 0
    num_partitions: int = -1
    replication_factor: int = -1
    configs: tuple[CreatableTopicConfigs, ...] | None = None


class CreateTopicsResponse(Message, frozen=True):
    throttle_time: int = 0
    topics: tuple[CreatableTopicResult, ...] = ()
